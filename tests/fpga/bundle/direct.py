# SPDX-License-Identifier: BSD-3-Clause
"""What demo.ipynb shows, by direct calls of the driver; in pynq's environment, in the folder of a bundle.

Argument: the address of a board. Prints the cells' texts and the curve as JSON; times of the host's clock are left out.
"""

import json
import sys

import numpy as np

from host import WrapNetOverlay, connect, manifest
from host.plot import Curve

overlay = WrapNetOverlay(manifest.bitfile(), device=connect(sys.argv[1]))
images, expected = overlay.golden_vectors()
with np.load(overlay.bitfile.with_suffix(".golden.npz"), allow_pickle=False) as golden:
    labels = golden["labels"]
got = expected.argmax(axis=1)
names = overlay.metadata.class_name
counts = [(int(np.count_nonzero(got[:n] == labels[:n])), n) for n in range(8, len(images) + 1, 8)]
speeds = [overlay.run_timed(np.zeros((batch, *images.shape[1:]), np.uint8))[1] for batch in (2, 4, 8, 16, 32, 64)]
curve = Curve(
    [speed.images for speed in speeds],
    [speed.images * overlay.clock_mhz * 1e6 / speed.cycles for speed in speeds],
    "images a batch",
    "images a second",
    "simulated cycles / clock",
)
print(
    json.dumps(
        {
            "model": overlay.metadata.model,
            "images": len(images),
            "classify": [f"{names(a)} (right: {names(b)})" for a, b in zip(got[:5], labels[:5], strict=True)],
            "accuracy": [f"{right} of {seen} right: {100 * right / seen:.1f} %" for right, seen in counts],
            "speed": str(speeds[-1]).splitlines()[:4],
            "curve": curve._repr_svg_(),
        }
    )
)
