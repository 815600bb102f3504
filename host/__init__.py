# SPDX-License-Identifier: BSD-3-Clause
"""The driver of the accelerator on a PYNQ board. It is copied to the board: numpy, pynq and the standard library only
(but for host/cpu/onnx_file.py, which reads exported files elsewhere). host/cpu is the same network in software.

from host import WrapNetOverlay
overlay = WrapNetOverlay("digits.bit")
labels = overlay.run(images, labels=True)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host.fleet import Fleet
    from host.overlay import WrapNetOverlay, connect

__all__ = ["Fleet", "WrapNetOverlay", "connect"]


def __getattr__(name: str) -> Any:
    # pynq is imported only when it is used: packing and metadata work where it is not installed.
    if name == "Fleet":
        from host.fleet import Fleet

        return Fleet
    if name in __all__:
        from host import overlay

        return getattr(overlay, name)
    raise AttributeError(f"module 'host' has no attribute {name!r}")
