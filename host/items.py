# SPDX-License-Identifier: BSD-3-Clause
"""A source of images cut into batches of one size, and the batches' results joined to what the source gave."""

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from host.errors import HostError
from host.images import is_one
from host.packing import Bytes, Layout, check_images

_Outcome = TypeVar("_Outcome")


class Items:
    """The items of `source`, in batches of `size` images of `layout`.

    An item is one image, uint8 [H, W, C], or several, [N, H, W, C]; C may be left out if it is 1. The source is asked
    for an item only when a batch is short of images. If it raises, or gives an item that is no image, it has ended:
    what it gave before is still in `batches`, and the exception is `error`.
    """

    def __init__(self, source: Iterable[Any], layout: Layout, size: int) -> None:
        self.error: Exception | None = None
        self._source = iter(source)
        self._layout = layout
        self._size = size
        self._open: deque[tuple[int, bool]] = deque()  # images of each item without a result, and whether it is one
        self._parts: list[npt.NDArray[np.int32]] = []  # results of the first of them

    def batches(self) -> Iterator[Bytes]:
        """Checked images uint8 [N, H, W, C]; N is `size` but in the last. The next batch overwrites the array."""
        memory = np.empty((self._size, *self._layout.shape), np.uint8)
        filled = 0
        for images in self._checked():
            while len(images):
                part = images[: self._size - filled]
                memory[filled : filled + len(part)] = part
                filled += len(part)
                images = images[len(part) :]
                if filled == self._size:
                    yield memory
                    filled = 0
        if filled:
            yield memory[:filled]

    def results(self, results: npt.NDArray[np.int32]) -> Iterator[Any]:
        """Take the results [N, ...] of the next batch; gives those of every item that is complete with them.

        [N, ...] for an item of N images, [...] (a number, if there is no further axis) for one that is an image.
        """
        while len(results):
            images, single = self._open[0]
            lacking = images - sum(len(part) for part in self._parts)
            self._parts.append(results[:lacking])
            results = results[lacking:]
            if len(self._parts[-1]) < lacking:
                return
            whole = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
            self._parts = []
            self._open.popleft()
            yield whole[0] if single else whole

    def joined(
        self, outcomes: Generator[_Outcome, None, None], results: Callable[[_Outcome], npt.NDArray[np.int32]]
    ) -> Iterator[Any]:
        """What `results` takes from each batch's outcome, item by item; then raises `error`, if there is one.

        `outcomes` is closed whatever happens.
        """
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                yield from self.results(results(outcome))
        if self.error:
            raise self.error

    def _checked(self) -> Iterator[Bytes]:
        try:
            for number, item in enumerate(self._source):
                single = isinstance(item, np.ndarray) and is_one(item.shape, self._layout.shape)
                try:
                    images = check_images(item[None] if single else item, self._layout)
                except HostError as error:
                    raise type(error)(f"item {number} of the source: {error}") from None
                self._open.append((len(images), single))
                yield images
        except Exception as error:
            self.error = error
