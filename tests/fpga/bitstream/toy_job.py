# SPDX-License-Identifier: BSD-3-Clause
"""A small design as a job for a board: what the tests of the tool chains build."""

from dataclasses import replace
from pathlib import Path

from onnx import ModelProto

from fpga import design
from fpga.bitstream import board
from fpga.bitstream.job import Job
from tests import graphs
from tests.fpga import hardware


def make(folder: Path, name: str, network: ModelProto | None = None) -> Job:
    """A linear layer (or `network`) for board `name`.

    `folder`/toy is the model's folder: dataflow.onnx, rtl/, and the job's bitstream/.
    """
    model = folder / "toy"
    made, graph = hardware.design(network or graphs.linear(0), model, 100_000)
    graph.save(str(model / "dataflow.onnx"))
    target = model / "bitstream"
    target.mkdir()
    return Job(made, design.digest(model / "rtl"), model / "rtl", board.load(name), {}, target, print)


def at(job: Job, folder: Path, programs: dict[str, Path]) -> Job:
    """The same job in another, empty folder, with these programs."""
    folder.mkdir(parents=True)
    return replace(job, folder=folder, programs=programs)
