# SPDX-License-Identifier: BSD-3-Clause
"""The driver of the accelerator on a PYNQ board. It is copied to the board: numpy, pynq and the standard library only
(but for host/cpu/onnx_file.py, which reads exported files elsewhere, and host/serial/port.py, which takes pyserial).
host/serial is the driver of boards on a serial line, host/cpu is the same network in software.

from host import WrapNetOverlay
overlay = WrapNetOverlay("digits.bit")  # SerialOverlay("digits.bit", "/dev/ttyUSB0")
labels = overlay.run(images, labels=True)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host.overlay import WrapNetOverlay, connect
    from host.serial.overlay import SerialOverlay

__all__ = ["SerialOverlay", "WrapNetOverlay", "connect"]


def __getattr__(name: str) -> Any:
    # pynq is imported only when it is used: packing and metadata work where it is not installed.
    if name == "SerialOverlay":
        from host.serial.overlay import SerialOverlay

        return SerialOverlay
    if name in __all__:
        from host import overlay

        return getattr(overlay, name)
    raise AttributeError(f"module 'host' has no attribute {name!r}")
