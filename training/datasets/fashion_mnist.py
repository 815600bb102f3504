# SPDX-License-Identifier: BSD-3-Clause
"""Fashion-MNIST: 70,000 images of 28x28 pixels in four IDX files, as they are or gzipped."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import InputError
from training.datasets.dataset import Dataset

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
IMAGES_MAGIC, LABELS_MAGIC = 0x00000803, 0x00000801


def load(data: Path | None = None) -> Dataset:
    """Read the four files from `data`, `data`/fashion-mnist or Debian's folder."""
    folder = find(data)
    return Dataset(*_part(folder, "train"), *_part(folder, "t10k"), CLASSES)


def _part(folder: Path, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    images = read_idx(_file(folder, f"{part}-images-idx3-ubyte"), IMAGES_MAGIC)
    labels = read_idx(_file(folder, f"{part}-labels-idx1-ubyte"), LABELS_MAGIC)
    if len(images) != len(labels):
        raise InputError(f"{folder}: {part} has {len(images)} images but {len(labels)} labels")
    return images[:, None], labels.astype(np.int64)


def find(data: Path | None) -> Path:
    """The first folder that holds any of the files. Raises InputError that says what is needed and where it looked."""
    places = [data, data / "fashion-mnist"] if data else [FOLDER]
    for place in places:
        if any(place.glob("*-ubyte*")):
            return place
    raise InputError(
        "Fashion-MNIST is missing: looked for train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or each with .gz) in "
        f"{', '.join(str(place) for place in places)}. On Debian: apt-get install dataset-fashion-mnist; "
        "elsewhere: DATA=<folder of the files>"
    )


def read_idx(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """The array of one IDX file of bytes, gzipped if its name ends in .gz.

    Raises InputError, with the file's name, for another magic number or another length than the header says.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged: {error}") from None
    found = int.from_bytes(content[:4], "big")
    if len(content) < 4 or found != magic:
        raise InputError(f"{path}: found magic number 0x{found:08x}, expected 0x{magic:08x}; not such an IDX file")
    dimensions = magic & 0xFF
    header = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:header], ">u4") if len(content) >= header else np.zeros(0, ">u4")
    expected = header + int(np.prod(shape.astype(np.int64)))
    if len(shape) != dimensions or len(content) != expected:
        raise InputError(f"{path} is truncated or too long: {len(content)} bytes, its header says {expected}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape.astype(int)).copy()


def _file(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise InputError(f"Fashion-MNIST is incomplete: {folder} has neither {name} nor {name}.gz")
