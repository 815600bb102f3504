# SPDX-License-Identifier: BSD-3-Clause
"""The unpacked bundle by itself, in the pynq environment, on the simulated board: commands and script."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.fpga.bundle.conftest import MODEL as NAME

HERE = Path(__file__).parent


def test_commands_and_script(run, folder: Path, address: str) -> None:
    checked = run("-m", "host", "check")
    assert checked.returncode == 0 and checked.stdout.startswith(f"{folder}: "), checked.stderr

    tested = run("-m", "host", "self-test", "--device", address)
    assert (tested.returncode, tested.stdout) == (0, "64 golden images agree (simulated board)\n"), tested.stderr

    bench = run("-m", "host", "bench", "--device", address, "--batches", 4)
    assert "FPS are simulated cycles divided by the clock" in bench.stdout, bench.stderr
    measured = json.loads((folder / "measurements" / "wrapnet-simulated.json").read_text())
    assert (measured["model"], measured["simulated"], measured["images"]) == (NAME, True, "golden")
    assert run("-m", "host", "check").returncode == 0  # the file is the user's, the bundle is as it was

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


def test_the_driver_needs_no_package_but_pynq_and_what_pynq_needs(run, address: str) -> None:
    script = (HERE / "packages.py").read_text(encoding="utf-8")
    done = run("-c", script, address)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    done = run("-c", script, "numpy", "pynq", "json", "host", "nbclient", "ipykernel")
    assert json.loads(done.stdout) == ["ipykernel", "nbclient"]  # it finds what would be foreign
