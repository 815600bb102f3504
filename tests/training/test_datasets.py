# SPDX-License-Identifier: BSD-3-Clause
"""Data sets: the built-in one, files in each layout, and what is said about missing and damaged ones."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chain.errors import InputError
from training import datasets, recipe
from training.datasets import Dataset, cifar10, fashion_mnist
from training.recipe import Recipe

STAGE = {"name": "wrap", "epochs": 1, "lr": 0.001, "accumulator": "wrap"}


def of(dataset: str) -> Recipe:
    return recipe.parse({"name": "a", "dataset": dataset, "network": "digits", "stages": [STAGE]})


def idx(array: np.ndarray) -> bytes:
    header = (0x800 + array.ndim).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """A tiny Fashion-MNIST: 20 and 10 images, half of the files gzipped."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 20), ("t10k", 10)):
        images = idx(generator.integers(0, 256, (count, 28, 28)))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))
    return tmp_path


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    """A tiny CIFAR-10: six files of 4 records."""
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for number, name in enumerate((*cifar10.TRAIN, cifar10.TEST)):
        records = np.full((4, cifar10.RECORD), number, np.uint8)
        records[:, 0] = np.arange(4)
        records[:, 1] = 200  # the first red pixel
        (folder / name).write_bytes(records.tobytes())
    return tmp_path


def test_digits() -> None:
    found = datasets.load(of("digits"))
    assert found.input_shape == (1, 8, 8) and found.maximum == 16
    assert (len(found.train_images), len(found.test_images)) == (1348, 449)
    assert set(found.test_labels.tolist()) == set(range(10))
    together = np.concatenate([found.train_images, found.test_images])
    assert together.max() == 16
    again = datasets.load(of("digits"))
    assert np.array_equal(found.test_images, again.test_images)
    train = {image.tobytes() for image in found.train_images}
    assert sum(image.tobytes() in train for image in found.test_images) == 0


def test_breast_cancer() -> None:
    found = datasets.load(of("breast-cancer"))
    assert found.input_shape == (30, 1, 1) and found.class_names == ("malignant", "benign")
    assert len(found.train_images) == 427 and len(found.test_images) == 142
    assert (found.train_images.min(axis=(0, 2, 3)) == 0).all() and (found.train_images.max(axis=(0, 2, 3)) == 255).all()
    rows = {image.tobytes() for image in found.train_images}
    assert not rows & {image.tobytes() for image in found.test_images}


def test_fashion_mnist_from_files(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = datasets.load(of("fashion-mnist"), fashion)
    assert found.train_images.shape == (20, 1, 28, 28) and found.test_labels.tolist() == list(range(10))
    monkeypatch.setenv("DATA", str(fashion))
    assert np.array_equal(datasets.load(of("fashion-mnist")).train_images, found.train_images)


def test_fashion_mnist_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dataset-fashion-mnist") as caught:
        datasets.load(of("fashion-mnist"), tmp_path)
    assert str(tmp_path) in str(caught.value) and "train-images-idx3-ubyte" in str(caught.value)


def test_fashion_mnist_incomplete(fashion: Path) -> None:
    (fashion / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="neither t10k-labels-idx1-ubyte nor"):
        fashion_mnist.load(fashion)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("train-labels-idx1-ubyte", lambda b: b[:-1], "truncated"),
        ("train-labels-idx1-ubyte", lambda b: b + b"x", "truncated or too long"),
        ("train-labels-idx1-ubyte", lambda b: b[:6], "truncated"),
        ("train-labels-idx1-ubyte", lambda b: b"", "magic"),
        ("train-labels-idx1-ubyte", lambda b: b"\0\0\x08\x03" + b[4:], "magic number 0x00000803, expected 0x00000801"),
        ("train-images-idx3-ubyte.gz", lambda b: b[:-30], "damaged"),
        ("train-images-idx3-ubyte.gz", lambda b: b"no gzip", "damaged"),
    ],
)
def test_fashion_mnist_damaged(fashion: Path, name: str, damage: Any, message: str) -> None:
    path = fashion / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        fashion_mnist.load(fashion)
    assert str(path) in str(caught.value)


def test_fashion_mnist_counts_must_agree(fashion: Path) -> None:
    (fashion / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(19)))
    with pytest.raises(InputError, match="20 images but 19 labels"):
        fashion_mnist.load(fashion)


def test_cifar10_from_files(cifar: Path) -> None:
    for place in (cifar, cifar / "cifar-10-batches-bin"):
        found = datasets.load(of("cifar10"), place)
        assert found.train_images.shape == (20, 3, 32, 32) and found.test_images.shape == (4, 3, 32, 32)
        assert found.train_labels.tolist() == [0, 1, 2, 3] * 5
        assert found.test_images[0, 0, 0, 0] == 200 and found.test_images[0, 2, 31, 31] == 5


def test_cifar10_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA", raising=False)
    with pytest.raises(InputError, match="DATA is not set"):
        datasets.load(of("cifar10"))
    with pytest.raises(InputError, match="cifar-10-binary") as caught:
        datasets.load(of("cifar10"), tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_cifar10_damaged(cifar: Path) -> None:
    path = cifar / "cifar-10-batches-bin" / "data_batch_2.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(InputError, match=r"data_batch_2.bin is truncated"):
        cifar10.load(cifar)
    path.write_bytes(b"\x0b" + whole[1:])
    with pytest.raises(InputError, match="found label 11"):
        cifar10.load(cifar)
    path.unlink()
    with pytest.raises(InputError, match=r"no file .*data_batch_2.bin"):
        cifar10.load(cifar)


def test_an_unknown_data_set_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fashion-mnist'"):
        datasets.load(of("fashion_mnist"))


def test_a_users_function(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "from training.datasets import Dataset\n"
        "def load(data):\n"
        "    x, y = np.zeros((4, 2, 3, 3), np.uint8), np.array([0, 1, 0, 1])\n"
        "    return Dataset(x, y, x, y, ('a', str(data)))\n"
        "def wrong(data):\n"
        "    return 3\n"
        "fails = 1\n",
        encoding="utf-8",
    )
    path = tmp_path / "r.toml"

    def load(reference: str) -> Dataset:
        path.write_text(
            f'name = "r"\ndataset = "{reference}"\nnetwork = "digits"\n'
            '[[stages]]\nname = "w"\nepochs = 1\nlr = 0.1\naccumulator = "wrap"\n',
            encoding="utf-8",
        )
        return datasets.load(recipe.load(str(path)), tmp_path / "files")

    assert load("mine.py:load").class_names == ("a", str(tmp_path / "files"))
    with pytest.raises(InputError, match="returned a int"):
        load("mine.py:wrong")
    with pytest.raises(InputError, match=r"no file .*other.py"):
        load("other.py:load")
    with pytest.raises(InputError, match=r"has no 'lode'; it has .*load"):
        load("mine.py:lode")
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken.py does not run: ModuleNotFoundError"):
        load("broken.py:load")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": np.zeros((4, 1, 2, 2), np.float32)}, "train_images: found float32"),
        ({"train_images": np.zeros((4, 2, 2), np.uint8)}, "expected uint8"),
        ({"test_images": np.zeros((0, 1, 2, 2), np.uint8)}, "test_images"),
        ({"test_images": np.zeros((4, 1, 2, 3), np.uint8)}, "train are"),
        ({"test_labels": np.zeros(3, np.int64)}, "test_labels"),
        ({"test_labels": np.array([0, 1, 2, 0])}, r"found 0..2, expected 0..1"),
        ({"train_labels": np.array([0, 1, -1, 0])}, "found -1"),
        ({"train_images": np.full((4, 1, 2, 2), 9, np.uint8)}, "found 9, expected at most maximum = 8"),
        ({"train_labels": [0, 1, 0, 1]}, "train_labels: found a list, expected a numpy array"),
        ({"class_names": ("a",)}, r"class_names: found \('a',\), expected the names of two classes or more"),
        ({"class_names": "ab"}, "class_names: found 'ab'"),
    ],
)
def test_arrays_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    x, y = np.zeros((4, 1, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    good: dict[str, Any] = {"train_images": x, "train_labels": y, "test_images": x, "test_labels": y}
    with pytest.raises(InputError, match=message):
        Dataset(**{**good, "class_names": ("a", "b"), **change}, maximum=8)


def test_a_split_takes_its_share_of_every_class_and_leaves_the_test_images_out() -> None:
    labels = np.repeat([0, 1, 2], [40, 80, 20]).astype(np.int64)
    images = np.arange(140, dtype=np.uint8).reshape(140, 1, 1, 1)
    whole = Dataset(images, labels, images[:1] + 200, labels[:1], ("a", "b", "c"))
    part = whole.split(0.25, seed=4)
    assert np.bincount(part.test_labels).tolist() == [10, 20, 5] and part.judges == "validation"
    both = np.concatenate([part.train_images, part.test_images]).ravel()
    assert sorted(both) == list(range(140))
    assert (labels[part.test_images.ravel()] == part.test_labels).all()
    assert (labels[part.train_images.ravel()] == part.train_labels).all()
    assert np.array_equal(part.test_images, whole.split(0.25, seed=4).test_images)
    assert not np.array_equal(part.test_images, whole.split(0.25, seed=5).test_images)
    assert whole.judges == "test"


def test_a_split_that_cannot_be() -> None:
    images, labels = np.zeros((5, 1, 1, 1), np.uint8), np.array([0, 0, 0, 0, 1])
    with pytest.raises(InputError, match=r"no validation split of 0\.25 of the 5 training images"):
        Dataset(images, labels, images, labels, ("a", "b")).split(0.25)
