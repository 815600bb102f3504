# SPDX-License-Identifier: BSD-3-Clause
"""`python -m fpga.serial_board MODEL`: a simulated board on a serial line, or the driver's comparison on it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from chain.cli import errors_as_text, model_name
from fpga import verilate
from fpga.board.evaluate import write_golden
from fpga.serial_board import build as boards
from fpga.serial_board.damage import Damage
from fpga.serial_board.terminal import Terminal

FOLDER = "serial"
GREETING = "listening on "
_ROOT = Path(__file__).resolve().parents[2]
_RATE = click.FloatRange(0, 1)


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@click.option("--baud", type=click.IntRange(min=1), help=f"A divisor of the clock (default: that of {boards.BOARD}).")
@click.option("--clock", type=click.FloatRange(min=0, min_open=True), help=f"MHz (default: that of {boards.BOARD}).")
@click.option("--drop", default=0.0, type=_RATE, help="Share of the bytes that the line loses.")
@click.option("--flip", default=0.0, type=_RATE, help="Share of the bytes in which it changes a bit.")
@click.option("--way", default="both", show_default=True, type=click.Choice(["to-board", "to-host", "both"]))
@click.option("--seed", default=1, show_default=True, help="Of this damage.")
@click.option("--until-stdin-closes", is_flag=True, help="End with the program that started it.")
@click.option("--evaluate", is_flag=True, help="Run the reference images through the driver, compare, and end.")
@click.option("--images", type=int, help="With --evaluate: only so many of them.")
@click.option("--timeout", default=60.0, show_default=True, help="With --evaluate: the driver's, in seconds.")
@click.option("--retries", default=3, show_default=True, help="With --evaluate: the driver's.")
@errors_as_text
def main(
    model: str,
    build: Path,
    baud: int | None,
    clock: float | None,
    drop: float,
    flip: float,
    way: str,
    seed: int,
    until_stdin_closes: bool,
    evaluate: bool,
    images: int | None,
    timeout: float,
    retries: int,
) -> None:
    """Simulate a board on a serial line with MODEL (a recipe's name or path) from build/MODEL/rtl.

    Its port is a pseudo-terminal. Writes build/MODEL/serial/MODEL.json for the driver; with --evaluate also
    build/MODEL/stages/serial.json, and ends with status 1 if a value differs.
    """
    name = model_name(model)
    folder = build.absolute() / name
    built = boards.write(folder / "rtl", folder / FOLDER, build.absolute() / verilate.DEFAULT_CACHE.name, clock, baud)
    reference = folder / "reference.npz"
    if reference.is_file():
        write_golden(reference, built.metadata.with_suffix(".golden.npz"))
    to_board = Damage(seed, *((drop, flip) if way != "to-host" else (0, 0)))
    to_host = Damage(seed + 1, *((drop, flip) if way != "to-board" else (0, 0)))
    with built.open() as board, Terminal() as terminal:
        if evaluate:
            (folder / "stages" / "serial.json").unlink(missing_ok=True)  # must not stand for a driver that stops
            command = ["evaluate", str(built.metadata), "--serial", terminal.name, "--images", str(reference)]
            command += ["--timeout", str(timeout), "--retries", str(retries)]
            command += ["--count", str(images)] if images is not None else []
            with _driver(command) as (driver, ended):
                terminal.serve(board, to_board, to_host, [ended])
                sys.exit(driver.wait())
        with _interrupted() as interrupt:
            click.echo(f"{GREETING}{terminal.name}")
            _explain(built.metadata, terminal.name)
            terminal.serve(board, to_board, to_host, [interrupt, *([0] if until_stdin_closes else [])])


@contextlib.contextmanager
def _driver(arguments: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The driver in a process of its own, and a descriptor that can be read when it has ended."""
    command = [sys.executable, "-m", "host", *arguments]
    with subprocess.Popen(command, cwd=_ROOT) as driver:
        ended = os.pidfd_open(driver.pid)
        try:
            yield driver, ended
        finally:
            os.close(ended)
            if driver.poll() is None:
                driver.kill()


@contextlib.contextmanager
def _interrupted() -> Iterator[int]:
    """A descriptor that can be read once Ctrl-C or SIGTERM came."""
    read, write = os.pipe()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: os.write(write, b"x"))
    try:
        yield read
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def _explain(metadata: Path, port: str) -> None:
    click.echo(
        f"A simulated board on a serial line. In another terminal, in this folder, {sys.executable}:\n\n"
        "    from host import SerialOverlay\n"
        f'    overlay = SerialOverlay("{metadata}", "{port}")\n'
        "    print(overlay.throughput(16))\n\n"
        "There is no hardware: FPS are cycles divided by the clock, not wall time. Ctrl-C ends it."
    )
