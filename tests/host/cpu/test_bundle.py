# SPDX-License-Identifier: BSD-3-Clause
"""A bundle is the plan again, byte for byte the same file for the same plan, or it is refused."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from host.cpu import bundle, onnx_model, reference
from host.cpu.plan import Plan
from host.errors import MissingFileError, ModelFileError, NetworkError
from tests import graphs
from tests.host.cpu.plans import images, plans


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


@settings(max_examples=60)
@given(plan=plans())
def test_a_bundle_is_the_plan(plan: Plan, scratch: Path) -> None:
    first, second = scratch / "first.npz", scratch / "second.npz"
    bundle.save(plan, first)
    read = bundle.load(first)
    pixels = images(plan, 3)
    assert np.array_equal(reference.run(read, pixels).outputs, reference.run(plan, pixels).outputs)
    for name in ("input_shape", "input_maximum", "classes", "model", "provenance", "tensors", "output_shape"):
        assert getattr(read, name) == getattr(plan, name)
    bundle.save(read, second)
    assert first.read_bytes() == second.read_bytes()


def test_numpy_reads_it_without_pickles(tmp_path: Path) -> None:
    plan = onnx_model.convert(graphs.residual())
    bundle.save(plan, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as content:
        assert np.array_equal(content["0.weights"], plan.layers[0].weights)
        assert json.loads(content["header"].tobytes())["format"] == bundle.FORMAT


def test_the_bundle_needs_no_onnx(tmp_path: Path, repository: Path) -> None:
    bundle.save(onnx_model.convert(graphs.plain()), tmp_path / "model.npz")
    (tmp_path / "model.onnx").write_bytes(graphs.plain().SerializeToString())
    program = (
        "import sys; sys.modules['onnx'] = sys.modules['google'] = None\n"
        "from host.cpu import engine\n"
        "print(len(engine.load('model.npz').layers))\n"
        "engine.load('model.onnx')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "3\n"
    assert "reading .onnx takes the onnx package: pip install onnx, or make a bundle" in done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def content(scratch: Path) -> bytes:
    bundle.save(onnx_model.convert(graphs.residual()), scratch / "residual.npz")
    return (scratch / "residual.npz").read_bytes()


def load(folder: Path, content: bytes) -> Plan:
    path = folder / "changed.npz"
    path.write_bytes(content)
    return bundle.load(path)


def repacked(content: bytes, change: Callable[[dict[str, Any], dict[str, bytes]], None], sign: bool = True) -> bytes:
    """The bundle with its header and members changed, and signed again unless told otherwise."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    header = json.loads(np.load(io.BytesIO(members.pop("header"))).tobytes())
    change(header, members)
    if sign:
        header["sha256"] = bundle._digest(header["network"], members)
    text = io.BytesIO()
    np.save(text, np.frombuffer(json.dumps(header).encode(), np.uint8))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, member in {"header": text.getvalue(), **members}.items():
            archive.writestr(f"{name}.npy", member)
    return out.getvalue()


def step(index: int, **values: Any) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda header, members: header["network"]["steps"][index].update(values)


def network(**values: Any) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda header, members: header["network"].update(values)


def array(name: str, old: bytes, new: bytes) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    def change(header: dict[str, Any], members: dict[str, bytes]) -> None:
        assert old in members[name]
        members[name] = members[name].replace(old, new, 1)

    return change


CHANGES = {
    "another format": (lambda header, members: header.update(format=2), ModelFileError, "format 2, this toolkit reads"),
    "no network": (lambda header, members: header.update(network=[]), ModelFileError, "SHA-256"),
    "a step's entry missing": (
        lambda header, members: header["network"]["steps"][0].pop("bits"),
        ModelFileError,
        "step 0 has the entries",
    ),
    "no kind": (lambda header, members: header["network"]["steps"][0].pop("kind"), ModelFileError, "'kind' is missing"),
    "an unknown kind": (step(0, kind="softmax"), NetworkError, "step 0 of the kind 'softmax', the engine has conv"),
    "a kind that is no text": (step(0, kind=[]), NetworkError, "of the kind"),
    "an unknown entry": (step(0, colour=1), ModelFileError, "colour"),
    "bits of a text": (step(0, bits="8"), NetworkError, "accumulator bits '8', expected 4..32"),
    "a stride of a text": (step(0, stride="22"), NetworkError, "stride '2'"),
    "a stride of texts": (step(0, stride=["2", "2"]), ModelFileError, "expected a list of integers"),
    "a number for the stride": (step(0, stride=2), ModelFileError, "contradicts its form"),
    "steps of another form": (network(steps=5), ModelFileError, "contradicts its form"),
    "a shape of another form": (network(input_shape=[[1], 2, 3]), ModelFileError, "list of integers"),
    "provenance of another form": (network(provenance=[]), ModelFileError, "provenance"),
    "no array": (lambda header, members: members.pop("0.weights"), ModelFileError, "'0.weights' is missing"),
    "an array too many": (
        lambda header, members: members.update({"9.weights": members["0.weights"]}),
        ModelFileError,
        "belong to no step: 9.weights",
    ),
    "an array of floats": (array("0.weights", b"|i1", b"<f4"), ModelFileError, "'0.weights' is damaged"),
    "an array of objects": (array("0.weights", b"|i1", b"|O8"), ModelFileError, "'0.weights' is damaged"),
    "an array by columns": (array("0.weights", b"False", b"True "), ModelFileError, "'0.weights' is damaged"),
    "a shape beyond the data": (array("0.weights", b"(8,", b"(9,"), ModelFileError, "'0.weights' is damaged"),
    "a terabyte": (
        array("0.weights", b"(8, 3, 3, 3), }" + b" " * 9, b"(8, 3, 3, 9999999999), }"),
        ModelFileError,
        "'0.weights' is damaged",
    ),
    "thresholds of another type": (array("0.thresholds", b"<i4", b"<u4"), NetworkError, "expected int32"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_bundle_that_contradicts_itself_is_refused(case: str, content: bytes, tmp_path: Path) -> None:
    change, error, text = CHANGES[case]
    with pytest.raises(error, match=text) as caught:
        load(tmp_path, repacked(content, change))
    assert str(caught.value).startswith(str(tmp_path / "changed.npz"))


def test_a_bundle_that_was_altered_is_refused(content: bytes, tmp_path: Path) -> None:
    for change in (step(0, fold=1), network(model="other"), array("0.weights", b"\x01\x01", b"\xff\x01")):
        with pytest.raises(ModelFileError, match="does not have the SHA-256 that its header names"):
            load(tmp_path, repacked(content, change, sign=False))
        load(tmp_path, repacked(content, change))


def test_files_that_are_no_bundle(content: bytes, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(1 << 20))
    for wrong, text in (
        (b"", "not a bundle"),
        (b"PK\x03\x04", "not a bundle"),
        (content[: len(content) // 2], "truncated"),
        (content[:-1], "truncated"),
        (content.replace(b"NUMPY", b"NUMPI"), "Bad CRC"),
        (packed.getvalue(), "compressed"),
    ):
        with pytest.raises(ModelFileError, match=text):
            load(tmp_path, wrong)
    with pytest.raises(MissingFileError, match="does not exist"):
        bundle.load(tmp_path / "nowhere.npz")


def test_members_that_share_their_bytes_cost_no_memory(content: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0]
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.filelist += [first] * 1000  # the directory names the same bytes a thousand times
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(ModelFileError, match="larger than the file"):
        load(tmp_path, out.getvalue())
