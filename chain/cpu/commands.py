# SPDX-License-Identifier: BSD-3-Clause
"""python -m chain.cpu MODEL: the exported network on the CPU engine, compared with PyTorch on its test images."""

import os
import sys
import time
from pathlib import Path

import click

from chain import record
from chain.cli import errors_as_text, model_name
from chain.errors import InputError, ToolError
from host.cpu import Engine
from host.cpu.evaluate import STAGE, evaluate
from host.errors import CompilerError, HostError, NetworkError
from host.evaluate import save


@click.command(help="Run the test images of MODEL (a recipe's name or path) on the CPU engine, and compare.")
@click.argument("model")
@click.option("--build", default="build", type=click.Path(path_type=Path), show_default=True, help="build folder")
@click.option("--images", default=None, type=click.IntRange(min=1), help="Only so many of the test images.")
@click.option("--threads", default=None, type=click.IntRange(1, 1024), help="Default: as many as there are cores.")
@errors_as_text
def main(model: str, build: Path, images: int | None, threads: int | None) -> None:
    """Write build/MODEL/stages/cpu.json; exit status 1 if an image differs. Where the engine cannot run
    the network, or cannot be compiled, there is no stage, and one line says why."""
    folder = build / model_name(model)
    network, truth, outcome = folder / "model.onnx", folder / "reference.npz", folder / "stages" / f"{STAGE}.json"
    for path in (network, truth):
        if not path.is_file():
            raise InputError(f"{path} does not exist: make it first (make train export MODEL={model})")
    outcome.unlink(missing_ok=True)  # an earlier result must not stand for a run that stops
    started = time.perf_counter()
    try:
        engine = Engine(network, threads or len(os.sched_getaffinity(0)))
        result = evaluate(engine, truth, images)
    except (CompilerError, NetworkError) as error:  # hardware may do without a compiler, and what the engine cannot
        click.echo(f"no CPU stage for {model}: {error}", err=True)
        return
    except HostError as error:
        raise ToolError(str(error)) from None
    save(result, outcome)
    record.write(folder, STAGE, time.perf_counter() - started)
    click.echo(
        f"CPU engine: {result.images} images in {result.extra['seconds']:.3g} s, "
        f"{100 * result.correct / result.images:.2f} % right, {result.mismatches} differ from {result.against} "
        f"({engine.isa}, {engine.threads} threads)"
    )
    if result.divergence:
        click.echo(f"first difference: {result.divergence}", err=True)
        sys.exit(1)
