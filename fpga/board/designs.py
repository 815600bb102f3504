# SPDX-License-Identifier: BSD-3-Clause
"""The designs that lie under a build folder, and the one that a bitstream names."""

import json
from dataclasses import dataclass
from pathlib import Path

from chain.errors import InputError, nearest


@dataclass(frozen=True)
class BuiltDesign:
    """One model's files: `library` the Verilated shell, `rtl` its folder of memory files, `base` of its registers."""

    model: str
    hash: str
    bitfile: Path
    library: Path
    rtl: Path
    base: int
    shape: tuple[int, ...]


def find(build: Path, model: str | None = None, given: str | None = None) -> list[BuiltDesign]:
    """All designs under `build`/*/board, or only `model`'s (InputError if it has none); half-written ones are left out.

    Paths are absolute. `given` is how the user named the model.
    """
    found = []
    for path in sorted(build.absolute().glob("*/board/*.json")):
        design = _read(path)
        if design and (model is None or design.model == model):
            found.append(design)
    if model is not None and not found:
        built = [design.model for design in find(build)]
        raise InputError(
            f"{model!r} has no simulated board under {build}: build it first (make deploy MODEL={given or model})"
            + (f"; {nearest(model, built)}" if built else "")
        )
    return found


def by_hash(designs: list[BuiltDesign], wanted: str) -> BuiltDesign:
    """The design with this hash. InputError names what there is."""
    for design in designs:
        if design.hash == wanted:
            return design
    known = ", ".join(f"{design.model} ({design.hash[:8]}...)" for design in designs) or "none"
    raise InputError(
        f"the design {wanted[:8]}... of this bitstream is not in the build folder; there: {known}. "
        "Build it again (make shell MODEL=) and load the new .bit"
    )


def _read(path: Path) -> BuiltDesign | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        library = path.parent / values["library"]
        design = BuiltDesign(
            model=str(values["model"]),
            hash=str(values["design_hash"]),
            bitfile=path.with_suffix(".bit"),
            library=library,
            rtl=(path.parent / values.get("rtl", "../rtl")).resolve(),
            base=int(values["base_address"]),
            shape=tuple(int(n) for n in values["input"]["shape"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return design if design.library.is_file() and design.bitfile.is_file() else None
