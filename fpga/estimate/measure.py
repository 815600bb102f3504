# SPDX-License-Identifier: BSD-3-Clause
"""What a synthesis counts for samples: many in one run of Yosys, each a module of its own that is kept as it is.

The commands are those of a whole design (fpga.resources); most of a run's time goes into reading the vendor's library.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from chain.files import write_json
from fpga import levels, primitives, resources, stitch, yosys
from fpga.design import load
from fpga.estimate.samples import PART, Sample
from fpga.estimate.structure import Counts

CLOCK_MHZ = 100.0
_TOP = "samples"


def synthesised(samples: Sequence[Sample], cache: Path) -> list[Counts]:
    """Yosys' counts of each sample. Nothing is synthesised that lies in `cache`."""
    with tempfile.TemporaryDirectory(prefix="samples") as scratch:
        folder = Path(scratch)
        files = _collect(samples, folder)
        commands = _commands(files)
        known = cache / f"{_digest(folder)}.json"
        if known.exists():
            entries = json.loads(known.read_text(encoding="utf-8"))
            return [Counts(**entry) for entry in entries]
        yosys.run(commands, folder, folder / "log.txt", kept=cache / "yosys.log")
        counted = _counted(folder, len(samples))
    write_json(known, [asdict(entry) for entry in counted])
    return counted


def _collect(samples: Sequence[Sample], folder: Path) -> list[str]:
    """The sources of all samples in one folder, and their names; a sample's top module is `sample_<index>`."""
    files: dict[str, None] = {}
    tops, ports = [], []
    for index, sample in enumerate(samples):
        rtl = folder / f"rtl{index}"
        stitch.stitch(sample.model, rtl, "sample", CLOCK_MHZ, PART)
        design = load(rtl)
        for name in (*design.files, *design.memories):
            if name != f"{design.top}.sv":
                shutil.copyfile(rtl / name, folder / name)
        files.update(dict.fromkeys(name for name in design.files if name != f"{design.top}.sv"))
        text = (rtl / f"{design.top}.sv").read_text(encoding="utf-8")
        (folder / f"sample_{index}.sv").write_text(text.replace(f"module {design.top} (", f"module sample_{index} ("))
        tops.append(f"sample_{index}.sv")
        ports.append(_ports(text))
        shutil.rmtree(rtl)
    (folder / f"{_TOP}.sv").write_text(_top(ports), encoding="utf-8")
    return [*files, *tops, f"{_TOP}.sv"]


def _ports(text: str) -> list[tuple[str, str, str]]:
    """(direction, range, name) of the ports of a stitched top module."""
    head = text[text.index("(") + 1 : text.index(");")]
    found = []
    for line in head.split(","):
        direction, _, *middle, name = line.split()
        found.append((direction, " ".join(middle), name))
    return found


def _top(ports: Sequence[Sequence[tuple[str, str, str]]]) -> str:
    """A module of all samples side by side, which share the clock and the reset."""
    shared = ("ap_clk", "ap_rst_n")
    listed = [f"input wire {name}" for name in shared]
    bodies = []
    for index, own in enumerate(ports):
        listed += [f"{direction} wire {width} s{index}_{name}" for direction, width, name in own if name not in shared]
        joined = ", ".join(f".{name}({name if name in shared else f's{index}_{name}'})" for _, _, name in own)
        bodies.append(f"sample_{index} i_{index} ({joined});")
    return "\n".join([f"module {_TOP} (", ",\n".join(listed), ");", *bodies, "endmodule", ""])


def _commands(files: Sequence[str]) -> list[str]:
    packages_first = sorted(files, key=lambda name: not name.endswith("_pkg.sv"))
    return [
        *primitives.XC7.read_commands(_TOP, packages_first),
        "chformal -remove",
        "delete t:$print t:$check",
        "setattr -mod -set keep_hierarchy 1 =sample_*",
        *resources.synthesis(_TOP),
        "tee -q -o stat.json stat -json -hierarchy",
        "setattr -mod -unset keep_hierarchy =sample_*",
        "flatten",
        resources.BLACKBOXES,
        "write_json flat.json",
    ]


def _digest(folder: Path) -> str:
    """Of all sources and memories and of what is done with them, without the place where they lie."""
    total = hashlib.sha256(yosys.version().encode())
    for path in sorted(folder.iterdir()):
        total.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    for path in primitives.XC7.used([path.name for path in folder.iterdir()]):
        total.update(path.read_bytes())
    commands = "\n".join(_commands([path.name for path in sorted(folder.iterdir()) if path.suffix != ".hex"]))
    total.update(commands.replace(str(primitives.XC7.folder), "").encode())
    return total.hexdigest()[:24]


def _counted(folder: Path, count: int) -> list[Counts]:
    modules = json.loads((folder / "stat.json").read_text(encoding="utf-8"))["modules"]
    facts = {name.removeprefix("\\").partition("$")[0]: entry["num_cells_by_type"] for name, entry in modules.items()}
    depths = levels.by_part(folder / "flat.json", _TOP)
    found = []
    for index in range(count):
        cells = {cell: int(value["local_count"]) for cell, value in facts[f"sample_{index}"].items()}
        found.append(Counts(**asdict(resources.tally(cells)), levels=depths[f"i_{index}"].logic))
    return found
