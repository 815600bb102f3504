# SPDX-License-Identifier: BSD-3-Clause
"""`python -m host cpu`: labels of images, bundles, and what users get wrong. The board's commands: tests/fpga/board."""

from pathlib import Path

import numpy as np
import pytest

from host.commands import main
from host.cpu import bundle, onnx_model, reference
from tests import graphs

PIXELS = graphs.images(graphs.plain(), 7, seed=1).astype(np.uint8).transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cpu") / "model.onnx"
    path.write_bytes(graphs.plain().SerializeToString())
    return path


def saved(folder: Path, images: np.ndarray) -> str:
    path = folder / "images.npy"
    np.save(path, images)
    return str(path)


def test_labels_of_images_by_file_and_by_bundle(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = reference.run(onnx_model.load(model), PIXELS).outputs.argmax(axis=1)
    lines = "".join(f"{image}\t{label}\n" for image, label in enumerate(expected))
    packed = tmp_path / "model.npz"
    assert main(["cpu", str(model), saved(tmp_path, PIXELS), "--threads", "2"]) == 0
    assert capsys.readouterr() == (lines, "")
    assert main(["cpu", "--bundle", str(packed), str(model)]) == 0
    assert capsys.readouterr() == ("", f"{packed}: model, 3 layers\n")
    assert main(["cpu", str(packed), saved(tmp_path, PIXELS[..., 0])]) == 0
    assert capsys.readouterr().out == lines
    assert main(["cpu", str(packed), saved(tmp_path, PIXELS[0, ..., 0])]) == 0
    assert capsys.readouterr().out == lines.splitlines(keepends=True)[0]


def test_class_names_stand_beside_the_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proto = graphs.plain()
    proto.metadata_props.add(key="wrapnet.classes", value='["cat", "dog"]')
    plan = onnx_model.convert(proto)
    bundle.save(plan, tmp_path / "model.npz")
    labels = reference.run(plan, PIXELS).outputs.argmax(axis=1)
    names = {0: "\tcat", 1: "\tdog"}
    assert main(["cpu", str(tmp_path / "model.npz"), saved(tmp_path, PIXELS)]) == 0
    assert capsys.readouterr().out == "".join(f"{i}\t{label}{names.get(label, '')}\n" for i, label in enumerate(labels))


NAN = np.full((1, 8, 8, 1), np.nan, np.float32)


@pytest.mark.parametrize(
    "images, text",
    [
        (NAN, "images are float32, expected uint8 [N, 8, 8, 1]"),
        (PIXELS.astype(np.int64), "images are int64"),
        (PIXELS[:, :7], "images have shape [7, 7, 8, 1], expected uint8 [N, 8, 8, 1]"),
        (PIXELS[:0], "zero images"),
    ],
    ids=["NaN", "int64", "shape", "none"],
)
def test_images_that_do_not_fit_the_network(
    model: Path, images: np.ndarray, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cpu", str(model), saved(tmp_path, images)]) == 2
    assert text in capsys.readouterr().err


def test_files_that_are_missing_or_no_images(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez(tmp_path / "several.npz", PIXELS)
    good = saved(tmp_path, PIXELS)
    for words, text in (
        ([str(model), "nowhere.npy"], "nowhere.npy does not exist"),
        ([str(model), str(tmp_path / "empty.npy")], "is not a .npy file of pixels"),
        ([str(model), str(tmp_path / "several.npz")], "is an archive of several arrays"),
        (["nowhere.onnx", good], "nowhere.onnx does not exist"),
        ([str(tmp_path), good], "is a folder"),
        ([good, good], "not an ONNX file"),
        ([str(tmp_path / "several.npz"), good], "no header in it"),
        ([str(model), good, "--threads", "0"], "threads 0, expected 1.."),
        (["--bundle", "/proc/nowhere/model.npz", str(model)], "/proc/nowhere"),
    ):
        assert main(["cpu", *words]) == 2, words
        captured = capsys.readouterr()
        assert captured.out == "" and text in captured.err, words
    with pytest.raises(SystemExit, match="2"):
        main(["cpu", str(model)])
    assert "expected images to label, or --bundle" in capsys.readouterr().err
