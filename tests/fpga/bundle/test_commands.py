# SPDX-License-Identifier: BSD-3-Clause
"""`make bundle`: what is in the archive, that it is always the same, and what it is refused for."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from chain import record
from chain.agreement import Divergence, StageResult
from fpga import design
from fpga.bundle import commands, contents
from fpga.shell import bitfile
from host import archive, manifest, metadata
from host.cpu import bundle, onnx_model, reference
from host.errors import BundleError, NetworkError

NAME = "toy"


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without a cross compiler: it takes long."""
    monkeypatch.setattr(contents, "cross_compiler", lambda: None)


def run(build: Path) -> Result:
    return CliRunner().invoke(commands.main, [NAME, "--build", str(build)])


def bundled(build: Path) -> Path:
    """The archive of a run that must succeed."""
    done = run(build)
    assert done.exit_code == 0, done.output
    return build / NAME / "bundle" / f"{NAME}.tar.gz"


def unpacked(path: Path, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["tar", "xzf", path, "-C", folder], check=True)
    return folder / NAME


def refused(build: Path, *says: str) -> None:
    done = run(build)
    assert done.exit_code == 2 and "Traceback" not in done.output
    for text in says:
        assert text in done.stderr
    assert not (build / NAME / "bundle").exists()


def test_what_is_in_it(build: Path, repository: Path, tmp_path: Path) -> None:
    done = run(build)
    path = build / NAME / "bundle" / f"{NAME}.tar.gz"
    lines = done.stdout.splitlines()
    assert lines[0] == f"{path}: {len(archive.check(path))} files and their manifest, {path.stat().st_size:,} bytes"
    assert lines[1] == f"SHA-256 {manifest.digest(path.read_bytes())}"
    assert lines[2] == f"no bitstream in it: none was built (`make bitstream MODEL={NAME} BOARD=pynq-z2`)"
    assert "arm-linux-gnueabihf-g++ not found" in lines[3]
    folder = unpacked(path, tmp_path / "board")
    listed = manifest.check(folder)
    alone = {name for name in listed if not name.startswith("host/")}
    assert alone == {
        *("LICENSE", "README.md", "classify.py", "demo.ipynb", "image.npy"),
        *(f"{NAME}{suffix}" for suffix in (".hwh", ".json", ".npz", ".golden.npz", ".resources.json")),
    }
    driver = [p.relative_to(repository).as_posix() for p in (repository / "host").rglob("*.py")]
    assert {name for name in listed if name.endswith(".py") and name != "classify.py"} == set(driver)
    assert "host/cpu/kernels/engine.cpp" in listed
    assert not [name for name in listed if "__pycache__" in name or name.endswith(".so")]
    with np.load(build / NAME / "reference.npz") as given, np.load(folder / f"{NAME}.golden.npz") as golden:
        for name in ("images", "labels", "outputs"):
            np.testing.assert_array_equal(golden[name], given[name][:64])
        np.testing.assert_array_equal(np.load(folder / "image.npy"), given["images"][0])
    made = json.loads((folder / f"{NAME}.json").read_text())
    board = json.loads((build / NAME / "board" / f"{NAME}.json").read_text())
    assert made["design_hash"] == board["design_hash"] == design.digest(build / NAME / "rtl")
    assert (folder / f"{NAME}.hwh").read_bytes() == (build / NAME / "board" / f"{NAME}.hwh").read_bytes()
    assert (made["simulated"], made["bundled"], made["bit_sha256"], "library" in made) == (False, True, None, False)
    with np.load(folder / f"{NAME}.golden.npz") as golden:
        network = bundle.load(folder / f"{NAME}.npz")
        np.testing.assert_array_equal(reference.run(network, golden["images"]).outputs, golden["outputs"])


def test_the_readme_is_one_screen_and_says_what_is_missing(build: Path, tmp_path: Path) -> None:
    lines = (unpacked(bundled(build), tmp_path / "board") / "README.md").read_text().splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 120
    text = "\n".join(lines)
    assert "There is no bitstream in here" in text and "no board was at hand" in text
    made = design.digest(build / NAME / "rtl")
    assert f"DesignHash={int(made[-8:], 16)}" in text
    for command in ("scp", "check", "self-test", "bench", "classify image.npy", f"cpu {NAME}.npz"):
        assert command in text


def test_two_builds_are_the_same_bytes(build: Path, whole: Path, tmp_path: Path) -> None:
    first = bundled(build).read_bytes()
    for path in build.rglob("*"):
        os.utime(path, (1e9, 1e9))
    before = os.umask(0o077)
    try:
        assert bundled(build).read_bytes() == first
    finally:
        os.umask(before)
    with np.load(build / NAME / "reference.npz") as content:
        changed = {name: content[name][::-1] for name in content}
    np.savez(build / NAME / "reference.npz", **changed)
    assert bundled(build).read_bytes() != first


def test_any_flipped_byte_is_found(build: Path, tmp_path: Path) -> None:
    path = bundled(build)
    folder = unpacked(path, tmp_path / "board")
    random = np.random.default_rng(8)
    files = [folder / name for name in (*manifest.check(folder), manifest.NAME)]
    for flipped, check in (
        *((files[index], manifest.check) for index in random.integers(0, len(files), 200)),
        *((path, archive.check) for _ in range(200)),
    ):
        whole = flipped.read_bytes()
        if not whole:
            continue
        at = int(random.integers(0, len(whole)))
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << int(random.integers(0, 8))]) + whole[at + 1 :])
        with pytest.raises(BundleError, match=re.escape(flipped.name)):
            check(path if flipped == path else folder)
        flipped.write_bytes(whole)
    assert manifest.check(folder) == archive.check(path)


def test_an_archive_that_the_driver_would_refuse_is_not_written(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = contents._driver()
    monkeypatch.setattr(contents, "_driver", lambda: {**driver, "host/overlay (copy).py": b""})
    done = run(build)
    assert done.exit_code == 2 and "'toy/host/overlay (copy).py' would lie outside" in done.stderr
    assert list((build / NAME / "bundle").iterdir()) == []


def test_a_failure_leaves_the_earlier_archive(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bundled(build)
    first = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run(build)
    assert done.exit_code == 2 and "No space left" in done.stderr and "BUILD=" in done.stderr
    assert path.read_bytes() == first and list(path.parent.iterdir()) == [path]


def write_bitstream(build: Path, board: str, content: bytes = b"a bitstream", **changes: str) -> Path:
    """What `make bitstream` leaves of a board's, as far as a bundle looks at it."""
    path = build / NAME / "bitstream" / board / f"{NAME}.bit"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    made = {
        "design_hash": design.digest(build / NAME / "rtl"),
        "bit_sha256": manifest.digest(content),
        "tool": "tool 1",
    }
    path.with_name("bitstream.json").write_text(json.dumps({**made, **changes}), encoding="utf-8")
    return path


def test_a_bitstream_goes_along(build: Path, tmp_path: Path) -> None:
    write_bitstream(build, "pynq-z2")
    write_bitstream(build, "ulx3s-85f", b"no board of pynq")
    done = run(build)
    assert "bitstream for TUL PYNQ-Z2, by tool 1; not tried on a board" in done.stdout
    assert "no bitstream" not in done.stdout
    folder = unpacked(build / NAME / "bundle" / f"{NAME}.tar.gz", tmp_path / "board")
    assert (folder / f"{NAME}.bit").read_bytes() == b"a bitstream"
    found = metadata.load(manifest.bitfile(folder))
    assert (found.simulated, found.bit_sha256) == (False, manifest.digest(b"a bitstream"))
    text = (folder / "README.md").read_text()
    assert f"`{NAME}.bit` is the bitstream for TUL PYNQ-Z2, made by tool 1. No board was at hand" in text
    assert "no bitstream" not in text


def test_of_several_bitstreams_one_is_named(build: Path, tmp_path: Path) -> None:
    write_bitstream(build, "pynq-z1", b"one")
    write_bitstream(build, "pynq-z2", b"two")
    refused(build, "has bitstreams for pynq-z1 and pynq-z2, a bundle takes one", "--board pynq-z1")
    for board, content in (("pynq-z1", b"one"), ("pynq-z2", b"two")):
        done = CliRunner().invoke(commands.main, [NAME, "--build", str(build), "--board", board])
        assert done.exit_code == 0, done.output
        folder = unpacked(build / NAME / "bundle" / f"{NAME}.tar.gz", tmp_path / board)
        assert (folder / f"{NAME}.bit").read_bytes() == content


@pytest.mark.parametrize(
    ("board", "says"),
    [
        ("pynq-z1", f"bitstream/pynq-z1/{NAME}.bit does not exist: make bitstream MODEL={NAME} BOARD=pynq-z1"),
        ("ulx3s-85f", "takes no bundle of this design, which is for pynq and xc7z020clg400-1"),
        ("pynq-z3", "did you mean 'pynq-z"),
    ],
)
def test_a_board_without_a_bitstream_is_named(build: Path, board: str, says: str) -> None:
    done = CliRunner().invoke(commands.main, [NAME, "--build", str(build), "--board", board])
    assert done.exit_code == 2 and says in done.stderr and not (build / NAME / "bundle").exists()


def test_a_bitstream_of_another_design_is_refused(build: Path) -> None:
    write_bitstream(build, "pynq-z2", design_hash="cd" * 32)
    refused(build, "is of the design cdcdcdcd, the present one is", f"make bitstream MODEL={NAME} BOARD=pynq-z2")


def test_a_bitstream_of_finns_own_build_is_refused(build: Path) -> None:
    path = write_bitstream(build, "pynq-z2", toolchain="finn")
    refused(build, f"{path} is of FINN's own build, which the driver in a bundle cannot run")


def test_a_bitstream_that_was_replaced_is_refused(build: Path) -> None:
    path = write_bitstream(build, "pynq-z2")
    path.write_bytes(b"another")
    refused(build, f"{path} is not the file that bitstream.json beside it describes")
    path.with_name("bitstream.json").unlink()
    refused(build, "bitstream.json does not say what toy.bit was made of")


def test_the_stand_in_is_no_bitstream(build: Path) -> None:
    path = write_bitstream(build, "pynq-z2", (build / NAME / "board" / f"{NAME}.bit").read_bytes())
    assert bitfile.MAGIC in path.read_bytes()
    refused(build, f"{path} is the stand-in of the simulated board")


def test_any_flipped_byte_is_found_before_the_device_is_touched(build: Path, tmp_path: Path, pynq_python: Path) -> None:
    write_bitstream(build, "pynq-z2", np.random.default_rng(3).bytes(5000))
    folder = unpacked(bundled(build), tmp_path / "board")
    script = Path(__file__).with_name("flip.py").read_text(encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [str(pynq_python), "-s", "-c", script, "300", "4"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 280  # empty files have no byte to flip


def test_a_file_of_another_bundle_of_the_same_model_is_named(build: Path, tmp_path: Path) -> None:
    write_bitstream(build, "pynq-z2", b"one bitstream")
    first = unpacked(bundled(build), tmp_path / "first")
    with np.load(build / NAME / "reference.npz") as content:
        changed = {key: content[key][::-1] for key in content}
    np.savez(build / NAME / "reference.npz", **changed)
    source = build / NAME / "rtl" / "accelerator.sv"
    source.write_text(source.read_text(encoding="utf-8") + "// folded otherwise\n", encoding="utf-8")
    shutil.rmtree(build / NAME / "bitstream")
    write_bitstream(build, "pynq-z2", b"two bitstreams")
    second = unpacked(bundled(build), tmp_path / "second")
    for folder in (first, second):
        assert metadata.load(manifest.bitfile(folder)).model == NAME
    for name in (f"{NAME}.bit", f"{NAME}.json", f"{NAME}.golden.npz", "README.md", manifest.NAME):
        whole = (first / name).read_bytes()
        assert whole != (second / name).read_bytes()
        shutil.copy(second / name, first / name)
        with pytest.raises(BundleError, match="is not the bundle that was made") as caught:
            metadata.load(manifest.bitfile(first))
        assert f"{NAME}.json was changed" in str(caught.value) or f"{name} was changed" in str(caught.value)
        (first / name).write_bytes(whole)


def test_two_processes_make_the_same_bytes(build: Path, repository: Path) -> None:
    made = set()
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PATH": "/nowhere", "LC_ALL": "C"}
        command = [sys.executable, "-m", "fpga.bundle", NAME, "--build", str(build)]
        done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        made.add(done.stdout.splitlines()[1])
    assert len(made) == 1 and made.pop().startswith("SHA-256 ")


COMPILER = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
echo compiled > "$2"
"""


def test_the_cpu_engines_library_for_the_board(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "arm-linux-gnueabihf-g++"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    monkeypatch.setattr(contents, "cross_compiler", lambda: str(compiler))
    path = bundled(build)
    (name,) = [name for name in archive.check(path) if name.endswith(".so")]
    assert name.startswith("host/cpu/wrapnet-neon32-")
    assert (unpacked(path, tmp_path / "board") / name).read_bytes().startswith(b"compiled\n")
    compiler.write_text("#!/bin/sh\necho no such machine >&2; exit 1\n")
    done = run(build)
    assert done.exit_code == 2 and "no such machine" in done.stderr


def test_the_cross_compiler_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert contents.cross_compiler() is None
    (tmp_path / contents.CROSS_COMPILER).write_text(COMPILER)
    (tmp_path / contents.CROSS_COMPILER).chmod(0o755)
    assert contents.cross_compiler() == str(tmp_path / contents.CROSS_COMPILER)


def test_a_network_that_the_cpu_engine_cannot_run(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise NetworkError("32 bits")

    monkeypatch.setattr(onnx_model, "load", refuse)
    done = run(build)
    assert done.exit_code == 0 and "the CPU engine cannot run this one" in done.stdout
    folder = unpacked(build / NAME / "bundle" / f"{NAME}.tar.gz", tmp_path / "board")
    assert not (folder / f"{NAME}.npz").exists()
    assert "does not run on the CPU engine" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("missing", "step"),
    [
        ("model.onnx", "train export"),
        ("reference.npz", "export"),
        ("dataflow.onnx", "rtl"),
        ("resources.json", "resources"),
    ],
)
def test_what_is_missing_is_named_with_its_step(build: Path, missing: str, step: str) -> None:
    (build / NAME / missing).unlink()
    refused(build, f"{build / NAME / missing} does not exist", f"make {step} MODEL={NAME}")


@pytest.mark.parametrize(("step", "before"), [("export", "train"), ("rtl", "export"), ("resources", "rtl")])
def test_what_is_stale_is_named_with_its_step(build: Path, step: str, before: str) -> None:
    seconds = build / NAME / record.FOLDER
    for later, name in enumerate((step, before)):
        record.write(build / NAME, name, 1.0)
        os.utime(seconds / f"{name}.json", (2e9 + later, 2e9 + later))
    if step != "rtl":  # all that follows is newer still
        for later, name in enumerate(("rtl", "resources")):
            if name not in (step, before):
                os.utime(seconds / f"{name}.json", (2e9 + 2 + later, 2e9 + 2 + later))
    refused(build, f"the results of `make {step}`", f"older than those of `make {before}`", f"make {step} MODEL={NAME}")


def test_an_rtl_of_another_model_is_refused(build: Path) -> None:
    path = build / NAME / "model.onnx"
    model = onnx.load(path)
    model.metadata_props.add(key="wrapnet.other", value="1")
    onnx.save(model, path)
    refused(build, "was made from another model.onnx", f"make rtl MODEL={NAME}")


def test_outputs_of_another_network_are_refused(build: Path) -> None:
    path = build / NAME / "reference.npz"
    with np.load(path) as content:
        arrays = dict(content)
    arrays["outputs"][63, 2] += 1
    np.savez(path, **arrays)
    refused(build, f"{path} holds other outputs than", f"make export MODEL={NAME}")


def test_too_few_images_are_refused(build: Path) -> None:
    path = build / NAME / "reference.npz"
    with np.load(path) as content:
        arrays = {name: content[name][:63] for name in content}
    np.savez(path, **arrays)
    refused(build, f"{path} has 63 images, a bundle takes 64")


def test_stages_that_disagree_are_refused(build: Path) -> None:
    divergence = Divergence("conv1.acc", 3, (0,), 1, 2)
    StageResult("rtl", "finn", 12, 10, 1, divergence).save(build / NAME / "stages")
    refused(build, "stage 'rtl' differs from 'finn' on 1 of 12 images")
    (build / NAME / "stages" / "rtl.json").write_text("[", encoding="utf-8")
    refused(build, "a file is not a stage's result", f"make deploy MODEL={NAME}")


def test_the_notebook_is_of_jupyters_form_and_was_not_run(repository: Path) -> None:
    notebook = json.loads((repository / "fpga" / "bundle" / "static" / "demo.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            keys |= {"execution_count", "outputs"}
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
        assert set(cell) == keys and all(isinstance(line, str) for line in cell["source"])
