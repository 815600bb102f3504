# SPDX-License-Identifier: BSD-3-Clause
"""A build folder as the chain leaves it, of a small network with random weights, and copies of it to be spoilt."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from export.ops import runtime
from fpga import steps, verilate
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
