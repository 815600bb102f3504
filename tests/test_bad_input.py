# SPDX-License-Identifier: BSD-3-Clause
"""What can be wrong with a user's input, files and machine, by the command lines: status 2 (130 for Ctrl-C), one text
that names what was found, what was expected and what to do, no traceback, and nothing half-written left.

Bad input of a single part is tested beside it: the export's and its check's in tests/export, images and files at the
driver in tests/host, ports and options of the board in tests/fpga/board.
"""

import errno
import gzip
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import click
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

import export.commands
import fpga.commands
import fpga.shell.commands
import training.commands
from export.ops import runtime
from fpga import resources
from tests import graphs
from tests import toy as toys
from tests.toy import ROOT, Toy
from training import checkpoint, recipe
from training.checkpoint import Checkpoint

TRAIN = training.commands.main
EXPORT = export.commands.main
FPGA = fpga.commands.main
SHELL = fpga.shell.commands.main


def invoke(main: click.Command, *arguments: object) -> tuple[int, str]:
    """Status and whole output of a command line; an exception that it lets through is the test's."""
    runner = CliRunner(env={"COLUMNS": "200"})
    done = runner.invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    return done.exit_code, done.output


def refused(main: click.Command, *arguments: object) -> str:
    """The output of a command line that must end with status 2 and a text."""
    status, output = invoke(main, *arguments)
    assert status == 2, output
    assert "Traceback" not in output
    assert "error: " in output
    return output


def leftovers(folder: Path) -> list[str]:
    """Temporary files and folders, which are hidden, of interrupted or failed writing."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


# ------------------------------------------------------------------------------------------------ names, recipes


def test_unknown_model(tmp_path: Path) -> None:
    text = refused(TRAIN, "train", "digist", "--build", tmp_path)
    assert "unknown model 'digist'; did you mean 'digits'?" in text and "fmnist-cnn" in text and ".toml" in text
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "model.onnx").touch()
    for step in ("rtl", "sim", "resources", "netlist"):
        text = refused(FPGA, step, "digist", "--build", tmp_path)
        assert "digist/model.onnx does not exist" in text and "did you mean 'digits'?" in text
        assert "make train export MODEL=digist" in text
    assert sorted(os.listdir(tmp_path)) == ["digits"]


def test_unknown_recipe_file(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    for main, step in ((TRAIN, "train"), (EXPORT, "export"), (FPGA, "rtl")):
        assert "none.toml" in refused(main, step, missing, "--build", tmp_path)


@pytest.mark.parametrize(
    "old, new, says",
    [
        (
            'name = "toy"',
            'name = "verilator"',
            "name: a name of the toolkit's own",
        ),
        ("seed = 1", "sede = 1", "sede: unknown key; did you mean 'seed'?"),
        ("fold = 3", "folds = 3", "quantisation.folds: unknown key; did you mean 'fold'?"),
        ("epochs = 1", "epoch = 1", "stages.0.epoch: unknown key; did you mean 'epochs'?"),
        ("fps =", "FPS =", "hardware.FPS: unknown key"),
        ('"ternary"', '"tertiary"', "tertiary"),
        ('"ternary"', "1", "expected 'binary', 'ternary' or a width of 2 to 8 bits"),
        ("accumulator_bits = 8", "accumulator_bits = 33", "expected a width of 4 to 32 bits, found 33"),
        ("accumulator_bits = 8", "accumulator_bits = {conv3 = 8}", "no layer 'conv3'; did you mean 'conv"),
        ('network = "digits"', 'network = "digit"', "unknown network 'digit'; did you mean 'digits'?"),
        ('dataset = "digits"', 'dataset = "digit"', "unknown dataset 'digit'; did you mean 'digits'?"),
        ('network = "digits"', 'network = "own.py:Net"', "no file"),
        ("[hardware]", "[hardware", "not valid TOML"),
        ("batch_size = 64", "batch_size = 100000", "batch_size 100000 is more than the 1348 training images"),
    ],
)
def test_recipes(tmp_path: Path, old: str, new: str, says: str) -> None:
    toy = toys.make(tmp_path)
    text = toy.recipe.read_text(encoding="utf-8")
    assert text.count(old) == 1
    toy.recipe.write_text(text.replace(old, new), encoding="utf-8")
    said = refused(TRAIN, "train", toy.recipe, "--build", toy.build)
    assert says in said
    assert not (toy.folder / "checkpoint.pt").exists()


# ------------------------------------------------------------------------------------------------ data sets

MAGIC = {"images": bytes([0, 0, 8, 3]), "labels": bytes([0, 0, 8, 1])}


def idx(kind: str, shape: tuple[int, ...]) -> bytes:
    """An IDX file of zeros."""
    header = MAGIC[kind] + b"".join(size.to_bytes(4, "big") for size in shape)
    return header + bytes(int(np.prod(shape)))


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """A folder of four tiny files in Fashion-MNIST's form."""
    folder = tmp_path / "data"
    folder.mkdir()
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx("images", (4, 28, 28)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx("labels", (4,)))
    return folder


def train_on(dataset: str, folder: Path) -> str:
    toy = toys.make(folder.parent / "recipe", dataset=dataset)
    return refused(TRAIN, "train", toy.recipe, "--build", toy.build, "--data", folder)


def test_missing_data_sets(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    text = train_on("fashion-mnist", empty)
    assert f"in {empty}, {empty / 'fashion-mnist'}" in text
    assert "t10k-labels-idx1-ubyte" in text and "apt-get install dataset-fashion-mnist" in text and "DATA=" in text
    text = train_on("cifar10", empty)
    assert f"in {empty}, {empty / 'cifar-10-batches-bin'}" in text
    assert "test_batch.bin" in text and "cifar-10-binary.tar.gz" in text and "DATA=" in text


def test_without_data_the_usual_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.setattr("training.datasets.fashion_mnist.FOLDER", tmp_path / "usual")
    toy = toys.make(tmp_path, dataset="fashion-mnist")
    assert f"in {tmp_path / 'usual'}. On Debian" in refused(TRAIN, "train", toy.recipe, "--build", toy.build)
    toy = toys.make(tmp_path, dataset="cifar10")
    assert "because DATA is not set" in refused(TRAIN, "train", toy.recipe, "--build", toy.build)


@pytest.mark.parametrize(
    "damage, says",
    [
        (lambda good: good[:-1], "is truncated or too long: 3151 bytes, its header says 3152"),
        (lambda good: good[:9], "is truncated or too long: 9 bytes"),
        (lambda good: good + b"x", "is truncated or too long: 3153 bytes, its header says 3152"),
        (lambda good: b"", "found magic number 0x00000000, expected 0x00000803"),
        (lambda good: MAGIC["labels"] + good[4:], "found magic number 0x00000801, expected 0x00000803"),
        (lambda good: idx("images", (5, 28, 28)), "train has 5 images but 4 labels"),
    ],
)
def test_damaged_idx_files(fashion: Path, damage: Callable[[bytes], bytes], says: str) -> None:
    path = fashion / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    text = train_on("fashion-mnist", fashion)
    assert says in text and str(fashion) in text


def test_damaged_gzip(fashion: Path) -> None:
    path = fashion / "t10k-images-idx3-ubyte"
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    for content in (packed[:-9], b"no gzip", packed[:12] + b"\xff" * 8 + packed[20:]):
        path.with_name(f"{path.name}.gz").write_bytes(content)
        assert f"{path}.gz is damaged" in train_on("fashion-mnist", fashion)
    path.with_name(f"{path.name}.gz").unlink()
    assert f"{fashion} has neither {path.name} nor {path.name}.gz" in train_on("fashion-mnist", fashion)


def test_damaged_cifar(tmp_path: Path) -> None:
    folder = tmp_path / "cifar"
    folder.mkdir()
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        (folder / name).write_bytes(bytes(2 * 3073))
    (folder / "data_batch_3.bin").write_bytes(bytes(2 * 3073 - 1))
    assert "data_batch_3.bin is truncated: 6145 bytes, expected a multiple of 3073" in train_on("cifar10", folder)
    (folder / "data_batch_3.bin").write_bytes(b"\x0a" + bytes(3072))
    assert "found label 10, expected 0..9" in train_on("cifar10", folder)
    (folder / "data_batch_3.bin").unlink()
    assert f"no file {folder / 'data_batch_3.bin'}" in train_on("cifar10", folder)


def test_a_users_own_data_function_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA", raising=False)
    toy = toys.make(tmp_path, dataset="own.py:data")
    own = tmp_path / "own.py"
    own.write_text('def data(folder):\n    return open(folder / "images.npy")\n', encoding="utf-8")
    text = refused(TRAIN, "train", toy.recipe, "--build", toy.build)
    assert "dataset 'own.py:data': TypeError" in text and "DATA is not set" in text
    text = refused(TRAIN, "train", toy.recipe, "--build", toy.build, "--data", tmp_path)
    assert "dataset 'own.py:data': FileNotFoundError" in text and "DATA is not set" not in text


# ------------------------------------------------------------------------------------------------ checkpoints


class Payload:
    """Makes the file "executed" when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (open, ("executed", "w"))


def of_another_recipe(toy: Toy, path: Path) -> None:
    other = recipe.load(str(toy.recipe)).model_copy(update={"seed": 77})
    checkpoint.save(Checkpoint(other, (1, 8, 8), ("a", "b"), 16, epochs=1, finished=True), path.parent)


def with_payload(toy: Toy, path: Path) -> None:
    torch.save({"format": checkpoint.FORMAT, "model": Payload()}, path)


def bare_pickle(toy: Toy, path: Path) -> None:
    path.write_bytes(pickle.dumps(Payload()))


def incomplete(toy: Toy, path: Path) -> None:
    torch.save({"format": checkpoint.FORMAT, "recipe": "{}"}, path)


def of_bytes(content: bytes) -> Callable[[Toy, Path], object]:
    return lambda toy, path: path.write_bytes(content)


@pytest.mark.parametrize(
    "damage, says",
    [
        (of_another_recipe, "belongs to another recipe than 'toy', or the recipe changed since: seed was 77, is 1"),
        (with_payload, "is refused: it holds objects other than tensors, strings and numbers"),
        (bare_pickle, "is refused"),
        (incomplete, "is not a checkpoint of this toolkit"),
        (of_bytes(b"broken"), "checkpoint.pt is"),
        (of_bytes(b""), "checkpoint.pt is damaged"),
        (of_bytes(b"PK" * 400), "checkpoint.pt is"),
    ],
    ids=["another-recipe", "payload", "bare-pickle", "incomplete", "broken", "empty", "PK"],
)
def test_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Toy, Path], object], says: str
) -> None:
    toy = toys.make(tmp_path)
    path = toy.folder / "checkpoint.pt"
    damage(toy, path)
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    for main, arguments in ((TRAIN, ["train", toy.recipe, "--resume"]), (EXPORT, ["export", toy.recipe])):
        text = refused(main, *arguments, "--build", toy.build)
        assert says in text
        assert "Train anew" in text or "Train the model anew" in text
        assert "weights_only" not in text
    assert not (tmp_path / "executed").exists()
    assert path.read_bytes() == before
    assert not (toy.folder / "model.onnx").exists()


def test_a_training_is_not_continued_on_other_data(tmp_path: Path) -> None:
    toy = toys.make(tmp_path, epochs=2)
    classes = tuple(str(digit) for digit in range(10))
    for shape, maximum, says in (((1, 8, 9), 16, "[1, 8, 8], and was [1, 8, 9]"), ((1, 8, 8), 255, "16, and was 255")):
        made = Checkpoint(recipe.load(str(toy.recipe)), shape, classes, maximum, epochs=1)
        checkpoint.save(made, toy.folder)
        text = refused(TRAIN, "train", toy.recipe, "--build", toy.build, "--resume")
        assert says in text and "Give the DATA= of the training" in text


# ------------------------------------------------------------------------------------------------ hardware


def exported(folder: Path, model: onnx.ModelProto, **hardware: object) -> Toy:
    """build/<model>/ as the export leaves it, of a graph with random weights."""
    toy = toys.make(folder, name="tiny")
    values = {"part": "xc7z020clg400-1", "clock_mhz": 100, "fps": 20000, **hardware}
    model.metadata_props.add(key="wrapnet.hardware", value=json.dumps(values))
    onnx.save(model, toy.folder / "model.onnx")
    images = graphs.images(model, 6)
    outputs = runtime.OnnxRuntime(model, threads=1)(images)["output"].astype(np.int32)
    np.savez(
        toy.folder / "reference.npz",
        images=np.moveaxis(images, 1, -1).astype(np.uint8),
        labels=outputs.argmax(axis=1).astype(np.int64),
        outputs=outputs,
    )
    return toy


def test_an_unsupported_node(tmp_path: Path) -> None:
    builder = graphs.Builder((1, 8, 8)).input_quant(4)
    builder.conv("conv1", 8, (3, 3)).activate("act1", 2)
    builder.op("odd.sigmoid", "Sigmoid", [builder.tensor])
    model = builder.quant("again", 2, 0.25).head("fc", 8 * 6 * 6, 3)
    toy = exported(tmp_path, model)
    text = refused(FPGA, "rtl", toy.recipe, "--build", toy.build)
    assert "odd.sigmoid" in text and "Sigmoid" in text and "conv1" not in text
    assert not (toy.folder / "rtl").exists() and not (toy.folder / "dataflow.onnx").exists()
    assert leftovers(toy.build) == []


def test_files_of_the_chain_that_are_missing_or_damaged(tmp_path: Path) -> None:
    toy = exported(tmp_path, graphs.linear())
    arguments = (toy.recipe, "--build", toy.build)
    for main, step in ((FPGA, ["sim"]), (FPGA, ["resources"]), (FPGA, ["netlist"]), (SHELL, [])):
        text = refused(main, *step, *arguments)
        assert str(toy.folder) in text and "does not exist" in text and "(make rtl MODEL=" in text
    for content in (b"broken", b"", b"PK" * 400):
        (toy.folder / "reference.npz").write_bytes(content)
        text = refused(FPGA, "sim", *arguments)
        assert "reference.npz is damaged" in text and "export the model again" in text
        (toy.folder / "model.onnx").write_bytes(content)
        assert "model.onnx: not an ONNX file" in refused(FPGA, "sim", *arguments)
        (toy.folder / "model.onnx").unlink()
        assert "model.onnx does not exist: export the model first" in refused(FPGA, "rtl", *arguments)
        exported(tmp_path, graphs.linear())


def test_unknown_part(tmp_path: Path) -> None:
    toy = exported(tmp_path, graphs.linear(), part="xc7z02")
    text = refused(FPGA, "rtl", toy.recipe, "--build", toy.build)
    assert "unknown part 'xc7z02'" in text and "did you mean 'xc7z020'?" in text


def test_unknown_output(tmp_path: Path) -> None:
    toy = exported(tmp_path, graphs.linear(), output="label")
    text = refused(FPGA, "rtl", toy.recipe, "--build", toy.build)
    assert "output is 'label', expected 'logits' or 'labels'" in text


def test_a_rate_that_cannot_be_had(tmp_path: Path) -> None:
    toy = exported(tmp_path, graphs.plain())
    text = refused(FPGA, "rtl", toy.recipe, "--build", toy.build, "--fps", 5e6)
    assert "5,000,000 FPS at 100 MHz leave 20 cycles an image; layer 'conv1' needs" in text
    assert "FPS are the most" in text and "a lower FPS=" in text
    assert "LUT=10 is too small" in refused(FPGA, "rtl", toy.recipe, "--build", toy.build, "--lut", 10)
    assert "not both" in refused(FPGA, "rtl", toy.recipe, "--build", toy.build, "--lut", 10, "--fps", 10)
    assert not (toy.folder / "rtl").exists() and leftovers(toy.build) == []


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """The smallest graph, with its rtl/."""
    toy = exported(tmp_path_factory.mktemp("mapped"), graphs.linear())
    status, output = invoke(FPGA, "rtl", toy.recipe, "--build", toy.build)
    assert status == 0, output
    return toy


def test_rtl_of_another_model(mapped: Toy, tmp_path: Path) -> None:
    """The network was exported again, and rtl/ is still of the one before."""
    other = exported(tmp_path, graphs.linear(seed=2))
    for name in ("rtl", "dataflow.onnx"):
        (other.folder / name).symlink_to(mapped.folder / name)
    for main, step in ((FPGA, ["sim"]), (FPGA, ["resources"]), (FPGA, ["netlist"]), (SHELL, [])):
        text = refused(main, *step, other.recipe, "--build", other.build)
        assert "was made from another model.onnx" in text and f"(make rtl MODEL={other.recipe})" in text
    assert not (other.folder / "board").exists()


def test_a_clock_that_the_board_cannot_have_is_told(tmp_path: Path) -> None:
    """130 MHz: the dividers of 1 GHz reach 125. (100 MHz they reach: nothing is said.)"""
    for clock, says in ((130, True), (100, False)):
        toy = exported(tmp_path / str(clock), graphs.linear(), clock_mhz=clock)
        assert invoke(FPGA, "rtl", toy.recipe, "--build", toy.build)[0] == 0
        status, output = invoke(SHELL, toy.recipe, "--build", toy.build)
        assert status == 0, output
        assert ("clock: the board's dividers reach 125 MHz, not the recipe's 130" in output) == says
        assert ("4.0 % more FPS" in output) == says


def test_a_design_larger_than_its_part(mapped: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "PARTS", {"xc7z020": resources.Part(lut=10, ff=100_000, bram36=10, dsp=10)})
    text = refused(FPGA, "resources", mapped.recipe, "--build", mapped.build)
    assert "tiny does not fit xc7z020clg400-1" in text and "LUTs of 10 (" in text and "too many" in text
    assert "most in layer 'fc'" in text and "Fold layer 'fc' further" in text and "FPS=" in text and "LUT=" in text


# ------------------------------------------------------------------------------------------------ full disk


def test_a_full_disk_leaves_nothing_half_written(mapped: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = toys.make(tmp_path)
    steps: list[tuple[click.Command, list[object]]] = [
        (TRAIN, ["train", toy.recipe, "--build", toy.build]),
        (FPGA, ["resources", mapped.recipe, "--build", mapped.build]),
        (FPGA, ["rtl", mapped.recipe, "--build", mapped.build]),
    ]
    before = {path: path.read_bytes() for path in sorted(mapped.folder.glob("*.*")) if path.name != "dataflow.onnx"}

    def full(handle: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for main, arguments in steps:
        text = refused(main, *arguments)
        assert "No space left on device: '" in text and "Free some space" in text
    assert not (toy.folder / "checkpoint.pt").exists()
    assert leftovers(toy.build) == [] and leftovers(mapped.build) == []
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in before} == before
    assert invoke(FPGA, "rtl", mapped.recipe, "--build", mapped.build)[0] == 0


MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" || exit 77; cd "$3"; folder=$2; shift 3; "$@"; status=$?; '
MOUNT += 'find "$folder" -name ".*" -o -name "*.pt"; exit "$status"'


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A checkpoint onto a file system of 8 KiB, mounted where only the command sees it."""
    toy = toys.make(tmp_path)
    small = tmp_path / "small"
    small.mkdir()
    command = [sys.executable, "-m", "training", "train", str(toy.recipe), "--build", str(small)]
    mount = ["unshare", "-rm", "sh", "-c", MOUNT, "sh", "8k", str(small), str(ROOT)]
    if shutil.which("unshare") is None or subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no process mount a file system of its own")
    done = subprocess.run([*mount, *command], capture_output=True, text=True, env=toys.environment(), check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and "No space left on device" in done.stderr and "--build" in done.stderr
    assert done.stdout == ""


# ------------------------------------------------------------------------------------------------ Ctrl-C


def interrupt(toy: Toy, module: str, when: Callable[[], bool], python: str | Path = sys.executable) -> str:
    """Start a step, press Ctrl-C (to it and its children, as a terminal does) once `when()`; its output."""
    log = toy.recipe.parent / "output.txt"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            toys.command(toy, module, python=python),
            cwd=ROOT,
            env=toys.environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline and not when():
        time.sleep(0.01)
    assert process.poll() is None, f"{module} ended by itself:\n{log.read_text(encoding='utf-8')}"
    os.killpg(process.pid, signal.SIGINT)
    status = process.wait(60)
    output = log.read_text(encoding="utf-8")
    assert status == 130, f"{module}: status {status}\n{output}"
    assert "Traceback" not in output
    assert leftovers(toy.build) == []
    return output


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Builds in the test's own folder: they must be begun to be interrupted, and what they leave must be seen."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for runtime_library in toys.CACHE.glob("runtime-*"):
        (cache / runtime_library.name).symlink_to(runtime_library)
    monkeypatch.setattr(toys, "CACHE", cache)
    yield
    assert leftovers(cache) == []


def test_interrupted_training_and_export(tmp_path: Path) -> None:
    toy = toys.make(tmp_path, epochs=4)
    said = interrupt(toy, "training train", lambda: (toy.folder / "checkpoint.pt").exists())
    assert f"go on with: make train MODEL={toy.recipe} RESUME=1 BUILD={toy.build}\n" in said
    assert "RESUME=1 goes on with it, FRESH=1 begins anew" in toys.run(toy, "training train", "--if-needed").stdout
    assert checkpoint.read(toy.folder / "checkpoint.pt").epochs in (1, 2, 3)
    assert "continuing after epoch" in toys.succeed(toy, "training train", "--resume")
    assert checkpoint.read(toy.folder / "checkpoint.pt").finished
    interrupt(toy, "export export", lambda: (toy.folder / "model.onnx").exists())
    assert not (toy.folder / "reference.npz").exists() and not (toy.folder / "stages").exists()
    toys.succeed(toy, "export export", "--images", 5)


def test_interrupted_rtl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process: writing takes some hundredths of a second, which a signal from outside may miss."""
    toy = exported(tmp_path, graphs.linear())
    written = []

    def interrupted(*arguments: object) -> NoReturn:
        written.extend(path.name for path in toy.folder.glob(".rtl.*/rtl/*"))
        raise KeyboardInterrupt

    monkeypatch.setattr("fpga.stitch.accelerator", interrupted)
    status, output = invoke(FPGA, "rtl", toy.recipe, "--build", toy.build)
    assert (status, output) == (130, "interrupted\n")
    assert "wrap_mvu.sv" in written
    assert leftovers(toy.build) == []
    assert not (toy.folder / "rtl").exists() and not (toy.folder / "dataflow.onnx").exists()


def test_interrupted_hardware_steps(own_cache: None, tmp_path: Path, pynq_python: Path) -> None:
    toy = exported(tmp_path / "model", graphs.linear())
    cache = toys.CACHE
    toys.succeed(toy, "fpga rtl")
    # A first file in the folder: until then it is being made, and could outlive an interrupt.
    interrupt(toy, "fpga sim", lambda: any(cache.glob(".rtl-tiny-*/*")))
    assert not any(cache.glob("rtl-tiny-*")) and not (toy.folder / "stages" / "rtl.json").exists()
    toys.succeed(toy, "fpga sim")
    interrupt(toy, "fpga resources", lambda: any(toy.folder.glob("synth/.xc7-*/made/log.txt")))
    assert not (toy.folder / "resources.json").exists()
    toys.succeed(toy, "fpga resources")
    interrupt(toy, "fpga netlist", lambda: any(cache.glob(".netlist-tiny-*/*")))
    assert not (toy.folder / "stages" / "netlist.json").exists()
    toys.succeed(toy, "fpga netlist")
    interrupt(toy, "fpga.shell", lambda: any(cache.glob(".board-tiny-*/*")))
    assert not (toy.folder / "board").exists()
    toys.succeed(toy, "fpga.shell")
    golden = toy.folder / "board" / "tiny.golden.npz"
    interrupt(toy, "fpga.board evaluate", golden.exists, python=pynq_python)
    assert not (toy.folder / "stages" / "board.json").exists()
    toys.succeed(toy, "fpga.board evaluate", python=pynq_python)
