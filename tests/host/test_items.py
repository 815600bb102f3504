# SPDX-License-Identifier: BSD-3-Clause
"""A source's items, cut into batches and joined again: every image once, in order, in the item's own form."""

from collections.abc import Iterator

import numpy as np
import pytest

from host.errors import DtypeError, EmptyError, RangeError, ShapeError, StallError
from host.items import Items
from host.packing import Layout

LAYOUT = Layout((2, 3, 1), 4, False, 6, 3, 1)


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 16, (count, *LAYOUT.shape), dtype=np.uint8)


def answer(images: np.ndarray) -> np.ndarray:
    """Any function of an image: integers [N, 2]."""
    flat = images.reshape(len(images), -1).astype(np.int32)
    return np.stack([flat @ (16 ** np.arange(6)), flat.sum(axis=1)], axis=1)


def streamed(items: Items) -> Iterator[np.ndarray]:
    for batch in items.batches():
        results = answer(batch)
        batch[:] = 255  # nobody may rely on it afterwards
        yield from items.results(results)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_each_item_gets_its_own_results_in_its_own_form(size: int) -> None:
    random = np.random.default_rng(size)
    source = [pixels(int(n), seed) for seed, n in enumerate(random.integers(1, 30, 40))]
    expected = [answer(item) for item in source]
    for number in range(0, 40, 3):
        source[number], expected[number] = source[number][0], expected[number][0]
    source[1], source[3] = source[1][..., 0], source[3][..., 0]  # without C
    items = Items(iter(source), LAYOUT, size)
    got = list(streamed(items))
    assert items.error is None and len(got) == 40
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)


def test_batches_have_one_size_but_for_the_last_and_one_memory() -> None:
    images = pixels(23)
    items = Items([images[:10], images[10], images[11:]], LAYOUT, 5)
    sizes, places = [], set()
    for start, batch in zip(range(0, 23, 5), items.batches(), strict=True):
        np.testing.assert_array_equal(batch, images[start : start + 5])
        sizes.append(len(batch))
        places.add(batch.__array_interface__["data"][0])
    assert sizes == [5, 5, 5, 5, 3] and len(places) == 1


def test_labels_of_single_images_are_numbers() -> None:
    images = pixels(5)
    items = Items(images, LAYOUT, 4)
    got = [label for batch in items.batches() for label in items.results(answer(batch)[:, 1])]
    assert all(isinstance(label, np.integer) for label in got)
    assert got == answer(images)[:, 1].tolist()


def test_the_source_is_asked_only_for_what_a_batch_lacks() -> None:
    pulled = 0

    def source() -> Iterator[np.ndarray]:
        nonlocal pulled
        while True:
            pulled += 1
            yield pixels(1, pulled)

    batches = Items(source(), LAYOUT, 3).batches()
    for number in range(1, 50):
        next(batches)
        assert pulled == 3 * number


def test_no_items() -> None:
    assert list(streamed(Items([], LAYOUT, 3))) == []


@pytest.mark.parametrize(
    "bad, error, says",
    [
        (pixels(2).astype(np.int64), DtypeError, "item 2 of the source: images are int64"),
        (pixels(2)[:, :1], ShapeError, r"item 2 of the source: images have shape \[2, 1, 3, 1\]"),
        (pixels(2) + np.uint8(16), RangeError, "item 2 of the source: pixel .* does not fit the input's 4 bits"),
        (pixels(0), EmptyError, "item 2 of the source: zero images"),
        ("text", DtypeError, "item 2 of the source: images are a str"),
    ],
)
def test_an_item_that_is_no_image_ends_the_source(bad: object, error: type[Exception], says: str) -> None:
    items = Items([pixels(4, 0), pixels(1, 1)[0], bad, pixels(4)], LAYOUT, 3)
    got = list(streamed(items))
    assert len(got) == 2
    np.testing.assert_array_equal(got[0], answer(pixels(4, 0)))
    np.testing.assert_array_equal(got[1], answer(pixels(1, 1))[0])
    with pytest.raises(error, match=says):
        raise items.error or AssertionError


@pytest.mark.parametrize("raised", [OSError("the camera is gone"), StallError("another overlay's", "input DMA", {})])
def test_a_source_that_raises_has_ended(raised: Exception) -> None:
    def source() -> Iterator[np.ndarray]:
        yield pixels(4)
        raise raised

    items = Items(source(), LAYOUT, 3)
    np.testing.assert_array_equal(np.concatenate(list(streamed(items))), answer(pixels(4)))
    assert items.error is raised


def test_an_interrupt_is_not_kept_for_later() -> None:
    def source() -> Iterator[np.ndarray]:
        yield pixels(4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(streamed(Items(source(), LAYOUT, 8)))
