# SPDX-License-Identifier: BSD-3-Clause
"""From a QONNX file in the exporter's form to a FINN dataflow graph, one transformation a file.

Every transformation keeps the graph executable and its results the same (SelectLabel alone changes what a result is);
`stages` gives the order in which they make a dataflow graph of a file. A stage is repeated until nothing in it matches.
"""

from qonnx.transformation.base import Transformation

from fpga.transforms._rewrite import Together
from fpga.transforms.absorb_activation import AbsorbActivation
from fpga.transforms.cancel_transpose import AbsorbInputTranspose, CancelTranspose
from fpga.transforms.check_dataflow import CheckDataflow
from fpga.transforms.convert_layer import ConvertConv, ConvertMatMul
from fpga.transforms.convert_stream import ConvertAdd, ConvertFold, ConvertMaxPool, ConvertReduceSum
from fpga.transforms.insert_fork import InsertFork
from fpga.transforms.move_scale import MoveScale, MoveScaleAdd, RemoveScale, SplitScale
from fpga.transforms.narrow_accumulator import NarrowAccumulator
from fpga.transforms.narrow_stream import NarrowStream
from fpga.transforms.pad_channels import PadChannels
from fpga.transforms.select_label import SelectLabel
from fpga.transforms.tidy import Tidy


def stages() -> tuple[Transformation, ...]:
    """The transformations of `to_dataflow`, in order."""
    streamline = (AbsorbActivation(), SplitScale(), MoveScale(), MoveScaleAdd(), RemoveScale())
    streams = (ConvertMaxPool(), ConvertReduceSum(), ConvertAdd())
    return (
        Tidy(),
        Together((*streamline, *streams)),
        ConvertFold(),
        Together((ConvertConv(), ConvertMatMul())),
        Together((CancelTranspose(), AbsorbInputTranspose())),
        InsertFork(),
        CheckDataflow(),
        NarrowAccumulator(),
    )


__all__ = [
    "AbsorbActivation",
    "AbsorbInputTranspose",
    "CancelTranspose",
    "CheckDataflow",
    "ConvertAdd",
    "ConvertConv",
    "ConvertFold",
    "ConvertMatMul",
    "ConvertMaxPool",
    "ConvertReduceSum",
    "InsertFork",
    "MoveScale",
    "MoveScaleAdd",
    "NarrowAccumulator",
    "NarrowStream",
    "PadChannels",
    "RemoveScale",
    "SelectLabel",
    "SplitScale",
    "Tidy",
    "Together",
    "stages",
]
