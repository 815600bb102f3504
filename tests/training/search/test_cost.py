# SPDX-License-Identifier: BSD-3-Clause
"""Costs: the project's own, and one from a file."""

from pathlib import Path

import pytest

from chain.errors import InputError
from training.search.cost import named, product_bits
from training.search.layers import Layer

LAYERS = {"conv": Layer(72, {}), "fc": Layer(960, {})}


def test_products_times_bits() -> None:
    assert (
        named(None, Path(), None)({"conv": 6, "fc": 9}, LAYERS)
        == product_bits({"conv": 6, "fc": 9}, LAYERS)
        == 72 * 6 + 960 * 9
    )


def test_a_function_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "price.py").write_text("limit = 3\n\ndef bits(widths, layers):\n    return max(widths.values())\n")
    assert named(f"{tmp_path}/price.py:bits", tmp_path, None)({"conv": 6, "fc": 9}, LAYERS) == 9
    with pytest.raises(InputError, match="is a int, expected a function or a class"):
        named(f"{tmp_path}/price.py:limit", tmp_path, None)
    with pytest.raises(InputError, match=r"expected file\.py:function"):
        named("luts", tmp_path, None)


def test_a_class_is_told_the_model_and_its_frame_rate(tmp_path: Path) -> None:
    (tmp_path / "price.py").write_text(
        "class Price:\n"
        "    def __init__(self, folder, fps):\n        self.of = folder.name, fps\n"
        "    def __call__(self, widths, layers):\n        return self.of\n"
    )
    assert named(f"{tmp_path}/price.py:Price", tmp_path / "toy", 50.0)({}, LAYERS) == ("toy", 50.0)
