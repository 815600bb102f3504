# SPDX-License-Identifier: BSD-3-Clause
"""What the machine is, and what it can do at most."""

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chain.errors import UnsupportedError
from host.cpu import library

if TYPE_CHECKING:
    from scripts.bench_cpu.compiled import Compiler

GROUP = 4
"""Binary weights that one addition of a table's entry stands for, in the limit of the method."""
TERNARY_GROUP = 3
_PAUSE = 0.02  # seconds


@dataclass(frozen=True)
class InstructionSet:
    """One to compare on: what the engine calls it, what the rivals are compiled with, and what they use."""

    name: str
    engine: str
    rival_flags: tuple[str, ...]
    dot: str
    count: str
    dot_products: int
    """Multiplications of an instruction (or, on AVX2, of three) of the dot-product kernel."""


_AVX2 = InstructionSet("avx2", "avx2", ("-march=x86-64-v3",), "vpmaddubsw, vpmaddwd, vpaddd", "vpshufb", 32)
_AVX512_FLAGS = ("-march=x86-64-v4", "-mavx512vnni", "-mavx512vpopcntdq")
_AVX512_NEEDS = {"avx512_vnni", "avx512_vpopcntdq"}


def instruction_sets() -> tuple[InstructionSet, ...]:
    """Those that this machine has and the rivals are written for, the best first. Raises UnsupportedError if none."""
    ours = library.available()
    found = []
    if _flags() >= _AVX512_NEEDS and "avx512" in ours:
        best = "avx512vbmi" if "avx512vbmi" in ours else "avx512"
        found.append(InstructionSet("avx512vnni", best, _AVX512_FLAGS, "vpdpbusd", "vpopcntq", 64))
    if "avx2" in ours:
        found.append(_AVX2)
    if not found:
        raise UnsupportedError(f"the rivals of the CPU engine need AVX2; this machine runs {', '.join(ours) or 'none'}")
    return tuple(found)


def cpu_model() -> str:
    """The processor as /proc/cpuinfo names it, with family, model and stepping."""
    values = _cpuinfo()
    numbers = "/".join(values.get(key, "?") for key in ("cpu family", "model", "stepping"))
    return f"{values.get('model name', 'unknown')} (family/model/stepping {numbers})"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Limits:
    """A second, measured: cycles; additions of vectors, from registers and from the first-level cache; dot products."""

    frequency: float
    adds: float
    loaded_adds: float
    dots: float
    vector_bytes: int

    def table_macs(self, group: int = GROUP) -> float:
        """Products a second if each addition of an entry stands for `group` weights and nothing else is done."""
        return self.loaded_adds * self.vector_bytes * group

    def grouped_macs(self, outputs: int, radix: int = 2) -> float:
        """The same with the best group for so many output channels, an addition for each entry of its table too."""
        shares = (group * outputs / (outputs + radix**group) for group in range(1, 11))
        return self.loaded_adds * self.vector_bytes * max(shares)


def limits(compiler: "Compiler", isa: InstructionSet, tries: int = 50) -> Limits:
    """The best of tries that are spread over a second, so that other programs count little."""
    measured = compiler.library("cycles", isa)
    names = ("frequency", "adds", "loaded_adds", "dots")
    best = dict.fromkeys(names, 0.0)
    for _ in range(tries):
        for name in names:
            function = getattr(measured, f"cycles_{name}")
            function.restype = ctypes.c_double
            best[name] = max(best[name], function())
        time.sleep(_PAUSE)
    return Limits(**best, vector_bytes=measured.cycles_vector_bytes())


def _flags() -> frozenset[str]:
    return frozenset(_cpuinfo().get("flags", "").split())


def _cpuinfo() -> dict[str, str]:
    """Of the first processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
