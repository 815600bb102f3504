# SPDX-License-Identifier: BSD-3-Clause
"""A user's own Python file, named in a recipe as "file.py:name"."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from chain.errors import InputError


def is_reference(text: str) -> bool:
    """Whether `text` has the form "file.py:name"."""
    return ".py:" in text


def digest(reference: str, folder: Path) -> str:
    """SHA-256, in hex, of the file in "file.py:name". Raises InputError if it is missing.

    What that file imports is not looked at.
    """
    return hashlib.sha256(_file(reference, folder).read_bytes()).hexdigest()


def resolve(reference: str, folder: Path) -> Any:
    """The object `name` of the file in "file.py:name", which is relative to `folder`.

    Raises InputError if the file is missing, fails to run, or lacks the name.
    """
    path, name = _file(reference, folder), reference.rpartition(":")[2]
    module_name = f"_wrapnet_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"{path} does not run: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        found = sorted(key for key in vars(module) if not key.startswith("_"))
        raise InputError(f"{path} has no {name!r}; it has {', '.join(found) or 'nothing'}")
    return getattr(module, name)


def _file(reference: str, folder: Path) -> Path:
    path = (folder / reference.rpartition(":")[0]).resolve()
    if not path.is_file():
        raise InputError(f"{reference!r}: no file {path}")
    return path
