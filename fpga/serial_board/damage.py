# SPDX-License-Identifier: BSD-3-Clause
"""A line that loses and changes bytes, by chance but the same for the same seed."""

import random


class Damage:
    """Loses a byte with probability `drop`, flips one of its bits with probability `flip`."""

    def __init__(self, seed: int, drop: float, flip: float) -> None:
        self._random = random.Random(seed)
        self._drop, self._flip = drop, flip

    def __call__(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        if not self._drop and not self._flip:
            return data
        arrived = bytearray()
        for byte in data:
            chance = self._random.random()
            if chance < self._drop:
                continue
            flipped = chance < self._drop + self._flip
            arrived.append(byte ^ 1 << self._random.randrange(8) if flipped else byte)
        return bytes(arrived)
