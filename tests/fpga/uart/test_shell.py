# SPDX-License-Identifier: BSD-3-Clause
"""The serial bridge at its pins, against docs/serial.md."""

from pathlib import Path

import pytest

from tests.fpga.uart.bench import CLOCK_KHZ, DESIGN_HASH, Bench
from tests.fpga.uart.line import run

SIZES = [(1, 64, 1, 10), (3, 5, 2, 3), (2, 1, 10, 1)]  # bytes and words of an image, bytes and words of a result


@pytest.fixture(params=SIZES, ids=str)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def test_identify(bench: Bench) -> None:
    sizes = u32(bench.image_bytes) + u32(bench.result_bytes)
    assert bench.ask(b"I\x2a") == [b"i\x2aWRAP\x01\x02" + u32(DESIGN_HASH) + u32(CLOCK_KHZ) + sizes]


def test_an_image_gives_its_result_and_its_cycles(bench: Bench) -> None:
    image = bytes(range(0x70, 0x70 + bench.image_bytes))
    for repeat in (1, 2, 5):
        one = bench.design.input.words_per_frame + bench.design.output.words_per_frame
        assert bench.ask(run(7, image, repeat)) == [b"r\x07" + u32(one) + u32(one * repeat) + bench.right(image)]
