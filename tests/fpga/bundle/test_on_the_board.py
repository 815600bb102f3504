# SPDX-License-Identifier: BSD-3-Clause
"""The unpacked bundle by itself, in the pynq environment, on the simulated board: commands, script and notebook."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from fpga.bundle import commands, contents

NAME = "toy"


@pytest.fixture(scope="module")
def address(whole: Path, repository: Path, pynq_python: Path) -> Iterator[str]:
    """A simulated board that has the model."""
    command = [str(pynq_python), "-m", "fpga.board", "--build", str(whole), "--port", "0", "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        yield server.stdout.readline().removeprefix("listening on ").strip()
        server.stdin.close()


@pytest.fixture
def folder(whole: Path, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundle, unpacked far from the repository, with the simulated board's bitstream."""
    monkeypatch.setattr(contents, "cross_compiler", lambda: None)
    done = CliRunner().invoke(commands.main, [NAME, "--build", str(whole)])
    assert done.exit_code == 0, done.output
    subprocess.run(["tar", "xzf", whole / NAME / "bundle" / f"{NAME}.tar.gz", "-C", tmp_path], check=True)
    (tmp_path / NAME / f"{NAME}.bit").write_bytes((whole / NAME / "board" / f"{NAME}.bit").read_bytes())
    (tmp_path / NAME / "build").symlink_to(repository / "build")  # where the CPU engine may have been compiled before
    return tmp_path / NAME


@pytest.fixture
def run(folder: Path, pynq_python: Path):
    """A program in the bundle's folder, in pynq's environment, that sees nothing of the repository."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        command = [str(pynq_python), "-s", *map(str, arguments)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)

    return run


def test_commands_and_script(run, folder: Path, address: str) -> None:
    checked = run("-m", "host", "check")
    assert checked.returncode == 0 and checked.stdout.startswith(f"{folder}: "), checked.stderr

    tested = run("-m", "host", "self-test", "--device", address)
    assert (tested.returncode, tested.stdout) == (0, "64 golden images agree (simulated board)\n"), tested.stderr

    bench = run("-m", "host", "bench", "--device", address, "--batch", 4)
    assert "simulated: FPS are cycles divided by the clock" in bench.stdout, bench.stderr

    with np.load(folder / f"{NAME}.golden.npz") as golden:
        expected = golden["outputs"].argmax(axis=1)
    names = ["zero", "one", "two"]
    name = names[expected[0]] if expected[0] < 3 else str(expected[0])
    for words in (["classify", "image.npy", "--device", address], ["cpu", f"{NAME}.npz", "image.npy"]):
        labelled = run("-m", "host", *words)
        assert labelled.stdout.split("\t")[:2] == ["0", str(expected[0])] or labelled.stdout == f"0\t{expected[0]}\n"
        assert labelled.returncode == 0, labelled.stderr

    script = run("classify.py", address)
    assert script.returncode == 0, script.stderr
    lines = script.stdout.splitlines()
    assert lines[0] == f"image 0: {name}" and lines[5] == "64 of 64 images labelled right"


def test_without_a_bitstream_it_says_so(run, folder: Path, address: str) -> None:
    (folder / f"{NAME}.bit").unlink()
    done = run("-m", "host", "self-test", "--device", address)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"{NAME}.bit is missing: the bundle was made without a bitstream" in done.stderr
    assert f"for the simulated board, build/{NAME}/board/{NAME}.bit" in done.stderr


@pytest.mark.parametrize("name", [f"{NAME}.hwh", f"{NAME}.golden.npz", f"{NAME}.resources.json", "host/packing.py"])
def test_nothing_is_loaded_where_a_byte_was_flipped(run, folder: Path, address: str, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[5] ^= 1
    (folder / name).write_bytes(content)
    done = run("-m", "host", "self-test", "--device", address)
    assert done.returncode == 2 and done.stdout == ""
    assert f"{name} was changed. Nothing was loaded" in done.stderr


# Each cell as Jupyter's kernel runs it: what it printed, and the SVG of its last line.
NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

device = "DEVICE = None"
with open("demo.ipynb", encoding="utf-8") as file:
    cells = ["".join(cell["source"]) for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
assert sum(cell.count(device) for cell in cells) == 1
shell, said = InteractiveShell.instance(), {}
for number, cell in enumerate(cells):
    with capture_output() as captured:
        result = shell.run_cell(cell.replace(device, f"DEVICE = {sys.argv[1]!r}"))
    result.raise_error()
    svg = getattr(result.result, "_repr_svg_", None)
    said[number] = [captured.stdout, svg() if svg else None]
print(json.dumps(list(said.values())))
"""


def test_the_notebook(run, folder: Path, address: str) -> None:
    done = run("-c", NOTEBOOK, address)
    assert done.returncode == 0, done.stderr
    load, classify, accuracy, speed, resources = json.loads(done.stdout)
    assert load[0].startswith(f"{NAME}: 64 golden images agree, every integer of every output\n")
    assert "The board is simulated: nothing here was measured on hardware." in load[0]
    assert len(classify[0].splitlines()) == 5
    counts = accuracy[0].strip().split("\r")
    assert counts[0] == "8 of 8 right: 100.0 %" and counts[-1] == "64 of 64 right: 100.0 %" and len(counts) == 8
    curve = ElementTree.fromstring(speed[1])
    assert len(list(curve.iter("{http://www.w3.org/2000/svg}circle"))) == 6
    assert "simulated cycles / clock" in speed[1]
    counted = json.loads((folder / f"{NAME}.resources.json").read_text())
    assert resources[0].startswith(f"{counted['device']}, counted by {counted['tool']}\n")
    assert f"{counted['lut']:,}" in resources[0]
