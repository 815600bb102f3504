# SPDX-License-Identifier: BSD-3-Clause
"""Fills build/<model>/board: what the driver needs (.bit, .hwh, .json) and what the simulated board needs besides."""

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

from chain import files
from fpga import design, verilate
from fpga.shell import bitfile, build, hwh, registers

FORMAT = 1
MEMORIES = "memories"


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The files of one model's board; `library` is the Verilated design, `memories` the folder of its memory files."""

    bit: Path
    hwh: Path
    json: Path
    library: Path
    memories: Path


def write(rtl: Path, board: Path, cache: Path = verilate.DEFAULT_CACHE) -> Bundle:
    """Build the board of the stitched design in `rtl` into the folder `board`; the .json comes last.

    Raises InputError (no or unusable design), UnsupportedError (a part that is no Zynq), ToolError (Verilator).
    """
    made = design.load(rtl)
    bundle = Bundle(
        bit=board / f"{made.model}.bit",
        hwh=board / f"{made.model}.hwh",
        json=board / f"{made.model}.json",
        library=board / f"{made.model}.so",
        memories=board / MEMORIES,
    )
    hand_off = hwh.text(made.model, made.part, made.clock_mhz)  # refuses a wrong part before the long build
    design_hash = design.digest(rtl)
    _copy(build.library(rtl, cache), bundle.library)
    bundle.memories.mkdir(parents=True, exist_ok=True)
    for name in made.memories:
        _copy(rtl / name, bundle.memories / name)

    hwh_sha256 = _sha256(hand_off.encode())
    files.write_text(bundle.hwh, hand_off)
    bits = bitfile.stand_in(made.model, made.part, design_hash, hwh_sha256)
    with files.atomic(bundle.bit) as temporary:
        temporary.write_bytes(bits)
    files.write_json(bundle.json, describe(made, design_hash, _sha256(bits), hwh_sha256))
    return bundle


def describe(made: design.Design, design_hash: str, bit_sha256: str, hwh_sha256: str) -> dict[str, Any]:
    """The content of the .json. Hashes are SHA-256 in hex; `simulated` says that the .bit is a stand-in."""
    return {
        "format": FORMAT,
        "model": made.model,
        "simulated": True,
        "input": dataclasses.asdict(made.input),
        "output": dataclasses.asdict(made.output),
        "classes": list(made.classes),
        "labels": made.labels,
        "part": made.part,
        "clock_mhz": made.clock_mhz,
        "bound": made.bound,
        "design_hash": design_hash,
        "bit_sha256": bit_sha256,
        "hwh_sha256": hwh_sha256,
        "ip": hwh.IP,
        "base_address": hwh.processor(made.part).shell_address,
        "registers": registers.OFFSETS,
        "library": f"{made.model}.so",
        "rtl": MEMORIES,
    }


def of_board(
    made: design.Design, design_hash: str, bit_sha256: str | None, hwh_sha256: str, **more: object
) -> dict[str, Any]:
    """The content of the .json for a real board; `bit_sha256` is None where no bitstream is there yet."""
    values = describe(made, design_hash, "", hwh_sha256) | {"simulated": False, "bit_sha256": bit_sha256, **more}
    return {key: value for key, value in values.items() if key not in ("library", "rtl")}


def _copy(source: Path, target: Path) -> None:
    """Copy whole or not at all; a process that has the old file open keeps it."""
    with files.atomic(target) as temporary:
        shutil.copyfile(source, temporary)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
