# SPDX-License-Identifier: BSD-3-Clause
"""The tables of the documentation have the figures of the files in docs/measured, which the benches wrote."""

import json
import re
from pathlib import Path
from typing import Any

import pytest


def measured(root: Path, name: str) -> Any:
    return json.loads((root / "docs" / "measured" / name).read_text(encoding="utf-8"))


def cells(text: str, first: str) -> list[list[str]]:
    """The cells of every table row that begins with `first`."""
    rows = (line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_training_bench(repository: Path) -> None:
    text = (repository / "docs" / "training-bench.md").read_text(encoding="utf-8")
    rows = measured(repository, "training.json")
    by_width = {row["method"]: {} for row in rows if row["B"] != 32}  # type: ignore[var-annotated]
    for row in rows:
        if row["B"] != 32:
            by_width[row["method"]][row["B"]] = f"{100 * row['mean']:.1f} ± {100 * row['std']:.1f}"
    for method, values in by_width.items():
        (shown,) = (row for row in cells(text, f"`{method}`") if "±" in row[2])
        assert shown[2:] == [values[bits] for bits in (16, 12, 10, 8, 7, 6)], method
    for row in rows:
        if row["B"] == 32:
            name = "binary weights" if row["method"] == "wide" else "4-bit weights"
            assert f"{name} {100 * row['mean']:.1f} ± {100 * row['std']:.1f}" in text
    assert not any(row["diverged"] for row in rows)


def test_what_a_step_costs(repository: Path) -> None:
    text = (repository / "docs" / "scale.md").read_text(encoding="utf-8")
    (row,) = measured(repository, "step.json")
    low, high = row["ratio_range"]
    for figure in (f"{row['ours_ms']:.1f} ms", f"ratio {row['ratio']:.3f}, {low:.3f} to {high:.3f};"):
        assert figure in text
    assert f"memory of a step {row['memory_ratio']:.3f} of its" in text and f"cost {row['fused_ratio']:.2f}" in text


@pytest.mark.parametrize("page", ["models/README.md", "docs/method.md"])
def test_what_fewer_bits_cost(repository: Path, page: str) -> None:
    """Rows "model, N epochs on" stand beneath a table head that says so."""
    text = (repository / page).read_text(encoding="utf-8")
    seen = 0
    for model, entry in measured(repository, "widths.json").items():
        name, _, on = model.partition(", ")
        for head, body in tables(text):
            bits = [int(cell.removesuffix(" bits")) for cell in head[1:] if cell.endswith(" bits")]
            if head[0] != (f"model, {on}" if on else "model") or len(bits) != len(head) - 1:
                continue
            values = {row["bits"]: shown(row) for row in entry["rows"]}
            for row in body:
                if row[0] == f"`{name}`":
                    assert row[1:] == [values.get(width, "-") for width in bits], (page, model)
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
