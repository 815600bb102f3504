# SPDX-License-Identifier: BSD-3-Clause
"""The driver of the accelerator on a PYNQ board. It is copied to the board: numpy, pynq and the standard library only
(but for host/cpu/onnx_file.py, which reads exported files elsewhere, and host/serial/port.py, which takes pyserial).
host/serial is the driver of boards on a serial line, host/cpu is the same network in software.

from host import WrapNetOverlay
overlay = WrapNetOverlay("digits.bit")  # SerialOverlay("digits.bit", "/dev/ttyUSB0")
labels = overlay.run(images, labels=True)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host.fleet import Fleet
    from host.overlay import WrapNetOverlay, connect
    from host.serial.overlay import SerialOverlay

__all__ = ["Fleet", "SerialOverlay", "WrapNetOverlay", "connect"]

_MODULES = {"Fleet": "fleet", "SerialOverlay": "serial.overlay", "WrapNetOverlay": "overlay", "connect": "overlay"}


def __getattr__(name: str) -> Any:
    # pynq and pyserial are imported only when they are used: packing and metadata work where they are not installed.
    if name in _MODULES:
        return getattr(importlib.import_module(f"host.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'host' has no attribute {name!r}")
