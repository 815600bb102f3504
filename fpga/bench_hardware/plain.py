# SPDX-License-Identifier: BSD-3-Clause
"""A layer in plain SystemVerilog at an accumulator width, with thresholds of its own or FINN's."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import finn
import numpy as np
from finn.custom_op.fpgadataflow.matrixvectoractivation import MVAU
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import ToolError
from chain.files import write_text
from fpga import rtl_memory
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import DATA_TYPES, Integers, Layer

RTL = Path(__file__).parent / "rivals"
WIDE = 32
"""Bits of the accumulator that needs no thought."""

_MVU = ("plain_tree", "plain_select", "plain_product", "plain_rom", "plain_mvu")
_MEMORY = "logic [Width-1:0] memory[Depth];"  # of plain_rom
_ACTIVATION = ("plain_step", "plain_activation")
_FINNS = "thresholding.sv"
# slang takes no slice whose bounds come the wrong way round, as this one's do in the first stage, where its value is
# never used: the comparison is in scope there whatever it is. The shift has the same bits in every other stage.
_SLICE = ("p.ptr[M-1:SN+1] < 2**stage", "(p.ptr[M-1:0] >> (SN+1)) < 2**stage")


def design(layer: Layer, bits: int, folder: Path) -> Design:
    """Write the layer with accumulators and thresholds of `bits` bits to `folder`, and return it."""
    memories = {"weights.hex": _weights(layer)}
    memories |= {f"thresholds_{name}.hex": lines for name, lines in _searched(layer, bits)}
    return _written(folder, (*_MVU, *_ACTIVATION, "plain_layer"), memories, _parameters(layer, bits))


def finn_design(layer: Layer, bits: int, folder: Path) -> Design:
    """The same with FINN's thresholding. ToolError if FINN's file is not the one that is known."""
    text = (Path(next(iter(finn.__path__))) / "finn-rtllib/thresholding/hdl" / _FINNS).read_text("utf-8")
    if text.count(_SLICE[0]) != 1:
        raise ToolError(f"FINN's {_FINNS} has changed: {_SLICE[0]!r} is not where it was; use the pinned finn-plus")
    memories = {"weights.hex": _weights(layer)}
    memories |= {f"threshs_{name}.dat": lines for name, lines in _searched(layer, bits)}
    made = _written(folder, (*_MVU, "finn_layer"), memories, _parameters(layer, bits))
    write_text(folder / _FINNS, text.replace(*_SLICE))
    return Design(made.top, folder, (_FINNS, *made.files), made.memories, made.parameters)


def mvu(
    weights: Integers, pe: int, simd: int, in_bits: int, kind: str, bits: int, folder: Path, block: bool = False
) -> Design:
    """Write the matrix-vector unit alone: `weights` [outputs, fan_in] of the FINN type `kind`; `block`: RAM."""
    width = 1 if kind == "BIPOLAR" else rtl_memory.signed_bits(int(weights.min()), int(weights.max()))
    outputs, fan_in = weights.shape
    parameters = {"Mw": fan_in, "Mh": outputs, "Simd": simd, "Pe": pe, "InBits": in_bits, "WeightBits": width}
    parameters |= {"Ternary": int(kind == "TERNARY"), "AccBits": bits}
    made = _written(folder, _MVU, {"weights.hex": rtl_memory.mvu_weights(weights, pe, simd, width)}, parameters)
    if block:
        rom = (RTL / "plain_rom.sv").read_text(encoding="utf-8")
        write_text(folder / "plain_rom.sv", rom.replace(_MEMORY, f'(* rom_style = "block" *) {_MEMORY}'))
    return made


def activation(thresholds: Integers, pe: int, bits: int, out_bits: int, folder: Path) -> Design:
    """Write the activation alone: `thresholds` [channels, 2^out_bits - 1], ascending."""
    memories = {f"thresholds_{name}.hex": lines for name, lines in searched(thresholds, pe, bits, out_bits)}
    return _written(folder, _ACTIVATION, memories, {"Ch": len(thresholds), "Pe": pe, "Bits": bits, "OutBits": out_bits})


def searched(thresholds: Integers, pe: int, bits: int, out_bits: int) -> Iterator[tuple[str, list[str]]]:
    """ "<lane>_<step>" and the words of that step's memory: what the binary search compares with there."""
    words = thresholds & ((1 << bits) - 1)
    for lane in range(pe):
        for step in range(out_bits):
            stride = 1 << (out_bits - step)
            found = words[lane::pe, stride // 2 - 1 :: stride]
            yield f"{lane}_{step}", rtl_memory.hex_lines(found.reshape(-1, 1), bits)


def minimal_bits(weights: Integers, in_bits: int, kind: str) -> int:
    """The accumulator's width by FINN's MinimizeAccumulatorWidth for `weights` [outputs, fan_in] of the FINN type
    `kind`: the least at which no input of `in_bits` unsigned bits overflows.
    """
    outputs, fan_in = weights.shape
    value = helper.make_tensor_value_info
    ends = [value("x", TensorProto.FLOAT, [1, fan_in])], [value("y", TensorProto.FLOAT, [1, outputs])]
    node = helper.make_node(
        "MVAU",
        ["x", "w"],
        ["y"],
        domain="finn.custom_op.fpgadataflow",
        backend="fpgadataflow",
        MW=fan_in,
        MH=outputs,
        SIMD=1,
        PE=1,
        inputDataType=f"UINT{in_bits}",
        weightDataType=kind,
        outputDataType="INT32",
        noActivation=0,
    )
    model = ModelWrapper(helper.make_model(helper.make_graph([node], "layer", *ends)))
    model.set_initializer("w", weights.T.astype(np.float32))
    return int(MVAU(model.graph.node[0]).minimize_accumulator_width(model).bitwidth())


def layer_bits(layer: Layer) -> int:
    """`minimal_bits` of a layer."""
    return minimal_bits(layer.matrix, layer.activation_bits, DATA_TYPES[layer.weights])


def _weights(layer: Layer) -> list[str]:
    return rtl_memory.mvu_weights(layer.matrix, layer.pe, layer.simd, layer.weight_bits)


def _searched(layer: Layer, bits: int) -> Iterator[tuple[str, list[str]]]:
    return searched(layer.thresholds(bits), layer.pe, bits, layer.activation_bits)


def _parameters(layer: Layer, bits: int) -> dict[str, int]:
    return {
        "Mw": layer.fan_in,
        "Mh": layer.outputs,
        "Simd": layer.simd,
        "Pe": layer.pe,
        "InBits": layer.activation_bits,
        "WeightBits": layer.weight_bits,
        "Ternary": int(layer.weights == "ternary"),
        "AccBits": bits,
        "OutBits": layer.activation_bits,
    }


def _written(
    folder: Path, cells: Sequence[str], memories: Mapping[str, Sequence[str]], parameters: Mapping[str, int]
) -> Design:
    """The design of these cells, the last of which is the top module, with its files in `folder`."""
    files = tuple(f"{cell}.sv" for cell in cells)
    for name in files:
        write_text(folder / name, (RTL / name).read_text(encoding="utf-8"))
    for name, lines in memories.items():
        write_text(folder / name, "\n".join(lines) + "\n")
    return Design(cells[-1], folder, files, tuple(memories), dict(parameters))
