# SPDX-License-Identifier: BSD-3-Clause
"""Images to the accelerator's memory layout, and its results back, in whole-array operations.

A stream word holds `elements_per_word` elements of `bits` bits each, the first in the lowest bits and no gaps between
them, filled up with zeros to `word_bytes` bytes, lowest byte first. Frames follow each other without a gap.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host.errors import RangeError, ShapeError
from host.images import as_images

Bytes = npt.NDArray[np.uint8]

_CHUNK = 1 << 15  # 64-bit lanes a step: the three arrays of a step stay in the second-level cache


@dataclass(frozen=True)
class Layout:
    """One end of the accelerator: `shape` is (H, W, C) for images, (classes,) for results.

    Raises ValueError if the numbers contradict each other.
    """

    shape: tuple[int, ...]
    bits: int
    signed: bool
    elements_per_word: int
    word_bytes: int
    words_per_frame: int

    def __post_init__(self) -> None:
        if self.elements_per_word * self.words_per_frame != self.elements:
            raise ValueError(
                f"{self.words_per_frame} words of {self.elements_per_word} elements are not "
                f"the {self.elements} elements of shape {list(self.shape)}"
            )
        if self.elements_per_word * self.bits > 8 * self.word_bytes:
            raise ValueError(
                f"{self.elements_per_word} elements of {self.bits} bits do not fit a word of {self.word_bytes} bytes"
            )

    @property
    def elements(self) -> int:
        """Elements of one frame."""
        return int(np.prod(self.shape))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame in memory."""
        return self.words_per_frame * self.word_bytes


def check_images(images: object, layout: Layout) -> Bytes:
    """`images` as uint8 [N, H, W, C], contiguous; [N, H, W] is taken too where C is 1.

    Raises DtypeError, ShapeError, EmptyError or RangeError (a pixel beyond the layout's bits).
    """
    pixels = as_images(images, layout.shape)
    if layout.bits < 8 and int(pixels.max()) >> layout.bits:
        first = [int(i) for i in np.argwhere(pixels >> layout.bits)[0]]
        raise RangeError(
            f"pixel {int(pixels[tuple(first)])} at {first} does not fit the input's {layout.bits} bits "
            f"(0..{(1 << layout.bits) - 1})"
        )
    return pixels


def pack(images: Bytes, layout: Layout, out: Bytes | None = None) -> Bytes:
    """Pack checked images uint8 [N, H, W, C] into uint8 [N * frame_bytes], written into `out` if it is given.

    Values must fit `layout.bits` (see `check_images`). Raises ShapeError if `out` has another size.

    >>> nibbles = Layout((1, 2, 2), 4, False, 2, 1, 2)
    >>> [hex(byte) for byte in pack(np.array([[[[1, 2], [3, 4]]]], np.uint8), nibbles)]
    ['0x21', '0x43']
    """
    per_word, bits, word_bytes = layout.elements_per_word, layout.bits, layout.word_bytes
    size = len(images) * layout.frame_bytes
    if out is None:
        out = np.empty(size, np.uint8)
    elif out.shape != (size,) or out.dtype != np.uint8:
        raise ShapeError(f"out is {out.dtype} {list(out.shape)}, expected uint8 [{size}]")
    flat = np.ascontiguousarray(images).reshape(-1)
    words = out.reshape(-1, word_bytes)
    if bits == 8 or per_word == 1:
        if word_bytes == per_word:
            out[:] = flat
        else:
            words[:, :per_word] = flat.reshape(-1, per_word)
            words[:, per_word:] = 0
    elif per_word * bits == 8 * word_bytes:  # no gap anywhere: one long run of bits
        _compress(flat, bits, out)
    elif per_word < 8:
        _pack_short_words(flat.reshape(-1, per_word), bits, words)
    else:
        _pack_padded_words(flat.reshape(-1, per_word), bits, words)
    return out


def _compress(flat: Bytes, bits: int, out: Bytes) -> None:
    """Write the low `bits` bits of all of `flat` without gaps; out holds ceil(len(flat) * bits / 8) bytes.

    Eight elements are one 64-bit lane; three steps halve the gaps in it: 8 x 1, 4 x 2, 2 x 4, 1 x 8 elements.
    """
    whole = len(flat) // 8
    lanes = flat[: whole * 8].view("<u8")
    into = out[: whole * bits].reshape(whole, bits)
    low = [np.uint64(mask) for mask in (0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF)]
    shift = [np.uint64((8 - bits) << step) for step in range(3)]
    scratch = np.empty(min(_CHUNK, whole), np.uint64)
    lane = np.empty_like(scratch)
    for start in range(0, whole, _CHUNK):
        count = min(_CHUNK, whole - start)
        now, high = lane[:count], scratch[:count]
        source = lanes[start : start + count]
        for mask, by in zip(low, shift, strict=True):
            np.bitwise_and(source, ~mask, out=high)
            np.right_shift(high, by, out=high)
            np.bitwise_and(source, mask, out=now)
            np.bitwise_or(now, high, out=now)
            source = now
        into[start : start + count] = now.view(np.uint8).reshape(count, 8)[:, :bits]
    if rest := len(flat) - whole * 8:
        tail = np.zeros(8, np.uint8)
        tail[:rest] = flat[whole * 8 :]
        packed = np.empty(bits, np.uint8)
        _compress(tail, bits, packed)
        out[whole * bits :] = packed[: len(out) - whole * bits]


def _pack_short_words(elements: Bytes, bits: int, words: Bytes) -> None:
    """elements [words, P < 8] into words [words, B], one element position at a time."""
    used = (elements.shape[1] * bits + 7) // 8
    kind = next(np.dtype(f"<u{size}") for size in (1, 2, 4, 8) if size >= used)
    for start in range(0, len(elements), _CHUNK):
        part = elements[start : start + _CHUNK]
        total = part[:, 0].astype(kind)
        for position in range(1, part.shape[1]):
            shifted = part[:, position].astype(kind)
            shifted <<= kind.type(position * bits)
            total |= shifted
        words[start : start + len(part), :used] = total.view(np.uint8).reshape(len(part), -1)[:, :used]
    words[:, used:] = 0


def _pack_padded_words(elements: Bytes, bits: int, words: Bytes) -> None:
    """elements [words, P] into words [words, B]: elements added up to a multiple of 8, surplus bytes cut off."""
    count, per_word = elements.shape
    padded = -(-per_word // 8) * 8
    used = min(words.shape[1], padded * bits // 8)
    step = max(1, 8 * _CHUNK // padded)
    wide = np.zeros((min(step, count), padded), np.uint8)
    packed = np.empty(wide.size * bits // 8, np.uint8)
    for start in range(0, count, step):
        part = elements[start : start + step]
        wide[: len(part), :per_word] = part
        _compress(wide[: len(part)].reshape(-1), bits, packed[: len(part) * padded * bits // 8])
        words[start : start + len(part), :used] = packed.reshape(len(wide), -1)[: len(part), :used]
    words[:, used:] = 0


def unpack(memory: Bytes, layout: Layout) -> npt.NDArray[np.int32]:
    """Results as int32 [N, *shape] from uint8 [N * frame_bytes]. Raises ShapeError for a part of a frame.

    >>> unpack(np.array([0xF1, 0x27], np.uint8), Layout((4,), 4, True, 2, 1, 2)).tolist()
    [[1, -1, 7, 2]]
    """
    if memory.ndim != 1 or memory.dtype != np.uint8 or memory.size % layout.frame_bytes:
        raise ShapeError(
            f"results are {memory.dtype} {list(memory.shape)}, expected uint8, a multiple of {layout.frame_bytes} bytes"
        )
    frames = memory.size // layout.frame_bytes
    per_word, bits = layout.elements_per_word, layout.bits
    words = memory.reshape(-1, layout.word_bytes)
    result = np.empty((len(words), per_word), np.int32)
    for element in range(per_word):
        first, shift = divmod(element * bits, 8)
        value = np.zeros(len(words), np.int64)
        for byte in range((shift + bits + 7) // 8):
            value |= words[:, first + byte].astype(np.int64) << (8 * byte)
        value = (value >> shift) & ((1 << bits) - 1)
        if layout.signed:
            half = 1 << (bits - 1)
            value = (value ^ half) - half
        result[:, element] = value
    return result.reshape(frames, *layout.shape)
