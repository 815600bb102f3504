# SPDX-License-Identifier: BSD-3-Clause
"""Packing into stream words against plain Python integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import InputError
from fpga import words


@given(st.data(), st.integers(1, 18), st.integers(1, 9), st.booleans())
def test_round_trip_and_layout(data, bits, per_word, signed):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    values = data.draw(st.lists(st.integers(low, high), min_size=per_word, max_size=per_word))
    packed = words.pack(np.array(values * 2), bits, per_word)
    assert packed.shape == (2, words.word_bytes(bits, per_word))
    plain = sum((value % (1 << bits)) << (index * bits) for index, value in enumerate(values))
    assert int.from_bytes(packed[0].tobytes(), "little") == plain
    assert words.unpack(packed, bits, per_word, signed).tolist() == values * 2


@pytest.mark.parametrize(("value", "bits"), [(16, 4), (-9, 4), (256, 8), (-129, 8)])
def test_too_large_a_value_is_refused(value, bits):
    with pytest.raises(InputError, match="do not fit"):
        words.pack(np.array([value]), bits, 1)
