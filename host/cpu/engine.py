# SPDX-License-Identifier: BSD-3-Clause
"""The CPU engine: a network in 8-bit wraparound arithmetic by table look-up, bit for bit what PyTorch computes.

from host.cpu import Engine
labels = Engine("model.onnx").run(images, labels=True)
"""

import ctypes
import os
import threading
import weakref
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host.cpu import library
from host.cpu.plan import Conv, Plan
from host.cpu.program import program
from host.errors import NetworkError, RangeError
from host.images import as_images

Integers = npt.NDArray[np.int32]

LANES = (8, 16, 32)
MOST_THREADS = 1024
BATCH = 64
"""Images that are computed at a time; `run` takes any number."""


class Engine:
    """A network, planned once, that runs images of any number.

    `source`: a Plan, or the path of an exported .onnx or of its bundle (.npz). `threads`: how many work on a run.
    `lanes`: bits of a lane at least, for comparisons (a layer with a wide accumulator takes wider ones by itself).
    `isa`: an instruction set of `library.available()`, None for the best. All memory is taken here; several threads
    may call one engine, which serves one at a time. Results depend on none of these.

    Raises RangeError, NetworkError, ModelFileError, CompilerError (no compiler).
    """

    def __init__(
        self,
        source: Plan | str | os.PathLike[str],
        threads: int = 1,
        lanes: int | None = None,
        isa: str | None = None,
    ):
        if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MOST_THREADS:
            raise RangeError(f"threads {threads!r}, expected 1..{MOST_THREADS}")
        if lanes is not None and lanes not in LANES:
            raise RangeError(f"lanes {lanes!r}, expected one of {', '.join(map(str, LANES))}")
        self.plan = source if isinstance(source, Plan) else load(source)
        self.threads = threads
        self.isa = library.instruction_set(isa).name
        self._lanes = lanes or LANES[0]
        self._library = library.load(self.isa)
        self._program = program(self.plan)
        self._lock = threading.Lock()
        self._make()

    @property
    def memory(self) -> int:
        """Bytes that the engine holds: tables, indices and the workspaces of all threads."""
        return int(self._library.wrapnet_memory(self._network()))

    def run(self, images: npt.NDArray[np.uint8], labels: bool = False) -> Integers | npt.NDArray[np.int64]:
        """The integers that the network leaves for images uint8 [N, H, W, C]: int32 [N, outputs].

        With `labels` the index of the greatest, the first of equals: int64 [N].
        Raises DtypeError, ShapeError, EmptyError, RangeError.
        """
        out, _ = self._run(images, taps=False)
        return out.argmax(axis=1) if labels else out

    def taps(self, images: npt.NDArray[np.uint8]) -> dict[str, Integers]:
        """The accumulators of every layer after the wrap, before the fold, by name: int32 [N, C, H, W]."""
        return self._run(images, taps=True)[1]

    def seconds(self, step: int, images: int = BATCH, repeats: int = 5) -> float:
        """The least time that step number `step` of the plan takes for up to 64 images. For benchmarks."""
        if not 0 <= step < len(self.plan.steps) or not 1 <= images <= BATCH or repeats < 1:
            raise RangeError(f"step {step}, {images} images, {repeats} repeats: out of range")
        return float(self._library.wrapnet_time(self._network(), step, images, repeats))

    def _run(self, images: object, taps: bool) -> tuple[Integers, dict[str, Integers]]:
        pixels = _check(images, self.plan)
        out = np.empty((len(pixels), self.plan.outputs), np.int32)
        tapped: dict[str, Integers] = {}
        pointers = None
        if taps:
            shapes = [*(tensor.shape for tensor in self.plan.tensors[1:]), self.plan.output_shape]
            for step, shape in zip(self.plan.steps, shapes, strict=True):
                if isinstance(step, Conv):
                    tapped[step.name] = np.empty((len(pixels), *shape), np.int32)
            pointers = (ctypes.c_void_p * len(tapped))(*(tap.ctypes.data for tap in tapped.values()))
        self._library.wrapnet_run(self._network(), pixels.ctypes.data, len(pixels), out.ctypes.data, pointers)
        return out, tapped

    def _make(self) -> None:
        error = ctypes.create_string_buffer(512)
        handle = self._library.wrapnet_create(
            self._program, len(self._program), self._lanes, self.threads, error, len(error)
        )
        if not handle:
            raise NetworkError(f"the CPU engine cannot take this network: {error.value.decode(errors='replace')}")
        self._handle, self._process = handle, os.getpid()
        weakref.finalize(self, _destroy, self._library, handle, self._process)

    def _network(self) -> int:
        # A forked process has the memory but not the threads.
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    self._make()
        return self._handle


def _destroy(library: ctypes.CDLL, handle: int, process: int) -> None:
    if process == os.getpid():
        library.wrapnet_destroy(handle)


def load(path: str | os.PathLike[str]) -> Plan:
    """The plan of an exported .onnx, or of its bundle (.npz). Raises what their loaders do."""
    if Path(path).suffix == ".npz":
        from host.cpu.bundle import load as read
    else:
        from host.cpu.onnx_model import load as read  # the onnx package is not on a board
    return read(path)


def _check(images: object, plan: Plan) -> npt.NDArray[np.uint8]:
    channels, height, width = plan.input_shape
    pixels = as_images(images, (height, width, channels))
    if plan.input_maximum < 255 and (most := int(pixels.max())) > plan.input_maximum:
        raise RangeError(f"a pixel of {most}, expected 0..{plan.input_maximum}")
    return pixels
