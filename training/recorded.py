# SPDX-License-Identifier: BSD-3-Clause
"""A step of training recorded once on a GPU and replayed: the device no longer waits for Python to launch the thousand
small kernels of a quantised network, one by one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

# Steps of plain launches before a recording: they bring optimisers' state and libraries' plans into being.
WARM_UP = 3


def recorded(x: Tensor) -> bool:
    """Whether what is now done with `x` goes into a recording. Then nothing may be asked of the device, and nothing
    needs to be: the same was done and checked before without recording.
    """
    return x.is_cuda and torch.cuda.is_current_stream_capturing()


class Recording:
    """`step` of tensors, as the device does it when given `example` [N, ...] tensors: replayed for others of their
    shapes. `stream` is that on which `step` ran before.
    """

    def __init__(self, step: Callable[..., None], example: tuple[Tensor, ...], stream: torch.cuda.Stream) -> None:
        self.inputs = tuple(tensor.clone() for tensor in example)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=stream), _OnesOn(stream.device):
            step(*self.inputs)

    def __call__(self, *values: Tensor) -> None:
        for own, value in zip(self.inputs, values, strict=True):
            own.copy_(value)
        self.graph.replay()


class _OnesOn(TorchFunctionMode):
    """Makes ones on `device`: Brevitas divides its scales by some that it makes on the host, and copying cannot be
    recorded.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is torch.ones:
            kwargs = {"device": self.device} | kwargs
        return function(*args, **kwargs)
