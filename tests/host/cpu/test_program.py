# SPDX-License-Identifier: BSD-3-Clause
"""The words of a program, one plan written out by hand."""

import struct

import numpy as np

from host.cpu.plan import Activation, Add, Conv, Lookup, MaxPool, Plan, SumPool
from host.cpu.program import program


def test_the_words_are_those_that_the_kernels_read() -> None:
    activation = Activation(np.array([1, -1], np.int8), np.array([[2, 3], [-5, 7]], np.int32))
    weights = np.array([[[[1, -1, 1]]], [[[0, 1, -1]]]], np.int8)
    table = np.arange(256, dtype=np.uint8)[None] // 8
    steps = (
        Conv("a", 0, 1, weights, (1, 2), (3, 4, 5, 6), (1, 2), bits=32, fold=1 << 31, activation=activation),
        Lookup("b", 1, 2, table),
        Add("c", 1, 2, 3),
        MaxPool("d", 3, 4, (2, 1), (2, 3)),
        SumPool("e", 4, 5, activation),
        Conv("f", 5, None, np.ones((1, 2, 1, 1), np.int8), bits=8),
    )
    plan = Plan((1, 4, 5), 31, steps)
    shapes = [(1, 4, 5), *((2, 12, 6),) * 3, (2, 6, 2), (2, 1, 1)]
    staircase = [2, 1, -1, 2, 3, -5, 7]
    words = [0x31504E57, 6, *(n for shape in shapes for n in shape), 6]
    words += [1, 0, 1, 2, 1, 1, 3, 1, 2, 3, 4, 5, 6, 1, 2, 1, 32, 2**31 - 1]
    conv = struct.pack("<6b2x", 1, -1, 1, 0, 1, -1)
    expected = struct.pack(f"<{len(words)}i", *words) + conv + struct.pack("<8i", 1, *staircase)
    expected += struct.pack("<4i", 2, 1, 2, 1) + table.tobytes() + struct.pack("<4i", 5, 1, 2, 3)
    expected += struct.pack("<13i", 3, 3, 4, 2, 1, 2, 3, 0, 0, 0, 0, 1, 1) + struct.pack("<10i", 4, 4, 5, *staircase)
    last = [1, 5, -1, 1, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 8, 0]
    expected += struct.pack("<18i", *last) + struct.pack("<2b2xi", 1, 1, 0)
    assert program(plan) == expected
