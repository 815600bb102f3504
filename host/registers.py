# SPDX-License-Identifier: BSD-3-Clause
"""The shell's registers as the driver knows them: byte offsets of 32-bit words, and the bits in them.

The driver is copied to the board alone, so this is a copy of the shell's own list; a test holds the two equal.
"""

OFFSETS = {
    "IN_CONTROL": 0x000,
    "IN_ADDRESS_LOW": 0x010,
    "IN_ADDRESS_HIGH": 0x014,
    "IN_FRAMES": 0x01C,
    "OUT_CONTROL": 0x100,
    "OUT_ADDRESS_LOW": 0x110,
    "OUT_ADDRESS_HIGH": 0x114,
    "OUT_FRAMES": 0x11C,
    "IDENTITY": 0x200,
    "VERSION": 0x204,
    "DESIGN_HASH": 0x208,
    "CLOCK_MHZ": 0x20C,
    "CYCLES_LOW": 0x210,
    "CYCLES_HIGH": 0x214,
    "FIRST_OUTPUT_CYCLE": 0x218,
    "FRAMES_OUT": 0x21C,
    "IN_BEATS": 0x220,
    "IN_WORDS": 0x224,
    "OUT_WORDS": 0x228,
    "OUT_BEATS": 0x22C,
    "IN_STALLS": 0x230,
    "OUT_STALLS": 0x234,
    "ERROR": 0x238,
    "RESET": 0x23C,
    "LAST_FRAME_CYCLE": 0x240,
    "FIRST_FRAME_CYCLE": 0x244,
}

IDENTITY = int.from_bytes(b"WRAP", "little")
VERSION = 1

START = 1 << 0
DONE = 1 << 1
IDLE = 1 << 2
READY = 1 << 3

READ_ERROR = 1 << 0
WRITE_ERROR = 1 << 1
JOB_REFUSED = 1 << 2
