# SPDX-License-Identifier: BSD-3-Clause
"""Label the golden images: python3 classify.py [HOST:PORT of a simulated board]. A start for your own program."""

import sys

import numpy as np

from host import WrapNetOverlay, connect, manifest

device = connect(sys.argv[1]) if len(sys.argv) > 1 else None
overlay = WrapNetOverlay(manifest.bitfile(), device=device)  # checks every file, then loads the bitstream
with np.load(overlay.bitfile.with_suffix(".golden.npz"), allow_pickle=False) as golden:
    images, labels = golden["images"], golden["labels"]  # uint8 [N, H, W, C], int64 [N]
got = overlay.run(images, labels=True)
for image, label in enumerate(got[:5]):
    print(f"image {image}: {overlay.metadata.class_name(label)}")
print(f"{np.count_nonzero(got == labels)} of {len(labels)} images labelled right")
