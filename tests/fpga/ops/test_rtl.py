# SPDX-License-Identifier: BSD-3-Clause
"""What the RTL ops generate: wrappers that elaborate with their cells, memory files, Tcl lines."""

from pathlib import Path

import numpy as np
import onnx
import pyslang
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from fpga.mapping import specialise, to_dataflow
from fpga.ops import RTL_OPS, _cells
from fpga.ops._wrapper import Cell, wrapper
from tests.graphs import CASES

OURS = {op.__name__ for op in RTL_OPS}


@pytest.fixture(scope="module", params=["residual", "depthwise", "wide"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelWrapper:
    """A network whose nodes all have Verilog, with PE and SIMD above 1 where they divide."""
    folder = tmp_path_factory.mktemp(request.param)
    onnx.save(CASES[request.param](0), folder / "model.onnx")
    model = to_dataflow(folder / "model.onnx")
    for node in model.graph.node:
        op = getCustomOp(node)
        for attribute, width in (("PE", op.get_normal_output_shape()[-1]), ("SIMD", _columns(op))):
            if attribute in op.get_nodeattr_types() and width % 2 == 0:
                op.set_nodeattr(attribute, 2)
    return specialise(model, folder / "ip")


def _columns(op) -> int:
    return op.get_nodeattr("MW") if "MW" in op.get_nodeattr_types() else op.get_normal_input_shape()[-1]


def test_every_wrapper_elaborates(built: ModelWrapper) -> None:
    for node in built.graph.node:
        if node.op_type not in OURS:
            continue
        op = getCustomOp(node)
        compilation = pyslang.ast.Compilation()
        for path in op.get_rtl_file_list(abspath=True):
            compilation.addSyntaxTree(pyslang.syntax.SyntaxTree.fromFile(path))
        errors = [found for found in compilation.getAllDiagnostics() if found.isError()]
        assert not errors, f"{node.name}: {errors[0].code}"
        tops = [top.name for top in compilation.getRoot().topInstances]
        assert tops == [op.get_nodeattr("gen_top_module")]


def test_files_and_tcl(built: ModelWrapper) -> None:
    for node in built.graph.node:
        if node.op_type not in OURS:
            continue
        op = getCustomOp(node)
        files = op.get_rtl_file_list(abspath=True) + op.get_memory_files()
        assert all(Path(name).is_file() for name in files)
        assert op.get_rtl_file_list() == [Path(name).name for name in op.get_rtl_file_list(abspath=True)]
        *adds, cell = op.code_generation_ipi()
        assert [line.split() for line in adds] == [["add_files", "-norecurse", name] for name in files]
        assert cell == f"create_bd_cell -type module -reference {node.name} {node.name}"
        assert op.get_nodeattr("ip_path") == op.get_nodeattr("ipgen_path") == op.get_nodeattr("code_gen_dir_ipgen")


def test_memory_names_are_the_design_s_own(built: ModelWrapper) -> None:
    names = [
        Path(name).name
        for node in built.graph.node
        if node.op_type in OURS
        for name in getCustomOp(node).get_memory_files()
    ]
    assert len(names) == len(set(names)) > 2


def test_weights_in_memory() -> None:
    """Bit (p * SIMD + s) of word nf * SF + sf is 1 where W[nf*PE + p][sf*SIMD + s] is +1."""
    model = ModelWrapper(CASES["linear"](0))
    weights = np.array([[1, -1, 1], [1, 1, -1], [-1, 1, 1], [1, -1, -1]], np.float32)  # MW = 4, MH = 3
    from tests.fpga.ops.test_units import mvu

    model, op = mvu(weights, 2, 8, weightDataType="BIPOLAR", SIMD=2, PE=3)
    model.graph.node[0].op_type, model.graph.node[0].domain = "WrapMVU_rtl", "finn.custom_op.fpgadataflow.rtl"
    op = getCustomOp(model.graph.node[0])
    cell = op.cell(model.graph)
    (lines,) = cell.memories.values()
    words = [int(line, 16) for line in lines]
    assert len(words) == 2
    for sf, word in enumerate(words):
        for p in range(3):
            for s in range(2):
                assert (word >> (p * 2 + s)) & 1 == (weights[sf * 2 + s, p] == 1)


GOLDEN = """\
// SPDX-License-Identifier: BSD-3-Clause
// Generated: stream_add at FINN's boundary.
module top (
  (* X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF in0_V:in1_V:out0_V, ASSOCIATED_RESET ap_rst_n" *)
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 ap_clk CLK" *)
  input  wire ap_clk,
  (* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW" *)
  input  wire ap_rst_n,
  input  wire [7:0] in0_V_TDATA,
  input  wire in0_V_TVALID,
  output wire in0_V_TREADY,
  input  wire [7:0] in1_V_TDATA,
  input  wire in1_V_TVALID,
  output wire in1_V_TREADY,
  output wire [15:0] out0_V_TDATA,
  output wire out0_V_TVALID,
  input  wire out0_V_TREADY
);
  stream_add #(
    .Pe(2),
    .Name("text")
  ) cell_inst (
    .clk_i(ap_clk),
    .rst_ni(ap_rst_n),
    .in0_data_i(in0_V_TDATA[5:0]),
    .in0_valid_i(in0_V_TVALID),
    .in0_ready_o(in0_V_TREADY),
    .in1_data_i(in1_V_TDATA[7:0]),
    .in1_valid_i(in1_V_TVALID),
    .in1_ready_o(in1_V_TREADY),
    .out_data_o(out0_V_TDATA[9:0]),
    .out_valid_o(out0_V_TVALID),
    .out_ready_i(out0_V_TREADY)
  );
  wire unused_in0_V = &{1'b0, in0_V_TDATA[7:6]};
  assign out0_V_TDATA[15:10] = 6'd0;
endmodule
"""


def test_wrapper_text() -> None:
    assert wrapper("top", Cell("stream_add", {"Pe": 2, "Name": "text"}), [6, 8], [10]) == GOLDEN


def test_cells_before_what_uses_them(tmp_path: Path) -> None:
    (tmp_path / "top.sv").write_text("// unused\nmodule top; middle m(); endmodule")
    (tmp_path / "middle.sv").write_text("module middle; import pack::*; /* unused */ endmodule")
    (tmp_path / "pack.sv").write_text("package pack; endpackage")
    (tmp_path / "unused.sv").write_text("module unused; endmodule")
    assert [path.stem for path in _cells.files("top", tmp_path)] == ["pack", "middle", "top"]
    with pytest.raises(FileNotFoundError):
        _cells.files("missing", tmp_path)
