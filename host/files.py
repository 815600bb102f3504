# SPDX-License-Identifier: BSD-3-Clause
"""Files that are either whole or absent: written beside their target, then renamed."""

import os
import tempfile
from pathlib import Path


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
