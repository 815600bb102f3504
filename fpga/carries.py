# SPDX-License-Identifier: BSD-3-Clause
"""The ends of carry chains in a netlist for an ECP5: open, which nextpnr needs to be told."""

import json
from collections import Counter
from pathlib import Path

from chain.files import write_json

ENTER = (f"{0x0008:016b}", f"{0x0001:016b}")
"""The first place of fpga/rtl_ecp5/carry_chain.v: its table is 0, so that nothing comes through it from below."""


def open_ends(netlist: Path, top: str) -> None:
    """Leave both ends of carry chains open in module `top` of Yosys' JSON `netlist`: carries that nothing takes, and
    constants below a first place that lets nothing through.

    nextpnr leads every carry that has a name into its chain and out of it, through two places each.
    """
    design = json.loads(netlist.read_text(encoding="utf-8"))
    module = design["modules"][top]
    pins = [bit for cell in module["cells"].values() for bits in cell["connections"].values() for bit in bits]
    named = Counter([*pins, *(bit for port in module["ports"].values() for bit in port["bits"])])
    for cell in module["cells"].values():
        if cell["type"] == "CCU2C":
            ends, table = cell["connections"], cell["parameters"]["INIT0"]
            if all(named[bit] == 1 for bit in ends["COUT"]):
                ends["COUT"] = ["x"]
            unused = all(named[bit] == 1 for bit in ends["S0"])
            if ends["CIN"] == ["0"] and table in ENTER and ends["D0"] == ["1"] and unused:
                ends["CIN"] = ["x"]
    write_json(netlist, design)
