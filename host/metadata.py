# SPDX-License-Identifier: BSD-3-Clause
"""The metadata beside a bitstream: <model>.json, and whether .bit, .hwh and .json belong together."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host import manifest
from host.errors import BundleError, MetadataError, MismatchError, MissingFileError
from host.packing import Layout

FORMAT = 1
_STAND_IN = b"WRAPNET\0"
"""What the payload of a bitstream for the simulated board begins with."""

_MOST_BAUD = 100_000_000

Array = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Metadata:
    """What the driver knows of a design. `design_hash` is the SHA-256 (hex) whose low 32 bits the board shows.

    `ip` is the name of the shell in the hardware hand-off, `simulated` says that the bitstream is a stand-in
    which only the simulated board takes, `labels` that the accelerator chooses the label itself and gives nothing
    else; all three may be absent from the file. `bundled` says that a manifest must lie beside it. `bit_sha256` is
    None in a bundle that was made without a bitstream: the user brings one, and the board itself tells its design.
    `baud` is that of a board on a serial line, which has no hardware hand-off; None for the others.
    """

    model: str
    input: Layout
    output: Layout
    classes: tuple[str, ...]
    clock_mhz: float
    part: str
    design_hash: str
    bit_sha256: str | None
    hwh_sha256: str | None
    ip: str | None = None
    simulated: bool = False
    labels: bool = False
    bundled: bool = False
    baud: int | None = None

    def results(self, outputs: Array) -> Array:
        """What the accelerator gives for a network's outputs [N, classes]: these, or labels [N, 1]."""
        return outputs.argmax(axis=1)[:, None] if self.labels else outputs

    def predictions(self, results: Array) -> npt.NDArray[np.int32]:
        """Labels int32 [N] from what the accelerator gives; of equal outputs the first counts."""
        return (results[:, 0] if self.labels else results.argmax(axis=1)).astype(np.int32)

    def class_name(self, label: int) -> str:
        """The name of a class; its number where the classes have no names."""
        return self.classes[label] if 0 <= label < len(self.classes) else str(label)

    @property
    def short_hash(self) -> int:
        """The 32 bits of the design's hash that its DESIGN_HASH register holds."""
        return int(self.design_hash, 16) & 0xFFFFFFFF


def load(bitfile: str | Path) -> Metadata:
    """Read the .json beside `bitfile` and check the hashes of the .bit and the .hwh against it.

    In a bundle every other file is checked first. Raises BundleError for one that is not as it was made,
    MissingFileError, MetadataError (unreadable or incomplete) or MismatchError (files of different builds).
    """
    bit = Path(bitfile)
    hwh, path = bit.with_suffix(".hwh"), bit.with_suffix(".json")
    if bit.suffix != ".bit":
        raise MissingFileError(f"{bit}: expected the name of a .bit file")
    bundled = os.path.lexists(bit.parent / manifest.NAME)
    if bundled:
        _check_bundle(bit)
    for file, what in ((bit, "bitstream"), (hwh, "hardware hand-off"), (path, "metadata")):
        if not file.is_file():
            raise MissingFileError(
                f"{file}: the {what} is missing; copy {bit.stem}.bit, .hwh and .json together into one folder"
            )
    metadata = parse(path.read_bytes(), path)
    if metadata.baud is not None:
        raise MismatchError(f"{bit} is for a board on a serial line: use SerialOverlay (--serial PORT)")
    if metadata.bundled and not bundled:
        raise BundleError(f"{bit.parent}: {manifest.NAME} is missing from this bundle; unpack the archive again")
    content = bit.read_bytes()
    if metadata.bit_sha256 is None:
        metadata = replace(metadata, simulated=_STAND_IN in content)
    _require_same(bit, content, metadata.bit_sha256, path)
    _require_same(hwh, hwh.read_bytes(), metadata.hwh_sha256, path)
    return metadata


def load_serial(path: str | Path) -> tuple[Metadata, int]:
    """Read the .json at or beside `path` (a .bit or the .json), of a board on a serial line, and its baud.

    The board has its bitstream from elsewhere: a .bit that is named must be there, and one that is there must be the
    metadata's. Raises MissingFileError, MetadataError or MismatchError (no such board's, or files of two builds).
    """
    given = Path(path)
    if given.suffix not in (".bit", ".json"):
        raise MissingFileError(f"{given}: expected the name of a .bit or .json file")
    bit, text = given.with_suffix(".bit"), given.with_suffix(".json")
    for file, what in ((text, "metadata"), *(((bit, "bitstream"),) if given == bit else ())):
        if not file.is_file():
            raise MissingFileError(f"{file}: the {what} is missing; copy {given.stem}.bit and .json into one folder")
    metadata = parse(text.read_bytes(), text)
    if metadata.baud is None:
        raise MismatchError(f"{text} is of a design for a PYNQ board: use WrapNetOverlay (without --serial)")
    if bit.is_file():
        _require_same(bit, bit.read_bytes(), metadata.bit_sha256, text)
    return metadata, metadata.baud


def _require_same(file: Path, content: bytes, expected: str | None, path: Path) -> None:
    found = manifest.digest(content)
    if expected is not None and found != expected:
        raise MismatchError(
            f"{file} and {path} do not belong together: SHA-256 of {file.name} is {found[:16]}..., "
            f"the metadata names {expected[:16]}...; copy the files of one build"
        )


def _check_bundle(bit: Path) -> None:
    listed = manifest.check(bit.parent)
    strange = [f"{bit.stem}{end}" for end in (".hwh", ".json", ".golden.npz") if f"{bit.stem}{end}" not in listed]
    if strange:
        raise BundleError(
            f"{bit.parent} is the bundle of another model: {', '.join(strange)} not in its {manifest.NAME}"
        )
    if not bit.is_file():
        raise MissingFileError(
            f"{bit} is missing: the bundle was made without a bitstream. Copy one of this very design there "
            f"(README.md says which); for the simulated board, build/{bit.stem}/board/{bit.name}"
        )


def parse(text: bytes, path: Path) -> Metadata:
    """Check the content of a metadata file; `path` is for the messages of MetadataError only."""
    try:
        values: Any = json.loads(text)
    except ValueError as error:
        raise MetadataError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise MetadataError(f"{path}: expected a JSON object, found {type(values).__name__}")
    if values.get("format") != FORMAT:
        raise MetadataError(
            f"{path}: format {values.get('format')!r}, this driver reads format {FORMAT}; "
            "use the driver that came with the bitstream"
        )
    try:
        baud = _baud(values["link"]) if values.get("link") is not None else None
        return Metadata(
            model=_text(values, "model"),
            input=_layout(values, "input", 8),
            output=_layout(values, "output", 32),
            classes=tuple(str(name) for name in values["classes"]),
            clock_mhz=_clock(values["clock_mhz"]),
            part=_text(values, "part"),
            design_hash=_hash(values, "design_hash"),
            bit_sha256=_hash(values, "bit_sha256") if values["bit_sha256"] is not None else None,
            hwh_sha256=None if baud else _hash(values, "hwh_sha256"),
            ip=_text(values, "ip") if values.get("ip") is not None else None,
            simulated=bool(values.get("simulated", False)),
            labels=bool(values.get("labels", False)),
            bundled=bool(values.get("bundled", False)),
            baud=baud,
        )
    except KeyError as error:
        raise MetadataError(f"{path}: the entry {error} is missing") from None
    except (TypeError, ValueError) as error:
        raise MetadataError(f"{path}: {error}") from None


def _text(values: dict[str, Any], key: str) -> str:
    value = values[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: expected a text, found {value!r}")
    return value


def _hash(values: dict[str, Any], key: str) -> str:
    value = _text(values, key)
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{key}: expected 64 lower-case hexadecimal digits, found {value!r}")
    return value


def _clock(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 2000:
        raise ValueError(f"clock_mhz: expected MHz above 0, found {value!r}")
    return float(value)


def _baud(link: Any) -> int:
    if not isinstance(link, dict) or link.get("kind") != "uart":
        raise ValueError(f"link: this driver knows lines of the kind 'uart', found {link!r}")
    baud = link["baud"]
    if isinstance(baud, bool) or not isinstance(baud, int) or not 0 < baud <= _MOST_BAUD:
        raise ValueError(f"link.baud: expected 1..{_MOST_BAUD}, found {baud!r}")
    return baud


def _layout(values: dict[str, Any], key: str, most_bits: int) -> Layout:
    stream = values[key]
    if not isinstance(stream, dict):
        raise ValueError(f"{key}: expected an object, found {stream!r}")
    numbers = {}
    for name in ("bits", "elements_per_word", "word_bytes", "words_per_frame"):
        value = stream[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{key}.{name}: expected a positive integer, found {value!r}")
        numbers[name] = value
    shape = stream["shape"]
    if not isinstance(shape, list) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(f"{key}.shape: expected positive integers, found {shape!r}")
    if len(shape) != (3 if key == "input" else 1):
        raise ValueError(f"{key}.shape: expected {'[H, W, C]' if key == 'input' else '[classes]'}, found {shape!r}")
    signed = bool(stream.get("signed", False))
    if key == "input" and signed:
        raise ValueError("input.signed: images are unsigned")
    if numbers["bits"] > most_bits - (key == "output" and not signed):
        raise ValueError(f"{key}.bits: {numbers['bits']} does not fit {'uint8' if key == 'input' else 'int32'}")
    return Layout(shape=tuple(shape), signed=signed, **numbers)
