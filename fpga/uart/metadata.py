# SPDX-License-Identifier: BSD-3-Clause
"""The metadata (<model>.json) of a design behind a serial line: what its driver reads beside the bitstream."""

import dataclasses
from typing import Any

from fpga.design import Design
from fpga.shell import metadata

_ZYNQ_ONLY = ("hwh_sha256", "ip", "base_address", "registers")


def of_board(
    made: Design, design_hash: str, part: str, clock_mhz: float, baud: int, bit_sha256: str | None
) -> dict[str, Any]:
    """The content of the file. `bit_sha256` is None where there is no bitstream; `clock_mhz` the accelerator's own."""
    values = metadata.of_board(dataclasses.replace(made, clock_mhz=clock_mhz), design_hash, bit_sha256, "")
    kept = {key: value for key, value in values.items() if key not in _ZYNQ_ONLY}
    return {**kept, "part": part, "link": {"kind": "uart", "baud": baud}}
