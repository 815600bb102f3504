# SPDX-License-Identifier: BSD-3-Clause
"""FINN dataflow graph -> one folder of plain RTL with the top module `accelerator`; no vendor tool.

The top is wiring only: one instance for each node, one stream (`<prefix>_tdata`, `_tvalid`, `_tready`) for each tensor.
A tensor's prefix is `<node>_out<index>` of the node that makes it; graph input and output are `s_axis` and `m_axis`.
The same graph gives the same text, byte for byte.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chain.errors import InputError, ToolError, UnsupportedError
from fpga import levels, windows
from fpga.design import Design, Edge, Layer, Stream, Tap
from fpga.layers import cycles
from fpga.names import layer_of, op_of
from fpga.ops import _cells
from fpga.ops._wrapper import Cell

TOP = "accelerator"
CELLS = Path(__file__).parent / "rtl"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MEMORY_SUFFIXES = {".hex", ".mem", ".dat"}
_ACCUMULATING = ("WrapMVU", "WrapVVU")
# Ops whose output only repeats or regroups what another tap shows.
_TRANSPARENT = (
    *("FMPadding", "ConvolutionInputGenerator", "StreamingDataWidthConverter", "StreamNarrow"),
    *("StreamingFIFO", "StreamFork"),
)
# FINN's padding has a run-time configuration port that is not used here.
_AXILITE_INPUTS = (
    *(("AWVALID", 1), ("AWADDR", 5), ("WVALID", 1), ("WDATA", 32), ("WSTRB", 4), ("BREADY", 1)),
    *(("ARVALID", 1), ("ARADDR", 5), ("RREADY", 1)),
)
_AXILITE_OUTPUTS = ("AWREADY", "WREADY", "BVALID", "BRESP", "ARREADY", "RVALID", "RDATA", "RRESP")


@dataclass(frozen=True)
class Patch:
    """A change to a copied file of FINN's RTL library that open tools need. `count` occurrences of `old`, no other."""

    file: str
    old: str
    new: str
    why: str
    count: int = 1


PATCHES = (
    Patch("vpc.sv", "`default_nettype none\n", "", "slang: no default_nettype inside a module"),
    Patch("vpc.sv", "`default_nettype wire\n", "", "slang: no default_nettype inside a module"),
    Patch(
        "dwc_axi.sv",
        ".N(IBITS * OBITS)",
        ".N(IBITS % OBITS == 0? IBITS : OBITS % IBITS == 0? OBITS : IBITS * OBITS)",
        "a vector of one word of the wider side is a plain shift register; of their product it is a barrel shifter",
    ),
)


def stitch(
    model: Any,
    folder: Path,
    name: str,
    clock_mhz: float,
    part: str,
    classes: Sequence[str] = (),
    result_shape: Sequence[int] | None = None,
) -> Design:
    """Write the RTL of `model` (QONNX ModelWrapper, every node an RTL node of FINN) to `folder`; return its manifest.

    The folder is replaced as a whole, or left as it was if anything fails. Raises UnsupportedError for a graph that is
    no dataflow graph with one input and one output, ToolError when a file to be copied or patched is not as expected.
    """
    nodes = [_Node(model, node) for node in model.graph.node]
    _check(model, nodes)
    if levels.limit(part, clock_mhz) < levels.UNLIMITED:
        for node in nodes:
            node.ours = windows.cell(node.inst)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        target, generated = Path(scratch) / "rtl", Path(scratch) / "generated"
        target.mkdir(mode=0o755)
        collect = _Collector(target)
        for node in nodes:
            if node.op == "StreamingFIFO":
                collect.source(CELLS / "stream_fifo.sv")
                continue
            home = generated / node.name
            if node.ours is not None:
                for path in _cells.files(node.ours.name):
                    collect.source(path)
                collect.text(f"{node.name}.v", windows.module(node.name, node.inst, node.ours))
                continue
            node.generate(model, home, part, 1000.0 / clock_mhz)
            for path in node.inst.get_rtl_file_list(abspath=True):
                collect.source(Path(path))
            for path in sorted(home.rglob("*")):
                if path.suffix in _MEMORY_SUFFIXES:
                    collect.memory(path)
            node.forget()
        collect.text(f"{TOP}.sv", accelerator(model, nodes, name))
        design = _design(model, nodes, collect, name, clock_mhz, part, tuple(classes), result_shape)
        design.save(target)
        _swap(target, folder)
    return design


def accelerator(model: Any, nodes: Sequence["_Node"], name: str) -> str:
    """Text of the top module: ports, streams, instances in graph order."""
    first, last = model.graph.input[0].name, model.graph.output[0].name
    source = next(node for node in nodes if first in node.inputs)
    sink = next(node for node in nodes if last in node.outputs)
    in_width = source.in_width(source.inputs.index(first))
    out_width = sink.out_width(sink.outputs.index(last))
    lines = [
        "// SPDX-License-Identifier: BSD-3-Clause",
        f"// The streaming accelerator of model {name}: wiring only, generated by fpga/stitch.py.",
        f"module {TOP} (",
        "    input  wire ap_clk,",
        "    input  wire ap_rst_n,",
        f"    input  wire {_range(in_width)} s_axis_tdata,",
        "    input  wire s_axis_tvalid,",
        "    output wire s_axis_tready,",
        f"    output wire {_range(out_width)} m_axis_tdata,",
        "    output wire m_axis_tvalid,",
        "    input  wire m_axis_tready",
        ");",
    ]
    signals = _signals(model, nodes)
    for node in nodes:
        for index, tensor in enumerate(node.outputs):
            if tensor != last:
                signal = signals[tensor]
                lines.append(f"    wire {_range(node.out_width(index))} {signal}_tdata;")
                lines.append(f"    wire {signal}_tvalid;")
                lines.append(f"    wire {signal}_tready;")
    for node in nodes:
        lines += ["", *_instance(node, signals)]
    return "\n".join([*lines, "endmodule", ""])


def taps(model: Any) -> tuple[Tap, ...]:
    """The streams that simulation compares, in graph order: what every op of ours makes, before any FIFO."""
    nodes = [_Node(model, node) for node in model.graph.node]
    return tuple(_taps(model, nodes))


class _Node:
    """A node of the graph with FINN's instance of it; `ours` is a cell that takes the place of FINN's module."""

    def __init__(self, model: Any, node: Any) -> None:
        from qonnx.custom_op.registry import getCustomOp

        self.name: str = node.name
        self.op = op_of(node)
        self.op_type: str = node.op_type
        self.layer = layer_of(node)
        try:
            self.inst = getCustomOp(node)
            streams = [index for index, _ in enumerate(node.input) if self.inst.get_instream_width(index)]
        except Exception as error:
            raise UnsupportedError(
                f"node {node.name!r} ({node.op_type}, domain {node.domain!r}) is not a hardware node: {error}"
            ) from error
        self._streams = streams
        self.inputs: list[str] = [node.input[index] for index in streams]
        self.outputs: list[str] = list(node.output)
        self.ours: Cell | None = None

    def in_width(self, index: int) -> int:
        """Bits of input stream `index`, whole bytes."""
        return int(self.inst.get_instream_width_padded(self._streams[index]))

    def out_width(self, index: int) -> int:
        """Bits of output stream `index`, whole bytes."""
        return int(self.inst.get_outstream_width_padded(index))

    def attribute(self, name: str, default: Any) -> Any:
        """A node attribute, or `default` where the op has none of that name."""
        return self.inst.get_nodeattr(name) if name in self.inst.get_nodeattr_types() else default

    def input_index(self, index: int) -> int:
        """Position among the ONNX inputs of stream `index`: it names the port."""
        return self._streams[index]

    def generate(self, model: Any, home: Path, part: str, period_ns: float) -> None:
        """Write the node's own RTL into `home`."""
        home.mkdir(parents=True)
        self.inst.set_nodeattr("code_gen_dir_ipgen", str(home))
        try:
            self.inst.code_generation_ipgen(model, part, period_ns)
        except (AssertionError, KeyError, ValueError, AttributeError) as error:
            raise ToolError(f"FINN could not write the RTL of {self.name} ({self.op_type}): {error!r}") from error

    def forget(self) -> None:
        """Take the paths that `generate` left out of the graph."""
        for key in ("code_gen_dir_ipgen", "ipgen_path", "ip_path"):
            self.inst.set_nodeattr(key, "")


class _Collector:
    """Copies files into one flat folder, in order, once each; two different files of one name are an error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: list[str] = []
        self.memories: list[str] = []

    def source(self, path: Path) -> None:
        self._add(path.name, self._read(path), self.files)

    def memory(self, path: Path) -> None:
        self._add(path.name, self._read(path), self.memories)

    def text(self, name: str, text: str) -> None:
        self._add(name, text, self.files)

    def _read(self, path: Path) -> str:
        try:
            return patched(path.name, path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ToolError(f"{path} is missing: an installed package is incomplete (make setup)") from None

    def _add(self, name: str, text: str, into: list[str]) -> None:
        target = self._folder / name
        if target.exists():
            if target.read_text(encoding="utf-8") != text:
                raise ToolError(f"two nodes bring different files of one name: {name}")
        else:
            target.write_text(text, encoding="utf-8")
        if name not in into:
            into.append(name)


def patched(name: str, text: str) -> str:
    """`text` of file `name` with its patches applied. ToolError if the place to change is not there as expected."""
    for patch in PATCHES:
        if patch.file == name:
            found = text.count(patch.old)
            if found != patch.count:
                raise ToolError(
                    f"FINN's {name} has changed: {patch.old!r} occurs {found} times, expected {patch.count} "
                    f"({patch.why}); the pinned finn-plus is not the one that is installed"
                )
            text = text.replace(patch.old, patch.new)
    return text


def _check(model: Any, nodes: Sequence[_Node]) -> None:
    if len(model.graph.input) != 1 or len(model.graph.output) != 1:
        raise UnsupportedError(
            f"the accelerator has one input and one output, the graph has {len(model.graph.input)} and "
            f"{len(model.graph.output)}"
        )
    if not nodes:
        raise UnsupportedError("the graph has no nodes")
    produced = {model.graph.input[0].name}
    seen: set[str] = set()
    for node in nodes:
        if not _IDENTIFIER.match(node.name) or "__" in node.name:
            raise InputError(f"node name {node.name!r} is no Verilog identifier, or has two underscores in a row")
        if node.name in seen:
            raise InputError(f"two nodes are called {node.name!r}")
        seen.add(node.name)
        if not node.op_type.endswith("_rtl") and node.op != "StreamingFIFO":
            raise UnsupportedError(f"node {node.name} ({node.op_type}) has no RTL: only RTL nodes can be stitched")
        missing = [tensor for tensor in node.inputs if tensor not in produced]
        if missing:
            raise UnsupportedError(f"node {node.name}: no node before it makes {missing}")
        produced.update(node.outputs)
    makers = {tensor: (node, index) for node in nodes for index, tensor in enumerate(node.outputs)}
    readers: dict[str, list[str]] = {}
    for node in nodes:
        for index, tensor in enumerate(node.inputs):
            readers.setdefault(tensor, []).append(node.name)
            if tensor in makers:
                maker, port = makers[tensor]
                if maker.out_width(port) != node.in_width(index):
                    raise UnsupportedError(
                        f"{maker.name} gives words of {maker.out_width(port)} bits and {node.name} takes "
                        f"{node.in_width(index)}: a width converter is missing between them"
                    )
    for tensor in (model.graph.input[0].name, *makers):
        names = readers.get(tensor, [])
        expected = 0 if tensor == model.graph.output[0].name else 1
        if len(names) != expected:
            raise UnsupportedError(
                f"stream {tensor!r} has {len(names)} readers {names}, expected {expected}: fan-out needs a StreamFork"
            )


def _signals(model: Any, nodes: Sequence[_Node]) -> dict[str, str]:
    names = {model.graph.input[0].name: "s_axis"}
    for node in nodes:
        for index, tensor in enumerate(node.outputs):
            names[tensor] = f"{node.name}_out{index}"
    names[model.graph.output[0].name] = "m_axis"
    return names


def _range(width: int) -> str:
    return f"[{width - 1}:0]"


def _instance(node: _Node, signals: dict[str, str]) -> list[str]:
    extra: list[str] = []
    if node.op == "StreamingFIFO":
        # The padding of a word to whole bytes is not stored.
        width, padded = int(node.inst.get_instream_width()), node.in_width(0)
        head = f"stream_fifo #(.Width({width}), .Depth({node.inst.get_nodeattr('depth')}))"
        source, sink = signals[node.inputs[0]], signals[node.outputs[0]]
        ports = [("clk_i", "ap_clk"), ("rst_ni", "ap_rst_n")]
        ports += [("in_data_i", f"{source}_tdata{_range(width)}"), ("in_valid_i", f"{source}_tvalid")]
        ports += [("in_ready_o", f"{source}_tready"), ("out_data_o", f"{sink}_tdata{_range(width)}")]
        ports += [("out_valid_o", f"{sink}_tvalid"), ("out_ready_i", f"{sink}_tready")]
        if width < padded:
            upper = f"tdata[{padded - 1}:{width}]"
            extra = [
                f"    assign {sink}_{upper} = {padded - width}'d0;",
                f"    wire unused_{source} = &{{1'b0, {source}_{upper}}};",
            ]
    else:
        head = (node.ours is None and node.inst.get_nodeattr("gen_top_module")) or node.name
        ports = [("ap_clk", "ap_clk"), ("ap_rst_n", "ap_rst_n")]
        for index, tensor in enumerate(node.inputs):
            ports += _stream_ports(f"in{node.input_index(index)}_V", signals[tensor])
        for index, tensor in enumerate(node.outputs):
            ports += _stream_ports(f"out{index}_V", signals[tensor])
        if node.op == "FMPadding" and node.ours is None:
            ports += [(f"s_axilite_{port}", f"{width}'d0") for port, width in _AXILITE_INPUTS]
            ports += [(f"s_axilite_{port}", "") for port in _AXILITE_OUTPUTS]
    listed = [f"        .{port}({signal})" for port, signal in ports]
    return [f"    {head} {instance_name(node.name)} (", ",\n".join(listed), "    );", *extra]


def instance_name(node: str) -> str:
    """Name of the instance of a node in the top module."""
    return f"i_{node}"


def _stream_ports(port: str, signal: str) -> list[tuple[str, str]]:
    return [(f"{port}_T{kind.upper()}", f"{signal}_t{kind}") for kind in ("data", "valid", "ready")]


def _design(
    model: Any,
    nodes: Sequence[_Node],
    collect: _Collector,
    name: str,
    clock_mhz: float,
    part: str,
    classes: tuple[str, ...],
    result_shape: Sequence[int] | None,
) -> Design:
    source, sink = nodes[0], nodes[-1]
    layers = tuple(_layers(nodes))
    # Packages first, tops last: FINN's and our files import nothing but swg_pkg.
    files = sorted(collect.files, key=lambda file: (not file.endswith("_pkg.sv"), file == f"{TOP}.sv"))
    return Design(
        model=name,
        top=TOP,
        files=tuple(files),
        memories=tuple(sorted(collect.memories)),
        input=_stream(_image_shape(model, source), source.inst.get_folded_input_shape(), source.inst, "input"),
        output=_stream(
            _shape(result_shape or sink.inst.get_normal_output_shape()),
            sink.inst.get_folded_output_shape(),
            sink.inst,
            "output",
        ),
        taps=tuple(_taps(model, nodes)),
        layers=layers,
        edges=tuple(_edges(model, nodes)),
        bound=max(layer.cycles for layer in layers),
        clock_mhz=float(clock_mhz),
        part=part,
        classes=classes,
    )


def _image_shape(model: Any, source: _Node) -> tuple[int, ...]:
    """[H, W, C] where the network's input is an image, be it of one pixel; [features] where it is a vector."""
    sizes = [int(size) for size in model.get_tensor_shape(model.graph.input[0].name)]
    return tuple(sizes[1:]) if len(sizes) == 4 else _shape(source.inst.get_normal_input_shape())


def _stream(shape: tuple[int, ...], folded: Sequence[int], inst: Any, side: str) -> Stream:
    datatype = getattr(inst, f"get_{side}_datatype")()
    return Stream.of(shape, int(datatype.bitwidth()), bool(datatype.signed()), int(folded[-1]))


def _shape(normal: Iterable[int]) -> tuple[int, ...]:
    """[H, W, C] or [classes] of a FINN tensor: without the batch and without the 1x1 pixels of a vector."""
    sizes = [int(size) for size in normal][1:]
    while len(sizes) > 1 and len(sizes) != 3:
        sizes = sizes[1:] if sizes[0] == 1 else [int(np.prod(sizes[:-1])), sizes[-1]][-1:]
    return tuple(sizes) if len(sizes) != 3 or sizes[:2] != [1, 1] else (sizes[2],)


def _taps(model: Any, nodes: Sequence[_Node]) -> Iterator[Tap]:
    signals = _signals(model, nodes)
    readers = {tensor: node for node in nodes for tensor in node.inputs}
    for node in nodes:
        if node.op in _TRANSPARENT:
            continue
        tensor = node.outputs[0]
        kind = "acc" if node.op in _ACCUMULATING else "act"
        datatype = node.inst.get_output_datatype()
        yield Tap(
            layer=node.layer or node.name,
            kind=kind,
            signal=signals[tensor],
            bits=int(datatype.bitwidth()),
            signed=bool(datatype.signed()),
            shape=_shape(node.inst.get_normal_output_shape()),
            elements_per_word=int(node.inst.get_folded_output_shape()[-1]),
            tensor=tensor,
            fold=_fold(node, readers) if kind == "acc" else 0,
        )


def _fold(node: _Node, readers: dict[str, _Node]) -> int:
    """The fold that the layer's next op applies to the raw accumulators."""
    reader = readers.get(node.outputs[0])
    while reader is not None and reader.op in _TRANSPARENT:
        reader = readers.get(reader.outputs[0])
    return int(reader.attribute("fold", 0) or 0) if reader is not None else 0


def _layers(nodes: Sequence[_Node]) -> Iterator[Layer]:
    owner = ""
    owners: dict[str, str] = {}
    for node in reversed(nodes):
        owner = node.layer or owner
        owners[node.name] = owner
    for node in nodes:
        if node.op == "StreamingFIFO":
            continue
        yield Layer(
            name=node.name,
            op=node.op,
            pe=int(node.attribute("PE", 0) or 0),
            simd=int(node.attribute("SIMD", 0) or 0),
            cycles=cycles(node.inst),
            layer=owners[node.name],
            instance=instance_name(node.name),
            weights=str(node.attribute("romStyle", "")),
        )


def _edges(model: Any, nodes: Sequence[_Node]) -> Iterator[Edge]:
    """What connects the layers, the graph's input first, then in the order of the nodes and their outputs."""
    readers = {tensor: node for node in nodes for tensor in node.inputs}

    def edge(source: str, tensor: str, bits: int, folded: Sequence[int]) -> Edge:
        depth, reader = 0, readers.get(tensor)
        while reader is not None and reader.op == "StreamingFIFO":
            depth += int(reader.inst.get_nodeattr("depth"))
            reader = readers.get(reader.outputs[0])
        return Edge(source, reader.name if reader else "", depth, int(bits), int(np.prod(folded[:-1])))

    first = model.graph.input[0].name
    inst, index = readers[first].inst, readers[first].input_index(readers[first].inputs.index(first))
    yield edge("", first, inst.get_instream_width(index), inst.get_folded_input_shape(index))
    for node in nodes:
        if node.op != "StreamingFIFO":
            for i, tensor in enumerate(node.outputs):
                yield edge(node.name, tensor, node.inst.get_outstream_width(i), node.inst.get_folded_output_shape(i))


def _swap(new: Path, old: Path) -> None:
    """Put folder `new` in the place of `old`, which may not exist."""
    aside = new.with_name("old")
    if old.exists():
        os.replace(old, aside)
    os.replace(new, old)
    shutil.rmtree(aside, ignore_errors=True)
