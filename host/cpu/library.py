# SPDX-License-Identifier: BSD-3-Clause
"""The kernels as a shared library: compiled for this machine when first needed, kept, and loaded.

One library an instruction set; a process loads what the machine has, or what it is told (`isa`). The file's name holds
a hash of the source, the flags and the compiler's version, so that a stale one is never taken. A board without compiler
takes the file that `prebuild` left beside this module.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from host.errors import CompilerError, RangeError

KERNELS = Path(__file__).parent / "kernels"
FLAGS = ("-std=c++17", "-O3", "-Wall", "-Wextra", "-Wno-psabi", "-pthread")
SHARED = ("-fPIC", "-shared", "-fvisibility=hidden")
_COMPILERS = ("g++", "c++", "clang++")
_TIMEOUT = 600.0  # seconds for a compiler; it takes about 10
_KEPT = 3  # files of a name in the cache: another version or compiler may be in use beside the newest
_lock = threading.Lock()


@dataclass(frozen=True)
class InstructionSet:
    """`flags` for the compiler; `needs`: what /proc/cpuinfo lists where it runs."""

    name: str
    machine: str
    flags: tuple[str, ...]
    needs: frozenset[str]


_AVX2 = frozenset({"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe", "abm"})
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}

# The best last.
INSTRUCTION_SETS = (
    InstructionSet("sse2", "x86_64", ("-march=x86-64",), frozenset()),
    InstructionSet("avx2", "x86_64", ("-march=x86-64-v3",), _AVX2),
    InstructionSet("avx512", "x86_64", ("-march=x86-64-v4",), _AVX512),
    InstructionSet("avx512vbmi", "x86_64", ("-march=x86-64-v4", "-mavx512vbmi"), _AVX512 | {"avx512vbmi"}),
    InstructionSet("neon", "aarch64", ("-march=armv8-a",), frozenset()),
    InstructionSet("neon32", "armv7l", ("-march=armv7-a", "-mfpu=neon"), frozenset({"neon"})),
)


def available() -> list[str]:
    """Names of the instruction sets that this machine runs, the best last."""
    machine, flags = platform.machine(), _cpu_flags()
    return [isa.name for isa in INSTRUCTION_SETS if isa.machine == machine and isa.needs <= flags]


def instruction_set(name: str | None) -> InstructionSet:
    """The named one, or this machine's best. Raises RangeError if the machine does not run it."""
    names = available()
    if not names:
        raise CompilerError(f"the CPU engine does not know machines of type {platform.machine()}")
    if name is not None and name not in names:
        raise RangeError(f"instruction set {name!r}, expected one that this machine runs: {', '.join(names)}")
    return next(isa for isa in INSTRUCTION_SETS if isa.name == (name or names[-1]))


@functools.cache
def load(name: str | None = None) -> ctypes.CDLL:
    """The library for an instruction set (None: the best), compiled if it is not there yet (10 s).

    Raises RangeError, or CompilerError if there is no compiler or it fails.
    """
    isa = instruction_set(name)
    prebuilt = Path(__file__).parent / _prebuilt_name(isa)
    with _lock:
        path = prebuilt if _is_whole(prebuilt) else build(isa)
        try:
            return _declare(ctypes.CDLL(str(path)))
        except (OSError, AttributeError) as error:
            raise CompilerError(f"{path} cannot be loaded ({error}): remove it, and it is made anew") from error


def build(isa: InstructionSet) -> Path:
    """The path of the compiled library in the cache."""
    return compiled("engine.cpp", find_compiler(), (*FLAGS, *isa.flags, *SHARED), f"wrapnet-{isa.name}")


def prebuild(name: str, compiler: str, folder: Path) -> Path:
    """Compile the library for a machine like a board with a cross compiler, into a copy of this folder there."""
    isa = next((isa for isa in INSTRUCTION_SETS if isa.name == name), None)
    if isa is None:
        raise RangeError(f"instruction set {name!r}, expected one of {', '.join(i.name for i in INSTRUCTION_SETS)}")
    path = folder / _prebuilt_name(isa)
    compile_to(path, compiler, (*FLAGS, *isa.flags, *SHARED), KERNELS / "engine.cpp")
    return path


def compiled(source: str, compiler: str, flags: tuple[str, ...], name: str) -> Path:
    """`source`, a file of the kernels, compiled and linked, in the cache: from an earlier time if nothing changed."""
    digest = _digest(_version(compiler), " ".join(flags).encode(), *_sources())
    suffix = ".so" if "-shared" in flags else ""
    path = cache_folder() / f"{name}-{digest}{suffix}"
    if _is_whole(path):
        with contextlib.suppress(OSError):  # a cache that is only read
            os.utime(path)
    else:
        compile_to(path, compiler, flags, KERNELS / source)
        _prune(path, re.compile(rf"{re.escape(name)}-[0-9a-f]{{16}}{re.escape(suffix)}"))
    return path


def _prune(path: Path, names: re.Pattern[str]) -> None:
    """Remove what was not used for longest of the files of these names beside `path`, a new one; _KEPT stay.

    A process that has loaded one keeps it.
    """
    with contextlib.suppress(OSError):  # another process prunes too
        others = [other for other in path.parent.iterdir() if names.fullmatch(other.name) and other != path]
        others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[_KEPT - 1 :]:
            other.unlink()


def find_compiler() -> str:
    """The path of a C++ compiler. Raises CompilerError."""
    for name in _COMPILERS:
        if path := shutil.which(name):
            return path
    raise CompilerError(
        f"no C++ compiler for the CPU engine: looked for {', '.join(_COMPILERS)}. Install one (Debian: apt install g++)"
    )


def compile_to(path: Path, compiler: str, flags: tuple[str, ...], source: Path) -> None:
    """Compile and link `source`; `path` is absent or whole. Raises CompilerError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".compile-", dir=path.parent) as scratch:
            result = Path(scratch) / path.name
            command = [compiler, *flags, str(source), "-o", str(result)]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT)
            if done.returncode:
                raise CompilerError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr.strip()[-2000:]}")
            result.write_bytes(_sealed(result.read_bytes()))
            result.replace(path)
    except subprocess.TimeoutExpired as error:
        raise CompilerError(f"{compiler} did not finish within {_TIMEOUT:.0f} s") from error
    except OSError as error:
        raise CompilerError(f"the CPU engine's library cannot be written to {path.parent}: {error}") from error


def cache_folder() -> Path:
    """build/.cpu beside the toolkit where that can be written, otherwise a folder of the user's."""
    root = Path(__file__).parents[2]
    if os.access(root, os.W_OK):
        return root / "build" / ".cpu"
    return Path.home() / ".cache" / "wrapnet"


def _sealed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


def _is_whole(path: Path) -> bool:
    """Whether the file is there and ends with its own hash: the loader dies of a truncated one."""
    size = hashlib.sha256().digest_size
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return len(content) > size and content == _sealed(content[:-size])


def _prebuilt_name(isa: InstructionSet) -> str:
    return f"wrapnet-{isa.name}-{_digest(*_sources())}.so"


def _sources() -> list[bytes]:
    return [path.read_bytes() for path in sorted(KERNELS.iterdir()) if path.suffix in (".h", ".cpp")]


def _version(compiler: str) -> bytes:
    try:
        return subprocess.run([compiler, "--version"], capture_output=True, timeout=_TIMEOUT, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise CompilerError(f"{compiler} --version failed: {error}") from error


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:16]


def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, size = ctypes.c_void_p, ctypes.c_uint64
    library.wrapnet_create.argtypes = [pointer, size, ctypes.c_int, ctypes.c_int, ctypes.c_char_p, size]
    library.wrapnet_create.restype = pointer
    library.wrapnet_run.argtypes = [pointer, pointer, ctypes.c_int64, pointer, pointer]
    library.wrapnet_run.restype = None
    library.wrapnet_time.argtypes = [pointer, ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.wrapnet_time.restype = ctypes.c_double
    library.wrapnet_memory.argtypes = [pointer]
    library.wrapnet_memory.restype = ctypes.c_int64
    library.wrapnet_destroy.argtypes = [pointer]
    library.wrapnet_destroy.restype = None
    return library
