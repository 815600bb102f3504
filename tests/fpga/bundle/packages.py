# SPDX-License-Identifier: BSD-3-Clause
"""Run the driver's commands, then print every loaded package that is neither pynq nor what pynq needs, as JSON.

In pynq's environment, in the folder of a bundle. Argument: the address of a board. `FOREIGN` works in a kernel, too.
"""

import contextlib
import importlib.metadata
import io
import json
import re
import sys

from host.commands import main


def needed(name: str, found: set[str]) -> set[str]:
    """A distribution and all that it requires, through all levels, without extras."""
    name = re.sub(r"[-_.]+", "-", name).lower()
    if name in found:
        return found
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            if "extra ==" not in line:
                needed(re.match(r"[A-Za-z0-9._-]+", line)[0], found)
    return found


def foreign(modules: set[str]) -> list[str]:
    """Those of the top-level `modules` that belong to a distribution that pynq does not need."""
    owners = importlib.metadata.packages_distributions()
    allowed = needed("pynq", set())
    return sorted(
        name
        for name in modules
        if name in owners and not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners[name]} & allowed
    )


if sys.argv[1:] and ":" in sys.argv[1]:
    device = ["--device", sys.argv[1]]
    with contextlib.redirect_stdout(io.StringIO()):
        for words in (
            ["self-test"],
            ["bench", "--batches", "1,4", "--out", "bench.json"],
            ["classify", "image.npy"],
        ):
            assert main([*words, *device]) == 0, words
        assert main(["check"]) == 0
    modules = {name.partition(".")[0] for name in sys.modules}
else:
    modules = set(sys.argv[1:])
print(json.dumps(foreign(modules)))
