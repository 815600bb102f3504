# SPDX-License-Identifier: BSD-3-Clause
"""The .bit file of a simulated design: a real header, and a payload that says what it is and names the design.

The header has the fields that Xilinx' tools write, since pynq parses them. The payload is text, MAGIC and the 32 bytes
of the design's hash, which the simulated board looks for, and the hand-off's hash: pynq caches a design's metadata by
the .bit's hash alone, so a new .hwh must make a new .bit. There is no sync word in it: no FPGA takes it.
"""

import struct

MAGIC = b"WRAPNET\0"
_NOTICE = (
    "\nThis is not a bitstream. It stands in for one where the board is simulated (python -m fpga.board).\n"
    "model {model}\ndesign {design_hash}\nhand-off {hwh_sha256}\n"
)
_FIRST_FIELD = bytes.fromhex("0ff00ff00ff00ff000")  # as every .bit file begins


def stand_in(model: str, part: str, design_hash: str, hwh_sha256: str) -> bytes:
    """The whole file, the same bytes for the same arguments. `part` as Vivado writes it (xc7z020clg400-1).

    Both hashes are SHA-256 in hex.
    """
    notice = _NOTICE.format(model=model, design_hash=design_hash, hwh_sha256=hwh_sha256)
    payload = MAGIC + bytes.fromhex(design_hash) + notice.encode("ascii", "replace")
    payload += bytes(-len(payload) % 4)  # whole configuration words
    header = struct.pack(">H", len(_FIRST_FIELD)) + _FIRST_FIELD + struct.pack(">H", 1)
    header += _field("a", "wrapnet;UserID=0XFFFFFFFF;Version=simulation")
    header += _field("b", part.removeprefix("xc").partition("-")[0])
    # A date would make every build another file.
    header += _field("c", "2000/01/01")
    header += _field("d", "00:00:00")
    return header + b"e" + struct.pack(">I", len(payload)) + payload


def _field(key: str, text: str) -> bytes:
    data = text.encode("ascii") + b"\0"
    return key.encode("ascii") + struct.pack(">H", len(data)) + data
