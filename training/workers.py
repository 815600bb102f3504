# SPDX-License-Identifier: BSD-3-Clause
"""Places where trainings run beside each other: processes on this machine, or Ray where it is installed.

What dies with its process is started again; trainings go on from their last finished epoch.
"""

import importlib.util
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from chain.errors import ToolError
from training.environment import data_folder, ray_address

RETRIES = 3
"""How often a task is started again after its process died."""

QUEUED = 1000
"""Tasks that a Ray cluster is given at once; it may grow to make room for them."""

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Protocol):
    """`places` tasks run at a time."""

    @property
    def places(self) -> int:
        """How many."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `function`, picklable like all that it takes and gives, run in another process. The future raises what
        it raised, and ToolError where its process died too often.
        """


@contextmanager
def workers(jobs: int, threads: int = 1, device: str = "cpu") -> Iterator[Workers]:
    """`jobs` places of `threads` threads each on this machine, by processes or on a Ray of our own; or those of the
    cluster that RAY_ADDRESS names, whose machines share the folders in use.

    Whatever leaves the block by an exception (Ctrl-C) ends the tasks. Raises ToolError where Ray cannot be reached.
    """
    run: _Processes | _Ray
    found = importlib.util.find_spec("ray")  # without an origin it is any folder of that name
    run = _Ray(jobs, threads, device) if found and found.origin else _Processes(jobs, threads)
    # A thread waits for each task; tasks do their work elsewhere.
    pool = ThreadPoolExecutor(run.at_once)
    places = _Pool(run, pool)
    try:
        yield places
    finally:
        run.closing.set()
        pool.shutdown(wait=False, cancel_futures=True)
        run.close()
        while not all(task.done() for task in places.tasks):
            time.sleep(0.1)
            run.close()  # what had just begun


class _Pool:
    def __init__(self, run: "_Processes | _Ray", pool: ThreadPoolExecutor) -> None:
        self.run, self.pool, self.places = run, pool, run.places
        self.tasks: list[Future[Any]] = []

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        task = self.pool.submit(self.run, function, args, kwargs)
        self.tasks.append(task)
        return task


class _Processes:
    """A process for each place, kept from task to task, and replaced when it dies."""

    def __init__(self, jobs: int, threads: int) -> None:
        self.places = self.at_once = jobs
        self.threads = threads
        self.closing = threading.Event()
        self.idle: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
        self.before = set(multiprocessing.active_children())

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for _ in range(1 + RETRIES):
            process = self._process()
            try:
                result = process.submit(function, *args, **kwargs).result()
            except BrokenProcessPool:
                if self.closing.is_set():
                    raise
                continue
            except BaseException:
                self.idle.put(process)
                raise
            self.idle.put(process)
            return result
        times = f"its process died {1 + RETRIES} times"
        raise ToolError(f"{times}, for want of memory perhaps; try fewer at a time (--jobs, JOBS=)")

    def close(self) -> None:
        """End the processes, whatever they do: what they write is complete or not there."""
        for child in set(multiprocessing.active_children()) - self.before:
            child.kill()  # also one that was stopped, by Ctrl-Z for instance

    def _process(self) -> ProcessPoolExecutor:
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            # A pool of its own for each: a process that dies breaks its pool.
            context = multiprocessing.get_context("spawn")
            return ProcessPoolExecutor(1, context, initializer=_begin, initargs=(os.getpid(), self.threads))


class _Ray:
    """Ray's places."""

    def __init__(self, jobs: int, threads: int, device: str) -> None:
        import ray

        self.ray = ray
        self.closing = threading.Event()
        self.threads = threads
        # Ray takes tasks from several threads, one at a time.
        self.lock = threading.Lock()
        gpus = 1 if device == "cuda" else 0
        self.remote = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=RETRIES)(_with_threads)
        local = {"address": "local", "num_cpus": jobs * threads, "include_dashboard": False}
        variables = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        if folder := data_folder():
            variables["DATA"] = str(folder.absolute())
        try:
            ray.init(
                runtime_env={"env_vars": variables},
                log_to_driver=False,
                **({} if ray_address() else local),
            )
        except ConnectionError as error:
            raise ToolError(
                f"Ray cannot be reached: {error}; RAY_ADDRESS names the cluster, unset it for this machine"
            ) from None
        self.places = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        self.at_once = QUEUED

    def __call__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        errors = self.ray.exceptions
        with self.lock:
            task = None if self.closing.is_set() else self.remote.remote(self.threads, function, args, kwargs)
        while not self.closing.is_set():
            if self.ray.wait([task], timeout=1)[0]:
                try:
                    return self.ray.get(task)
                except errors.RayTaskError as error:
                    if isinstance(error.cause, errors.RayError):
                        raise ToolError(f"Ray: {error}") from None
                    raise error.cause from error  # the function's own
                except errors.RayError as error:
                    raise ToolError(f"Ray: {error}") from None
        raise ToolError("Ray: ended before it was done")

    def close(self) -> None:
        """End Ray, or leave the cluster, which ends our tasks."""
        with self.lock:
            self.ray.shutdown()


def _with_threads(threads: int, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    import torch

    torch.set_num_threads(threads)
    return function(*args, **kwargs)


def _begin(parent: int, threads: int) -> None:
    """What a process of ours does first."""
    # Ctrl-C in a terminal is for the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    import torch

    torch.set_num_threads(threads)


def _follow(parent: int) -> None:
    """End this process soon after its parent: nobody else would."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
