# SPDX-License-Identifier: BSD-3-Clause
"""The stitched design as its readers see it: `build/<model>/rtl/manifest.json`. Standard library only.

A stream word holds `elements_per_word` elements, element 0 in the least significant bits, `bits` bits each and no gaps;
the word is padded up to whole bytes (`word_bytes`). Words come in NHWC order, channels innermost, frames contiguous.
"""

import dataclasses
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import InputError
from chain.files import write_text

FORMAT = 2
MANIFEST = "manifest.json"
SHELL = "shell"
"""Where everything lies that is in no layer of the network."""


@dataclass(frozen=True)
class Stream:
    """One end of the accelerator: `shape` is [H, W, C] for images, [classes] for results, [1] for labels."""

    shape: tuple[int, ...]
    bits: int
    signed: bool
    elements_per_word: int
    word_bytes: int
    words_per_frame: int

    @classmethod
    def of(cls, shape: tuple[int, ...], bits: int, signed: bool, elements_per_word: int) -> "Stream":
        """Derive word size and count. The elements of a word must divide those of a frame (else InputError)."""
        elements = 1
        for size in shape:
            elements *= size
        if elements % elements_per_word:
            raise InputError(f"{elements_per_word} elements a word do not divide the {elements} elements of {shape}")
        word_bytes = (elements_per_word * bits + 7) // 8
        return cls(tuple(shape), bits, signed, elements_per_word, word_bytes, elements // elements_per_word)

    @property
    def bytes_per_frame(self) -> int:
        """Bytes of one frame in memory, padding of the words included."""
        return self.word_bytes * self.words_per_frame


@dataclass(frozen=True)
class Tap:
    """A stream inside the accelerator that simulation compares: `signal` is the prefix of _tdata, _tvalid, _tready.

    `kind` is "acc" (wrapped accumulators, before the fold) or "act" (activations); `tensor` the tensor of the
    dataflow graph on that edge; `fold` what the layer's next op does to "acc" (0 for none).
    """

    layer: str
    kind: str
    signal: str
    bits: int
    signed: bool
    shape: tuple[int, ...]
    elements_per_word: int
    tensor: str = ""
    fold: int = 0

    @property
    def words_per_frame(self) -> int:
        """Stream words of one image."""
        elements = 1
        for size in self.shape:
            elements *= size
        return elements // self.elements_per_word


@dataclass(frozen=True)
class Layer:
    """One hardware node, in stream order; `cycles` an image. FIFOs are no layers: they are on the edges.

    `weights` says what its weights' memory is made of: "block" (RAM), "distributed" (look-up tables), "" for none.
    """

    name: str
    op: str
    pe: int
    simd: int
    cycles: int
    layer: str = ""
    instance: str = ""
    weights: str = ""


@dataclass(frozen=True)
class Edge:
    """A stream from layer `source` to layer `sink`, by name; "" stands for where images come from and results go.

    `fifo_depth` is what the FIFOs on it hold, in words (0: no FIFO); a word has `bits` bits, padding not counted.
    """

    source: str
    sink: str
    fifo_depth: int
    bits: int
    words_per_frame: int


@dataclass(frozen=True)
class Design:
    """The whole manifest. `files` in compile order and `memories` are names relative to the manifest's folder.

    `bound` is the slowest layer's cycles an image: no design of this folding can be faster.
    """

    model: str
    top: str
    files: tuple[str, ...]
    memories: tuple[str, ...]
    input: Stream
    output: Stream
    taps: tuple[Tap, ...]
    layers: tuple[Layer, ...]
    edges: tuple[Edge, ...]
    bound: int
    clock_mhz: float
    part: str
    classes: tuple[str, ...] = ()
    format: int = FORMAT

    def to_json(self) -> str:
        """Deterministic text of the manifest."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write `folder`/manifest.json, whole or not at all."""
        target = Path(folder) / MANIFEST
        write_text(target, self.to_json())
        return target

    @property
    def labels(self) -> bool:
        """Whether the accelerator gives labels [1] in place of the network's outputs [classes]."""
        return bool(self.layers) and self.layers[-1].op == "ArgMax"

    @property
    def bottleneck(self) -> Layer:
        """The slowest layer (the first of equals)."""
        return max(self.layers, key=lambda layer: layer.cycles)

    def layer_at(self, *names: str) -> str:
        """The layer of the network in which the first of `names` lies that lies in one, SHELL for none of them.

        Names are hierarchical, of instances, cells or pins, with "/" or "." between the levels.
        """
        owners = self.owners()
        for name in names:
            for part in re.split(r"[/.]", name):
                if part in owners:
                    return owners[part]
        return SHELL

    def owners(self) -> dict[str, str]:
        """The layer of the network by instance of the top module; a FIFO is of the layer that it feeds."""
        layers = {layer.name: layer.layer or layer.name for layer in self.layers}
        found = {layer.instance: layers[layer.name] for layer in self.layers if layer.instance}
        for layer in self.layers:
            for port, edge in enumerate(self.edges_from(layer)):
                if edge.fifo_depth:
                    # It bears the name of the node that fills it.
                    found[f"{layer.instance}_fifo{port}"] = layers[edge.sink or layer.name]
        return found

    def edges_from(self, layer: Layer) -> list[Edge]:
        """The streams that `layer` makes, in the order of its outputs."""
        return [edge for edge in self.edges if edge.source == layer.name]


def load(folder: str | os.PathLike[str]) -> Design:
    """Read `folder`/manifest.json. Raises InputError if it is missing, of another format, or incomplete."""
    path = Path(folder) / MANIFEST
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        name = path.absolute().parents[1].name  # build/<model>/rtl/manifest.json
        raise InputError(f"{path} does not exist: make the RTL first (make rtl MODEL={name})") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else values
        raise InputError(f"{path}: format {found!r}, expected {FORMAT}: stitch the design again")
    try:
        return Design(
            **{
                **values,
                "files": tuple(values["files"]),
                "memories": tuple(values["memories"]),
                "classes": tuple(values["classes"]),
                "input": Stream(**_shaped(values["input"])),
                "output": Stream(**_shaped(values["output"])),
                "taps": tuple(Tap(**_shaped(tap)) for tap in values["taps"]),
                "layers": tuple(Layer(**layer) for layer in values["layers"]),
                "edges": tuple(Edge(**edge) for edge in values["edges"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: incomplete or unknown entries ({error}): stitch the design again") from None


def digest(folder: str | os.PathLike[str]) -> str:
    """SHA-256 (hex) over the manifest and every file and memory that it names, so that a cache can rely on it."""
    design = load(folder)
    total = hashlib.sha256()
    for name in (MANIFEST, *sorted((*design.files, *design.memories))):
        try:
            content = (Path(folder) / name).read_bytes()
        except FileNotFoundError:
            raise InputError(f"{folder}: {name} is in the manifest and not in the folder: stitch again") from None
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def _shaped(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "shape": tuple(values["shape"])}
