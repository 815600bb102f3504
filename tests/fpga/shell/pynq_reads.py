# SPDX-License-Identifier: BSD-3-Clause
"""Runs in pynq's environment: what pynq's own parsers make of a .bit and the .hwh beside it, as JSON on stdout."""

import hashlib
import json
import sys
from pathlib import Path

import pynq
from pynq.pl_server.embedded_device import RuntimeMetadataParser, bit2bin, parse_bit_header
from pynq.pl_server.hwh_parser import _HWHUltrascale, _HWHZynq
from pynqmetadata.frontends import Metadata


def main(bit: Path) -> None:
    """Print the findings for `bit`."""
    hwh = str(bit.with_suffix(".hwh"))
    found = {"version": pynq.__version__}
    family = _HWHUltrascale if "zynq_ultra_ps_e" in bit.with_suffix(".hwh").read_text() else _HWHZynq
    for name, parser in (("metadata", RuntimeMetadataParser(Metadata(input=hwh))), ("hwh", family(hwh))):
        found[name] = {
            "clocks": {str(index): values for index, values in parser.clock_dict.items()},
            "ip": sorted(parser.ip_dict),
            "wrapnet": parser.ip_dict["wrapnet"],
            "processor": parser.ip_dict[parser.ps_name]["parameters"],
            "interrupts": len(parser.interrupt_pins),
        }
    header = parse_bit_header(bit.read_bytes())
    payload = bytes(bit2bin(bit.read_bytes()))
    header["data"] = hashlib.sha256(header["data"]).hexdigest()
    print(json.dumps({**found, "bit": header, "payload": payload.hex()}, default=str))


main(Path(sys.argv[1]))
