# SPDX-License-Identifier: BSD-3-Clause
"""Packing and unpacking against plain Python integers, and their speed."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.errors import DtypeError, EmptyError, RangeError, ShapeError
from host.packing import Layout, check_images, pack, unpack


@st.composite
def layouts(draw: st.DrawFn, most_bits: int = 8, image: bool = True) -> Layout:
    bits = draw(st.integers(1, most_bits))
    per_word = draw(st.integers(1, 21))
    words = draw(st.integers(1, 9))
    word_bytes = -(-per_word * bits // 8) + draw(st.sampled_from([0, 0, 0, 1, 3]))
    shape = (1, words, per_word) if image else (words * per_word,)
    return Layout(shape, bits, draw(st.booleans()) and not image, per_word, word_bytes, words)


def words_of(values: list[int], layout: Layout) -> bytes:
    """The memory of one frame, by Python's integers alone."""
    memory = b""
    for start in range(0, len(values), layout.elements_per_word):
        word = 0
        for position, value in enumerate(values[start : start + layout.elements_per_word]):
            word |= (value & ((1 << layout.bits) - 1)) << (position * layout.bits)
        memory += word.to_bytes(layout.word_bytes, "little")
    return memory


@given(layouts(), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_packing_equals_python_integers(layout: Layout, frames: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 1 << layout.bits, (frames, *layout.shape), dtype=np.uint8)
    expected = b"".join(words_of(frame.reshape(-1).tolist(), layout) for frame in images)
    assert pack(images, layout).tobytes() == expected
    dirty = np.full(len(expected), 0xA5, np.uint8)
    assert pack(images, layout, dirty) is dirty
    assert dirty.tobytes() == expected


@given(layouts(most_bits=31, image=False), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_unpacking_equals_python_integers(layout: Layout, frames: int, seed: int) -> None:
    low = -(1 << layout.bits - 1) if layout.signed else 0
    values = np.random.default_rng(seed).integers(low, low + (1 << layout.bits), (frames, *layout.shape))
    memory = b"".join(words_of(frame.tolist(), layout) for frame in values)
    got = unpack(np.frombuffer(memory, np.uint8), layout)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("bits, per_word", [(1, 8), (3, 24), (4, 16), (5, 3), (5, 9), (7, 16)])
def test_more_than_one_chunk(bits: int, per_word: int) -> None:
    layout = Layout((7, 5, 48 * 3), bits, False, per_word, -(-per_word * bits // 8), 7 * 5 * 48 * 3 // per_word)
    images = np.random.default_rng(bits).integers(0, 1 << bits, (150, *layout.shape), dtype=np.uint8)
    packed = pack(images, layout).reshape(150, -1)
    for image in (0, 77, 149):
        assert packed[image].tobytes() == words_of(images[image].reshape(-1).tolist(), layout)


@pytest.mark.parametrize(
    "bits, per_word, required", [(8, 1, 1000), (8, 16, 1000), (1, 16, 200), (2, 8, 200), (3, 8, 200)]
)
@pytest.mark.parametrize("images", [2000])
def test_speed_on_one_core(bits: int, per_word: int, required: int, images: int) -> None:
    """Processor time, not wall time: what one core does, however busy the machine is."""
    layout = Layout((28, 28, 16), bits, False, per_word, per_word * bits // 8, 28 * 28 * 16 // per_word)
    pixels = np.random.default_rng(0).integers(0, 1 << bits, (images, *layout.shape), dtype=np.uint8)
    out = np.empty(images * layout.frame_bytes, np.uint8)
    best = float("inf")
    for _ in range(12):
        begin = time.thread_time()
        pack(check_images(pixels, layout), layout, out)
        best = min(best, time.thread_time() - begin)
    assert pixels.nbytes / best / 1e6 >= required, "MB/s of images, the best of 12"


LAYOUT = Layout((3, 4, 1), 5, False, 1, 1, 12)


@pytest.mark.parametrize(
    "images, error, says",
    [
        ([[1, 2]], DtypeError, "list"),
        (np.zeros((2, 3, 4, 1), np.float32), DtypeError, "float32, expected uint8"),
        (np.zeros((2, 4, 3, 1), np.uint8), ShapeError, r"\[2, 4, 3, 1\], expected uint8 \[N, 3, 4, 1\]"),
        (np.zeros((2, 1, 3, 4), np.uint8), ShapeError, r"transpose\(0, 2, 3, 1\)"),
        (np.zeros((3, 4), np.uint8), ShapeError, r"images\[None\]"),
        (np.zeros((0, 3, 4, 1), np.uint8), EmptyError, "zero images"),
        (np.pad(np.uint8([[[[32]]]]), ((1, 0), (1, 1), (3, 0), (0, 0))), RangeError, r"32 at \[1, 1, 3, 0\].*5 bits"),
    ],
)
def test_bad_images_have_their_own_errors(images: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_images(images, LAYOUT)


def test_one_channel_may_be_left_out() -> None:
    assert check_images(np.zeros((2, 3, 4), np.uint8), LAYOUT).shape == (2, 3, 4, 1)


def test_strided_images_pack_like_contiguous_ones() -> None:
    images = np.random.default_rng(1).integers(0, 32, (6, 4, 3, 1), dtype=np.uint8)[::2].transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(
        pack(check_images(images, LAYOUT), LAYOUT), pack(np.ascontiguousarray(images), LAYOUT)
    )


@pytest.mark.parametrize(
    "words, word_bytes, says", [(11, 1, "11 words of 1 elements"), (12, 0, "do not fit a word of 0 bytes")]
)
def test_contradicting_layouts_are_refused(words: int, word_bytes: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Layout((3, 4, 1), 5, False, 1, word_bytes, words)


def test_part_of_a_frame_is_refused() -> None:
    with pytest.raises(ShapeError, match="multiple of 12"):
        unpack(np.zeros(13, np.uint8), LAYOUT)
    with pytest.raises(ShapeError, match=r"expected uint8 \[24\]"):
        pack(np.zeros((2, 3, 4, 1), np.uint8), LAYOUT, np.zeros(12, np.uint8))
