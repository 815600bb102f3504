# SPDX-License-Identifier: BSD-3-Clause
"""Metadata goes into a file and comes out as it was; damage is named."""

import pytest
from onnx import ModelProto, helper

from chain.errors import InputError
from export.metadata import KEYS, Metadata, read


def test_round_trip() -> None:
    model = ModelProto()
    metadata = Metadata("a name", ("Schuh", "靴"), {"fps": 10.5, "part": None}, {"seed": 1})
    helper.set_model_props(model, metadata.properties((3, 4, 5), 16))
    assert {entry.key for entry in model.metadata_props} == set(KEYS)
    found = read(model)
    assert (found["name"], found["classes"], found["hardware"]) == (
        "a name",
        ["Schuh", "靴"],
        {"fps": 10.5, "part": None},
    )
    assert found["input"] == {"shape": [3, 4, 5], "layout": "CHW", "max": 16}


def test_foreign_properties_are_passed_over() -> None:
    model = ModelProto()
    helper.set_model_props(model, {"author": "{", "wrapnet.unknown": "{"})
    assert read(model) == {}


def test_damage_is_named() -> None:
    model = ModelProto()
    helper.set_model_props(model, {"wrapnet.classes": "[1,"})
    with pytest.raises(InputError, match=r"'wrapnet.classes' is not JSON"):
        read(model)
