# SPDX-License-Identifier: BSD-3-Clause
"""What each stream of a dataflow graph must carry, by the graph's own execution in Python."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from fpga.execution import _step, batch_size


def streams(model: Any, images: npt.NDArray[np.integer], tensors: Collection[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Integers of `tensors` of `model`, as they stream ([N, ...], channels last), for `images` [N, H, W, C]."""
    name = model.graph.input[0].name
    steps = [_step(model, node) for node in model.graph.node]
    last_read = {tensor: index for index, (_, inputs, _) in enumerate(steps) for tensor in inputs}
    found: dict[str, list[npt.NDArray[np.int64]]] = {tensor: [] for tensor in tensors}
    size = batch_size(model)
    for start in range(0, len(images), size):
        values = {name: images[start : start + size].astype(np.float32)}
        for index, (run, inputs, outputs) in enumerate(steps):
            results = run(*(values[tensor] for tensor in inputs))
            values.update(zip(outputs, results, strict=True))
            for tensor in outputs:
                if tensor in found:
                    found[tensor].append(np.asarray(values[tensor]).astype(np.int64))
            for tensor in inputs:
                if last_read[tensor] == index:
                    values.pop(tensor, None)
    return {tensor: np.concatenate(parts) for tensor, parts in found.items()}
