# SPDX-License-Identifier: BSD-3-Clause
"""A board in the network that hangs must not hang the program: pynq's calls have no deadline."""

import contextlib
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from host.errors import DeviceError

EVERY = 1.0
"""Seconds between two questions to a board that is at work."""

_ALWAYS_THERE = "/proc/version"
_given_up: "weakref.WeakKeyDictionary[Any, str]" = weakref.WeakKeyDictionary()  # why, in words


@contextlib.contextmanager
def answering(device: Any, name: str, patience: float) -> Iterator[None]:
    """Raise DeviceError if `device` is in the network and takes longer than `patience` seconds to answer in this block.

    A second thread asks it every second whether a file exists; its answer does not wait for the calls of this thread.
    If none comes, the connection is closed, which ends those calls, and `device` can be used no more. A job of any
    length is no silence. A device without a network connection is not watched.
    """
    stubs = getattr(device, "_stub", None)
    if stubs is None:
        yield
        return
    if device in _given_up:
        raise DeviceError(f"{name} {_given_up[device]}")
    over = threading.Event()

    def ask() -> None:
        while not over.wait(EVERY):
            try:
                exists_file(stubs["device"], patience)
            except Exception as error:
                if not over.is_set():
                    said = getattr(error, "details", error.__str__)()
                    _given_up[device] = (
                        f"did not answer any more ({said}; it had {patience:g} s), so its connection was closed; when "
                        "it is there again, connect and load the bitstream again"
                    )
                    device.client.channel.close()
                return

    thread = threading.Thread(target=ask, name=f"watch over {name}", daemon=True)
    thread.start()
    try:
        yield
    except Exception as error:
        if device in _given_up:
            raise DeviceError(f"{name} {_given_up[device]}") from error
        raise
    finally:
        over.set()
        thread.join()


def exists_file(stub: Any, seconds: float) -> None:
    """One question to the board; gRPC's error if there is no answer within so many seconds."""
    from pynq.remote import remote_device_pb2

    stub.existsfile(remote_device_pb2.ExistsFileRequest(file_path=_ALWAYS_THERE), timeout=seconds)
