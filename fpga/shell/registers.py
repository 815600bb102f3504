# SPDX-License-Identifier: BSD-3-Clause
"""The shell's register map: the single list on the Python side (standard library only).

Offsets are bytes from the base of the AXI4-Lite port; every register is one 32-bit word. `shell_registers.sv` is the
hardware's side, and a test reads every register of the running shell through this list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Register:
    """One 32-bit register. `access` is "r", "w" or "rw"."""

    name: str
    offset: int
    access: str
    description: str


REGISTERS = (
    Register("IN_CONTROL", 0x000, "rw", "input DMA: bit 0 start, 1 done (cleared by reading), 2 idle, 3 ready"),
    Register("IN_ADDRESS_LOW", 0x010, "rw", "input DMA: address of the first frame, bits 31..0; a multiple of 8"),
    Register("IN_ADDRESS_HIGH", 0x014, "rw", "input DMA: address, bits 63..32; must be 0"),
    Register("IN_FRAMES", 0x01C, "rw", "input DMA: number of frames of the next job"),
    Register("OUT_CONTROL", 0x100, "rw", "output DMA: bit 0 start, 1 done (cleared by reading), 2 idle, 3 ready"),
    Register("OUT_ADDRESS_LOW", 0x110, "rw", "output DMA: address of the first result, bits 31..0; a multiple of 8"),
    Register("OUT_ADDRESS_HIGH", 0x114, "rw", "output DMA: address, bits 63..32; must be 0"),
    Register("OUT_FRAMES", 0x11C, "rw", "output DMA: number of frames of the next job"),
    Register("IDENTITY", 0x200, "r", "'WRAP' in ASCII, first letter in the lowest byte"),
    Register("VERSION", 0x204, "r", "version of this register map"),
    Register("DESIGN_HASH", 0x208, "r", "low 32 bits of the design's SHA-256"),
    Register("CLOCK_MHZ", 0x20C, "r", "clock that the design was built for, MHz"),
    Register("CYCLES_LOW", 0x210, "r", "cycles from the job's start to its end, bits 31..0"),
    Register("CYCLES_HIGH", 0x214, "r", "the same, bits 63..32; read the low word first"),
    Register("FIRST_OUTPUT_CYCLE", 0x218, "r", "cycle at which the first word left the accelerator"),
    Register("FRAMES_OUT", 0x21C, "r", "frames that have left the accelerator"),
    Register("IN_BEATS", 0x220, "r", "64-bit beats read from memory"),
    Register("IN_WORDS", 0x224, "r", "stream words that went into the accelerator"),
    Register("OUT_WORDS", 0x228, "r", "stream words that came out of the accelerator"),
    Register("OUT_BEATS", 0x22C, "r", "64-bit beats written to memory"),
    Register("IN_STALLS", 0x230, "r", "cycles in which a word waited for the accelerator's input"),
    Register("OUT_STALLS", 0x234, "r", "cycles in which a word of the accelerator waited for its way out"),
    Register("ERROR", 0x238, "rw", "bit 0 read error, 1 write error, 2 job refused (address); write 1 to clear"),
    Register("RESET", 0x23C, "rw", "write 1: abort both DMAs, reset the accelerator; reads 1 until that is over"),
    Register("LAST_FRAME_CYCLE", 0x240, "r", "cycle at which the latest frame had left the accelerator"),
    Register("FIRST_FRAME_CYCLE", 0x244, "r", "cycle at which the job's first frame had left the accelerator"),
)
OFFSETS = {register.name: register.offset for register in REGISTERS}

ADDRESS_BITS = 12
IDENTITY = int.from_bytes(b"WRAP", "little")
VERSION = 1

START = 1 << 0
DONE = 1 << 1
IDLE = 1 << 2
READY = 1 << 3

READ_ERROR = 1 << 0
WRITE_ERROR = 1 << 1
JOB_REFUSED = 1 << 2
