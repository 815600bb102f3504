# SPDX-License-Identifier: BSD-3-Clause
"""The README of a bundle: one screen, true of this very bundle."""

from collections.abc import Container

from fpga.bundle.bitstream import way
from fpga.bundle.inputs import Inputs
from fpga.shell import build


def text(given: Inputs, names: Container[str], compiled: bool) -> str:
    """README.md of a bundle that has the files `names`; `compiled`: with the CPU engine's library for the board."""
    name, made = given.model.name, given.design
    return f"""# {name} for a PYNQ board

An 8-bit wraparound network for {made.part} at {made.clock_mhz:g} MHz, design {given.design_hash[:16]}.

{_bitstream(given)}
    scp {name}.tar.gz xilinx@pynq:            (on your computer; what follows on the board)
    sudo -i                                   (pynq wants root, and its own Python environment)
    cd ~xilinx && tar xzf {name}.tar.gz && cd {name}
    python3 -m host check                     every file against SHA256SUMS
{_engine(f"{name}.npz" if f"{name}.npz" in names else None, compiled)}
    python3 -m host self-test                 * {len(given.golden.images)} images, every integer of every output
    python3 -m host bench                     * speed by batch size, latency, energy, into measurements/
    python3 -m host classify image.npy        * labels of raw pixels: .npy, uint8 [N, H, W, C], or .png
    python3 classify.py                       * the same from Python: a start for your program

`demo.ipynb` does that in Jupyter, which sees what lies in ~xilinx/jupyter_notebooks. Work on a copy of it: Jupyter
saves what it runs, and the driver loads nothing from a bundle in which a file was changed. SHA256SUMS finds damage
and mix-ups, not a forger.
It is meant to need nothing but PYNQ's image (3.0 or later). Licence: BSD 3-Clause (LICENSE).
"""


def _bitstream(given: Inputs) -> str:
    name = given.model.name
    if given.bitstream is not None:
        by = given.bitstream
        return f"`{name}.bit` is the bitstream for {by.board}, made by {by.tool}. No board was at hand to try it on.\n"
    made = given.design
    values = build.parameters(made, given.design_hash)
    parameters = " ".join(f"{key}={value}" for key, value in values.items())
    return f"""**There is no bitstream in here**: none had been built ({way(given.model, made)}, then
`make bundle` again), and no board was at hand. What is marked * waits for a `{name}.bit` in this folder; one of your
own is built of build/{name}/rtl and fpga/shell, top `shell`:
`{parameters}`.
For the simulated board, copy build/{name}/board/{name}.bit here and add `--device 127.0.0.1:7967`.
"""


def _engine(network: str | None, compiled: bool) -> str:
    if network is None:
        return "    (this network does not run on the CPU engine: without a bitstream there are no labels)"
    command = f"python3 -m host cpu {network} image.npy"
    return (
        f"    {command:<41} labels from the board's processor, no FPGA{'' if compiled else ' (compiles itself first)'}"
    )
