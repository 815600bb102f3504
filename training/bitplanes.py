# SPDX-License-Identifier: BSD-3-Clause
"""Small integers, eight to a byte and bit."""

import numpy as np
import torch
from torch import Tensor

from chain.errors import InputError


def pack(integers: Tensor, bits: int) -> Tensor:
    """Integers of any shape, signed of `bits` bits or, for 1 bit, -1 and +1, to uint8 [bits, ceil(n / 8)].

    >>> pack(torch.tensor([1.0, -1.0, -1.0]), 1).tolist()
    [[128]]
    """
    flat = integers.detach().reshape(-1).numpy().astype(np.int64)
    codes = flat > 0 if bits == 1 else flat + (1 << bits - 1)
    planes = [np.packbits(np.asarray(codes >> bit & 1, dtype=np.uint8)) for bit in range(bits)]
    return torch.from_numpy(np.stack(planes))


def unpack(planes: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The inverse of `pack`: float32 of `shape`. Raises InputError for planes of another size.

    >>> unpack(pack(torch.tensor([[-4.0, 3.0]]), 3), (1, 2)).tolist()
    [[-4.0, 3.0]]
    """
    count = int(np.prod(shape))
    if planes.dtype != torch.uint8 or planes.ndim != 2 or planes.shape[1] != -(-count // 8):
        raise InputError(
            f"packed weights are {planes.dtype} {list(planes.shape)}, expected uint8 [bits, {-(-count // 8)}]"
        )
    rows = np.unpackbits(planes.numpy(), axis=1, count=count).astype(np.int64)
    codes = (rows << np.arange(len(rows))[:, None]).sum(axis=0)
    signed = 2 * codes - 1 if len(rows) == 1 else codes - (1 << len(rows) - 1)
    return torch.from_numpy(signed.astype(np.float32)).reshape(shape)
