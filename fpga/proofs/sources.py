# SPDX-License-Identifier: BSD-3-Clause
"""The SystemVerilog that a proof reads: its own module and the cells below it, found by their names."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from chain.errors import InputError

PROPERTIES = Path(__file__).parent / "sv"
FOLDERS = (Path(__file__).parents[1] / "rtl", Path(__file__).parents[1] / "shell")

_WORD = re.compile(r"\b[a-z]\w*\b")
_COMMENT = re.compile(r"//[^\n]*")


def modules(folders: Sequence[Path] = FOLDERS) -> dict[str, Path]:
    """The files of `folders` and of the properties by module, which a file is named after."""
    return {path.stem: path for folder in (*folders, PROPERTIES) for path in sorted(folder.glob("*.sv"))}


def below(top: str, known: Mapping[str, Path]) -> list[Path]:
    """The file of `top` and of every module that it names, directly or not, sorted by name. InputError if unknown."""
    if top not in known:
        raise InputError(f"no module {top!r} in {', '.join(sorted({str(path.parent) for path in known.values()}))}")
    found: set[str] = set()
    open_names = {top}
    while open_names:
        name = open_names.pop()
        found.add(name)
        words = _WORD.findall(_COMMENT.sub("", known[name].read_text(encoding="utf-8")))
        open_names |= {word for word in words if word in known} - found
    return [known[name] for name in sorted(found)]
