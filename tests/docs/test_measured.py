# SPDX-License-Identifier: BSD-3-Clause
"""The tables of the documentation have the figures of the files in docs/measured, which the benches wrote."""

import json
import re
from pathlib import Path
from typing import Any

import pytest


def measured(root: Path, name: str) -> Any:
    return json.loads((root / "docs" / "measured" / name).read_text(encoding="utf-8"))


def test_the_training_bench(repository: Path) -> None:
    text = (repository / "docs" / "training-bench.md").read_text(encoding="utf-8")
    rows = measured(repository, "training.json")
    figures = {(row["method"], row["B"]): f"{100 * row['mean']:.1f} ± {100 * row['std']:.1f}" for row in rows}
    widths = (16, 12, 10, 8, 7, 6)
    (body,) = (body for head, body in tables(text) if head == ["method", "weights", *map(str, widths)])
    shown = {row[0].strip("`"): row[2:] for row in body}
    assert shown.keys() == {method for method, bits in figures if bits != 32}
    for method, values in shown.items():
        assert values == [figures[method, bits] for bits in widths], method
    assert f"binary weights {figures['wide', 32]}, 4-bit weights {figures['wide, 4-bit', 32]}" in text
    assert not any(row["diverged"] for row in rows)


def test_what_a_step_costs(repository: Path) -> None:
    text = (repository / "docs" / "scale.md").read_text(encoding="utf-8")
    (row,) = measured(repository, "step.json")
    low, high = row["ratio_range"]
    for figure in (f"{row['ours_ms']:.1f} ms", f"ratio {row['ratio']:.3f}, {low:.3f} to {high:.3f};"):
        assert figure in text
    assert f"memory of a step {row['memory_ratio']:.3f} of its" in text and f"cost {row['fused_ratio']:.2f}" in text
    low, high = row["wrapped_ratio_range"]
    assert f"takes {row['wrapped_ratio']:.3f} ({low:.3f} to {high:.3f}) of it" in text


@pytest.mark.parametrize("page", ["models/README.md", "docs/method.md"])
def test_what_fewer_bits_cost(repository: Path, page: str) -> None:
    """Rows of one table each, `model` or `model`, N epochs on, with as many widths as the table's head has."""
    text = (repository / page).read_text(encoding="utf-8")
    seen = 0
    for key, entry in measured(repository, "widths.json").items():
        name, *more = key.split(", ")
        label = ", ".join([f"`{name}`", *more])
        values = {row["bits"]: shown(row) for row in entry["rows"]}
        for head, body in tables(text):
            bits = [int(cell.removesuffix(" bits")) for cell in head[1:] if cell.endswith(" bits")]
            if head[0] != "model" or len(bits) != len(head) - 1:
                continue
            for row in body:
                if row[0] == label:
                    assert row[1:] == [values.get(width, "-") for width in bits], (page, key)
                    seen += 1
    assert seen


def shown(row: dict[str, Any]) -> str:
    if row["accuracy"] is None:
        return "chance"
    spread = "" if row["deviation"] is None else f" ± {100 * row['deviation']:.2f}"
    return f"{100 * row['accuracy']:.2f}{spread}"


def tables(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """Every table's head and rows."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines())
        found.append((head, body))
    return found
