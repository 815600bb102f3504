# SPDX-License-Identifier: BSD-3-Clause
"""A Brevitas model in a LightningModule, given 8-bit wraparound accumulators by the five marked lines: without them it
is plain Brevitas and Lightning. `print(training.report(model, test))` at the end says what overflows in which layer.

PYTHONPATH=. .venv/tools/bin/python docs/examples/lightning_module.py
"""

import brevitas.nn as qnn
import pytorch_lightning as lightning
import torch
from brevitas.quant import Uint8ActPerTensorFloat
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import training  # 1: the toolkit


class Digits(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
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
        training.wrap(self, bits=8, fold=3)  # 2: the layers, in place; an already trained model keeps its weights

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        training.set_wrapping(self, self.current_epoch >= 6)  # 3: wide with a price on overflow, then real wraparound
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y)
        loss = loss + 0.01 * training.overflow_penalty(self)  # 4: the price
        self.log("loss", loss)
        return loss

    def test_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        x, y = batch
        self.log("accuracy", (self(x).argmax(1) == y).float().mean(), batch_size=len(y))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 3e-3)


lightning.seed_everything(1)
digits = load_digits()
images, labels = torch.tensor(digits.images).float()[:, None] / 16, torch.tensor(digits.target)
train = DataLoader(TensorDataset(images[:1300], labels[:1300]), batch_size=50, shuffle=True)
test = DataLoader(TensorDataset(images[1300:], labels[1300:]), batch_size=100)

model = Digits()
trainer = lightning.Trainer(max_epochs=12, accelerator="cpu", logger=False, enable_checkpointing=False)
trainer.fit(model, train)
training.calibrate(model, train)  # 5: batch norm as the final weights need it
(result,) = trainer.test(model, test, verbose=False)
print(f"accuracy {100 * result['accuracy']:.2f} % on {len(test.dataset)} images")
