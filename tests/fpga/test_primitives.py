# SPDX-License-Identifier: BSD-3-Clause
"""The cells of fpga/rtl_xc7 and fpga/rtl_ecp5 are those of fpga/rtl: proven by SAT on Yosys' models of primitives."""

import pytest

from chain.errors import ToolError
from fpga import primitives, yosys
from fpga.ops import _cells

FAMILIES = {"xc7": primitives.XC7, "ecp5": primitives.ECP5}
CELLS = [(name, path.stem) for name, family in FAMILIES.items() for path in family.cells]

XC7_CASES = [
    *(("add_four", {"Width": width}) for width in (1, 3, 4, 5, 9)),
    *(
        (cell, {"Width": width, "Invert": invert})
        for cell in ("add_four", "sum_three")
        for width, invert in ((1, 0b110), (2, 0), (3, 0b011_101_001), (5, 0b10110_01011_11100))
    ),
    *(("add_three", {"Width": width}) for width in (1, 4, 7, 8)),
    *((cell, {"Width": width}) for cell in ("add_halves", "add_parities") for width in (1, 2, 4, 5)),
    *(("sign_gate", {"Width": width, "Count": count}) for width, count in ((1, 1), (2, 2), (5, 1))),
    *(
        ("booth_product", {"Width": width, "WeightBits": weight_bits, "Count": count})
        for width, weight_bits, count in (
            (1, 2, 1),
            (2, 2, 2),
            (1, 3, 1),
            (3, 3, 1),
            (2, 4, 2),
            (4, 4, 1),
            (3, 5, 1),
            (4, 8, 1),
        )
    ),
    *(("count_three", {"Width": width, "Invert": invert}) for width, invert in ((1, 0), (1, 0b101), (2, 0b011100))),
    ("sum_three", {"Width": 2, "Invert": 0, "InvertIn": 3}),
]
ECP5_CASES = [
    *((cell, {"Width": width}) for cell in ("add_two", "add_running", "sub_gated") for width in (1, 2, 3, 4, 7)),
    *(
        ("sum_three", {"Width": width, "Invert": invert, "InvertIn": carries})
        for width, invert, carries in ((1, 0b110, 0), (2, 0, 2), (3, 0b011_101_001, 1), (5, 0b10110_01011_11100, 3))
    ),
]
CASES = [("xc7", *case) for case in XC7_CASES] + [("ecp5", *case) for case in ECP5_CASES]


def prove(family: primitives.Family, cell: str, parameters: dict[str, int], text: str, folder) -> None:
    """ToolError unless the module `cell` in `text` is the one of fpga/rtl, for all inputs."""
    (folder / "gate.v").write_text(text)
    bits = {"Invert": 3 * parameters["Width"], "InvertIn": 2}
    sizes = {name: f"{bits[name]}'d{value}" if name in bits else value for name, value in parameters.items()}
    given = " ".join(f"-G {name}={value}" for name, value in sizes.items())
    changed = " ".join(f"-chparam {name} {value}" for name, value in sizes.items())
    commands = [
        f"read_verilog -overwrite {family.library}",
        f"read_verilog gate.v {' '.join(map(str, family.shared))}",
        f"hierarchy -top {cell} {changed}",
        "rename -top gate",
        "proc",
        "flatten",
        f"read_slang --top {cell} {given} {' '.join(map(str, _cells.files(cell)))}",
        f"rename {cell} gold",
        "proc",
        "miter -equiv -flatten gold gate both",
        "sat -verify -prove trigger 0 both",
    ]
    yosys.run(commands, folder, folder / "log.txt")


@pytest.mark.parametrize(("family", "cell", "parameters"), CASES, ids=lambda value: str(value))
def test_equal_for_all_inputs(tmp_path, family, cell, parameters):
    text = (FAMILIES[family].folder / f"{cell}.v").read_text()
    prove(FAMILIES[family], cell, parameters, text, tmp_path)


@pytest.mark.parametrize(("family", "cell"), CELLS)
def test_a_wrong_table_is_found(tmp_path, family, cell):
    text = (FAMILIES[family].folder / f"{cell}.v").read_text()
    wrong = (
        text.replace("E8E8)", "E8E9)")
        .replace("^ i[3]", "| i[3]")
        .replace(": ^product", ": |product")
        .replace("5FA0)", "5FA1)")
    )
    wrong = wrong.replace("(middle ^ low) & here", "(middle | low) & here")
    wrong = wrong.replace("E427FFFF0000)", "E426FFFF0000)").replace("69960FF00FF0)", "69970FF00FF0)")
    wrong = wrong.replace("enter_i(Low ? {a_i[0], b_i[0]} : 2'b00)", "enter_i(2'b00)")
    wrong = wrong.replace(".or_i(start_i)", ".or_i({Width{1'b0}})").replace(".keep_i(on_i)", ".keep_i(1'b1)")
    wrong = wrong.replace("enter_i({2{carries_i[0]}})", "enter_i(2'b00)")
    assert wrong != text
    with pytest.raises(ToolError, match="proof"):
        prove(FAMILIES[family], cell, {"Width": 3}, wrong, tmp_path)


# An instance of the cell as {name}, for the width {w}, of in_i and out_o.
INSTANCES = {
    "add_two": "add_two #(.Width({w})) {name} (.a_i(in_i[{w}-1:0]), .b_i(in_i[10+:{w}]), "
    ".sum_o({name}_o[{w}-1:0]), .carry_o({name}_o[16]));",
    "add_running": "add_running #(.Width({w})) {name} (.term_i(in_i[{w}-1:0]), .sum_i(in_i[10+:{w}]), "
    ".keep_i(in_i[60]), .start_i(in_i[20+:{w}]), .sum_o({name}_o[{w}-1:0]));",
    "sub_gated": "sub_gated #(.Width({w})) {name} (.a_i(in_i[{w}-1:0]), .b_i(in_i[10+:{w}]), "
    ".on_i(in_i[60]), .diff_o({name}_o[{w}-1:0]));",
    "add_four": "add_four #(.Width({w})) {name} (.bits_i(in_i[4*{w}-1:0]), .carry_i(in_i[60]), "
    ".sum_o({name}_o[{w}-1:0]), .keep_o({name}_o[8+:{w}]), .carry_o({name}_o[16]));",
    "sum_three": "sum_three #(.Width({w}), .Invert({w} == 1 ? 0 : 3)) {name} (.bits_i(in_i[3*{w}-1:0]), "
    ".carries_i(in_i[61:60]), .sum_o({name}_o[{w}-1:0]), .carry_o({name}_o[16]));",
    "add_three": "add_three #(.Width({w})) {name} (.bits_i(in_i[3*{w}-1:0]), .start_i(in_i[40+:{w}]), "
    ".sum_o({name}_o[{w}-1:0]));",
    "sign_gate": "sign_gate #(.Width({w}), .Count(2)) {name} (.x_i(in_i[2*{w}-1:0]), .on_i(in_i[21:20]), "
    ".neg_i(in_i[23:22]), .product_o({name}_o[2*{w}-1:0]));",
    "booth_product": "booth_product #(.Width({w}), .WeightBits(4), .Count(2)) {name} (.x_i(in_i[2*{w}-1:0]), "
    ".w_i(in_i[20+:8]), .product_o({name}_o[4*({w}+1)-1:0]));",
    "add_halves": "add_halves #(.Width({w})) {name} (.a_i(in_i[{w}-1:0]), .b_i(in_i[10+:{w}]), .a_on_i(in_i[60]), "
    ".b_on_i(in_i[61]), .more_i(in_i[20+:{w}]), .carry_i(in_i[62]), "
    ".sum_o({name}_o[{w}-1:0]), .carry_o({name}_o[16]));",
    "add_parities": "add_parities #(.Width({w})) {name} (.a_i(in_i[{w}-1:0]), .b_i(in_i[10+:{w}]), "
    ".c_i(in_i[20+:{w}]), .d_i(in_i[30+:{w}]), .carry_i(in_i[62]), .sum_o({name}_o[{w}-1:0]), .carry_o({name}_o[16]));",
    "count_three": "count_three #(.Width({w}), .Invert({w} == 1 ? 0 : 2)) {name} (.a_i(in_i[3*{w}-1:0]), "
    ".b_i(in_i[20+:3*{w}]), .count_o({name}_o[2*{w}-1:0]));",
}


@pytest.mark.parametrize(("family", "cell"), CELLS)
def test_instances_of_several_sizes(tmp_path, family, cell):
    """A design that has a cell in three widths, read as a synthesis reads it, is the one without the mapping."""
    family = FAMILIES[family]
    widths = {"first": 1, "second": 5, "third": 2}
    ports = ", ".join(["input logic [63:0] in_i", *(f"output logic [31:0] {name}_o" for name in widths)])
    body = "\n".join(INSTANCES[cell].format(name=name, w=width) for name, width in widths.items())
    (tmp_path / "sizes.sv").write_text(f"module sizes ({ports});\n{body}\nendmodule\n")
    files = [*map(str, _cells.files(cell)), "sizes.sv"]
    commands = [
        f"read_slang --top sizes {' '.join(files)}",
        "proc",
        "design -stash plain",
        *family.read_commands("sizes", files),
        f"select -assert-none t:{cell}",
        f"read_verilog -overwrite {family.library}",
        "hierarchy -top sizes",
        "proc",
        "flatten",
        "rename sizes gate",
        "design -copy-from plain -as gold sizes",
        "miter -equiv -flatten gold gate both",
        "sat -verify -prove trigger 0 both",
    ]
    yosys.run(commands, tmp_path, tmp_path / "log.txt")


def test_every_cell_is_proven():
    assert set(CELLS) == {(family, cell) for family, cell, _ in CASES}
    assert {cell for _, cell in CELLS} == set(INSTANCES)
