# SPDX-License-Identifier: BSD-3-Clause
"""python -m fpga.board [evaluate | bench MODEL] --build DIR: serve the simulated board, or run the driver on it."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from chain.cli import explained, model_name
from chain.errors import InputError, WrapNetError

DEFAULT_PORT = 7967


def main(arguments: list[str] | None = None) -> int:
    """Returns 0; evaluate: 1 if the board differs; 2 for an error that the user can mend; 130 for Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["evaluate"]:
            return _evaluate(arguments[1:])
        if arguments[:1] == ["bench"]:
            return _bench(arguments[1:])
        return _serve(arguments)
    except WrapNetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {explained(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _evaluate(arguments: list[str]) -> int:
    from fpga.board.evaluate import evaluate

    parser = argparse.ArgumentParser(prog="python -m fpga.board evaluate", description=evaluate.__doc__)
    parser.add_argument("model", help="a model's name, or its recipe (.toml)")
    parser.add_argument("--build", type=Path, default=Path("build"), help="default: %(default)s")
    parser.add_argument("--images", type=int, help="so many of the reference (default: 200, or more if quick)")
    parser.add_argument("--stall", type=int, default=0, help="percent of cycles in which memory pauses")
    options = parser.parse_args(arguments)
    return evaluate(options.model, options.build, options.images, options.stall)


def _bench(arguments: list[str]) -> int:
    from fpga.board.bench import bench

    parser = argparse.ArgumentParser(
        prog="python -m fpga.board bench",
        description=bench.__doc__,
        epilog="All other options are those of the driver: python -m host bench --help",
        allow_abbrev=False,
    )
    parser.add_argument("model", help="a model's name, or its recipe (.toml)")
    parser.add_argument("--build", type=Path, default=Path("build"), help="default: %(default)s")
    parser.add_argument("--device", metavar="HOST[:PORT]", help="a real board in the network")
    parser.add_argument("--bitfile", type=Path, help="default: the simulated board's")
    options, others = parser.parse_known_args(arguments)
    return bench(options.model, options.build, others, options.device, options.bitfile)


def _serve(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fpga.board",
        description="Serve a simulated PYNQ board on 127.0.0.1. (Also: evaluate MODEL, bench MODEL.)",
    )
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the models lie (default: build)")
    parser.add_argument("--model", help="offer only this one, a model's name, or its recipe (.toml)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0: any free one (default: %(default)s)")
    parser.add_argument("--stall", type=int, default=0, help="percent of cycles in which memory pauses")
    parser.add_argument("--seed", type=int, default=1, help="of those pauses (default: %(default)s)")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the program that started it")
    options = parser.parse_args(arguments)
    if not 0 <= options.port < 65536:
        raise InputError(f"--port {options.port}: expected 0..65535")
    if not 0 <= options.stall < 100:
        raise InputError(f"--stall {options.stall}: expected 0..99 percent")

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # errors are told here, in words
    from fpga.board import designs, server
    from fpga.board.machine import Machine, default_finder

    name = model_name(options.model) if options.model else None
    built = designs.find(options.build, name, options.model)
    machine = Machine(default_finder(options.build.absolute(), name), options.stall, options.seed)
    service, port = server.start(machine, options.port)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    if options.until_stdin_closes:
        threading.Thread(target=_wait_for_end_of_input, args=(done,), daemon=True).start()
    print(f"listening on {server.HOST}:{port}", flush=True)
    _explain(built, options.build, port)
    done.wait()
    machine.close()
    service.stop(grace=0.5).wait()
    sys.stdout.flush()
    os._exit(0)  # a thread may be deep in the simulation of a long job


def _wait_for_end_of_input(done: threading.Event) -> None:
    sys.stdin.buffer.read()
    done.set()


def _explain(built: list, build: Path, port: int) -> None:
    from fpga.board.server import HOST

    if not built:
        print(f"no model is built under {build} yet; those built later are found when they are loaded", flush=True)
        return
    design = built[-1]
    names = ", ".join(design.model for design in built)
    print(
        f"A simulated PYNQ board with {names}. In another terminal, in this folder, .venv/pynq/bin/python:\n\n"
        "    from host import WrapNetOverlay, connect\n"
        f'    overlay = WrapNetOverlay("{design.bitfile}", device=connect("{HOST}:{port}"))\n'
        "    print(overlay.throughput(16))\n\n"
        "There is no hardware: FPS are cycles divided by the clock, not wall time. Ctrl-C ends it.",
        flush=True,
    )
