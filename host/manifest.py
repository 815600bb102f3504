# SPDX-License-Identifier: BSD-3-Clause
"""The manifest of a bundle, SHA256SUMS: whether every file is the one that was packed. `sha256sum -c` reads it, too.

It tells damage and mixed-up files, not a forger: who can change the files can change the manifest.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from host.errors import BundleError, MissingFileError

NAME = "SHA256SUMS"
DRIVER = "host"
"""The folder in which nothing may lie that is not listed: Python would import it."""

_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({_PART}(?:/{_PART})*)")
_SEAL = "# SHA-256 of the lines above: "
_MOST_BYTES = 1 << 20
_SHOWN = 5
_HERE = Path(__file__).resolve().parents[1]


def text(files: Mapping[str, bytes]) -> bytes:
    """The manifest of files by their paths (relative, with slashes)."""
    return _text({name: digest(content) for name, content in files.items()})


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def parse(content: bytes, where: Path) -> dict[str, str]:
    """SHA-256 (hex) by path. Raises BundleError unless `content` is exactly what `text` writes; `where` is for it."""
    lines = content.decode("ascii", "replace").splitlines()[:-1]
    found = {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}
    if not found or _text(found) != content:
        raise BundleError(f"{where} is not as it was made: truncated or altered; unpack or copy the bundle again")
    return found


def check(folder: Path) -> dict[str, str]:
    """Check every file of the bundle in `folder`; SHA-256 (hex) by path.

    Raises MissingFileError (no manifest) or BundleError, which names the files that are missing, changed, symbolic
    links, or in the driver's folder and not listed. Further files beside the bundle's are the user's.
    """
    path = folder / NAME
    if not os.path.lexists(path):
        raise MissingFileError(f"{path} does not exist: {folder} is no bundle; unpack the archive again")
    if not _is_file(path) or path.stat().st_size > _MOST_BYTES:
        raise BundleError(f"{path} is a link, a folder or too large for a manifest; unpack the archive again")
    listed = parse(path.read_bytes(), path)
    wrong = [problem for name in listed if (problem := _problem(folder, name, listed[name]))]
    wrong += [f"{name} is not of this bundle" for name in _driver(folder) if name not in listed]
    refuse(folder, wrong)
    return listed


def refuse(where: Path, wrong: list[str]) -> None:
    """Raise BundleError with the first of the problems `wrong`, if there are any."""
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise BundleError(
            f"{where} is not the bundle that was made: {'; '.join(wrong[:_SHOWN])}{more}. "
            "Nothing was loaded; unpack the archive into a new folder"
        )


def bitfile(folder: Path = _HERE) -> Path:
    """The bitstream's path in the bundle `folder` (that in which this driver lies), whether it is there or not.

    Raises MissingFileError if the folder is no bundle, BundleError if it is a damaged one.
    """
    path = folder / NAME
    if not _is_file(path):
        raise MissingFileError(f"which bitstream? {folder} is no bundle (no {NAME}): give the .bit's path")
    names = [name for name in parse(path.read_bytes(), path) if name.endswith(".hwh") and "/" not in name]
    if len(names) != 1:
        raise BundleError(f"{path} lists {len(names)} .hwh files, expected one; unpack the archive again")
    return (folder / names[0]).with_suffix(".bit")


def _text(digests: Mapping[str, str]) -> bytes:
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()
    return lines + f"{_SEAL}{digest(lines)}\n".encode()


def _problem(folder: Path, name: str, expected: str) -> str | None:
    path = folder
    for part in name.split("/"):
        path /= part
        if path.is_symlink():
            return f"{path.relative_to(folder)} is a symbolic link"
    if not os.path.lexists(path):
        return f"{name} is missing"
    if not _is_file(path):
        return f"{name} is not a file"
    if digest(path.read_bytes()) == expected:
        return None
    saved = " (Jupyter saves what it runs: work on a copy of the notebook)" if name.endswith(".ipynb") else ""
    return f"{name} was changed{saved}"


def _driver(folder: Path) -> Iterator[str]:
    """All files and links in the driver's folder, but for what Python compiled there."""
    for root, folders, files in os.walk(folder / DRIVER):
        here = Path(root)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted(files + links):
            if here.name != "__pycache__" or not name.endswith(".pyc"):
                yield (here / name).relative_to(folder).as_posix()


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
