# SPDX-License-Identifier: BSD-3-Clause
"""What the command lines have in common: errors become text, MODEL becomes a name."""

import errno
import functools
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from chain.errors import InputError, WrapNetError

P = ParamSpec("P")

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What a model may be called: its results lie in a folder of that name, and must not leave the build folder."""

NAME_IN_WORDS = "a letter or digit, then letters, digits, '.', '_' or '-'"

RESERVED = ("bench", "bitstream", "calibration", "cocotb", "proofs", "verilator")
"""Names that no model may have: folders of build/ that are not a model's, and bitstream.json, a bitstream's record."""

SEEDS = 1 << 31
"""Seeds are the integers from 0 to below this."""


def errors_as_text(command: Callable[P, None]) -> Callable[P, None]:
    """Let `command` end with status 2 and one text on a WrapNetError or OSError, 130 on Ctrl-C; never a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except WrapNetError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except OSError as error:
            print(f"error: {explained(error)}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(130)

    return run


def explained(error: OSError) -> str:
    """The system's own words, and what to do where they leave that open."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error}. Free some space, or choose another folder for the results (--build, BUILD=), and run it again"
    return str(error)


def is_path(model: str) -> bool:
    """Whether MODEL is a recipe's path, and no name."""
    return model.endswith(".toml") or "/" in model


def model_name(model: str) -> str:
    """The name of MODEL: itself, or the `name` in the recipe if it is a recipe's path.

    Raises InputError if there is no such recipe, or it gives no name that a folder can have.
    """
    if not is_path(model):
        return _checked(model, "model")
    path = Path(model)
    if not path.is_file():
        raise InputError(f"recipe {model!r}: no such file")
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8")).get("name")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"recipe {model!r} is not TOML: {error}") from None
    if not isinstance(name, str) or not name:
        raise InputError(f"recipe {model!r} has no `name`")
    return _checked(name, f"recipe {model!r}: name")


def _checked(name: str, what: str) -> str:
    if not re.fullmatch(NAME, name):
        raise InputError(f"{what} {name!r}: expected {NAME_IN_WORDS}")
    if name in RESERVED:
        raise InputError(f"{what} {name!r} is a name of the toolkit's own below build/: choose another")
    return name
