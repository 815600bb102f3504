# SPDX-License-Identifier: BSD-3-Clause
"""The command line: all trials, build/bench/training.json and training.html."""

import time
from collections.abc import Sequence
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.table import Table

from chain.cli import errors_as_text
from chain.files import write_json
from chain.progress import bar
from training.bench_training import page
from training.bench_training import rows as summing
from training.bench_training.plan import Contest, Trial, contests
from training.bench_training.rows import Row
from training.bench_training.schedule import run
from training.bench_training.store import Store
from training.environment import processors


@click.command()
@click.option("--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@click.option("--full", is_flag=True, help="Fashion-MNIST as well, and digits with more epochs: days.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Trainings at a time; the processors if not given.")
@errors_as_text
def main(build: Path, full: bool, jobs: int | None) -> None:
    """Compare ways to train for narrow accumulators, into BUILD/bench/training.json and training.html.

    What was trained before is not trained again; an interrupted run goes on where it was.
    """
    compare(contests(full), (build / "bench").absolute(), jobs or processors())


def compare(chosen: Sequence[Contest], folder: Path, jobs: int) -> list[Row]:
    """All rows of these contests, written to `folder`/training.json and training.html; trials in `folder`/training."""
    start = time.monotonic()
    store = Store(folder / "training")
    console = Console(stderr=True)
    torch.set_num_threads(1)
    rows: list[Row] = []
    for contest in chosen:
        setting = contest.setting
        title = f"{setting.network}, {setting.weights} weights, {setting.activation_bits}-bit activations"
        if contest.only_cached and not summing.is_cached(contest, store):
            console.print(f"{title}: not trained yet, left out; FULL=1 trains it", highlight=False)
            continue
        _run(f"{title}: learning rates", summing.tuning(contest), store, jobs, console)
        _run(f"{title}: seeds", summing.final(contest, store), store, jobs, console)
        rows += summing.rows(contest, store)
    write_json(folder / "training.json", rows)
    shown = page.save(rows, folder)
    Console(width=120).print(table(rows))
    click.echo(f"{len(rows)} rows in {time.monotonic() - start:.0f} s: {folder / 'training.json'}, {shown}")
    return rows


def table(rows: Sequence[Row]) -> Table:
    """Accuracy in percent by method and width."""
    made = Table("network", "weights", "activations", "bits", "method", "accuracy, %", "overflow, %", "lr")
    for row in rows:
        accuracy = f"{100 * row['mean']:.2f} ± {100 * row['std']:.2f}"
        if row["diverged"]:
            accuracy += f", {row['diverged']} diverged"
        made.add_row(
            *(row["network"], f"{row['weight_bits']:g}", str(row["activation_bits"]), str(row["B"]), row["method"]),
            *(accuracy, f"{100 * row['overflow_rate']:.3f}", f"{row['settings']['lr']:g}"),
        )
    return made


def _run(title: str, trials: Sequence[Trial], store: Store, jobs: int, console: Console) -> None:
    with bar(console) as progress:
        task = progress.add_task(title, total=None)
        run(trials, store, jobs, lambda done, total: progress.update(task, completed=done, total=total))
