# SPDX-License-Identifier: BSD-3-Clause
"""The command line: all comparisons, build/bench/cpu.json and cpu.html."""

import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from chain.cli import errors_as_text
from chain.files import write_json
from scripts.bench_cpu import frameworks, layers, machine, networks, page
from scripts.bench_cpu.compiled import Compiler
from scripts.bench_cpu.integers import calibrated
from scripts.bench_cpu.machine import InstructionSet, Limits
from scripts.bench_cpu.rows import Row
from scripts.bench_cpu.targets import targets

REPETITIONS = {False: 5, True: 15}  # by FULL
_LAYER_TURN = {False: 0.004, True: 0.02}  # seconds of a contender's turn
_NETWORK_TURN = {False: 0.03, True: 0.2}
_CALIBRATION = 32  # images


@click.command()
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--full", is_flag=True, help="Every layer, batch and number of threads, and longer turns.")
@errors_as_text
def main(build: Path, full: bool) -> None:
    """Time the CPU engine against its rivals on this machine, into BUILD/bench/cpu.json and cpu.html."""
    start = time.monotonic()
    folder = build / "bench"
    compiler = Compiler(folder / "rivals")
    rows: list[Row] = []
    sets, threads = machine.instruction_sets(), machine.cores()
    measured = {isa.name: machine.limits(compiler, isa) for isa in sets}
    rows += [machine_row(isa, measured[isa.name]) for isa in sets]
    for isa in sets:
        for setting in layers.settings(full, threads, isa is sets[0]):
            contest = layers.Contest(compiler, isa, setting)
            rows.append(contest.run(about(), measured[isa.name], REPETITIONS[full], _LAYER_TURN[full]))
            click.echo(layer_line(rows[-1]))
    rows += network_rows(compiler, sets if full else sets[:1], build, full, threads)
    rows += targets(rows, sets[0].name, threads)
    write_json(folder / "cpu.json", rows)
    shown = page.save(rows, folder)
    for row in rows:
        if row["kind"] == "target":
            click.echo(page.target_line(row))
    click.echo(f"{len(rows)} rows in {time.monotonic() - start:.0f} s: {folder / 'cpu.json'}, {shown}")


def network_rows(
    compiler: Compiler, sets: tuple[InstructionSet, ...], build: Path, full: bool, threads: int
) -> list[Row]:
    """The rows of all networks; the other tools' only with the best instruction set, which they choose themselves."""
    rows = []
    plans = networks.plans(build)
    for isa in sets:
        for name, (plan, weights) in plans.items():
            images = networks.random_images(plan, _CALIBRATION)
            foreign: dict[str, frameworks.Foreign] = {}
            errors: dict[str, float] = {}
            if isa is sets[0]:
                models = compiler.folder / "models" / name
                models.mkdir(parents=True, exist_ok=True)
                foreign, errors = frameworks.foreign(plan, calibrated(plan, images), models, images)
            for setting in networks.settings(full, (name,), threads):
                contest = networks.Contest(compiler, isa, setting, plan, foreign)
                repetitions = 3 if setting.batch > networks.BATCH and not full else REPETITIONS[full]
                rows.append(contest.run(about(), weights, repetitions, _NETWORK_TURN[full]))
                rows[-1]["int8_errors"] = errors
                click.echo(network_line(rows[-1]))
    return rows


def about() -> dict[str, Any]:
    """What every row says of the machine."""
    packages = {name: version(name) for name in ("numpy", "onnxruntime", "torch")}
    load = os.getloadavg()[0]
    return {"cpu": machine.cpu_model(), "cores": machine.cores(), "load": round(load, 2), "versions": packages}


def machine_row(isa: InstructionSet, limits: Limits) -> Row:
    """What the machine can do at most with one core."""
    settings = about() | {"isa": isa.name, "threads": 1, "dot_product": isa.dot, "bit_count": isa.count}
    ours = {
        "frequency_ghz": limits.frequency / 1e9,
        "vector_bytes": limits.vector_bytes,
        "adds_a_cycle": limits.adds / limits.frequency,
        "adds_from_cache_a_cycle": limits.loaded_adds / limits.frequency,
        "dot_products_a_cycle": limits.dots / limits.frequency,
        "limit_gmacs": limits.table_macs() / 1e9,
        "dot_product_gmacs": limits.dots * isa.dot_products / 1e9,
    }
    return {"kind": "machine", "settings": settings, "ours": ours, "rivals": {}, "ratio": None}


def layer_line(row: Row) -> str:
    """One row in the terminal."""
    s = row["settings"]
    shape = f"{s['layer']:15} {s['outputs']:>3} x {s['fan_in']:<4} {s['weights']:7} {s['activation_bits']}-bit"
    return f"{s['isa']:10} {shape} batch {s['batch']:<4} threads {s['threads']}: {figures(row)}"


def network_line(row: Row) -> str:
    """One row in the terminal."""
    s = row["settings"]
    return f"{s['isa']:10} {s['network']:12} batch {s['batch']:<4} threads {s['threads']}: {figures(row)}"


def figures(row: Row) -> str:
    """Ours, and the ratio to every rival."""
    ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in row["ratios"].items())
    return f"{row['ours']['value']:,.0f} {row['unit']}; times {ratios}"
