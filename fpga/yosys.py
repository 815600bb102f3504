# SPDX-License-Identifier: BSD-3-Clause
"""Yosys (pyosys, native) in a process of its own: a crash, a log or an interrupt of it stays apart from ours."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chain.errors import ToolError

_WORKER = """
import json, os, sys
from pyosys import libyosys
commands = json.load(sys.stdin)
design = libyosys.Design()
for command in commands:
    print("\\nyosys>", command, flush=True)
    libyosys.run_pass(command, design)
sys.stdout.flush()
os._exit(0)
"""


def run(commands: Sequence[str], folder: Path, log: Path, kept: Path | None = None) -> None:
    """Run Yosys `commands` in `folder` (where memory files lie); all output goes to `log`.

    Raises ToolError with Yosys' own error line and the log's path. `kept` is where a failed run's log is copied, for a
    `log` that does not stay.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            process.communicate(json.dumps(list(commands)))
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line.strip() for line in lines if "ERROR" in line or " error: " in line or "ModuleNotFound" in line]
        said = told[0] if told else (lines[-1] if lines else "no output")
        if kept is not None:
            shutil.copyfile(log, kept)
        raise ToolError(f"yosys failed (exit {process.returncode}): {said}\nWhole log: {kept or log}")


def version() -> str:
    """Version of the installed pyosys. Raises ToolError if there is none."""
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        raise ToolError("pyosys is not installed in this Python environment (make setup)") from None


def share() -> Path:
    """Yosys' data folder, with its models of the vendors' cells."""
    import pyosys

    return Path(pyosys.__file__).parent / "share"
