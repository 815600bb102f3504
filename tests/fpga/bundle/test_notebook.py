# SPDX-License-Identifier: BSD-3-Clause
"""The bundle's notebook, run by Jupyter's own client on the simulated board: it shows what direct calls give."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fpga.bundle.conftest import MODEL

HERE = Path(__file__).parent


def code_cells(path: Path) -> dict[str, dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}


def printed(cell: dict[str, Any]) -> str:
    """What a cell printed to its standard output; nothing may have gone elsewhere."""
    assert {output.get("name", "stdout") for output in cell["outputs"]} <= {"stdout"}
    return "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")


def test_it_shows_what_direct_calls_give(run, folder: Path, address: str) -> None:
    copy = folder / "mine.ipynb"
    done = run("-c", (HERE / "run_notebook.py").read_text(encoding="utf-8"), address, copy)
    assert done.returncode == 0, done.stderr
    cells = code_cells(copy)
    assert [cell["execution_count"] for cell in cells.values()] == [2, 3, 4, 5, 6]  # one cell was put before them
    direct = run("-c", (HERE / "direct.py").read_text(encoding="utf-8"), address)
    assert direct.returncode == 0, direct.stderr
    expected = json.loads(direct.stdout)
    assert (expected["model"], expected["images"]) == (MODEL, 64)

    assert printed(cells["load"]) == (
        f"{MODEL}: 64 golden images agree, every integer of every output\n"
        "The board is simulated: nothing here was measured on hardware.\n"
    )
    assert printed(cells["classify"]).splitlines() == expected["classify"]
    counts = [text for text in printed(cells["accuracy"]).strip().split("\r") if text]
    assert counts[-1] == expected["accuracy"][-1] and set(counts) <= set(expected["accuracy"])
    assert printed(cells["speed"]).splitlines()[:4] == expected["speed"]
    (curve,) = [output for output in cells["speed"]["outputs"] if output["output_type"] == "execute_result"]
    assert "".join(curve["data"]["image/svg+xml"]).strip() == expected["curve"].strip()
    counted = json.loads((folder / f"{MODEL}.resources.json").read_text(encoding="utf-8"))
    lines = printed(cells["resources"]).splitlines()
    assert lines[0] == f"{counted['device']}, counted by {counted['tool']}"
    assert [line.split()[:4] for line in lines[1:]] == [
        [kind, f"{counted[kind]:,}", "of", f"{there:,}"] for kind, there in counted["available"].items()
    ]

    foreign = run("-c", (HERE / "packages.py").read_text(encoding="utf-8"), *json.loads(done.stdout))
    assert json.loads(foreign.stdout) == [], "the notebook loads what pynq does not bring"
    assert run("-m", "host", "check").returncode == 0  # the bundle is as it was, the copy is the user's


def test_it_imports_nothing_but_numpy_and_the_driver(repository: Path) -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "host"}
    for name, cell in code_cells(repository / "fpga" / "bundle" / "static" / "demo.ipynb").items():
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {imported.partition(".")[0] for imported in names} <= allowed, name


@pytest.mark.parametrize("address", ["127.0.0.1:1"])
def test_without_a_board_it_stops_in_its_first_cell(run, folder: Path, address: str) -> None:
    done = run("-c", (HERE / "run_notebook.py").read_text(encoding="utf-8"), address, folder / "mine.ipynb")
    assert done.returncode != 0 and "DeviceError" in done.stderr and "is the board on" in done.stderr
    assert not (folder / "mine.ipynb").exists()
