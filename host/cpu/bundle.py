# SPDX-License-Identifier: BSD-3-Clause
"""A plan as one .npz file, for machines without the onnx package: whole, or refused.

The archive is not compressed. `header.npy` holds JSON in UTF-8: the format's number, the SHA-256 of everything else,
the network with its steps' numbers. The other members are the steps' arrays, `<step's index>.<name>.npy`.
`np.load(path)["0.weights"]` shows one.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host import files
from host.cpu.plan import Activation, Add, Conv, Lookup, MaxPool, Plan, Step, SumPool
from host.errors import ModelFileError, NetworkError

FORMAT = 1

Array = npt.NDArray[Any]

_KINDS: dict[str, type[Step]] = {kind.kind: kind for kind in (Conv, Lookup, MaxPool, SumPool, Add)}
_NUMBERS = {
    "conv": ("source", "target", "stride", "padding", "dilation", "groups", "bits", "fold"),
    "lookup": ("source", "target"),
    "maxpool": ("source", "target", "kernel", "stride", "padding", "dilation"),
    "sumpool": ("source", "target"),
    "add": ("a", "b", "target"),
}
_ARRAYS = {"conv": ("weights",), "lookup": ("table",)}
_ACTIVATION = ("sign", "thresholds")
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<|][iu][124])', 'fortran_order': False, 'shape': \(([0-9, ]{1,80})\), \} *\n",
    re.DOTALL,
)
"""Magic and version, the header's length, type, shape. numpy's own reader evaluates the text as Python's literals."""


def save(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write `plan` to `path`, whole or not at all."""
    arrays: dict[str, Array] = {}
    steps = []
    for index, step in enumerate(plan.steps):
        steps.append({"kind": step.kind, "name": step.name} | {n: getattr(step, n) for n in _NUMBERS[step.kind]})
        arrays |= {f"{index}.{name}": getattr(step, name) for name in _ARRAYS.get(step.kind, ())}
        activation = getattr(step, "activation", None)
        if activation is not None:
            arrays |= {f"{index}.{name}": getattr(activation, name) for name in _ACTIVATION}
    network = {
        "input_shape": plan.input_shape,
        "input_maximum": plan.input_maximum,
        "classes": plan.classes,
        "model": plan.model,
        "provenance": plan.provenance,
        "steps": steps,
    }
    members = {name: _to_npy(array) for name, array in arrays.items()}
    header = {"format": FORMAT, "sha256": _digest(network, members), "network": network}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        text = np.frombuffer(json.dumps(header, indent=1).encode(), np.uint8)
        for name, member in {"header": _to_npy(text), **members}.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member)  # of a fixed date: equal plans are equal files
    files.write(Path(path), content.getvalue())


def load(path: str | os.PathLike[str]) -> Plan:
    """Read a bundle.

    Raises:
        MissingFileError: no such file.
        ModelFileError: no bundle, one of another format, truncated or altered.
        NetworkError: a bundle whose network contradicts itself.
    """
    where = Path(path)
    content = files.read(where)
    try:
        return _plan(_members(content))
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None
    except ModelFileError as error:
        raise ModelFileError(f"{where}: {error}") from None


def _plan(members: dict[str, bytes]) -> Plan:
    header = _header(members.pop("header", None))
    if header.get("format") != FORMAT:
        raise ModelFileError(
            f"format {header.get('format')!r}, this toolkit reads format {FORMAT}; make the bundle again with it"
        )
    network = header.get("network")
    if not isinstance(network, dict) or header.get("sha256") != _digest(network, members):
        raise ModelFileError("its content does not have the SHA-256 that its header names: altered; make it again")
    try:
        arrays = {name: _from_npy(name, member) for name, member in members.items()}
        steps = tuple(_step(index, dict(values), arrays) for index, values in enumerate(network["steps"]))
        if arrays:
            raise ModelFileError(f"arrays that belong to no step: {', '.join(sorted(arrays))}")
        provenance = network["provenance"]
        if not isinstance(provenance, dict):
            raise ModelFileError(f"provenance: expected an object, found {type(provenance).__name__}")
        return Plan(
            _numbers(network["input_shape"]),
            network["input_maximum"],
            steps,
            tuple(str(name) for name in network["classes"]),
            str(network["model"]),
            provenance,
        )
    except KeyError as error:
        raise ModelFileError(f"the entry {error} is missing") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, NetworkError):
            raise
        raise ModelFileError(f"its header contradicts its form: {error}") from None


def _step(index: int, values: dict[str, Any], arrays: dict[str, Array]) -> Step:
    kind = values.pop("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise NetworkError(f"step {index} of the kind {kind!r}, the engine has {', '.join(_KINDS)}")
    expected = {"name", *_NUMBERS[kind]}
    if set(values) != expected:
        raise ModelFileError(f"step {index} has the entries {sorted(values)}, expected {sorted(expected)}")
    for name, value in values.items():
        values[name] = _numbers(value) if isinstance(value, list) else value
    values |= {name: arrays.pop(f"{index}.{name}") for name in _ARRAYS.get(kind, ())}
    if kind == "sumpool" or (kind == "conv" and values["target"] is not None):
        values["activation"] = Activation(*(arrays.pop(f"{index}.{name}") for name in _ACTIVATION))
    return _KINDS[kind](**values)


def _numbers(values: Any) -> Any:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ModelFileError(f"expected a list of integers, found {values!r:.80}")
    return tuple(values)


def _header(member: bytes | None) -> dict[str, Any]:
    if member is None:
        raise ModelFileError("not a bundle: no header in it")
    try:
        header = json.loads(_from_npy("header", member).tobytes())
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"its header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise ModelFileError(f"its header is a JSON {type(header).__name__}, expected an object")
    return header


def _members(content: bytes) -> dict[str, bytes]:
    """The members' contents by name. Nothing is unpacked and no byte read twice: memory is bounded by the file's."""
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED for info in found):
                raise ValueError("its members are compressed")
            if sum(info.file_size for info in found) > len(content):
                raise ValueError("its members are larger than the file")
            for info in found:
                name = info.filename.removesuffix(".npy")
                if name in members:
                    raise ValueError(f"two members {info.filename!r}")
                members[name] = archive.read(info)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, KeyError) as error:
        raise ModelFileError(f"not a bundle, or a truncated one: {error}; make it again") from None
    return members


def _digest(network: dict[str, Any], members: dict[str, bytes]) -> str:
    content = hashlib.sha256(json.dumps(network, sort_keys=True).encode())
    for name in sorted(members):
        content.update(f"\0{name}\0{len(members[name])}\0".encode())
        content.update(members[name])
    return content.hexdigest()


def _to_npy(array: Array) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
    return content.getvalue()


def _from_npy(name: str, member: bytes) -> Array:
    """The array of an .npy as `_to_npy` writes it: a view of the member, so that no size in it is believed."""
    found = _NPY.match(member)
    if found is None or int.from_bytes(found[1], "little") != found.end() - found.end(1):
        raise ModelFileError(f"its array {name!r} is damaged: not little-endian integers of .npy version 1.0, by rows")
    try:
        shape = tuple(int(size) for size in found[3].split(b",") if size.strip())
        return np.frombuffer(member[found.end() :], np.dtype(found[2].decode())).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise ModelFileError(f"its array {name!r} is damaged: {error}") from None
