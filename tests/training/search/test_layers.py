# SPDX-License-Identifier: BSD-3-Clause
"""What sums say about widths, against integers of Python."""

import numpy as np
import pytest
import torch

from training.blocks import Blocks
from training.layers import accumulators
from training.search.layers import Layer, measure, overflows


def test_overflows_at_the_edges() -> None:
    z = torch.tensor([[-129.0, -128.0], [127.0, 128.0], [0.0, -9.0]])
    values = [int(v) for v in z.flatten()]
    widths = (4, 5, 8, 9)
    expected = [sum(not -(1 << b - 1) <= v < 1 << b - 1 for v in values) for b in widths]
    assert overflows(z, widths).tolist() == expected == [5, 4, 2, 0]


def test_bounds_of_a_layer() -> None:
    layer = Layer(1, {4: 0.9, 5: 0.75, 6: 0.2, 7: 0.005, 8: 0.0, 9: 0.0, 10: 0.0, 11: 0.0})
    assert (layer.low, layer.start, layer.holding, layer.high) == (5, 7, 8, 10)
    assert Layer(1, {15: 0.9, 16: 0.6}).high == Layer(1, {15: 0.9, 16: 0.0}).high == 16


def test_measured_sums_of_a_network() -> None:
    torch.manual_seed(0)
    q = Blocks((2, 6, 6), 3, weights="binary", input_bits=4)
    model = torch.nn.Sequential(
        q.input(), q.conv(2, 5, 3, stride=2), q.relu(), torch.nn.Flatten(), q.classifier(5 * 2 * 2)
    )
    model.train()
    images = np.random.default_rng(0).integers(0, 256, (30, 2, 6, 6), dtype=np.uint8)
    found = measure(model, images)
    assert model.training
    (conv, classifier) = accumulators(model)
    assert found[conv].products == 5 * 2 * 2 * (2 * 3 * 3) and found[classifier].products == 3 * 20
    from training.layers import recording

    with torch.no_grad(), recording(model.eval()) as layers:
        model(torch.from_numpy(images).float())
        z = layers[conv].last_sum.double().flatten().tolist()  # type: ignore[union-attr]
    for bits, rate in found[conv].overflow.items():
        assert rate == pytest.approx(sum(not -(2 ** (bits - 1)) <= v < 2 ** (bits - 1) for v in z) / len(z))
    assert found[conv].overflow[4] > 0.1 and found[conv].overflow[16] == 0
