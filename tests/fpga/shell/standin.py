# SPDX-License-Identifier: BSD-3-Clause
"""A small design that stands in for an accelerator: takes a frame, answers with words that depend on all of it.

`write` makes an rtl folder (accelerator.sv, manifest.json) as the stitcher does; `answer` is the same in Python.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpga.design import Design, Stream

SEED = 1  # the first state of a frame
FACTOR = 31
STEP = 0x01010101


def design(in_bytes: int, in_words: int, out_bytes: int, out_words: int, model: str = "standin") -> Design:
    """Words of `in_bytes` and `out_bytes` bytes; 8-bit elements, a frame of in_words, a result of out_words words."""
    return Design(
        model=model,
        top="accelerator",
        files=("accelerator.sv",),
        memories=("seed.hex",),
        input=Stream.of((1, in_words, in_bytes), 8, False, in_bytes),
        output=Stream.of((out_words * out_bytes,), 8, True, out_bytes),
        taps=(),
        layers=(),
        edges=(),
        bound=in_words + out_words,
        clock_mhz=100.0,
        part="xc7z020clg400-1",
        classes=tuple(str(i) for i in range(out_words * out_bytes)),
    )


def write(folder: Path, in_bytes: int, in_words: int, out_bytes: int, out_words: int, model: str = "standin") -> Design:
    """Fill `folder` (made if missing) with the stand-in's accelerator.sv, its memory file and manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (Path(__file__).parent / "standin.sv").read_text(encoding="utf-8")
    values = {"InBytes": in_bytes, "InWords": in_words, "OutBytes": out_bytes, "OutWords": out_words}
    for name, value in values.items():
        text = text.replace(f"localparam int unsigned {name} = 1;", f"localparam int unsigned {name} = {value};")
    for name, content in (("accelerator.sv", text), ("seed.hex", f"{SEED:08x}\n")):
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:  # make looks at the time stamp
            path.write_text(content, encoding="utf-8")
    made = design(in_bytes, in_words, out_bytes, out_words, model)
    made.save(folder)
    return made


def answer(frames: npt.NDArray[np.uint8], made: Design) -> npt.NDArray[np.uint8]:
    """`frames` uint8 [N, bytes a frame] -> uint8 [N, bytes of a result]."""
    size = made.input.word_bytes
    state = np.full(len(frames), SEED, dtype=np.uint32)
    for word in range(made.input.words_per_frame):
        total = frames[:, word * size : (word + 1) * size].astype(np.uint32)
        total = (total * np.arange(1, size + 1, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
        state = state * np.uint32(FACTOR) + total
    results = []
    for word in range(made.output.words_per_frame):
        value = (state + np.uint32(word * STEP & 0xFFFFFFFF)).astype("<u4").view(np.uint8).reshape(-1, 4)
        results.append(np.tile(value, (1, made.output.word_bytes // 4 + 1))[:, : made.output.word_bytes])
    return np.concatenate(results, axis=1)
