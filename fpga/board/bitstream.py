# SPDX-License-Identifier: BSD-3-Clause
"""The stand-in bitstream: what the board receives when pynq loads it, and the design hash in it."""

from chain.errors import InputError

MAGIC = b"WRAPNET\0"
HASH_BYTES = 32


def design_hash(payload: bytes) -> str:
    """The design's SHA-256 (hex) from what pynq sends for a .bit: its payload with the bytes of each word swapped.

    Raises InputError if the payload is not that of one of this toolkit's simulated designs.
    """
    whole = payload[: len(payload) // 4 * 4]
    swapped = bytearray(len(whole))
    for byte in range(4):
        swapped[byte::4] = whole[3 - byte :: 4]
    at = swapped.find(MAGIC)
    end = at + len(MAGIC) + HASH_BYTES
    if at < 0 or end > len(swapped):
        raise InputError(
            f"this bitstream ({len(payload)} bytes) is not a WrapNet design for simulation: "
            "the simulated board loads only build/<model>/board/<model>.bit"
        )
    return bytes(swapped[at + len(MAGIC) : end]).hex()
