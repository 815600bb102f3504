# SPDX-License-Identifier: BSD-3-Clause
"""Where openXC7 keeps what it knows of a part: the one place that reads its environment variables.

They are those of the project's demos: ZYNQ7_CHIPDB (folder of nextpnr's chip databases), PRJXRAY_DB_DIR (Project
X-Ray's database), NEXTPNR_XILINX_DIR (nextpnr's sources, if it is not its snap), in which the second usually lies.
Standard library only.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from chain.errors import ToolError

FAMILY = "zynq7"
_SNAP = "/snap/openxc7/current/opt/nextpnr-xilinx"


@dataclass(frozen=True)
class Databases:
    """nextpnr's `chipdb` of the part, X-Ray's database of its family, and the part's frame map in it."""

    chipdb: Path
    family: Path
    part_file: Path


def find(part: str) -> Databases:
    """The databases of `part` (as Vivado writes it). ToolError naming each that is missing, and how it is made."""
    nextpnr = Path(os.environ.get("NEXTPNR_XILINX_DIR") or _SNAP)
    xray = Path(os.environ.get("PRJXRAY_DB_DIR") or nextpnr / "external" / "prjxray-db")
    device = re.sub(r"-\d\w*$", "", part)  # without the speed grade
    chipdb = Path(os.environ.get("ZYNQ7_CHIPDB") or nextpnr / "chipdb") / f"{device}.bin"
    found = Databases(chipdb, xray / FAMILY, xray / FAMILY / part / "part.yaml")
    missing = []
    if not found.chipdb.is_file():
        missing.append(
            f"{found.chipdb} (ZYNQ7_CHIPDB names its folder; to make it: `pypy3 {nextpnr}/python/bbaexport.py --device "
            f"{part} --bba {device}.bba`, then `bbasm -l {device}.bba {found.chipdb}`)"
        )
    if not found.part_file.is_file():
        missing.append(f"{found.part_file} (PRJXRAY_DB_DIR names the folder of Project X-Ray's database)")
    if missing:
        raise ToolError(f"openXC7 for {part}: not found: {'; '.join(missing)}")
    return found
