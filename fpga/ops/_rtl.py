# SPDX-License-Identifier: BSD-3-Clause
"""What all `_rtl` ops share: writing the wrapper and the memory files, listing them, FINN's Tcl lines."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from onnx import GraphProto
from qonnx.core.modelwrapper import ModelWrapper

from chain.errors import InputError
from chain.files import write_text
from fpga.levels import UNLIMITED
from fpga.ops import _cells
from fpga.ops._base import Array, StreamOp
from fpga.ops._wrapper import Cell, wrapper


class RtlOp(RTLBackend):
    """Mixed in before the op: `class X_rtl(RtlOp, X)`. Subclasses give `cell`."""

    def get_nodeattr_types(self) -> dict[str, Any]:
        types = super().get_nodeattr_types()
        types.update(
            {
                "cellNames": ("strings", False, []),  # of fpga/rtl
                "moduleFile": ("s", False, ""),  # of a module that was written for this node
                "memoryFiles": ("strings", False, []),
            }
        )
        return types

    @abstractmethod
    def cell(self, graph: GraphProto) -> Cell:
        """The static cell, its parameters and the contents of its memories, whose names begin with the top module's."""

    def limited(self, parameters: Mapping[str, int | str]) -> dict[str, int | str]:
        """`parameters`, and MaxLevels where the clock allows fewer levels of logic than the cell has by itself."""
        most = self.get_nodeattr("maxLevels")
        return {**parameters, **({"MaxLevels": most} if most < UNLIMITED else {})}

    def generate_hdl(self, model: ModelWrapper, fpgapart: str, clk: float) -> None:
        """Write `<top>.v` and the memory files into `code_gen_dir_ipgen`."""
        top = self.get_verilog_top_module_name()
        folder = Path(self.get_nodeattr("code_gen_dir_ipgen"))
        self.set_nodeattr("gen_top_module", top)
        cell = self.cell(model.graph)
        inputs = [self.get_instream_width(i) for i, _ in enumerate(self.onnx_node.input) if self.get_instream_width(i)]
        outputs = [self.get_outstream_width(i) for i, _ in enumerate(self.onnx_node.output)]
        write_text(folder / f"{top}.v", wrapper(top, cell, inputs, outputs))
        for name, lines in cell.memories.items():
            write_text(folder / name, "\n".join(lines) + "\n")
        if cell.text:
            self.set_nodeattr("moduleFile", f"{cell.name}.sv")
            write_text(folder / f"{cell.name}.sv", cell.text)
        self.set_nodeattr("cellNames", list(cell.parts) if cell.text else [cell.name])
        if cell.memories:  # ONNX has no empty list of texts
            self.set_nodeattr("memoryFiles", list(cell.memories))
        self.set_nodeattr("ipgen_path", str(folder))
        self.set_nodeattr("ip_path", str(folder))

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        """Static cells first, the wrapper last. InputError if its HDL is not this version's."""
        if not self.get_nodeattr("cellNames"):
            raise InputError(f"node {self.onnx_node.name!r}: it has no RTL of this version; make it anew (make rtl)")
        cells = list(dict.fromkeys(path for name in self.get_nodeattr("cellNames") for path in _cells.files(name)))
        own = [name for name in (self.get_nodeattr("moduleFile"), f"{self.get_nodeattr('gen_top_module')}.v") if name]
        if abspath:
            return [*map(str, cells), *(str(Path(self.get_nodeattr("code_gen_dir_ipgen")) / name) for name in own)]
        return [*(path.name for path in cells), *own]

    def get_memory_files(self) -> list[str]:
        """Absolute paths of the .hex files, which the wrapper's cell reads from the folder in which it runs.

        The wrapper writes `./` before their names: FINN replaces that by the folder where it builds with Vivado.
        """
        folder = Path(self.get_nodeattr("code_gen_dir_ipgen"))
        return [str(folder / name) for name in self.get_nodeattr("memoryFiles")]

    def code_generation_ipi(self) -> list[str]:
        files = [*self.get_rtl_file_list(abspath=True), *self.get_memory_files()]
        cell = f"create_bd_cell -type module -reference {self.get_nodeattr('gen_top_module')} {self.onnx_node.name}"
        return [*(f"add_files -norecurse {name}" for name in files), cell]

    def execute_node(self, context: dict[str, Array], graph: GraphProto) -> None:
        """FINN's RTL simulation where it was asked for (it needs Vivado), the op's own arithmetic otherwise."""
        if self.get_nodeattr("exec_mode") == "rtlsim":
            RTLBackend.execute_node(self, context, graph)
        else:
            StreamOp.execute_node(self, context, graph)  # type: ignore[arg-type]


def integers(array: Array) -> Array:
    """An initializer as int64."""
    return np.rint(array).astype(np.int64)
