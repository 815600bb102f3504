# SPDX-License-Identifier: BSD-3-Clause
"""A build folder as the chain leaves it, of a small network with random weights, and copies of it to be spoilt."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from export.ops import runtime
from fpga import steps, verilate
from fpga.bundle import commands, contents
from fpga.shell import metadata
from tests import graphs

MODEL = "toy"
IMAGES = 70


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """The build folder; its model has been exported, stitched, counted, and put on the simulated board."""
    folder = tmp_path_factory.mktemp("bundle") / "build" / MODEL
    folder.mkdir(parents=True)
    proto = graphs.plain()
    proto.metadata_props.add(key="wrapnet.classes", value='["zero", "one", "two"]')
    onnx.save(proto, folder / "model.onnx")
    images = graphs.images(proto, IMAGES, seed=1)
    (outputs,) = runtime.OnnxRuntime(folder / "model.onnx", threads=1)(images).values()
    pixels = images.astype(np.uint8).transpose(0, 2, 3, 1)
    np.savez(folder / "reference.npz", images=pixels, outputs=outputs.astype(np.int32), labels=outputs.argmax(axis=1))
    model = steps.open_model(folder.parent, MODEL)
    steps.build_rtl(model, fps=50_000.0)
    steps.count_resources(model)
    metadata.write(model.rtl, folder / "board", repository / verilate.DEFAULT_CACHE)
    shutil.rmtree(model.synthesis)
    return folder.parent


@pytest.fixture
def build(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "build"))


@pytest.fixture(scope="session")
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
    done = CliRunner().invoke(commands.main, [MODEL, "--build", str(whole)])
    assert done.exit_code == 0, done.output
    subprocess.run(["tar", "xzf", whole / MODEL / "bundle" / f"{MODEL}.tar.gz", "-C", tmp_path], check=True)
    (tmp_path / MODEL / f"{MODEL}.bit").write_bytes((whole / MODEL / "board" / f"{MODEL}.bit").read_bytes())
    (tmp_path / MODEL / "build").symlink_to(repository / "build")  # where the CPU engine may have been compiled before
    return tmp_path / MODEL


@pytest.fixture
def run(folder: Path, pynq_python: Path):
    """A program in the bundle's folder, in pynq's environment, that sees nothing of the repository."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment["HOME"] = str(folder.parent)
        command = [str(pynq_python), "-s", *map(str, arguments)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)

    return run
