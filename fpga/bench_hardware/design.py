# SPDX-License-Identifier: BSD-3-Clause
"""A design as Yosys and Verilator take it: a folder of sources and memory files, and its top module."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fpga.ops._cells import COMMENT
from fpga.primitives import Family


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
        values = " ".join(f"-G {key}={_literal(value)}" for key, value in self.parameters.items())
        # FINN's RTL uses names before their declaration, which slang takes only when told.
        return f"read_slang {options} --allow-use-before-declare --top {self.top} {values} {' '.join(self.files)}"

    def read_commands(self, family: Family, options: str = "", kept_apart: bool = False) -> list[str]:
        """Yosys' commands that read it, in `folder`, the last of which is `hierarchy`: our cells as primitives of
        `family`, and a design that has none of them as it is, its modules `kept_apart` or not.
        """
        if family.used(self.files):
            return family.read_commands(self.top, self.files, options)
        return [self.read(f"{'--keep-hierarchy' if kept_apart else ''} {options}"), f"hierarchy -top {self.top}"]

    def key(self, family: Family) -> str:
        """The digest's first digits, with the forms of `family` that it uses: what its figures are kept by."""
        return self.digest(family.used(self.files))[:24]

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


def _literal(value: int | str) -> str:
    """A parameter's value in SystemVerilog."""
    return f'"{value}"' if isinstance(value, str) else str(value)
