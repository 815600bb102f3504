# SPDX-License-Identifier: BSD-3-Clause
"""Counts of the dot products against what Yosys makes of the cells."""

import json
import shutil

import pytest

from fpga import primitives, resources, yosys
from fpga.estimate import heap
from fpga.ops import _cells

BINARY = [(2, 1, 5), (9, 2, 7), (27, 4, 7), (64, 2, 7), (7, 4, 3), (16, 1, 31)]  # Simd, InBits, SumBits
WIDE = [  # Simd, InBits, WeightBits, SumBits
    *[(1, 1, 2, 8), (3, 2, 2, 6), (12, 4, 2, 8), (18, 3, 2, 12)],
    *[(1, 2, 4, 8), (9, 2, 4, 6), (16, 4, 4, 8), (8, 3, 3, 32), (5, 4, 3, 4)],
]


def cases():
    """(name, cell, parameters, expected)."""
    for simd, in_bits, bits in BINARY:
        name = f"b{simd}_{in_bits}_{bits}"
        values = {"Simd": simd, "InBits": in_bits, "SumBits": bits}
        yield name, "binary_dot", values, heap.binary(simd, in_bits, bits)
        yield f"{name}_all", "binary_dot", {**values, "All": 1}, heap.binary(simd, in_bits, bits, every=True)
    for simd, in_bits, weight_bits, bits in WIDE:
        name = f"w{simd}_{in_bits}_{weight_bits}_{bits}"
        values = {"Simd": simd, "InBits": in_bits, "WeightBits": weight_bits, "SumBits": bits}
        yield f"{name}_planes", "wrap_dot", values, heap.planes(simd, in_bits, weight_bits, bits)
        ternary = weight_bits == 2
        if ternary or in_bits > 1:
            expected = heap.digits(simd, in_bits, weight_bits, ternary, bits)
            yield f"{name}_digits", "digit_dot", {**values, "Ternary": int(ternary)}, expected


def widths(cell, values):
    """Of the ports: direction and bits."""
    simd, in_bits = values["Simd"], values["InBits"]
    ports = {"x_i": ("input", simd * in_bits), "w_i": ("input", simd * values.get("WeightBits", 1))}
    return {**ports, "rows_o": ("output", 2 * values["SumBits"])}


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Cells by type of every case, from one synthesis."""
    folder = tmp_path_factory.mktemp("heaps")
    listed, lines = ["input clk_i", "input move_i"], []
    for name, cell, values, _ in cases():
        ports = widths(cell, values)
        listed += [f"{way} [{bits - 1}:0] {name}_{port}" for port, (way, bits) in ports.items()]
        joined = ", ".join(f".{port}({name}_{port})" for port in ports)
        parameters = ", ".join(f".{key}({value})" for key, value in values.items())
        lines.append(f"  {cell} #({parameters}) {name} (.clk_i, .move_i, {joined});")
    (folder / "heaps.sv").write_text("\n".join([f"module heaps ({', '.join(listed)});", *lines, "endmodule", ""]))
    files = list(dict.fromkeys(path for cell in ("binary_dot", "wrap_dot", "digit_dot") for path in _cells.files(cell)))
    for path in files:
        shutil.copyfile(path, folder / path.name)
    commands = [
        *primitives.XC7.read_commands("heaps", [path.name for path in files] + ["heaps.sv"]),
        "setattr -mod -set keep_hierarchy 1 =binary_dot* =wrap_dot* =digit_dot*",
        f"{resources.SYNTHESIS} -top heaps",
        "tee -q -o stat.json stat -json",
    ]
    yosys.run(commands, folder, folder / "log.txt")
    modules = json.loads((folder / "stat.json").read_text())["modules"]
    return {name.rpartition("heaps.")[2]: facts["num_cells_by_type"] for name, facts in modules.items()}


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, _, _, expected in cases()])
def test_cells_are_counted_as_they_are(counted, name, expected):
    use = resources.tally({cell: int(number) for cell, number in counted[name].items()})
    assert (use.lut, use.ff) == (expected.lut + expected.free, expected.registers)
    # A chain whose carries are all 0 is no chain.
    assert expected.carry4 - 1 <= use.carry4 <= expected.carry4


def test_levels():
    assert [heap.halvings(tall) for tall in (1, 2, 4, 5, 8, 9, 16, 17)] == [1, 1, 1, 2, 2, 3, 3, 4]


@pytest.mark.parametrize("in_bits", [1, 2, 4])
def test_more_never_costs_less(in_bits):
    costs = [heap.binary(simd, in_bits, 8).lut for simd in (3, 12, 36, 72, 144)]
    assert costs == sorted(costs) and costs[0] < costs[-1]
    costs = [heap.planes(36, in_bits, 4, bits).lut for bits in (4, 6, 8, 12)]
    assert costs == sorted(costs)
