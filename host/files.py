# SPDX-License-Identifier: BSD-3-Clause
"""Files that are read up to a bound, and written whole or not at all: beside their target, then renamed."""

import os
import stat
import tempfile
from pathlib import Path

from host.errors import MissingFileError, ModelFileError

MOST_BYTES = 1 << 30
"""Of a model's file: hundreds of times what networks here have."""


def read(path: Path) -> bytes:
    """The content of a model's file. MissingFileError if there is none, ModelFileError if it is too large for one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist: export the model first") from None
    if not stat.S_ISREG(found.st_mode):
        raise MissingFileError(f"{path} is a folder or a device, expected a model's file")
    if found.st_size > MOST_BYTES:
        raise ModelFileError(f"{path}: {found.st_size} bytes, at most {MOST_BYTES} are read")
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
