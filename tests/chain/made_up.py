# SPDX-License-Identifier: BSD-3-Clause
"""Made-up results of every step, for tests of the report: the numbers are consistent, but nothing computed them."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

from chain.agreement import STAGES, Divergence, StageResult
from chain.files import write_json

LAYERS = ("conv1", "conv2", "features.conv3", "features.conv4", "classifier")


def write_all(build: Path, name: str = "toy", disagreeing: str = "") -> Path:
    """Write all inputs of the report of model `name`; stage `disagreeing`, if named, differs on two images."""
    folder = build / name
    for path, value in {
        "training.json": training(),
        "resources.json": resources(),
        "rtl/manifest.json": manifest(name),
        **{
            f"seconds/{step}.json": {"seconds": 3.5 * i + 1} for i, step in enumerate(("train", "export", "rtl", "sim"))
        },
    }.items():
        write_json(folder / path, value)
    for before, stage in zip(("", *STAGES), STAGES, strict=False):
        result = StageResult(stage, before, images=64 if stage == "netlist" else 360)
        result.correct = round(result.images * 0.97)
        if stage == "rtl":
            result.extra = {"fill": 2310, "interval": 1156.0, "bound": 1152, "cycles_per_second": 250_000}
        if stage == "board":
            result.extra = {"interval": 1160.0, "fill": 2400, "clock_mhz": 100, "fps": 86206.9, "simulated": True}
        if stage == disagreeing:
            result.mismatches = 2
            result.divergence = Divergence("conv2", 17, (3, 0, 1), 12, -116)
        result.save(folder / "stages")
    return folder


def training() -> dict[str, Any]:
    """training.json: sums narrow down from before to after."""
    return {
        "dataset": "digits",
        "accuracy": {
            "torch_32bit": {"value": 0.9806, "images": 360},
            "torch_cut": {"value": 0.1333, "images": 360},
            "torch": {"value": 0.9694, "images": 360},
        },
        "layers": [
            {
                "name": name,
                "accumulator_bits": 8,
                "weight_bits": 1.0 if i else 8,
                "activation_bits": 4,
                "overflow_rate": (0.0, 0.00017, 0.0312, 0.000002, 0.0009)[i],
                "overflow_rate_before": 0.1 + 0.05 * i,
                "histogram": {"edges": list(range(-512, 513, 8)), "before": _bell(140 + 20 * i), "after": _bell(45)},
            }
            for i, name in enumerate(LAYERS)
        ],
        "epochs": 12,
        "seconds": 41.5,
    }


def manifest(name: str) -> dict[str, Any]:
    """The parts of rtl/manifest.json that the report reads: 15 nodes, one the slowest, and a residual branch."""
    nodes: list[dict[str, Any]] = []
    for i, layer in enumerate(LAYERS):
        for op in ("ConvolutionInputGenerator", "WrapMVU", "WrapActivation")[: 1 if i == 4 else 3]:
            cycles = 1152 if (i, op) == (1, "WrapMVU") else 260 + 130 * i
            nodes.append(
                {
                    "name": f"{op}_{i}",
                    "op": op,
                    "pe": 4,
                    "simd": 9,
                    "cycles": cycles,
                    "layer": layer,
                }
            )
    fork = {"name": "StreamFork_0", "op": "StreamFork", "pe": 1, "simd": 0, "cycles": 64, "layer": LAYERS[0]}
    add = {"name": "StreamAdd_0", "op": "StreamAdd", "pe": 1, "simd": 0, "cycles": 64, "layer": "add"}
    nodes = [*nodes[:3], fork, *nodes[3:9], add, *nodes[9:]]
    names = ["", *(node["name"] for node in nodes), ""]
    ends = [*itertools.pairwise(names), (fork["name"], add["name"])]
    edges = [
        {"source": source, "sink": sink, "fifo_depth": 2 + 6 * i, "bits": 8, "words_per_frame": 64}
        for i, (source, sink) in enumerate(ends)
    ]
    return {
        "model": name,
        "layers": nodes,
        "edges": edges,
        "bound": 1152,
        "clock_mhz": 100.0,
        "part": "xc7z020clg400-1",
    }


def resources() -> dict[str, Any]:
    """resources.json, of the schema's `resources`."""
    rows = [
        {"layer": name, "lut": 700 + 420 * i, "ff": 500 + 300 * i, "bram36": 0.5 * i, "levels": 3 + 2 * i}
        for i, name in enumerate(LAYERS)
    ]
    rows.append({"layer": "FIFOs and wiring", "lut": 310, "ff": 290, "bram36": 0, "levels": 0})
    lut, ff = (sum(row[key] for row in rows) for key in ("lut", "ff"))
    return {
        "device": "xc7z020clg400-1",
        "tool": "yosys 0.70",
        "lut": lut,
        "ff": ff,
        "bram36": 5.0,
        "dsp": 0,
        "available": {"lut": 53_200, "ff": 106_400, "bram36": 140, "dsp": 220},
        "levels": max(row["levels"] for row in rows),
        "levels_allowed": 8,
        "by_layer": rows,
        "by_kind": [
            {"kind": "units", "lut": lut - 801, "ff": ff - 290, "bram36": 5.0},
            {"kind": "sliding windows", "lut": 801, "ff": 290, "bram36": 0},
        ],
    }


def corrupt(path: Path, **changes: object) -> None:
    """Set, or with None remove, top-level keys of a JSON file."""
    value = json.loads(path.read_text(encoding="utf-8"))
    value.update(changes)
    write_json(path, {key: item for key, item in value.items() if item is not None})


def _bell(width: float) -> list[int]:
    return [round(20_000 * math.exp(-(((x + 4) / width) ** 2) / 2)) for x in range(-512, 512, 8)]
