# SPDX-License-Identifier: BSD-3-Clause
"""What the engine is meant to reach, and what came out: geometric means over rows."""

import functools
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from host.cpu.engine import BATCH
from scripts.bench_cpu.networks import EXACT
from scripts.bench_cpu.rows import OURS, Row

CIFAR_IMAGES = 10_000
DOT_SHARE = 0.85
"""Of the dot product's peak that its kernel must reach for the comparison to be fair."""


def targets(rows: Sequence[Row], best_isa: str, threads: int) -> list[Row]:
    """One row a target, of those for which there are rows. `best_isa` is the machine's best instruction set."""
    found: list[Row | None] = []
    for isa in dict.fromkeys((best_isa, "avx2")):
        wanted = 4.5 if isa == "avx2" else 2.0
        binary = _layers(rows, isa, "binary", 4)
        text = f"Matrices, binary weights, 4-bit levels, {isa}"
        found += [
            _ratio(f"{text}: times the fastest exact kernel", wanted, binary, lambda r: r["ratio"]),
            _ratio(f"{text}: times the dot-product kernel", None, binary, lambda r: r["ratios"]["dot product"]),
            _ratio(f"{text}: times 32-bit lanes", 3.8, binary, lambda r: r["ratios"]["32-bit lanes"]),
            _ratio(f"{text}: share of the limit", 0.6, binary, lambda r: r["limit"]["share"]),
            _ratio(
                f"Matrices, ternary weights, 2-bit levels, {isa}: times the fastest exact kernel",
                1.5,
                _layers(rows, isa, "ternary", 2),
                lambda r: r["ratio"],
            ),
            _ratio(f"{text}: share of its peak that the dot-product kernel reaches", DOT_SHARE, binary, _dot_share),
        ]
    for name, batch, least in (
        (EXACT, BATCH, 1.8),
        ("onnxruntime int8", BATCH, 3.0),
        ("onnxruntime float32", BATCH, 6.0),
        ("onnxruntime int8", 1, 1.5),
    ):
        chosen = [row for row in _networks(rows, best_isa, batch, 1) if name in row["ratios"]]
        text = f"Networks, batch {batch}, one thread: times {name}"
        found.append(_ratio(text, least, chosen, functools.partial(_times, name)))
    found.append(_cifar(rows, best_isa, threads))
    found.append(_scaling(rows, best_isa, threads))
    return [row for row in found if row is not None]


def _layers(rows: Iterable[Row], isa: str, weights: str, bits: int) -> list[Row]:
    wanted = {"isa": isa, "layer": "matrix", "weights": weights, "activation_bits": bits, "batch": BATCH, "threads": 1}
    return [row for row in rows if row["kind"] == "layer" and wanted.items() <= row["settings"].items()]


def _networks(rows: Iterable[Row], isa: str, batch: int, threads: int) -> list[Row]:
    wanted = {"isa": isa, "batch": batch, "threads": threads}
    return [row for row in rows if row["kind"] == "network" and wanted.items() <= row["settings"].items()]


def _times(name: str, row: Row) -> float:
    """The ratio to a rival; that to the exact networks is to the fastest of them."""
    return float(row["ratio"] if name == EXACT else row["ratios"][name])


def _dot_share(row: Row) -> float:
    return float(row["dot_peak"]["share"])


def _ratio(what: str, least: float | None, rows: Sequence[Row], value: Callable[[Row], float]) -> Row | None:
    values = [value(row) for row in rows]
    return _target(what, least, statistics.geometric_mean(values), len(values)) if values else None


def _target(what: str, least: float | None, result: float, count: int, at_most: bool = False) -> Row:
    met = None if least is None else bool(result <= least if at_most else result >= least)
    settings: dict[str, Any] = {"what": what, "rows": count, "at_most": at_most}
    ratio = None if least is None else least / result if at_most else result / least
    ours = {"value": result}
    return {
        "kind": "target",
        "settings": settings,
        "target": least,
        "ours": ours,
        "rivals": {},
        "ratio": ratio,
        "met": met,
    }


def _cifar(rows: Sequence[Row], isa: str, threads: int) -> Row | None:
    chosen = [row for row in _networks(rows, isa, 1024, threads) if row["settings"]["network"] == "cifar-cnv"]
    if not chosen:
        return None
    seconds = CIFAR_IMAGES / chosen[0]["ours"]["value"]
    return _target(f"{CIFAR_IMAGES:,} images through cifar-cnv, {threads} threads: seconds", 10.0, seconds, 1, True)


def _scaling(rows: Sequence[Row], isa: str, threads: int) -> Row | None:
    if threads < 2:
        return None
    one = {row["settings"]["network"]: row["ours"]["value"] for row in _networks(rows, isa, BATCH, 1)}
    all_ = {row["settings"]["network"]: row["ours"]["value"] for row in _networks(rows, isa, BATCH, threads)}
    values = [all_[name] / one[name] for name in one if name in all_]
    if not values:
        return None
    wanted = 1.8 if threads == 2 else None
    text = f"Networks, batch {BATCH}: {threads} threads times one ({OURS})"
    return _target(text, wanted, statistics.geometric_mean(values), len(values))
