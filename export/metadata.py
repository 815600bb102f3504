# SPDX-License-Identifier: BSD-3-Clause
"""What a model file says about itself beside the graph."""

import importlib.metadata
import json
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from chain.errors import InputError

KEYS = ("wrapnet.name", "wrapnet.classes", "wrapnet.hardware", "wrapnet.input", "wrapnet.provenance")
_VERSIONED = ("torch", "brevitas", "qonnx", "onnx")


@dataclass(frozen=True)
class Metadata:
    """A model's name, its classes' names, the recipe's [hardware] table, and where the model comes from."""

    name: str = "model"
    classes: tuple[str, ...] = ()
    hardware: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def properties(self, shape: tuple[int, int, int], maximum: int) -> dict[str, str]:
        """The ONNX metadata properties; `shape` is the input's [C, H, W], `maximum` its greatest raw integer."""
        versions = {name: importlib.metadata.version(name) for name in _VERSIONED}
        values: dict[str, Any] = {
            "wrapnet.classes": list(self.classes),
            "wrapnet.hardware": self.hardware,
            "wrapnet.input": {"shape": list(shape), "layout": "CHW", "max": maximum},
            "wrapnet.provenance": {**self.provenance, "versions": versions},
        }
        return {"wrapnet.name": self.name} | {key: json.dumps(value) for key, value in values.items()}


def read(model: ModelProto) -> dict[str, Any]:
    """The toolkit's metadata in `model`: "name", "classes", "hardware", "input", "provenance", those that it has.

    Raises:
        InputError: a property is not the JSON that it must be.
    """
    found: dict[str, Any] = {}
    for entry in model.metadata_props:
        if entry.key in KEYS:
            key = entry.key.removeprefix("wrapnet.")
            try:
                found[key] = entry.value if key == "name" else json.loads(entry.value)
            except json.JSONDecodeError as error:
                raise InputError(f"metadata {entry.key!r} is not JSON: {error}") from error
    return found
