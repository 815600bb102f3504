# SPDX-License-Identifier: BSD-3-Clause
"""Training mode and evaluation mode, left as they were found."""

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """At the end every module of `model` is in the mode it is in now, those that were set apart from the others too."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
