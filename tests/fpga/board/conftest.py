# SPDX-License-Identifier: BSD-3-Clause
"""A build folder with two small designs whose board libraries are plain C, so that these tests need no Verilator."""

import hashlib
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
SHAPE = (3, 5, 2)
BASE, BLOCK, CLOCK = 0x43C00000, "resize_accel_0", 62.5  # as in pynq's own example hand-off


def bitstream(payload: bytes) -> bytes:
    """`payload` with the header of a .bit."""
    fields = b"".join(
        key + struct.pack(">H", len(text) + 1) + text + b"\0"
        for key, text in ((b"a", b"fake"), (b"b", b"7z020clg400"), (b"c", b"2026/01/01"), (b"d", b"00:00:00"))
    )
    return struct.pack(">H", 9) + bytes(9) + b"\0\1" + fields + b"e" + struct.pack(">I", len(payload)) + payload


def make_design(build: Path, model: str, classes: int, hwh: bytes) -> None:
    """Write build/<model>/board/* and reference.npz for a fake of `classes` outputs."""
    folder = build / model / "board"
    folder.mkdir(parents=True)
    (build / model / "rtl").mkdir()
    frame = int(np.prod(SHAPE))
    design = hashlib.sha256(f"{model} {classes}".encode()).hexdigest()
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", f"-DFRAME={frame}", f"-DCLASSES={classes}"]
    command += [f"-DHASH=0x{design[-8:]}u", "-o", str(folder / "board.so"), str(HERE / "fake_board.c")]
    subprocess.run(command, check=True)
    bit = bitstream(b"WRAPNET\0" + bytes.fromhex(design))
    (folder / f"{model}.bit").write_bytes(bit)
    (folder / f"{model}.hwh").write_bytes(hwh)
    input_stream = {"shape": list(SHAPE), "bits": 8, "signed": False, "elements_per_word": 1, "word_bytes": 1}
    output_stream = {"shape": [classes], "bits": 8, "signed": True, "elements_per_word": 1, "word_bytes": 1}
    metadata = {
        "format": 1,
        "model": model,
        "input": {**input_stream, "words_per_frame": frame},
        "output": {**output_stream, "words_per_frame": classes},
        "classes": [f"class {index}" for index in range(classes)],
        "clock_mhz": CLOCK,
        "bound": 100,
        "part": "xc7z020clg400-1",
        "design_hash": design,
        "bit_sha256": hashlib.sha256(bit).hexdigest(),
        "hwh_sha256": hashlib.sha256(hwh).hexdigest(),
        "library": "board.so",
        "ip": BLOCK,
        "base_address": BASE,
        "simulated": True,
    }
    (folder / f"{model}.json").write_text(json.dumps(metadata), encoding="utf-8")
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (120, *SHAPE), dtype=np.uint8)
    sums = np.stack([images.reshape(120, -1)[:, i::classes].sum(axis=1) for i in range(classes)], axis=1)
    outputs = sums.astype(np.uint8).astype(np.int8).astype(np.int32)
    np.savez(build / model / "reference.npz", images=images, outputs=outputs, labels=outputs.argmax(axis=1))


def hand_off(pynq_python: Path) -> bytes:
    """The .hwh of pynq's own example, and in it what pynq 4.0 asks every processor for: the UltraScale+'s clock."""
    packages = pynq_python.parent.parent / "lib" / "python3.11" / "site-packages"
    text = (packages / "pynqmetadata" / "tests" / "hwhs" / "resizer.hwh").read_bytes()
    enabled = b'<PARAMETER NAME="PCW_FPGA_FCLK0_ENABLE" VALUE="1"/>'
    assert text.count(enabled) == 1
    frequency = f'<PARAMETER NAME="PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ" VALUE="{CLOCK}"/>'
    return text.replace(enabled, enabled + frequency.encode())


@pytest.fixture(scope="session")
def fake_build(tmp_path_factory: pytest.TempPathFactory, pynq_python: Path) -> Path:
    """The build folder: `first` with 10 classes, `second` with 3."""
    hwh = hand_off(pynq_python)
    build = tmp_path_factory.mktemp("build")
    make_design(build, "first", 10, hwh)
    make_design(build, "second", 3, hwh)
    return build
