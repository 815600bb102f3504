# SPDX-License-Identifier: BSD-3-Clause
"""Levels of logic, counted in netlists whose paths are known."""

import json
from pathlib import Path
from typing import Any

import pytest

from chain.errors import ToolError
from fpga.bench_hardware import levels
from fpga.bench_hardware.levels import Levels


def cell(kind: str, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> dict[str, Any]:
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {"type": kind, "port_directions": directions, "connections": {**inputs, **outputs}}


def lut(source: int, target: int) -> dict[str, Any]:
    return cell("LUT2", {"I0": [source], "I1": ["0"]}, {"O": [target]})


def register(source: int, target: int) -> dict[str, Any]:
    return cell("FDRE", {"D": [source], "C": [1], "CE": ["1"], "R": ["0"]}, {"Q": [target]})


def carry(operands: list[Any], carry_in: Any, outputs: list[int]) -> dict[str, Any]:
    ins = {"S": operands, "DI": ["0"] * 4, "CI": [carry_in], "CYINIT": ["0"]}
    return cell("CARRY4", ins, {"O": outputs[:4], "CO": outputs[4:]})


def count(cells: list[dict[str, Any]], tmp_path: Path) -> Levels:
    path = tmp_path / "netlist.json"
    named = {f"c{index}": one for index, one in enumerate(cells)}
    path.write_text(json.dumps({"modules": {"top": {"cells": named}}}))
    return levels.count(path, "top")


def test_registers_cut_paths(tmp_path: Path) -> None:
    assert count([lut(2, 3), lut(3, 4), register(4, 5), lut(5, 6)], tmp_path) == Levels(2, 0)


def test_a_carry_chain_is_one_level_however_long(tmp_path: Path) -> None:
    first = carry([3, "0", "0", "0"], "0", [10, 11, 12, 13, 14, 15, 16, 17])
    second = carry(["0"] * 4, 17, [20, 21, 22, 23, 24, 25, 26, 27])
    third = carry(["0"] * 4, 27, [30, 31, 32, 33, 34, 35, 36, 37])
    assert count([lut(2, 3), first, second, third, lut(33, 40), register(40, 41)], tmp_path) == Levels(3, 3)


def test_a_chain_that_feeds_another_ones_operand_is_a_level_more(tmp_path: Path) -> None:
    first = carry([3, "0", "0", "0"], "0", [10, 11, 12, 13, 14, 15, 16, 17])
    second = carry([10, "0", "0", "0"], "0", [20, 21, 22, 23, 24, 25, 26, 27])
    assert count([lut(2, 3), first, second], tmp_path) == Levels(3, 1)


def test_a_memory_is_a_table_of_its_read_address(tmp_path: Path) -> None:
    """What is written has no path to what is read."""
    memory = cell(
        "RAM32X1D",
        {"D": [5], "A0": [6], "DPRA0": [3], "WCLK": [1], "WE": [5]},
        {"DPO": [8], "SPO": [9]},
    )
    assert count([lut(2, 3), lut(3, 4), lut(4, 5), memory, register(8, 10)], tmp_path) == Levels(3, 0)
    assert count([lut(2, 3), memory, lut(8, 10), register(10, 11)], tmp_path) == Levels(3, 0)


def test_the_two_tables_of_a_cell_are_apart(tmp_path: Path) -> None:
    """O5 of I0 and I1 alone, O6 of I3 as well: a row of adders is no chain of tables."""
    table = {"INIT": f"{0x66996996E8E8E8E8:064b}"}

    def both(inputs: list[Any], carry: int, majority: int, parity: int) -> dict[str, Any]:
        nets = [*inputs, carry, "0", "1"]
        made = cell("LUT6_2", {f"I{i}": [net] for i, net in enumerate(nets)}, {"O5": [majority], "O6": [parity]})
        return made | {"parameters": table}

    row = [both([10 + 3 * i, 11 + 3 * i, 12 + 3 * i], 100 + i, 101 + i, 200 + i) for i in range(8)]
    assert count([*row, register(207, 300)], tmp_path) == Levels(2, 0)


def test_multiplexers_behind_tables_are_no_level(tmp_path: Path) -> None:
    mux = cell("MUXF7", {"I0": [3], "I1": ["0"], "S": [2]}, {"O": [4]})
    assert count([lut(2, 3), mux, register(4, 5)], tmp_path) == Levels(1, 0)


def test_a_loop_of_logic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="a loop of logic"):
        count([lut(2, 3), lut(3, 2)], tmp_path)
