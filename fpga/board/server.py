# SPDX-License-Identifier: BSD-3-Clause
"""The gRPC services that pynq's RemoteDevice calls, on 127.0.0.1 only, on top of a Machine."""

import functools
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pynq.remote import (
    buffer_pb2,
    buffer_pb2_grpc,
    mmio_pb2,
    mmio_pb2_grpc,
    remote_device_pb2,
    remote_device_pb2_grpc,
)

from chain.errors import InputError, WrapNetError
from fpga.board import connections
from fpga.board.machine import LARGEST_FILE, BadAddress, Machine
from fpga.board.memory import BASE, OutOfMemory, UnknownBuffer

HOST = "127.0.0.1"

_CHUNK = 3 << 20  # clients take at most 4 MiB
_THREADS = 64
_MESSAGE = 64 << 20
_DATA = mmio_pb2.ReadResponse.DESCRIPTOR.fields_by_name["data"]
_SIGNED = _DATA.type == _DATA.TYPE_INT32  # pynq 3.1; 4.0 has TYPE_UINT32
_CODES: dict[type[Exception], grpc.StatusCode] = {
    OutOfMemory: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnknownBuffer: grpc.StatusCode.NOT_FOUND,
    BadAddress: grpc.StatusCode.OUT_OF_RANGE,
    FileNotFoundError: grpc.StatusCode.NOT_FOUND,
    WrapNetError: grpc.StatusCode.INVALID_ARGUMENT,
}


class NoPort(WrapNetError):
    """The port cannot be had."""


def start(machine: Machine, port: int) -> tuple[grpc.Server, int]:
    """Serve `machine` on 127.0.0.1:`port` (0: any free one); returns the server and its port. Raises NoPort."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, thread_name_prefix="board"),
        # Without this two servers would share a port, and clients would meet either.
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MESSAGE)],
    )
    try:
        bound = server.add_insecure_port(f"{HOST}:{port}")
    except RuntimeError:
        bound = 0
    if not bound:
        raise NoPort(f"port {port} of {HOST} cannot be had (in use, or not allowed): choose another with --port")
    remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(Files(machine, bound), server)
    mmio_pb2_grpc.add_MmioServicer_to_server(Mmio(machine), server)
    buffer_pb2_grpc.add_RemoteBufferServicer_to_server(Buffers(machine, bound), server)
    server.start()
    return server, bound


def _abort(context: grpc.ServicerContext, error: Exception) -> None:
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            context.abort(code, str(error))
    traceback.print_exception(error, file=sys.stderr)
    context.abort(grpc.StatusCode.INTERNAL, f"the simulated board failed: {type(error).__name__}: {error}")


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a handler's exceptions into the call's status, so that the client reads the text."""

    @functools.wraps(method)
    def handler(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except grpc.RpcError:
            raise  # the client went while it was sending
        except Exception as error:
            # `abort` itself raises a bare Exception, so it must stand outside of any handler's own try.
            _abort(context, error)

    return handler


class Files(remote_device_pb2_grpc.RemoteDeviceServicer):
    """Files of the board: the firmware folder and the FPGA manager, through which a bitstream is loaded."""

    def __init__(self, machine: Machine, port: int):
        self._machine = machine
        self._port = port

    @_answers
    def existsfile(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whether `file_path` can be read."""
        return remote_device_pb2.ExistsFileResponse(exists=self._machine.exists(request.file_path))

    def readfile(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The content of `file_path`, in one piece."""
        content = self._machine.read_file(request.file_path)
        if content is None:
            _abort(context, FileNotFoundError(f"{request.file_path}: the simulated board has no such file"))
        yield remote_device_pb2.ReadFileResponse(data=content)

    @_answers
    def writefile(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        """Take a file in pieces; the FPGA manager's `firmware` file loads a bitstream."""
        path, content = None, bytearray()
        for request in requests:
            path = path or request.file_path
            content += request.data
            if len(content) > LARGEST_FILE:
                raise InputError(f"{path}: more than {LARGEST_FILE} bytes")
        if path is None:
            raise InputError("an empty file without a name")
        before = self._machine.model
        self._machine.write_file(path, bytes(content))
        if path.endswith("/firmware"):
            self._machine.memory.reclaim(connections.alive(self._port))
            print(f"{context.peer()} loaded {self._machine.model} (before: {before or 'nothing'})", flush=True)
        return remote_device_pb2.WriteFileResponse()

    @_answers
    def set_bitstream_attrs(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Partial reconfiguration is not simulated; everything else is taken as it comes."""
        if request.partial:
            raise InputError("the simulated board does not do partial reconfiguration")
        return remote_device_pb2.SetBitstreamAttrsResponse(status=True)


class Mmio(mmio_pb2_grpc.MmioServicer):
    """Registers. The name of a range says where it lies, so it stays valid whatever is loaded."""

    def __init__(self, machine: Machine):
        self._machine = machine

    @_answers
    def get_mmio(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A range of registers."""
        self._machine.check_address(request.base_addr, request.length)
        name = f"{request.base_addr:x}+{request.length:x}"
        return mmio_pb2.GetMmioResponse(status=True, mmio_id=name)

    @_answers
    def read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """1, 2 or 4 bytes. The answer has 32 bits, signed in pynq 3.1, so clients mask what they read; 8 do not fit."""
        if request.length not in (1, 2, 4):
            raise BadAddress(f"{request.length} bytes to read: the protocol carries 1, 2 or 4")
        address = _address(request.mmio_id, request.offset, request.length)
        value = self._machine.read_word(address) & ((1 << 8 * request.length) - 1)
        if _SIGNED:
            value -= (value >> 31) << 32
        return mmio_pb2.ReadResponse(status=True, data=value)

    @_answers
    def write(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whole words, one after the other."""
        if len(request.data) % 4 or not request.data:
            raise BadAddress(f"{len(request.data)} bytes to write, expected whole words of 4")
        address = _address(request.mmio_id, request.offset, len(request.data))
        for at in range(0, len(request.data), 4):
            word = int.from_bytes(request.data[at : at + 4], "little")
            self._machine.write_word(address + at, word, context.is_active)
        return mmio_pb2.WriteResponse(status=True)


def _address(name: str, offset: int, length: int) -> int:
    try:
        base, size = (int(part, 16) for part in name.split("+"))
    except ValueError:
        raise BadAddress(f"{name!r} is not a range of registers of this board") from None
    if offset % 4 or (length not in (1, 2) and length % 4) or offset < 0 or offset + length > size:
        raise BadAddress(f"{length} bytes at offset 0x{offset:x}: the range has 0x{size:x} bytes, in words of 4")
    return base + offset


class Buffers(buffer_pb2_grpc.RemoteBufferServicer):
    """Buffers in the shared DDR."""

    def __init__(self, machine: Machine, port: int):
        self._memory = machine.memory
        self._port = port

    @_answers
    def allocate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Reserve bytes; when there are none left, take those of clients that are gone."""
        try:
            name = self._memory.allocate(request.size, context.peer())
        except OutOfMemory:
            self._memory.reclaim(connections.alive(self._port))
            name = self._memory.allocate(request.size, context.peer())
        return buffer_pb2.AllocateResponse(buffer_id=name)

    @_answers
    def write(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        """Fill a buffer from its beginning, in pieces."""
        done = 0
        for request in requests:
            buffer = self._memory.get(request.buffer_id, context.peer())
            end = done + len(request.data)
            if end > buffer.size:
                raise BadAddress(f"{end} bytes written to a buffer of {buffer.size}")
            self._memory.ddr[buffer.start + done : buffer.start + end] = request.data
            done = end
        return buffer_pb2.BufferWriteResponse()

    def read(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """A whole buffer, in pieces."""
        try:
            buffer = self._memory.get(request.buffer_id, context.peer())
        except UnknownBuffer as error:
            _abort(context, error)
        end = buffer.start + buffer.size
        for start in range(buffer.start, end, _CHUNK):
            yield buffer_pb2.BufferReadResponse(data=bytes(self._memory.ddr[start : min(start + _CHUNK, end)]))

    @_answers
    def freebuffer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Give a buffer back."""
        self._memory.free(request.buffer_id)
        return buffer_pb2.FreeBufferResponse()

    @_answers
    def flush(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do: there is no cache between the two sides."""
        self._memory.get(request.buffer_id, context.peer())
        return buffer_pb2.FlushResponse()

    @_answers
    def invalidate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do: there is no cache between the two sides."""
        self._memory.get(request.buffer_id, context.peer())
        return buffer_pb2.InvalidateResponse()

    @_answers
    def physical_address(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Where the buffer lies on the bus."""
        return buffer_pb2.AddressResponse(address=BASE + self._memory.get(request.buffer_id, context.peer()).start)

    virtual_address = physical_address

    @_answers
    def cacheable(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No buffer is cached."""
        return buffer_pb2.CacheableResponse(cacheable=False)
