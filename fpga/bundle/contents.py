# SPDX-License-Identifier: BSD-3-Clause
"""The files of a bundle, by their paths in it."""

import hashlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from chain.errors import InputError
from fpga.bundle import readme
from fpga.bundle.inputs import Golden, Inputs
from fpga.shell import hwh, metadata
from host.cpu import bundle, library, onnx_model
from host.errors import HostError, NetworkError

Files = dict[str, bytes]

ROOT = Path(__file__).parents[2]
STATIC = Path(__file__).parent / "static"
CROSS_COMPILER = "arm-linux-gnueabihf-g++"
BOARD_SET = "neon32"  # the instruction set of a Zynq-7000's Cortex-A9


def collect(given: Inputs, compiler: str | None) -> Files:
    """All files but the manifest. `compiler` builds the CPU engine's library for the board; None leaves it out."""
    name = given.model.name
    hand_off = hwh.text(name, given.design.part, given.design.clock_mhz).encode()
    described = _metadata(given, hand_off)
    files = {
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        f"{name}.hwh": hand_off,
        f"{name}.json": (json.dumps(described, indent=2) + "\n").encode(),
        f"{name}.golden.npz": _npz(given.golden),
        "image.npy": _npy(given.golden.images[0]),
        f"{name}.resources.json": given.resources,
        **{path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()},
        **_driver(),
    }
    if given.bitstream is not None:
        files[f"{name}.bit"] = given.bitstream.content
    network = _network(given.model.onnx)
    compiled = network is not None and compiler is not None
    if network is not None:
        files[f"{name}.npz"] = network
        files |= _library(compiler)
    files["README.md"] = readme.text(given, files, compiled).encode()
    return files


def cross_compiler() -> str | None:
    """The path of the compiler for the board's processor, None if this machine has none."""
    return shutil.which(CROSS_COMPILER)


def _metadata(given: Inputs, hand_off: bytes) -> dict[str, Any]:
    """What the driver reads. Without a bitstream there is no hash of one: the design on the board says what it is."""
    bit = given.bitstream.content if given.bitstream else None
    digest = None if bit is None else _sha256(bit)
    return metadata.of_board(given.design, given.design_hash, digest, _sha256(hand_off), bundled=True)


def _driver() -> Files:
    """host/: its Python, and the source of the CPU engine's kernels."""
    sources = [path for path in sorted((ROOT / "host").rglob("*")) if path.suffix in (".py", ".h", ".cpp")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources}


def _network(model: Path) -> bytes | None:
    """The network for the CPU engine; None if it is one that the engine cannot run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        try:
            bundle.save(onnx_model.load(model), path)
        except NetworkError:
            return None
        except HostError as error:
            raise InputError(str(error)) from None
        return path.read_bytes()


def _library(compiler: str | None) -> Files:
    if compiler is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = library.prebuild(BOARD_SET, compiler, Path(folder))
        return {f"host/cpu/{path.name}": path.read_bytes()}


def _npz(golden: Golden) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, images=golden.images, labels=golden.labels, outputs=golden.outputs)
    return content.getvalue()


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
