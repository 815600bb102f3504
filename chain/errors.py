# SPDX-License-Identifier: BSD-3-Clause
"""The toolkit's exceptions. A message says what was found, what was expected, and what to do."""

import difflib
from collections.abc import Iterable


class WrapNetError(Exception):
    """Anything the user can mend. The command line prints its text without a traceback and exits with 2."""


class InputError(WrapNetError):
    """A value, file or option from outside is not what it must be."""


class UnsupportedError(WrapNetError):
    """A valid input that the toolkit cannot map; the text names the node or layer and the way out."""


class ToolError(WrapNetError):
    """An external tool is missing or failed; the text names it and where its log lies."""


class WorthlessError(WrapNetError):
    """A training came to nothing; the text says where and what to change. The command line exits with 3."""


class AgreementError(WrapNetError):
    """Two stages disagree; the text names the layer, the index and both values."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest valid one, and all of them.

    >>> nearest("digit", ["digits", "fmnist-cnn"])
    "did you mean 'digits'? Valid: digits, fmnist-cnn"
    """
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean {close[0]!r}? " if close else "") + f"Valid: {', '.join(names)}"
