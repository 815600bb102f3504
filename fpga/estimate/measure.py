# SPDX-License-Identifier: BSD-3-Clause
"""What a synthesis counts for a sample: through the same flow as a whole design, kept by the hash of its RTL."""

import tempfile
from pathlib import Path

from fpga import resources, stitch
from fpga.estimate.samples import PART, Sample
from fpga.resources import Use

CLOCK_MHZ = 100.0


def synthesised(sample: Sample, cache: Path) -> Use:
    """Yosys' counts of the whole sample. Nothing is synthesised that lies in `cache`."""
    with tempfile.TemporaryDirectory(prefix="sample") as scratch:
        rtl = Path(scratch) / "rtl"
        stitch.stitch(sample.model, rtl, "sample", CLOCK_MHZ, PART)
        return resources.count(rtl, cache).whole
