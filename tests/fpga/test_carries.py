# SPDX-License-Identifier: BSD-3-Clause
"""The ends of carry chains on an ECP5 are open where nothing is lost by it, and nowhere else."""

import json
from pathlib import Path

from fpga import carries, primitives, yosys
from fpga.ops import _cells

DESIGN = """module chains (input logic [7:0] a, b, output logic [7:0] sum, other, output logic carry, less);
  assign other = a + b;
  assign less = a < b;
  add_two #(.Width(8)) i_add (.a_i(a), .b_i(~b), .sum_o(sum), .carry_o(carry));
endmodule
"""


def chains(module: dict) -> list[dict]:
    return [cell for cell in module["cells"].values() if cell["type"] == "CCU2C"]


def test_ends(tmp_path: Path) -> None:
    (tmp_path / "chains.sv").write_text(DESIGN)
    files = [*map(str, _cells.files("add_two")), "chains.sv"]
    commands = [*primitives.ECP5.read_commands("chains", files), "synth_ecp5 -top chains -json chains.json"]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")

    def load() -> dict:
        return json.loads((tmp_path / "chains.json").read_text())["modules"]["chains"]

    module = load()
    carries.open_ends(tmp_path / "chains.json", "chains")
    before, after = chains(module), chains(load())

    taken = {bit for cell in before for bit in cell["connections"]["CIN"]}
    taken |= {bit for port in module["ports"].values() for bit in port["bits"]}
    tables = [cell["connections"] for cell in module["cells"].values() if cell["type"] == "LUT4"]
    taken |= {bit for pins in tables for pin in "ABCD" for bit in pins[pin]}
    ours = 0
    for old, new in zip(before, after, strict=True):
        was, found = old["connections"], new["connections"]
        assert found["COUT"] == (was["COUT"] if set(was["COUT"]) & taken else ["x"])
        first = was["CIN"] == ["0"] and new["parameters"]["INIT0"] in carries.ENTER
        assert found["CIN"] == (["x"] if first else was["CIN"])
        ours += first
        assert {pin: bits for pin, bits in found.items() if pin not in ("CIN", "COUT")} == {
            pin: bits for pin, bits in was.items() if pin not in ("CIN", "COUT")
        }
    assert ours == 1
    assert {"0", "x"} <= {cell["connections"]["CIN"][0] for cell in after}, "another chain's constant stays"
    assert any(cell["connections"]["COUT"] == ["x"] for cell in after)
