# SPDX-License-Identifier: BSD-3-Clause
"""The rivals' C++ as shared libraries, compiled by the system's g++ when first needed, and what they are bound to."""

import ctypes
import functools
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from chain.errors import ToolError
from chain.files import atomic
from scripts.bench_cpu.machine import InstructionSet

SOURCES = Path(__file__).parent / "rivals"
# maybe-uninitialized: g++ 12 warns of its own header of intrinsics.
FLAGS = ("-std=c++20", "-O3", "-pthread", "-Wall", "-Wextra", "-Wno-maybe-uninitialized", "-fPIC", "-shared")
_TIMEOUT = 600.0  # seconds


@dataclass(frozen=True)
class Compiler:
    """Where libraries are made: one a source, instruction set and version of both and of the compiler."""

    folder: Path

    def library(self, name: str, isa: InstructionSet) -> ctypes.CDLL:
        """rivals/`name`.cpp for `isa`, loaded. Raises ToolError."""
        program = shutil.which("g++")
        if program is None:
            raise ToolError("no g++ for the rivals of the CPU engine (Debian: apt-get install g++)")
        flags = (*FLAGS, *isa.rival_flags)
        path = self.folder / f"{name}-{isa.name}-{_digest(program, flags)}.so"
        if not path.is_file():
            with atomic(path) as temporary:
                command = [program, *flags, str(SOURCES / f"{name}.cpp"), "-o", str(temporary)]
                done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT)
                if done.returncode:
                    raise ToolError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr.strip()[-2000:]}")
        return _load(path)


@functools.cache
def _load(path: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(path))


@functools.cache
def _digest(program: str, flags: tuple[str, ...]) -> str:
    version = subprocess.run([program, "--version"], capture_output=True, timeout=_TIMEOUT, check=True).stdout
    digest = hashlib.sha256(version + " ".join(flags).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:16]
