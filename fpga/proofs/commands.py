# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.proofs: prove the cells, and break them on purpose."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chain.cli import errors_as_text
from chain.errors import InputError, nearest
from chain.files import write_json
from fpga.proofs import mutate as mutations
from fpga.proofs import run, sources
from fpga.proofs.catalogue import catalogue
from fpga.proofs.engine import Outcome, Proof

console = Console()

NOT_ALL = 3
"""Exit status where a proof failed, or a mutation went unnoticed."""


@click.group(help=__doc__)
def main() -> None:
    pass


_build = click.option("--build", default="build", type=click.Path(path_type=Path), help="Folder of all results.")
_cell = click.option("--cell", help="Only this cell.")


@main.command()
@_build
@_cell
@click.option("--quick", is_flag=True, help="Only those that every test run does.")
@errors_as_text
def prove(build: Path, cell: str | None, quick: bool) -> None:
    """Prove that the cells equal their specifications and obey ready/valid. Status 3 if one does not."""
    chosen = [proof for proof in _of(cell, catalogue()) if proof.quick or not quick]
    known, cache = sources.modules(), build / "proofs"
    table = Table("cell and parameters", "holds for", "result", "seconds")
    failed = []
    with _progress() as progress:
        task = progress.add_task("", total=len(chosen))
        for proof in chosen:
            progress.update(task, description=proof.name)
            outcome = run.prove(proof, known, cache)
            table.add_row(proof.name, _extent(proof), _result(outcome), f"{outcome.seconds:.1f}")
            if outcome.status != "proved":
                failed.append((proof, outcome))
            progress.advance(task)
    console.print(table)
    for proof, outcome in failed:
        trace = run.trace(proof, known, cache)
        where = f" in cycle {outcome.cycle}; trace: {trace}" if trace else ""
        what = f"{outcome.failed} does not hold{where}" if outcome.failed else f"not decided in {run.LIMIT} seconds"
        console.print(f"{proof.name}: {what}", style="red", soft_wrap=True)
    console.print(f"{len(chosen) - len(failed)} of {len(chosen)} proved")
    if failed:
        sys.exit(NOT_ALL)


@main.command()
@_build
@_cell
@errors_as_text
def mutate(build: Path, cell: str | None) -> None:
    """Break each cell in several ways, and show which proof or test notices. Status 3 if none does."""
    every, tests = mutations.load()
    cells = sorted({mutation.cell for mutation in every})
    if cell and cell not in cells:
        raise InputError(f"no mutation of a cell {cell!r}: {nearest(cell, cells)}")
    chosen = [mutation for mutation in every if cell in (None, mutation.cell)]
    hunt = mutations.Hunt(catalogue(), tests, build / "proofs" / "mutations")
    table = Table("mutation", "noticed by", "what failed")
    rows, wrong = [], []
    with _progress() as progress:
        task = progress.add_task("", total=len(chosen))
        for mutation in chosen:
            progress.update(task, description=mutation.name)
            verdict = mutations.judge(mutation, hunt)
            noticed = verdict.killer or ("equivalent" if mutation.equivalent else "[red]nothing")
            table.add_row(mutation.name, noticed, verdict.how or mutation.equivalent)
            if bool(verdict.killer) == bool(mutation.equivalent):
                wrong.append((mutation, verdict))
            rows.append({"mutation": mutation.name, "killer": verdict.killer, "how": verdict.how})
            progress.advance(task)
    console.print(table)
    if not cell:
        write_json(build / "proofs" / "mutations.json", rows)
    for mutation, verdict in wrong:
        what = f"is said to change nothing, but {verdict.killer} fails" if verdict.killer else "nothing noticed it"
        console.print(f"{mutation.name}: {what}", style="red", soft_wrap=True)
    console.print(f"{len(chosen) - len(wrong)} of {len(chosen)} as expected")
    if wrong:
        sys.exit(NOT_ALL)


def _of(cell: str | None, proofs: Sequence[Proof]) -> list[Proof]:
    cells = sorted({proof.cell for proof in proofs})
    if cell and cell not in cells:
        raise InputError(f"no proof of a cell {cell!r}: {nearest(cell, cells)}")
    return [proof for proof in proofs if cell in (None, proof.cell)]


def _extent(proof: Proof) -> str:
    return f"{proof.depth} cycles" if proof.depth else "ever"


def _result(outcome: Outcome) -> str:
    return {"proved": "proved", "refuted": "[red]refuted", "open": "[yellow]open"}[outcome.status]


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)
