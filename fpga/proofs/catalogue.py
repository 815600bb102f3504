# SPDX-License-Identifier: BSD-3-Clause
"""All proofs: which cell, at which parameters, with which contents of its memories.

Contents are random by a fixed seed, with the extremes set by hand; a proof holds for all inputs, not for all contents.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from chain.integers import half
from fpga import products, rtl_memory
from fpga.levels import UNLIMITED
from fpga.proofs.engine import Proof

Integers = npt.NDArray[np.int64]
Paths = tuple[tuple[str, str], ...]

# What every stream cell keeps apart, so that ready/valid streams in a ring never make a loop without a register.
STREAM: Paths = (("out_ready_i", "out_valid_o"), ("out_ready_i", "out_data_o"))
REGISTERED: Paths = (*STREAM, ("in_valid_i", "out_valid_o"), ("in_data_i", "out_data_o"))


def catalogue() -> list[Proof]:
    """Every proof, those of one cell together."""
    return [*_arithmetic(), *_streams(), *_windows(), *_activations(), *_products()]


def _arithmetic() -> Iterator[Proof]:
    for width in (1, 3):
        for cell, invert in product(("add_four", "sum_three"), (0, 0b011_101_001 % (1 << 3 * width))):
            yield _proof(cell, {"Width": width, "Invert": invert}, quick=width == 3)
        yield _proof("sum_three", {"Width": width, "Invert": 0, "InvertIn": 2}, quick=width == 3)
        for cell in ("add_two", "add_running", "add_three", "sub_gated", "add_halves", "add_parities"):
            yield _proof(cell, {"Width": width}, quick=width == 3)
        yield _proof("sign_gate", {"Width": width, "Count": 2}, quick=width == 3)
    yield _proof("choose_half", {"Count": 2}, quick=True)
    for width, weight_bits in ((1, 2), (2, 2), (3, 3), (2, 4), (4, 4), (3, 5), (4, 8)):
        values = {"Width": width, "WeightBits": weight_bits, "Count": 2}
        yield _proof("booth_product", values, quick=weight_bits in (3, 4))
    # All eight patterns of inverted products.
    yield _proof("count_three", {"Width": 8}, {"Invert": _packed([0b10101010, 0b11001100, 0b11110000], 8)}, quick=True)
    for cell in ("bit_heap", "heap_sum"):
        for levels, heights in ((1, (3, 4, 2)), (1, (4, 0, 3)), (1, (1,)), (1, (4, 4, 4)), (2, (5, 0, 2))):
            yield _heap(cell, levels, heights, quick=heights == (4, 4, 4))
        yield _heap(cell, 2, (7, 5, 6), depth=12)
    yield _heap("bit_heap", 2, (8, 8, 8, 8), depth=7)
    yield _heap("bit_heap", 3, (9, 13, 2), depth=8)
    trees: Sequence[tuple[int, Sequence[int]]] = (
        *((1, heights) for heights in ((2, 1, 2), (1, 2), (3, 4))),
        *((2, heights) for heights in ((3, 0, 4), (1, 4, 3), (4, 3, 0), (2, 1))),
    )
    for cell, (levels, columns) in product(("adder_tree", "heap_sum"), trees):
        yield _adders(_heap(cell, levels, columns, quick=levels == 2))
    yield _adders(_heap("adder_tree", 3, (7, 5, 6), depth=8))
    yield _adders(_heap("adder_tree", 2, (8, 1, 8), depth=7))
    for bits, fold in (
        (8, 0),
        (8, 1),
        (8, 2),
        (8, 3),
        (8, 5),
        (8, 7),
        (8, 255),
        (4, 7),
        (4, 15),
        (3, 3),
        (2, 1),
        (12, 3),
    ):
        yield _proof("fold_value", {"Bits": bits, "Fold": fold}, quick=(bits, fold) in ((8, 3), (8, 5)))
    yield _proof("fold_value", {"Bits": 32, "Fold": 3})
    for simd, in_bits, sum_bits, every in (
        (1, 2, 3, 0),
        (2, 2, 3, 0),
        (3, 1, 2, 0),
        (4, 1, 3, 0),
        (5, 2, 4, 1),
        (5, 2, 3, 0),
        (6, 2, 2, 0),
        (6, 1, 1, 1),
    ):
        values = {"Simd": simd, "InBits": in_bits, "SumBits": sum_bits, "All": every}
        yield _proof("binary_dot", values, quick=simd in (3, 5))
        if simd in (2, 5):
            yield _proof("binary_dot", {**values, "Cut": 1}, quick=every == 1)
        if simd in (1, 5, 6):
            yield _adders(_proof("binary_dot", values, quick=simd == 5))
    for every in (0, 1):
        yield _proof("binary_dot", {"Simd": 12, "InBits": 2, "SumBits": 4, "All": every}, depth=5)
        yield _proof("binary_dot", {"Simd": 17, "InBits": 1, "SumBits": 4, "All": every}, depth=5)
    for simd, in_bits, weight_bits, sum_bits in ((1, 1, 2, 3), (3, 1, 2, 4), (6, 1, 2, 3), (2, 2, 2, 4), (1, 3, 3, 5)):
        yield _dot(simd, in_bits, weight_bits, sum_bits, quick=simd in (2, 3))
        if simd in (2, 3):
            yield _adders(_dot(simd, in_bits, weight_bits, sum_bits, quick=simd == 2))
    yield _dot(4, 1, 2, 3)
    yield _dot(3, 2, 2, 4, depth=8)
    yield _dot(3, 2, 2, 6, depth=8)
    yield _dot(8, 1, 2, 4, depth=7)
    yield _dot(2, 2, 4, 8, depth=7)
    for simd, in_bits, weight_bits, ternary, sum_bits in (
        (1, 2, 2, 1, 3),
        (3, 2, 2, 1, 3),
        (5, 1, 2, 1, 3),
        (1, 2, 4, 0, 6),
        (2, 2, 2, 0, 4),
        (1, 1, 5, 0, 5),
        (1, 3, 3, 0, 4),
    ):
        yield _digits(simd, in_bits, weight_bits, ternary, sum_bits, quick=simd in (2, 3))
        if simd in (2, 3):
            yield _adders(_digits(simd, in_bits, weight_bits, ternary, sum_bits, quick=simd == 2))
    yield _digits(6, 2, 2, 1, 5, depth=7)
    yield _digits(2, 2, 4, 0, 7, depth=7)
    for rows in (1, 3):
        words = np.random.default_rng(rows).integers(0, 8, rows)
        values = {"Rows": rows, "Width": 3}
        files = {"starts.hex": rtl_memory.mvu_starts(words, 1, 3)}
        yield _proof("start_rom", values, {"Words": _packed(words, 3)}, files, quick=True)
    for bits, single, start in ((2, 0, "2'h0"), (3, 0, "3'h5"), (4, 1, "4'h5")):
        summed = _proof("wrap_accumulate", {"Bits": bits, "Single": single}, {"Start": start}, quick=True)
        yield summed
        yield _adders(summed)
    for depth, style in ((1, 0), (2, 0), (5, 0), (5, 1), (5, 2)):
        words = np.random.default_rng(depth).integers(0, 8, depth)
        yield _proof(
            "weight_rom",
            {"Depth": depth, "Width": 3, "Style": style},
            {"Words": _packed(words, 3)},
            {"weights.hex": rtl_memory.hex_lines(words[:, None], 3)},
            quick=depth == 5,
        )


def _streams() -> Iterator[Proof]:
    apart: Paths = (*REGISTERED, ("out_ready_i", "in_ready_o"))
    for width, depth in ((2, 2), (2, 3), (1, 4), (1, 5)):
        yield _proof("stream_fifo", {"Width": width, "Depth": depth}, apart=apart, quick=depth < 4)
    for depth in (7, 9):
        yield _proof("stream_fifo", {"Width": 1, "Depth": depth}, apart=apart)
    yield _proof("stream_fork", {"Width": 2}, apart=STREAM, quick=True)
    for levels in (0, 1, 3):
        yield _proof("stream_pipe", {"Width": 2, "Levels": levels}, apart=REGISTERED, quick=levels < 3)
    apart = (*STREAM, ("in0_valid_i", "out_valid_o"), ("in1_valid_i", "out_valid_o"))
    for pe, in0, in1, out in ((1, 2, 2, 3), (2, 2, 1, 3), (1, 1, 3, 5)):
        yield _proof(
            "stream_add", {"Pe": pe, "In0Bits": in0, "In1Bits": in1, "OutBits": out}, apart=apart, quick=pe == 2
        )
    for pe, bits, fold in ((2, 3, 3), (1, 4, 0), (1, 4, 2)):
        yield _proof("wrap_fold", {"Pe": pe, "Bits": bits, "Fold": fold}, apart=REGISTERED, quick=fold == 2)
    for width, parts in ((1, 2), (2, 3)):
        yield _proof(
            "stream_narrow",
            {"Width": width, "Parts": parts},
            apart=(*REGISTERED, ("out_ready_i", "in_ready_o")),
            quick=parts == 3,
        )
    for height, columns, kh, kw, ch, pe, bits in (
        (2, 2, 2, 2, 1, 1, 2),
        (3, 3, 2, 2, 1, 1, 1),
        (2, 4, 2, 2, 2, 1, 1),
        (2, 3, 1, 2, 2, 2, 1),
        (4, 2, 2, 1, 1, 1, 1),
        (5, 1, 2, 1, 1, 1, 1),
    ):
        values = {"Height": height, "Columns": columns, "Kh": kh, "Kw": kw, "Ch": ch, "Pe": pe, "Bits": bits}
        for cell in ("pool_max", "pool_ahead"):
            ahead = {"Ahead": int(cell == "pool_ahead")}
            yield _proof(cell, {**values, **ahead}, apart=REGISTERED, quick=height == 3, top="pool_max")
    for ch, k, pe, bits in ((1, 1, 1, 2), (1, 3, 1, 2), (2, 4, 2, 1), (2, 2, 1, 3)):
        yield _proof("window_max", {"Ch": ch, "K": k, "Pe": pe, "Bits": bits}, apart=REGISTERED, quick=k == 3)
    for ch, pe, pixels, in_bits, out_bits in (
        (1, 1, 3, 2, 4),
        (2, 1, 2, 2, 3),
        (2, 2, 2, 1, 2),
        (3, 1, 2, 1, 3),
        (1, 1, 1, 1, 1),
    ):
        values = {"Ch": ch, "Pe": pe, "Pixels": pixels, "InBits": in_bits, "OutBits": out_bits}
        yield _proof("window_sum", values, apart=REGISTERED, quick=pixels == 2 and pe == 1 and in_bits == 2)
    for classes, pe, bits, index_bits in (
        (4, 2, 2, 2),
        (3, 1, 2, 2),
        (3, 3, 2, 3),
        (1, 1, 2, 1),
        (6, 3, 2, 3),
        (5, 5, 2, 3),
    ):
        values = {"Classes": classes, "Pe": pe, "Bits": bits, "IndexBits": index_bits}
        yield _proof("arg_max", values, apart=REGISTERED, quick=classes == 4)
        if pe > 2:
            yield _proof("arg_max", {**values, "MaxLevels": 3}, apart=REGISTERED)
    apart = (*REGISTERED, ("out_ready_i", "out_bytes_o"), ("out_ready_i", "out_last_o"))
    for inputs, outputs, unit in ((2, 3, 1), (3, 2, 1), (4, 2, 2), (1, 2, 1), (2, 2, 2)):
        values = {"InBytes": inputs, "OutBytes": outputs, "Unit": unit}
        yield _proof("byte_gearbox", values, apart=apart, quick=inputs == 1)


def _windows() -> Iterator[Proof]:
    for count, start in ((1, 0), (2, 0), (2, 1), (3, 2), (4, 3), (5, 0), (6, 2), (7, 0), (8, 0), (9, 4), (18, 0)):
        values = {"Count": count, "Start": start}
        yield _proof("step_counter", values, quick=count == 3)
        yield _proof("index_counter", values, quick=count in (2, 3))
        for dense in (0, 1):
            yield _proof("place_counter", {**values, "Dense": dense}, quick=count in (3, 5))
    for first, stride in ((1, 1), (3, 1), (9, 1), (1, 2), (2, 2), (2, 3), (3, 3), (5, 4)):
        yield _proof("stride_counter", {"First": first, "Stride": stride}, quick=first == 2)
    for height, columns, kh, kw, cf in (
        (2, 4, 2, 2, 1),
        (3, 3, 2, 2, 1),
        (2, 5, 1, 3, 3),
        (5, 1, 2, 1, 1),
        (4, 4, 2, 2, 2),
    ):
        values = {"Height": height, "Columns": columns, "Kh": kh, "Kw": kw, "Cf": cf}
        yield _proof("tile_counter", values, quick=height == 3)
    spans = (
        (0, 1, 0, 0),
        (1, 2, 1, 0),
        (1, 2, 1, 1),
        (0, 2, 5, 1),
        (3, 1, 0, 0),
        (2, 1, 4, 1),
        (0, 3, 0, 1),
        (1, 1, 1, 2),
    )
    for before, inside, after, start in spans:
        values = {"Before": before, "Inside": inside, "After": after, "Start": start}
        yield _proof("span_counter", values, quick=before == 2)
    for words, height, columns, pads in (
        (1, 2, 2, (1, 1, 1, 1)),
        (2, 1, 2, (0, 1, 2, 0)),
        (1, 2, 1, (0, 0, 0, 0)),
        (1, 1, 1, (1, 0, 1, 0)),
    ):
        values = {"Width": 2, "Words": words, "Height": height, "Columns": columns}
        values |= dict(zip(("Top", "Left", "Bottom", "Right"), pads, strict=True))
        yield _proof("pad_image", values, apart=REGISTERED, quick=words == 2)
    for words, rows, columns, kernel, strides, dilation, depth in (
        (1, 2, 2, (1, 1), (1, 1), (1, 1), 0),
        (2, 2, 3, (1, 1), (1, 2), (1, 1), 18),
        (1, 2, 3, (2, 2), (1, 1), (1, 1), 16),
        (1, 3, 4, (2, 2), (1, 2), (1, 1), 22),
        (1, 2, 5, (2, 2), (1, 1), (1, 1), 16),
        (1, 3, 3, (2, 2), (1, 1), (2, 2), 18),
    ):
        names = ("Kh", "Kw", "StrideH", "StrideW", "DilationH", "DilationW")
        values = {"Words": words, "Rows": rows, "Columns": columns}
        values |= dict(zip(names, (*kernel, *strides, *dilation), strict=True))
        quick = (words, rows, columns) == (1, 2, 3)
        yield _proof("parallel_window", values, apart=REGISTERED, depth=depth, quick=quick)
    # Words of an image, places, steps of each loop and how far each goes: kernel, rows, channels, a stride.
    for image, places, counts, steps, depth in (
        (6, 8, (1, 2, 2, 2, 1), (1, 1, 3, 1, 3), 18),
        (4, 4, (1, 1, 1, 2, 2), (1, 1, 1, 1, 2), 14),
        (8, 16, (2, 1, 2, 2, 1), (2, 2, 1, 2, 4), 18),
        (5, 4, (1, 2, 1, 2, 1), (1, 1, 1, 2, 5), 18),
    ):
        values = {"Places": places, "Image": image}
        values |= {f"Count{i}": count for i, count in enumerate(counts)}
        values |= {f"Step{i}": step for i, step in enumerate(steps)}
        apart = (*REGISTERED, ("out_ready_i", "in_ready_o"))
        yield _proof("sliding_window", values, apart=apart, depth=depth, quick=image == 4)


def _activations() -> Iterator[Proof]:
    yield _search_lane(2, 4, 1, 3, 2, quick=True)
    for shape in ((1, 3, 1, 3, 2), (3, 4, 1, 2, 1), (1, 3, 0, 0, 3), (2, 3, 1, 0, 2)):
        yield _search_lane(*shape)
    yield _search_lane(2, 3, 1, 3, 2, split=1, quick=True)
    yield _search_lane(1, 3, 0, 0, 1, split=1)
    yield _search_lane(3, 3, 1, 0, 3, split=1)
    for words, in_bits, fold in ((2, 4, 3), (3, 4, 1), (1, 5, 7), (3, 2, 1), (4, 8, 3)):
        yield _interval_lane(words, in_bits, fold, quick=fold == 3)
    yield _table_lane(2, 3, 2, quick=True)
    yield _table_lane(1, 4, 1)
    yield _activation(2, 1, 3, 1, 3, 2, 0, quick=True)
    for ch, pe, in_bits, signed, fold, out_bits, shared in (
        (4, 2, 4, 1, 3, 2, 0),
        (2, 2, 3, 0, 0, 2, 1),
        (3, 1, 3, 1, 0, 1, 0),
        (1, 1, 4, 1, 1, 3, 0),
        (2, 1, 3, 1, 7, 1, 1),
    ):
        yield _activation(ch, pe, in_bits, signed, fold, out_bits, shared)
    yield _activation(2, 1, 3, 1, 3, 2, 0, levels=2)
    yield _activation(4, 2, 3, 1, 3, 2, 0, style="table", quick=True)
    yield _activation(2, 1, 3, 0, 0, 1, 1, style="table")
    yield _activation(4, 2, 4, 1, 3, 1, 0, style="interval", quick=True)
    yield _activation(2, 1, 3, 1, 1, 1, 1, style="interval")


def _products() -> Iterator[Proof]:
    # Mw, Mh, Groups, Simd, Pe, InBits, WeightBits, AccBits
    yield _mvu(2, 1, 1, 1, 1, 1, 1, 3, quick=True)
    # One word a vector, which waits in a register of its own.
    yield _mvu(2, 2, 1, 2, 1, 1, 1, 3, depth=16, quick=True)
    yield _mvu(2, 2, 1, 1, 1, 1, 1, 3)
    yield _mvu(2, 2, 1, 2, 2, 1, 1, 3)
    yield _mvu(2, 2, 1, 1, 1, 2, 1, 4, depth=16)
    yield _mvu(4, 4, 2, 2, 1, 1, 1, 3, depth=16)
    yield _mvu(2, 2, 1, 1, 1, 1, 2, 3, depth=16)
    yield _mvu(4, 4, 1, 2, 2, 2, 2, 4, depth=16)
    yield _mvu(3, 2, 2, 1, 1, 1, 1, 3, depth=16)
    yield _mvu(6, 2, 1, 3, 1, 2, 1, 4, depth=14)
    # Vectors kept in an order of their own: three words, a whole round of a shift register, and five, a cut one.
    yield _mvu(3, 2, 1, 1, 1, 1, 1, 3, depth=18)
    yield _mvu(5, 2, 1, 1, 1, 1, 1, 4, depth=22)
    # Few levels of logic: registers behind the weights and in the dot product.
    yield _mvu(2, 1, 1, 1, 1, 1, 1, 3, levels=3)
    yield _mvu(4, 2, 1, 2, 1, 1, 1, 3, depth=16, levels=3)
    yield _mvu(3, 2, 1, 1, 2, 1, 2, 3, depth=16, levels=3)
    # Signed digits: rows alike by zeros of the second kind, and rows with starts of their own.
    yield _mvu(2, 2, 1, 1, 1, 1, 2, 3, way="ternary", zeros=1)
    yield _mvu(4, 4, 1, 2, 2, 2, 2, 4, depth=16, way="ternary", zeros=2)
    yield _mvu(2, 4, 2, 1, 1, 1, 2, 3, depth=16, way="ternary")
    yield _mvu(2, 2, 1, 1, 1, 2, 4, 5, depth=16, way="booth")
    yield _mvu(2, 2, 1, 2, 1, 2, 3, 4, depth=16, way="booth")
    # As adders.
    yield _adders(_mvu(2, 1, 1, 1, 1, 1, 1, 3, quick=True))
    yield _adders(_mvu(6, 2, 1, 3, 1, 2, 1, 4, depth=14))
    yield _adders(_mvu(4, 4, 1, 2, 2, 2, 2, 4, depth=16, way="ternary", zeros=2))
    # Ch, K, Pe, InBits, WeightBits, AccBits
    yield _vvu(2, 2, 1, 2, 1, 3)
    yield _vvu(2, 2, 2, 1, 1, 3, quick=True)
    yield _vvu(2, 2, 1, 1, 2, 3)
    yield _vvu(1, 1, 1, 2, 3, 4)
    yield _vvu(2, 2, 1, 2, 2, 3)
    yield _adders(_vvu(2, 2, 2, 1, 1, 3, quick=True))
    yield _adders(_vvu(1, 1, 1, 2, 3, 4))
    yield _vvu(2, 3, 2, 1, 3, 4, depth=22)
    yield _vvu(2, 2, 1, 1, 2, 3, levels=3)


def _proof(
    cell: str,
    values: dict[str, int],
    contents: dict[str, int | str] | None = None,
    files: Mapping[str, Sequence[str]] | None = None,
    apart: Paths = (),
    depth: int = 0,
    quick: bool = False,
    top: str = "",
) -> Proof:
    """`top`: the cell whose property it is, if not its own."""
    shown = ", ".join(f"{name} {value}" for name, value in values.items())
    named = f"{cell}: {shown}"
    return Proof(named, f"prove_{top or cell}", cell, {**values, **(contents or {})}, files or {}, apart, depth, quick)


def _adders(proof: Proof) -> Proof:
    """The same of the cells in the form of adders."""
    return replace(proof, name=f"{proof.name}, adders", form="ADDERS")


def _heap(cell: str, levels: int, heights: Sequence[int], depth: int = 0, quick: bool = False) -> Proof:
    values: dict[str, int | str] = {"Columns": len(heights), "Tall": max(heights), "Levels": levels}
    values |= {"Heights": _packed(heights, 16), "Cell": ("bit_heap", "heap_sum", "adder_tree").index(cell)}
    shown = "+".join(str(height) for height in heights)
    return Proof(f"{cell}: Levels {levels}, bits {shown}", "prove_bit_heap", cell, values, depth=depth, quick=quick)


def _dot(simd: int, in_bits: int, weight_bits: int, sum_bits: int, depth: int = 0, quick: bool = False) -> Proof:
    values = {"Simd": simd, "InBits": in_bits, "WeightBits": weight_bits, "SumBits": sum_bits}
    return _proof("wrap_dot", values, depth=depth, quick=quick)


def _digits(
    simd: int, in_bits: int, weight_bits: int, ternary: int, sum_bits: int, depth: int = 0, quick: bool = False
) -> Proof:
    values = {"Simd": simd, "InBits": in_bits, "WeightBits": weight_bits, "Ternary": ternary, "SumBits": sum_bits}
    return _proof("digit_dot", values, depth=depth, quick=quick)


def _staircase(seed: int, channels: int, in_bits: int, signed: int, out_bits: int) -> rtl_memory.Staircase:
    """Random thresholds; channel 0 falls, and of several the last reaches its first step always, its last one never."""
    random = np.random.default_rng(seed)
    low, high = (-half(in_bits), half(in_bits) - 1) if signed else (0, (1 << in_bits) - 1)
    thresholds = np.sort(random.integers(low, high + 2, (channels, (1 << out_bits) - 1)), axis=1)
    flip = random.integers(0, 2, channels).astype(bool)
    flip[0] = True
    if channels > 1:
        thresholds[-1, 0], thresholds[-1, -1] = low - 1, high + 1
    return rtl_memory.Staircase(thresholds, flip)


def _search_lane(
    words: int, in_bits: int, signed: int, fold: int, out_bits: int, split: int = 0, quick: bool = False
) -> Proof:
    steps = _staircase(words, words, in_bits, signed, out_bits)
    values = {"Words": words, "InBits": in_bits, "InSigned": signed, "Fold": fold, "OutBits": out_bits}
    values |= {"Split": split}
    contents = _thresholds(steps, words)
    (lines,) = rtl_memory.activation_search(steps, 1, out_bits, steps.bits)
    return _proof("search_lane", values, contents, {"activation_0.hex": lines}, quick=quick)


def _interval_lane(words: int, in_bits: int, fold: int, quick: bool = False) -> Proof:
    steps = _staircase(words, words, in_bits, 1, 1)
    values = {"Words": words, "InBits": in_bits, "Fold": fold}
    (lines,) = rtl_memory.activation_interval(steps, 1, in_bits, fold)
    return _proof("interval_lane", values, _thresholds(steps, words), {"activation_0.hex": lines}, quick=quick)


def _table_lane(words: int, in_bits: int, out_bits: int, quick: bool = False) -> Proof:
    entries = np.random.default_rng(words).integers(0, 1 << out_bits, (words, 1 << in_bits))
    (lines,) = rtl_memory.activation_table(entries, 1, out_bits)
    values = {"Words": words, "InBits": in_bits, "OutBits": out_bits}
    return _proof(
        "table_lane", values, {"Entries": _packed(entries, out_bits)}, {"activation_0.hex": lines}, quick=quick
    )


def _activation(
    ch: int,
    pe: int,
    in_bits: int,
    signed: int,
    fold: int,
    out_bits: int,
    shared: int,
    style: str = "search",
    levels: int = UNLIMITED,
    quick: bool = False,
) -> Proof:
    values = {"Ch": ch, "Pe": pe, "InBits": in_bits, "InSigned": signed, "Fold": fold}
    values |= {"OutBits": out_bits, "Shared": shared, "MaxLevels": levels}
    values["Style"] = ("search", "table", "interval").index(style)
    channels, lanes = (1, 1) if shared else (ch, pe)
    if style == "table":
        entries = np.random.default_rng(ch).integers(0, 1 << out_bits, (channels, 1 << in_bits))
        memories = rtl_memory.activation_table(entries, lanes, out_bits)
        contents: dict[str, int | str] = {"Entries": _packed(_channels(entries, ch), out_bits)}
    else:
        steps = _staircase(ch, channels, in_bits, signed, out_bits)
        if style == "interval":
            memories = rtl_memory.activation_interval(steps, lanes, in_bits, fold)
        else:
            memories = rtl_memory.activation_search(steps, lanes, out_bits, steps.bits)
        contents = _thresholds(steps, ch)
    files = {f"activation_{lane}.hex": lines for lane, lines in enumerate(memories)}
    return _proof("wrap_activation", values, contents, files, REGISTERED, quick=quick)


def _mvu(
    mw: int,
    mh: int,
    groups: int,
    simd: int,
    pe: int,
    in_bits: int,
    weight_bits: int,
    acc_bits: int,
    depth: int = 0,
    quick: bool = False,
    way: products.Way = "planes",
    zeros: int = 0,
    levels: int = UNLIMITED,
) -> Proof:
    """`way`: of the products. Ternary weights have one -1 in row 0 and `zeros` zeros in the others; 0: no zeros."""
    weights = _ternary(mh, mw, zeros) if way == "ternary" else _weights(mh, mw, weight_bits)
    values = {"Mw": mw, "Mh": mh, "Groups": groups, "Simd": simd, "Pe": pe}
    values |= {"InBits": in_bits, "WeightBits": weight_bits, "AccBits": acc_bits, "MaxLevels": levels}
    made = products.by(way, weights, simd, in_bits, weight_bits, acc_bits)
    files = {"weights.hex": rtl_memory.mvu_codes(made.codes, pe, simd, weight_bits, made.constants, acc_bits - 1)}
    if way != "planes":
        values |= {"Way": ("planes", "ternary", "booth").index(way), "Negatives": made.negatives}
        values["Starts"] = int(made.starts is not None)
    if made.starts is not None:
        files["starts.hex"] = rtl_memory.mvu_starts(made.starts, pe, acc_bits)
    return _proof("wrap_mvu", values, _codes(weights, weight_bits), files, REGISTERED, depth, quick)


def _vvu(
    ch: int,
    k: int,
    pe: int,
    in_bits: int,
    weight_bits: int,
    acc_bits: int,
    depth: int = 0,
    quick: bool = False,
    levels: int = UNLIMITED,
) -> Proof:
    weights = _weights(ch, k, weight_bits)
    values = {"Ch": ch, "K": k, "Pe": pe, "InBits": in_bits, "WeightBits": weight_bits, "AccBits": acc_bits}
    values |= {"MaxLevels": levels}
    files = {"weights.hex": rtl_memory.vvu_weights(weights, pe, weight_bits)}
    return _proof("wrap_vvu", values, _codes(weights, weight_bits), files, REGISTERED, depth, quick)


def _weights(rows: int, columns: int, weight_bits: int) -> Integers:
    """Random weights [rows, columns]; the first is the least, the last the greatest, so that no two rows agree."""
    random = np.random.default_rng(rows * columns)
    low, high = (-1, 1) if weight_bits == 1 else (-half(weight_bits), half(weight_bits) - 1)
    weights = random.integers(0, 2, (rows, columns)) * 2 - 1
    if weight_bits > 1:
        weights = random.integers(low, high + 1, (rows, columns))
    weights[0, 0], weights[-1, -1] = low, high
    return weights


def _ternary(rows: int, columns: int, zeros: int) -> Integers:
    """Weights [rows, columns] of 1, but for -1 in the first and last place, and `zeros` zeros in rows from 1 on."""
    weights = np.ones((rows, columns), dtype=np.int64)
    weights[0, 0], weights[-1, -1] = -1, -1
    weights[1:, :zeros] = 0
    return weights


def _codes(weights: Integers, weight_bits: int) -> dict[str, int | str]:
    return {"Weights": _packed(rtl_memory.weight_codes(weights, weight_bits), weight_bits)}


def _thresholds(steps: rtl_memory.Staircase, channels: int) -> dict[str, int | str]:
    return {
        "ThresholdBits": steps.bits,
        "Thresholds": _packed(_channels(steps.thresholds, channels), steps.bits),
        "Flip": _packed(_channels(steps.flip[:, None].astype(np.int64), channels), 1),
    }


def _channels(rows: Integers, channels: int) -> Integers:
    """`rows` filled up to one a channel, where all share the first."""
    return np.concatenate([rows, np.zeros((channels - len(rows), *rows.shape[1:]), dtype=np.int64)])


def _packed(values: npt.ArrayLike, bits: int) -> str:
    """A SystemVerilog literal of a packed array: the first of `values` in the lowest `bits` bits.

    >>> _packed([1, -1], 4)
    "8'hf1"
    """
    flat = np.asarray(values, dtype=np.int64).reshape(-1)
    number = sum((int(value) & ((1 << bits) - 1)) << (bits * index) for index, value in enumerate(flat))
    return f"{bits * len(flat)}'h{number:x}"
