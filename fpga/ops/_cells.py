# SPDX-License-Identifier: BSD-3-Clause
"""Which files of `fpga/rtl` a cell needs."""

import re
from pathlib import Path

RTL = Path(__file__).resolve().parent.parent / "rtl"

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def files(cell: str, folder: Path = RTL) -> list[Path]:
    """The cell's file and those of everything it instantiates or imports, what is used before what uses it.

    A file holds one module or package of its own name, so naming another file's stem is using it.
    Raises FileNotFoundError for a cell that has no file.
    """
    known = {path.stem for path in folder.glob("*.sv")}
    ordered: list[str] = []

    def visit(name: str) -> None:
        text = COMMENT.sub(" ", (folder / f"{name}.sv").read_text(encoding="utf-8"))
        for used in dict.fromkeys(_IDENTIFIER.findall(text)):
            if used in known and used != name and used not in ordered:
                visit(used)
        if name not in ordered:
            ordered.append(name)

    visit(cell)
    return [folder / f"{name}.sv" for name in ordered]
