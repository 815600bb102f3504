# SPDX-License-Identifier: BSD-3-Clause
"""The parameters of `uart_shell` for a stitched design, and its files."""

from fractions import Fraction
from pathlib import Path

from chain.errors import InputError
from fpga.design import Design
from fpga.shell.build import hash_word

HERE = Path(__file__).parent
TOP = "uart_shell"
LEAST_CLOCKS_PER_BIT = 4


def sources() -> list[Path]:
    """The bridge's own SystemVerilog files (none depends on another's order)."""
    return sorted(HERE.glob("*.sv"))


def parameters(made: Design, design_hash: str, clock_mhz: float, baud: int) -> dict[str, int]:
    """Parameters of `uart_shell` for this design; `design_hash` is its SHA-256 in hex.

    Raises InputError for a clock that is no multiple of `baud`, or no whole number of kHz.
    """
    return {
        "InWordBytes": made.input.word_bytes,
        "OutWordBytes": made.output.word_bytes,
        "InWordsPerFrame": made.input.words_per_frame,
        "OutWordsPerFrame": made.output.words_per_frame,
        "DesignHash": hash_word(design_hash),
        "ClockKhz": _whole(Fraction(clock_mhz) * 1000, f"the clock is {clock_mhz} MHz, expected whole kHz"),
        "ClocksPerBit": clocks_per_bit(clock_mhz, baud),
        "WatchdogCycles": watchdog_cycles(made),
    }


def clocks_per_bit(clock_mhz: float, baud: int) -> int:
    """Cycles of a bit on the line.

    >>> clocks_per_bit(50.0, 2_000_000)
    25
    """
    message = f"a clock of {clock_mhz} MHz does not make {baud} baud: expected a multiple of it, 4 or more times"
    clocks = _whole(Fraction(clock_mhz) * 1_000_000 / baud, message) if baud > 0 else 0
    if clocks < LEAST_CLOCKS_PER_BIT:
        raise InputError(message)
    return clocks


def watchdog_cycles(made: Design) -> int:
    """Cycles without a finished result after which the accelerator is taken to hang: several times what one takes."""
    return 4 * sum(layer.cycles for layer in made.layers) + 4 * made.bound + 10_000


def _whole(value: Fraction, message: str) -> int:
    if value.denominator != 1:
        raise InputError(message)
    return int(value)
