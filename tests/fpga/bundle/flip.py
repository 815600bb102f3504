# SPDX-License-Identifier: BSD-3-Clause
"""Flip one byte of a bundle, open it, and put the byte back, hundreds of times; in pynq's environment, in the bundle.

Arguments: how many, and a seed. Each of the manifest's files is taken in turn, at a random place. The device is one
that must not be touched. Prints the number of flips that were found.
"""

import sys
from pathlib import Path

import numpy as np

from host import errors, manifest
from host.overlay import WrapNetOverlay


class Untouchable:
    """Any use of it, even of its name, is an error of another kind than the one that is expected."""

    def __getattribute__(self, name: str):
        raise AssertionError(f"the device was touched: {name}")


count, seed = map(int, sys.argv[1:])
random = np.random.default_rng(seed)
names = [*manifest.check(Path.cwd()), manifest.NAME]
found = 0
for number in range(count):
    path = Path(names[number % len(names)])
    whole = path.read_bytes()
    if not whole:
        continue
    at, change = int(random.integers(len(whole))), int(random.integers(1, 256))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
    try:
        WrapNetOverlay(manifest.bitfile(Path.cwd()), device=Untouchable())
    except errors.BundleError as error:
        assert path.name in str(error), f"{path}, byte {at}: {error}"
        found += 1
    finally:
        path.write_bytes(whole)
try:
    WrapNetOverlay(manifest.bitfile(Path.cwd()), device=Untouchable())
except AssertionError as error:
    assert "touched" in str(error)  # the whole bundle gets as far as the device
else:
    raise AssertionError("the device was not touched by the whole bundle")
print(found)
