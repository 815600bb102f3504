# SPDX-License-Identifier: BSD-3-Clause
"""Rules that hold for the repository as a whole: who imports whom, pins, targets, licence lines."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("chain", "training", "export", "fpga", "host")

# What each folder may import of the others; the longest matching prefix counts.
MAY_IMPORT = {
    "chain": (),
    "chain.cpu": ("host.cpu", "host.errors", "host.evaluate"),
    "chain.report": ("fpga.design",),
    "training": ("chain",),
    "export": ("chain", "training"),
    "export.ops": ("chain",),
    "fpga": ("chain", "export.ops"),
    "fpga.bitstream.serial_netlist": ("chain", "host.serial"),
    "fpga.bundle": ("chain", "export.ops", "host"),
    "host": (),
}
# Folders that run where only these other packages are installed (the board; the pynq environment). Exported files are
# read where they are made; a board reads the bundle. Only a board on a serial line wants pyserial.
ONLY = {
    "host": {"numpy", "pynq"},
    "host.cpu.onnx_file": {"numpy", "onnx", "google"},
    "host.serial.port": {"numpy", "serial"},
    "fpga.board": {"numpy", "pynq", "grpc", "google"},
}


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, those included that are new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(source: str, module: str) -> Iterator[str]:
    """Every module that the source of `module` imports anywhere, relative imports resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield prefix
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def forbidden_imports(source: str, module: str) -> list[str]:
    """The imports of `module` that break the rules above."""
    rule = max((name for name in MAY_IMPORT if is_within(module, name)), key=len)
    only = max((name for name in ONLY if is_within(module, name)), key=len, default="")
    own = module.split(".")[0]
    wrong = []
    for name in imports_of(source, module):
        top = name.split(".")[0]
        if top in PACKAGES and top != own:
            # `from export import ops` names export itself, too: the longer name that follows decides.
            if not any(is_within(name, allowed) or is_within(allowed, name) for allowed in MAY_IMPORT[rule]):
                wrong.append(name)
        elif only and top not in {*PACKAGES, *sys.stdlib_module_names, *ONLY[only]}:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_import_only_what_they_may(package: str) -> None:
    files = tracked(f"{package}/*.py")
    assert files
    wrong = {str(path): forbidden_imports(path.read_text(encoding="utf-8"), module_of(path)) for path in files}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("chain.files", "import training.layers", ["training.layers"]),
        ("fpga.stitch", "from training import load", ["training", "training.load"]),
        ("fpga.stitch", "from export.qonnx import to_qonnx", ["export.qonnx", "export.qonnx.to_qonnx"]),
        ("fpga.stitch", "from export.ops import runtime", []),
        ("export.ops.runtime", "def f():\n    import training", ["training"]),
        ("host.overlay", "import numpy, torch", ["torch"]),
        ("host.overlay", "from chain.errors import InputError", ["chain.errors", "chain.errors.InputError"]),
        ("host.overlay", "from . import packing", []),
        ("host.cpu.plan", "import onnx", ["onnx"]),
        ("host.cpu.onnx_file", "import onnx, torch", ["torch"]),
        ("host.serial.port", "import serial", []),
        ("host.serial.link", "import serial", ["serial"]),
        ("chain.cpu.commands", "from host import overlay", ["host.overlay"]),
        ("fpga.board.server", "import onnx", ["onnx"]),
    ],
)
def test_the_import_rules_find_what_breaks_them(module: str, source: str, wrong: list[str]) -> None:
    assert forbidden_imports(source, module) == wrong


def pins(file: str) -> dict[str, str]:
    """Name to version of one requirement file; every line must be an exact pin."""
    found = {}
    for line in (ROOT / "requirements" / file).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)", text)
            assert match, f"requirements/{file}: {line!r} is not an exact pin"
            found[normal(match[1])] = match[2]
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def test_the_conda_environment_has_the_same_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    found = {normal(name): version for name, version in (line.split("==") for line in pip)}
    assert found == pins("tools.txt")
    assert "python=3.11" in environment["dependencies"]


def test_what_is_installed_is_what_is_pinned() -> None:
    wanted = pins("tools.txt") | pins("finn.txt")
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in wanted}
    assert installed == wanted


def test_every_package_that_is_needed_is_pinned() -> None:
    """Every dependency, through all levels, of what tools.txt installs is in it: nothing is left to pip's choice."""
    wanted = pins("tools.txt")
    needed = {normal(n) for name in wanted for n in _requirements(name)}
    assert needed - set(wanted) == set()


def _requirements(name: str) -> Iterator[str]:
    from packaging.requirements import Requirement

    for text in importlib.metadata.requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            # torch's CUDA libraries are not dependencies of the CPU build that is installed here.
            yield requirement.name


def test_pynq_pins_are_exact() -> None:
    assert pins("pynq.txt")["numpy"].startswith("1.")


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_help_lists_every_target_and_is_the_default() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    phony = re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)
    assert phony
    targets = set(re.findall(r"^([a-z-]+):(?!=)", text, re.MULTILINE))
    assert targets == set(phony[1].split())
    shown = make("help").stdout
    assert set(re.findall(r"^  make (\S+)", shown, re.MULTILINE)) == targets
    assert make().stdout == shown


@pytest.mark.parametrize(
    "target",
    [
        "demo",
        "deploy",
        "test",
        "train",
        "export",
        "rtl",
        "sim",
        "resources",
        "netlist",
        "cpu",
        "report",
        "board",
        "check",
        "bitstream",
        "bundle",
        "doctor",
        "lint",
        "bench-cpu",
        "bench-hardware",
        "clean",
    ],
)
def test_the_targets_that_scripts_rely_on_exist(target: str) -> None:
    done = make("--dry-run", target, "MODEL=digits", "ONNX=file.onnx")
    assert done.returncode == 0, done.stderr


def test_a_bitstream_is_of_the_rtl_that_is_there(tmp_path: Path) -> None:
    """Also where the recipe is given by its path; FPS= makes it anew."""
    recipe, rtl = tmp_path / "own.toml", tmp_path / "build" / "mine" / "rtl"
    recipe.write_text('name = "mine"\n', encoding="utf-8")
    rtl.mkdir(parents=True)
    given = ("--dry-run", "bitstream", f"MODEL={recipe}", f"BUILD={tmp_path / 'build'}", "BOARD=ulx3s-85f")
    assert "training train" in make(*given).stdout
    (rtl / "manifest.json").touch()
    assert "training train" not in make(*given).stdout
    assert "training train" in make(*given, "FPS=1000").stdout
    (rtl.parent / "model.onnx").touch()  # handed over: there is nothing to train
    anew = make(*given, "FPS=1000").stdout
    assert "training train" not in anew and "fpga rtl" in anew
    (rtl.parent / "checkpoint.pt").touch()
    assert "training train" in make(*given, "FPS=1000").stdout


def test_an_unknown_board_is_not_simulated() -> None:
    done = make("board", "MODEL=digits", "BOARD=pynq-z3", "TOOLS=true", "PYNQ=true")
    assert done.returncode == 2 and "did you mean 'pynq-z" in done.stderr


def test_deploy_runs_the_steps_in_order() -> None:
    done = make("--dry-run", "-j4", "deploy", "MODEL=my.toml", "BUILD=out", "FPS=1000", "RESUME=1")
    steps = re.findall(
        r"^\S+ -m (\S+(?: (?:train|check-recipe|check-part|export|rtl|sim|resources|netlist|evaluate)\b)?)(.*)$",
        done.stdout,
        re.M,
    )
    assert [step for step, _ in steps] == [
        "export check-recipe",
        "fpga check-part",
        "training train",
        "export export",
        "fpga rtl",
        "fpga sim",
        "fpga resources",
        "fpga netlist",
        "fpga.shell",
        "fpga.board evaluate",
        "chain.cpu",
        "chain.report",
    ]
    assert all(' "my.toml" --build "out"' in options for step, options in steps if step != "fpga check-part")
    assert "--resume" in steps[2][1] and '--fps "1000"' in steps[4][1]


def test_ci_runs_the_readmes_test_command_and_nothing_else() -> None:
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert commands == ["set -e", "make test"]
    assert re.search(r"^\s*make test\b", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_source_files_begin_with_their_licence() -> None:
    files = tracked("*.py", "*.sv", "*.svh", "*.v", "*.cpp", "*.hpp", "*.h", "*.vlt", "*.tcl", "*.toml", "Makefile")
    lacking = [
        str(path.relative_to(ROOT))
        for path in files
        if path.name != "pyproject.toml"
        and "golden" not in path.parts  # what a tool must write, to the letter
        and path.stat().st_size
        and not any(
            "SPDX-License-Identifier: BSD-3-Clause" in line for line in path.read_text("utf-8").splitlines()[:2]
        )
    ]
    assert lacking == []


def test_code_opens_no_shell_and_loads_no_pickle() -> None:
    calls = []
    for path in tracked(*(f"{package}/*.py" for package in PACKAGES)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            shell = any(k.arg == "shell" and getattr(k.value, "value", True) for k in node.keywords)
            if name in ("eval", "exec", "os.system", "pickle.load", "pickle.loads") or shell:
                calls.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert calls == []
