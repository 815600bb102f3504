# SPDX-License-Identifier: BSD-3-Clause
"""Which stage of a job stopped, told from the shell's counters."""

from collections.abc import Mapping

from host.metadata import Metadata

PROGRESS = ("IN_BEATS", "IN_WORDS", "OUT_WORDS", "OUT_BEATS", "FRAMES_OUT")

_BUS_BYTES = 8


def stopped_stage(
    earlier: Mapping[str, int], later: Mapping[str, int], metadata: Metadata, frames: int
) -> tuple[str, str]:
    """Name the stage ("input DMA", "accelerator", "output DMA") and the reason, from two readings of one stalled job.

    A stall counter that still counts shows a word that waits, so whoever should take that word has stopped: the one
    furthest downstream is to blame. If none waits, whoever should give the next word has stopped.
    """
    words_in = frames * metadata.input.words_per_frame
    words_out = frames * metadata.output.words_per_frame
    beats_in = -(-frames * metadata.input.frame_bytes // _BUS_BYTES)
    beats_out = -(-frames * metadata.output.frame_bytes // _BUS_BYTES)
    read, wrote = f"{later['IN_BEATS']} of {beats_in} beats", f"{later['OUT_BEATS']} of {beats_out} beats"
    took, gave = f"{later['IN_WORDS']} of {words_in} words", f"{later['OUT_WORDS']} of {words_out} words"
    if later["OUT_STALLS"] != earlier["OUT_STALLS"]:
        return "output DMA", f"a result waits at its input, it wrote {wrote}"
    if later["IN_STALLS"] != earlier["IN_STALLS"]:
        return "accelerator", f"a word waits at its input, it took {took} and gave {gave}"
    if later["OUT_WORDS"] >= words_out:
        return "output DMA", f"it was given all {words_out} words and wrote {wrote}"
    if later["IN_WORDS"] < words_in:
        return "input DMA", f"it read {read} and delivered {took}"
    return "accelerator", f"it took all {words_in} words and gave {gave}"
