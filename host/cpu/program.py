# SPDX-License-Identifier: BSD-3-Clause
"""A plan as the words that the kernels read (kernels/plan.h): little-endian int32, arrays padded to whole words."""

import numpy as np
import numpy.typing as npt

from host.cpu.plan import Activation, Add, Conv, Lookup, MaxPool, Plan, Step, SumPool

_MAGIC = 0x31504E57
_OUTPUT = -1
_MOST = np.iinfo(np.int32).max


def program(plan: Plan) -> bytes:
    """The bytes of `plan`."""
    parts = [_words(_MAGIC, len(plan.tensors), *(number for tensor in plan.tensors for number in tensor.shape))]
    parts.append(_words(len(plan.steps)))
    parts += [part for step in plan.steps for part in _step(step)]
    return b"".join(parts)


def _step(step: Step) -> list[bytes]:
    match step:
        case Conv():
            target = _OUTPUT if step.target is None else step.target
            outputs, inputs, *kernel = step.weights.shape
            return [
                _words(1, step.source, target, outputs, inputs, *kernel, *step.stride, *step.padding, *step.dilation),
                _words(step.groups, step.bits, min(step.fold or 0, _MOST)),  # a fold beyond it is no other
                _array(step.weights, np.int8),
                *([_words(0)] if step.activation is None else [_words(1), *_activation(step.activation)]),
            ]
        case Lookup():
            return [_words(2, step.source, step.target, len(step.table)), _array(step.table, np.uint8)]
        case MaxPool():
            window = (*step.kernel, *step.stride, *step.padding, *step.dilation)
            return [_words(3, step.source, step.target, *window)]
        case SumPool():
            return [_words(4, step.source, step.target), *_activation(step.activation)]
        case Add():
            return [_words(5, step.a, step.b, step.target)]


def _activation(activation: Activation) -> list[bytes]:
    thresholds = activation.thresholds
    return [_words(thresholds.shape[1]), _array(activation.sign, np.int32), _array(thresholds, np.int32)]


def _words(*values: int) -> bytes:
    return np.array(values, dtype="<i4").tobytes()


def _array(values: npt.NDArray[np.generic], dtype: type[np.generic]) -> bytes:
    data = np.ascontiguousarray(values).astype(np.dtype(dtype).newbyteorder("<"), casting="safe").tobytes()
    return data + bytes(-len(data) % 4)
