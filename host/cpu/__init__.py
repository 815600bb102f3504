# SPDX-License-Identifier: BSD-3-Clause
"""The network in software: byte lanes and table look-up, which only sums modulo 2^8 make possible.

from host.cpu import Engine
labels = Engine("model.onnx").run(images, labels=True)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host.cpu.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:
    # The kernels are looked for only when they are used: plans can be read and written where no compiler is.
    if name in __all__:
        from host.cpu import engine

        return getattr(engine, name)
    raise AttributeError(f"module 'host.cpu' has no attribute {name!r}")
