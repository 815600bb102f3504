# SPDX-License-Identifier: BSD-3-Clause
"""The table in the terminal: columns, what is measured and what is not, and energy in words."""

import dataclasses

import pytest

from host import bench, table
from host.measurement import Energy, Measurement, Meter, Rails
from tests.host.measured import Overlay


def found(simulated: bool = False, **changes: object) -> Measurement:
    overlay = Overlay(simulated, memory=4 * 1000)
    made = bench.measure(overlay, [1, 1000, 2000], repetitions=3, warm_up=1, energy_seconds=1e-6)
    return dataclasses.replace(made, **changes)


def test_a_board() -> None:
    text = table.text(found())
    assert "toy, design abababab, 100 MHz, on Pynq-Z2\n" in text and "simulated" not in text
    assert "image: Release 2022_09_20 5a02a07, PynqLinux 22.04, Linux 5.15; pynq " in text
    assert "Median of 3 calls after 1 to warm up, in brackets the interquartile range; golden images" in text
    lines = text.splitlines()
    titles, units, one, many, left_out = lines[4:9]
    assert titles.split() == [
        *("images", "first", "image", "interval", "fabric", "packing", "transfer", "unpacking", "whole", "call"),
        *("steady", "state", "this", "batch", "whole", "call"),
    ]
    assert units.split() == ["a", "call", "us", "cycles", *["ms"] * 5, *["images/s"] * 3]
    assert one.split()[:6] == ["1", "5.03", "(0.01)", "-", "0.00512", "(1e-05)"]
    # calls 6 to 8: 500 + 7 + 999 * 40 + 9 cycles at 100 MHz, 7 ms of packing, 70 ms of transfer
    assert many.split()[:11] == [
        *("1,000", "5.07", "(0.01)", "40", "(0)", "0.4048", "(1e-05)", "7", "(1)", "70", "(10)")
    ]
    assert many.split()[-3:-1] == ["2,500,000", f"{1000 * 100e6 / (516 + 999 * 40):,.0f}"]
    assert left_out.split() == ["2,000", "left", "out"]
    assert "batch of 2,000: left out: the board has no memory for a buffer of 8000 bytes" in text
    assert len({len(line) for line in (titles, units, one, many)}) == 1


def test_over_a_network_it_says_so() -> None:
    made = found()
    text = table.text(dataclasses.replace(made, board=dataclasses.replace(made.board, remote=True, image=None)))
    assert "Reached over a network" in text and "image: PynqLinux 22.04, Linux 5.15;" in text


def test_the_simulated_board() -> None:
    text = table.text(found(simulated=True))
    assert "on wrapnet-simulated, a simulated board\nNothing here was measured on hardware" in text
    assert "packing" not in text and "whole call" not in text and "transfer" not in text
    assert "Energy: none, the board is simulated and draws no power." in text


RAILS = Rails(4.25, 3.5, 50, "the board's supply", {"ina226 power1": 4.25}, 4.25e-5)


@pytest.mark.parametrize(
    ("rails", "meter", "says", "says_not"),
    [
        (
            RAILS,
            None,
            "by the board's rails: 42.5 uJ an image "
            "(1,000 images in 5.0 s, in calls of 100, host and fabric together)\n"
            "  4.25 W, mean of 50 readings, 3.50 W at rest: the board's supply\n    ina226 power1: 4.25 W\n",
            "your own",
        ),
        (None, Meter(2.3, 0.0115), "by your own reading of 2.3 W: 11.5 mJ an image (1,000 images", "rails"),
        (None, None, "Energy: no sensor (1,000 images in 5.0 s", "an image"),
    ],
)
def test_energy(rails: Rails | None, meter: Meter | None, says: str, says_not: str) -> None:
    text = table.text(found(energy=Energy(100, 1000, 5.0, rails, meter, "no sensor")))
    assert says in text and says_not not in text
    assert ("--watts W" in text) == (rails is None and meter is None)


@pytest.mark.parametrize(("joules", "text"), [(2.0, "2 J"), (5e-10, "0.5 nJ"), (1.5e-6, "1.5 uJ")])
def test_joules(joules: float, text: str) -> None:
    assert table._joules(joules) == text
