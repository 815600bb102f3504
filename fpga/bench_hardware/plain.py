# SPDX-License-Identifier: BSD-3-Clause
"""A layer in plain SystemVerilog at an accumulator width, with thresholds of its own or FINN's."""

from collections.abc import Iterator
from pathlib import Path

import finn
from finn.custom_op.fpgadataflow.matrixvectoractivation import MVAU
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import ToolError
from chain.files import write_text
from fpga import rtl_memory
from fpga.bench_hardware.design import Design
from fpga.bench_hardware.layer import Integers, Layer

RTL = Path(__file__).parent / "rivals"
CELLS = ("plain_tree", "plain_select", "plain_product", "plain_rom", "plain_mvu")
WIDE = 32
"""Bits of the accumulator that needs no thought."""

# slang takes no slice whose bounds come the wrong way round, as this one's do in the first stage, where its value is
# never used: the comparison is in scope there whatever it is. The shift has the same bits in every other stage.
_SLICE = ("p.ptr[M-1:SN+1] < 2**stage", "(p.ptr[M-1:0] >> (SN+1)) < 2**stage")


def design(layer: Layer, bits: int, folder: Path) -> Design:
    """Write the layer with accumulators and thresholds of `bits` bits to `folder`, and return it."""
    files = [f"{cell}.sv" for cell in (*CELLS, "plain_step", "plain_activation", "plain_layer")]
    for name in files:
        write_text(folder / name, (RTL / name).read_text(encoding="utf-8"))
    memories = {"weights.hex": _weights(layer)}
    memories |= {f"thresholds_{lane}_{step}.hex": lines for lane, step, lines in thresholds(layer, bits)}
    return _written("plain_layer", layer, bits, folder, files, memories)


def finn_design(layer: Layer, bits: int, folder: Path) -> Design:
    """The same with FINN's thresholding. ToolError if FINN's file is not the one that is known."""
    text = (Path(next(iter(finn.__path__))) / "finn-rtllib/thresholding/hdl/thresholding.sv").read_text("utf-8")
    if text.count(_SLICE[0]) != 1:
        raise ToolError(f"FINN's thresholding.sv has changed: {_SLICE[0]!r} is not where it was; use the pinned finn-plus")
    write_text(folder / "thresholding.sv", text.replace(*_SLICE))
    files = [*(f"{cell}.sv" for cell in CELLS), "thresholding.sv", "finn_layer.sv"]
    for name in files:
        if name != "thresholding.sv":
            write_text(folder / name, (RTL / name).read_text(encoding="utf-8"))
    memories = {"weights.hex": _weights(layer)}
    memories |= {f"threshs_{lane}_{step}.dat": lines for lane, step, lines in thresholds(layer, bits)}
    return _written("finn_layer", layer, bits, folder, files, memories)


def thresholds(layer: Layer, bits: int) -> Iterator[tuple[int, int, list[str]]]:
    """Lane, step, and the words of that step's memory: what the binary search compares with there."""
    values = layer.thresholds(bits) & ((1 << bits) - 1)
    for lane in range(layer.pe):
        for step in range(layer.activation_bits):
            stride = 1 << (layer.activation_bits - step)
            words: Integers = values[lane :: layer.pe, stride // 2 - 1 :: stride]
            yield lane, step, rtl_memory.hex_lines(words.reshape(-1, 1), bits)


def minimal_bits(layer: Layer) -> int:
    """The accumulator's width by FINN's MinimizeAccumulatorWidth: the least at which no input overflows."""
    value = helper.make_tensor_value_info
    ends = [value("x", TensorProto.FLOAT, [1, layer.fan_in])], [value("y", TensorProto.FLOAT, [1, layer.outputs])]
    weights = {"binary": "BIPOLAR", "ternary": "TERNARY", "4-bit": "INT4"}[layer.weights]
    node = helper.make_node(
        "MVAU",
        ["x", "w"],
        ["y"],
        domain="finn.custom_op.fpgadataflow",
        backend="fpgadataflow",
        MW=layer.fan_in,
        MH=layer.outputs,
        SIMD=layer.simd,
        PE=layer.pe,
        inputDataType=f"UINT{layer.activation_bits}",
        weightDataType=weights,
        outputDataType="INT32",
        noActivation=0,
    )
    model = ModelWrapper(helper.make_model(helper.make_graph([node], "layer", *ends)))
    model.set_initializer("w", layer.matrix.T.astype("float32"))
    return int(MVAU(model.graph.node[0]).minimize_accumulator_width(model).bitwidth())


def _weights(layer: Layer) -> list[str]:
    return rtl_memory.mvu_weights(layer.matrix, layer.pe, layer.simd, layer.weight_bits)


def _written(
    top: str, layer: Layer, bits: int, folder: Path, files: list[str], memories: dict[str, list[str]]
) -> Design:
    for name, lines in memories.items():
        write_text(folder / name, "\n".join(lines) + "\n")
    parameters: dict[str, int | str] = {
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
    return Design(top, folder, tuple(files), tuple(memories), parameters)
