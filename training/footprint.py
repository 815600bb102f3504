# SPDX-License-Identifier: BSD-3-Clause
"""The memory that training takes on this machine, measured in a process of its own.

It is what a few steps take beyond what is there once everything is imported and the images and the network are made:
gradients, optimiser, activations. On a GPU torch's allocator knows. On a processor it is the kernel's high-water mark
of resident memory (VmHWM, which getrusage gives as ru_maxrss), which is set back before the steps.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from chain.errors import ToolError


def peak(prepare: Callable[..., Callable[[], Callable[[int], None]]], steps: int, device: str, *arguments: Any) -> int:
    """Bytes that `steps` steps of training take at most on `device`, "cpu" or "cuda".

    In a new process `prepare(*arguments)` gives a function that builds network and optimiser, which is called once the
    mark is set back, and gives a step (called with its number).

    Raises ToolError where the kernel does not let a process set its mark back.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_MEASURES[device], prepare, steps, torch.get_num_threads(), arguments).result()


def _on_gpu(prepare: Callable[..., Any], steps: int, threads: int, arguments: tuple[Any, ...]) -> int:
    torch.set_num_threads(threads)
    build = prepare(*arguments)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step = build()
    for index in range(steps):
        step(index)
    return torch.cuda.max_memory_allocated() - before


def _on_cpu(prepare: Callable[..., Any], steps: int, threads: int, arguments: tuple[Any, ...]) -> int:
    torch.set_num_threads(threads)
    build = prepare(*arguments)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _resident("VmRSS")
    except OSError as error:
        raise ToolError(f"peak memory cannot be measured here: {error}") from None
    step = build()
    for index in range(steps):
        step(index)
    return _resident("VmHWM") - before


_MEASURES = {"cpu": _on_cpu, "cuda": _on_gpu}


def _resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))
