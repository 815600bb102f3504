# SPDX-License-Identifier: BSD-3-Clause
"""The netlist that place and route gets for a serial board, simulated at its pins: images in, results out."""

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.errors import AgreementError, ToolError
from chain.files import write_text
from fpga import netlist, verilate, words
from fpga.design import Design
from fpga.serial_board.build import HARNESS
from fpga.serial_board.library import SerialBoard
from fpga.uart import build as uart
from host.serial import messages
from host.serial.frames import Frame, Receiver, encode, longest

WRAPPERS = Path(__file__).parent / "sim"
CYCLES = 3_000_000
LEAST_IMAGES, MOST_IMAGES = 4, 64
_STEP = 1_000_000


def affordable_images(made: Design, clocks_per_bit: int) -> int:
    """How many images CYCLES carry, the time on the line counted: 4 to 64."""
    line = 10 * clocks_per_bit * (made.input.bytes_per_frame + made.output.bytes_per_frame)
    return max(LEAST_IMAGES, min(MOST_IMAGES, CYCLES // (line + made.bound)))


def library(verilog: Path, top: str, name: str, cache: Path) -> Path:
    """The simulated board of the netlist `verilog` of the top level `top`: what SerialBoard takes. ToolError."""
    with tempfile.TemporaryDirectory() as scratch:
        gates = Path(scratch) / "gates.v"
        write_text(gates, netlist.with_cells(verilog, netlist.ECP5))
        spec = verilate.Build(
            top=uart.TOP,
            sources=[gates, WRAPPERS / f"{top}_shell.sv"],
            harness=[HARNESS],
            warnings=False,  # Yosys' netlist and models
        )
        return verilate.build(spec, cache, name=f"netlist-{name}")


def run(board: SerialBoard, made: Design, images: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """Results [N, *output shape] of `images` [N, *input shape], one request at a time. ToolError for no answer."""
    given, wanted = made.input, made.output
    receiver = Receiver(longest(messages.result_bytes(wanted.bytes_per_frame)))
    results = []
    for number, image in enumerate(images):
        content = words.pack(image, given.bits, given.elements_per_word).tobytes()
        request = Frame(messages.RUN, number % 256, messages.run(content, 1))
        board.send(encode(request))
        while board.run(_STEP):
            pass
        answers = list(receiver.feed(board.receive()))
        if len(answers) != 1 or answers[0] is None or answers[0].kind != messages.RESULT:
            raise ToolError(f"the netlist answered image {number} with {answers}, expected one result")
        found = np.frombuffer(messages.result(answers[0].payload).content, np.uint8).reshape(-1, wanted.word_bytes)
        results.append(words.unpack(found, wanted.bits, wanted.elements_per_word, wanted.signed).reshape(wanted.shape))
    return np.stack(results)


def require_agreement(expected: npt.NDArray[np.integer], got: npt.NDArray[np.integer]) -> None:
    """Raise AgreementError with the first image in which the netlist's results differ from PyTorch's."""
    wrong = np.argwhere(expected != got)
    if len(wrong):
        image, *index = (int(i) for i in wrong[0])
        raise AgreementError(
            f"the synthesised netlist differs from PyTorch: image {image}, output {index}: expected "
            f"{expected[tuple(wrong[0])]}, got {got[tuple(wrong[0])]}"
        )
