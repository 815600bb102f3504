# SPDX-License-Identifier: BSD-3-Clause
"""What the drivers of all boards have in common: results as labels, a measured call, the golden images."""

import abc
import math
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from host import packing
from host.board import Board
from host.errors import EmptyError, MetadataError, MismatchError, MissingFileError, RangeError, SelfTestError
from host.items import Items
from host.job import Results, frames_of_a_job
from host.metadata import Metadata
from host.sensors import Power
from host.throughput import Throughput

_Own = TypeVar("_Own", bound="Driver")


class Driver(abc.ABC):
    """One accelerator on one board. `golden` is the file of its golden images, beside `bitfile`.

    `stage` is the name of its comparison with the reference, `simulated` says that no hardware is involved, and
    `clock_mhz` is the clock that the board has.
    """

    stage: ClassVar[str]
    bitfile: Path
    golden: Path
    metadata: Metadata
    simulated: bool
    clock_mhz: float

    @abc.abstractmethod
    def results(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """What `run` gives without `labels`; raises what it raises."""

    @abc.abstractmethod
    def run_timed(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], Throughput]:
        """Like `run`, with the speed of this very call; its interval and FPS are nan where it has none to measure."""

    @property
    @abc.abstractmethod
    def board(self) -> Board:
        """Which board this is, as far as it tells."""

    @abc.abstractmethod
    def power(self) -> Power:
        """The board's power now, in watts by rail; says plainly where a board has no sensor."""

    def run(self, images: npt.NDArray[np.uint8], labels: bool = False) -> npt.NDArray[np.int32]:
        """Logits int32 [N, classes] of images uint8 [N, H, W, C] ([N, H, W] too if C is 1); with `labels`, int32 [N].

        An accelerator that chooses the label itself has no logits to give, but labels [N, 1].
        Images are raw pixels as the network's input takes them. Raises ShapeError, DtypeError, RangeError or
        EmptyError about the images; StallError, BusError, BusyError, MismatchError or DeviceError (LinkError where the
        board is on a serial line) about the board.
        """
        outputs = self.results(images)
        return self.metadata.predictions(outputs) if labels else outputs

    def run_batches(
        self, images: npt.NDArray[np.uint8], batch: int
    ) -> Iterator[tuple[npt.NDArray[np.int32], Throughput]]:
        """`run_timed` of every `batch` images (fewer where 16 MiB hold no more), in order."""
        size = frames_of_a_job(self.metadata, batch)
        return (self.run_timed(images[start : start + size]) for start in range(0, len(images), size))

    def stream(self, source: Iterable[npt.NDArray[np.uint8]], labels: bool = True, batch: int = 256) -> Iterator[Any]:
        """For every item of `source`, in order: its labels, or with `labels=False` its logits, as `run` gives them.

        An item is one image, uint8 [H, W, C], whose label is a number int32 and whose logits are int32 [classes], or
        several, [N, H, W, C], with labels [N] and logits [N, classes]; batches spare Python work. `batch` images are
        run at a time (fewer where 16 MiB hold no more), whatever the items are: the larger, the less the host has to
        do, the smaller, the sooner a result comes. The source is asked for no more than that in the meantime.

        Raises as `run` does. If the source raises, or gives an item that is not an image, that is raised once
        everything before it has its result. Whatever happens, the driver can be used again.
        """
        size = frames_of_a_job(self.metadata, batch)
        items = Items(source, self.metadata.input, size)
        results = self.metadata.predictions if labels else lambda outputs: outputs
        return items.joined(self._outputs(items.batches(), size), results)

    def _outputs(self, batches: Iterable[packing.Bytes], size: int) -> Generator[Results, None, None]:
        """Results of each batch of a stream, in order; a batch is 1 to `size` checked images, and soon overwritten."""
        for images in batches:
            yield self.results(images)

    def throughput(self, batch: int | npt.NDArray[np.uint8]) -> Throughput:
        """Measure one call: `batch` is a number of images (at least 2; random pixels) or the images themselves."""
        if isinstance(batch, int | np.integer):
            if batch < 2:
                raise RangeError(f"batch is {batch}, expected at least 2: one image has no interval")
            source = self.metadata.input
            random = np.random.default_rng(0)
            images = random.integers(0, 1 << source.bits, (int(batch), *source.shape), dtype=np.uint8)
        else:
            images = batch
        speed = self.run_timed(images)[1]
        if math.isnan(speed.interval_cycles):
            raise RangeError(f"batch has {speed.images} image, expected at least 2: one image has no interval")
        return speed

    def golden_vectors(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        """The golden images beside the bitstream (<model>.golden.npz), and what `run` must give for them.

        Raises MissingFileError, MetadataError, EmptyError or MismatchError (another network's) about the file.
        """
        images, outputs = _golden(self.golden)
        expected = self.metadata.results(outputs).astype(np.int32) if outputs.ndim == 2 else outputs
        shape = self.metadata.output.shape
        if expected.shape[1:] != shape:
            raise MismatchError(
                f"{self.golden}: outputs have shape {list(outputs.shape)}, the accelerator gives [N, {shape[0]}]; copy "
                "the files of one build"
            )
        return images, expected

    def self_test(self) -> int:
        """Run the golden images; returns their number.

        Raises SelfTestError naming the first wrong value, and what `golden_vectors` raises.
        """
        images, expected = self.golden_vectors()
        got = self.run(images)
        wrong = np.argwhere(got != expected)
        if len(wrong):
            image, index = (int(i) for i in wrong[0])
            raise SelfTestError(
                f"{len(np.unique(wrong[:, 0]))} of {len(images)} golden images differ; first image {image}, output "
                f"{index}: expected {expected[image, index]}, got {got[image, index]}"
            )
        return len(images)

    @abc.abstractmethod
    def close(self) -> None:
        """Give back what the driver holds of the board; it cannot be used afterwards."""

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _golden(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    if not path.is_file():
        raise MissingFileError(f"{path}: the golden vectors are missing; copy them beside the bitstream")
    try:
        with np.load(path, allow_pickle=False) as content:
            images, outputs = content["images"], content["outputs"]
    except (OSError, ValueError, KeyError) as error:
        raise MetadataError(f"{path} does not hold images and outputs: {error}") from None
    if len(images) == 0 or len(images) != len(outputs):
        raise EmptyError(f"{path}: {len(images)} images and {len(outputs)} outputs, expected as many, at least one")
    return images, outputs
