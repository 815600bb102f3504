# SPDX-License-Identifier: BSD-3-Clause
"""A Brevitas model in a training loop of one's own, given 8-bit wraparound accumulators by the five marked lines:
without them it is plain Brevitas. `print(training.report(model, test))` at the end says what overflows in which layer.

PYTHONPATH=. .venv/tools/bin/python docs/examples/brevitas_loop.py
"""

import brevitas.nn as qnn
import torch
from brevitas.quant import Uint8ActPerTensorFloat
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import training  # 1: the toolkit

torch.manual_seed(1)
digits = load_digits()
images, labels = torch.tensor(digits.images).float()[:, None] / 16, torch.tensor(digits.target)
train = DataLoader(TensorDataset(images[:1300], labels[:1300]), batch_size=50, shuffle=True)
test = DataLoader(TensorDataset(images[1300:], labels[1300:]), batch_size=100)

model = nn.Sequential(
    qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, bit_width=4),
    qnn.QuantConv2d(1, 16, 3, padding=1, bias=False, weight_bit_width=2),
    nn.BatchNorm2d(16),
    qnn.QuantReLU(bit_width=4),
    nn.MaxPool2d(2),
    qnn.QuantConv2d(16, 32, 3, padding=1, bias=False, weight_bit_width=2),
    nn.BatchNorm2d(32),
    qnn.QuantReLU(bit_width=4),
    nn.MaxPool2d(2),
    nn.Flatten(),
    qnn.QuantLinear(128, 10, bias=False, weight_bit_width=2),
)
training.wrap(model, bits=8, fold=3)  # 2: the layers, in place; an already trained model keeps its weights
optimiser = torch.optim.Adam(model.parameters(), 3e-3)
for epoch in range(12):
    for x, y in train:
        training.set_wrapping(model, epoch >= 6)  # 3: wide accumulators with a price on overflow, then real wraparound
        loss = nn.functional.cross_entropy(model(x), y)
        loss = loss + 0.01 * training.overflow_penalty(model)  # 4: the price
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
training.calibrate(model, train)  # 5: batch norm as the final weights need it
model.eval()
with torch.no_grad():
    correct = sum(int((model(x).argmax(1) == y).sum()) for x, y in test)
print(f"accuracy {100 * correct / len(test.dataset):.2f} % on {len(test.dataset)} images")
