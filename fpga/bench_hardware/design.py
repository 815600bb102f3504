# SPDX-License-Identifier: BSD-3-Clause
"""A design as Yosys and Verilator take it: a folder of sources and memory files, and its top module."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fpga.ops._cells import COMMENT


@dataclass(frozen=True, eq=False)
class Design:
    """`files` in compile order, and `memories`, which the design reads from its working directory, lie in `folder`."""

    top: str
    folder: Path
    files: tuple[str, ...]
    memories: tuple[str, ...] = ()
    parameters: dict[str, int | str] = field(default_factory=dict)

    def read(self, options: str = "") -> str:
        """Yosys' command that reads it, in `folder`, with further `options`."""
        values = " ".join(f"-G {key}={value}" for key, value in self.parameters.items())
        # FINN's RTL uses names before their declaration, which slang takes only when told.
        return f"read_slang {options} --allow-use-before-declare --top {self.top} {values} {' '.join(self.files)}"

    def digest(self, also: Sequence[Path] = ()) -> str:
        """Hash of the contents of every file but its comments, their order, and the parameters of the top module; and
        of the files `also`, on which what is made of the design depends.
        """
        sources = {name: self.folder / name for name in (*self.files, *self.memories)} | {p.name: p for p in also}
        hasher = hashlib.sha256(repr((self.top, sorted(self.parameters.items()))).encode())
        for name, path in sources.items():
            text = path.read_text(encoding="utf-8")
            hasher.update(f"\0{name}\0{COMMENT.sub(' ', text)}".encode())
        return hasher.hexdigest()
