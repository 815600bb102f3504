# SPDX-License-Identifier: BSD-3-Clause
"""Builds the simulated board of a stitched design: shell + accelerator + memory model in one shared library.

The library's C interface is at the end of board.cpp; `fpga.shell.library` calls it.
"""

from pathlib import Path

from fpga import design, verilate

HERE = Path(__file__).parent
TOP = "shell"
HARNESS = HERE / "board.cpp"


def sources() -> list[Path]:
    """The shell's own SystemVerilog files, in compile order (none depends on another's order)."""
    return sorted(HERE.glob("*.sv"))


def parameters(made: design.Design, design_hash: str) -> dict[str, int]:
    """Parameters of `shell` for this design; `design_hash` is its SHA-256 in hex."""
    return {
        "InWordBytes": made.input.word_bytes,
        "OutWordBytes": made.output.word_bytes,
        "InWordsPerFrame": made.input.words_per_frame,
        "OutWordsPerFrame": made.output.words_per_frame,
        "DesignHash": hash_word(design_hash),
        "ClockMhz": round(made.clock_mhz),
    }


def hash_word(design_hash: str) -> int:
    """What the register DESIGN_HASH holds: the low 32 bits.

    >>> hex(hash_word("ab" * 28 + "01234567"))
    '0x1234567'
    """
    return int(design_hash[-8:], 16)


def library(rtl: Path, cache: Path = verilate.DEFAULT_CACHE) -> Path:
    """Build (or find in `cache`) the board library of the design in folder `rtl`; the path of the .so.

    Raises InputError for an unusable `rtl`, ToolError when Verilator or the compiler fails.
    """
    made = design.load(rtl)
    spec = verilate.Build(
        top=TOP,
        sources=[*sources(), *(rtl / name for name in made.files)],
        harness=[HARNESS],
        kind="library",
        parameters=parameters(made, design.digest(rtl)),
        warnings=False,  # the shell is clean; FINN's files are not
    )
    return verilate.build(spec, cache, name=f"board-{made.model}")
