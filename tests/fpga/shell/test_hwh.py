# SPDX-License-Identifier: BSD-3-Clause
"""The hardware hand-off: its text, and the clock in it. What pynq reads from it is in test_metadata.py."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import InputError, UnsupportedError
from fpga.bitstream import board
from fpga.shell import hwh

GOLDEN = Path(__file__).parent / "golden"
PARTS = {"example": "xc7z020clg400-1", "example_zynqmp": "xczu7ev-ffvc1156-2-e"}


@pytest.mark.parametrize("name", PARTS)
def test_text_is_the_golden(name: str) -> None:
    """After a wanted change: python -c "from tests.fpga.shell import test_hwh as t; t.write_golden()"."""
    assert hwh.text("example", PARTS[name], 100.0) == (GOLDEN / f"{name}.hwh").read_text(encoding="utf-8")


def write_golden() -> None:
    """Take the present texts as the goldens."""
    for name, part in PARTS.items():
        (GOLDEN / f"{name}.hwh").write_text(hwh.text("example", part, 100.0), encoding="utf-8")


def test_names_are_escaped() -> None:
    root = ElementTree.fromstring(hwh.text('a"<&', "xc7z010clg400", 50.0).partition("\n")[2])
    info = root.find("SYSTEMINFO")
    assert info is not None
    assert info.get("NAME") == 'a"<&'
    assert info.get("DEVICE") == "7z010"


@pytest.mark.parametrize("part", ["xcku040-ffva1156-2-e", "LFE5U-85F", "", "xc7a35tcpg236-1"])
def test_other_parts_are_refused(part: str) -> None:
    with pytest.raises(UnsupportedError, match="xc7z020clg400-1"):
        hwh.text("example", part, 100.0)


@given(st.floats(0.4, 250), st.sampled_from([hwh.ZYNQ7, hwh.ZYNQMP]))
def test_clock_is_never_faster_than_wanted(mhz: float, processor: hwh.Processor) -> None:
    clock = hwh.clock(mhz, processor)
    assert clock.mhz <= mhz * (1 + 1e-6)
    assert clock.mhz == pytest.approx(processor.io_pll_mhz / (clock.divisor0 * clock.divisor1))
    assert 1 <= clock.divisor1 <= clock.divisor0 <= 63


@pytest.mark.parametrize(
    ("mhz", "divisors"), [(100, (5, 2)), (200, (5, 1)), (50, (5, 4)), (125, (4, 2)), (250, (2, 2))]
)
def test_usual_clocks_are_exact(mhz: int, divisors: tuple[int, int]) -> None:
    clock = hwh.clock(mhz)
    assert clock.mhz == mhz
    assert (clock.divisor0, clock.divisor1) == divisors


@pytest.mark.parametrize("mhz", [0.0, -1.0, 0.1, 400.0, float("nan")])
@pytest.mark.parametrize("processor", [hwh.ZYNQ7, hwh.ZYNQMP], ids=lambda processor: processor.modtype)
def test_impossible_clocks(mhz: float, processor: hwh.Processor) -> None:
    with pytest.raises(InputError, match=f"{processor.family}.* MHz".replace("+", r"\+")):
        hwh.clock(mhz, processor)


@pytest.mark.parametrize("name", [name for name in board.names() if board.load(name).zynq])
def test_boards_say_the_same_of_their_processor(name: str) -> None:
    """A board's file names it, the hand-off tells it from the part."""
    zynq, processor = board.load(name).zynq, hwh.processor(board.load(name).part)
    assert zynq is not None
    assert zynq.processor == ("PS7" if processor is hwh.ZYNQ7 else "PS8")
