# SPDX-License-Identifier: BSD-3-Clause
"""Proofs that were done once are not done again: outcomes kept by the hash of what they depend on."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from chain.files import write_json
from fpga import yosys
from fpga.proofs import engine, sources
from fpga.proofs.engine import Outcome, Proof

LIMIT = 600
"""Seconds that ABC may take for one proof."""


def prove(proof: Proof, known: Mapping[str, Path], cache: Path, limit: int = LIMIT) -> Outcome:
    """The outcome of `proof` with the modules `known`, from `cache` if nothing that it depends on has changed.

    What ran out of time is tried again. The counterexample of a refuted one is `trace(proof, known, cache)`.
    """
    files = sources.below(proof.top, known)
    folder = cache / digest(proof, files)
    stored = folder / "outcome.json"
    if stored.is_file():
        return Outcome(**json.loads(stored.read_text(encoding="utf-8")))
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=cache) as scratch:
        work = Path(scratch) / "work"
        work.mkdir()
        outcome = engine.decide(proof, files, work.absolute(), limit)
        if outcome.status != "open":
            folder.mkdir(exist_ok=True)
            if (work / engine.TRACE).is_file():
                (work / engine.TRACE).replace(folder / engine.TRACE)
            write_json(stored, asdict(outcome))
    return outcome


def trace(proof: Proof, known: Mapping[str, Path], cache: Path) -> Path | None:
    """The VCD file of the counterexample that `prove` left, if there is one."""
    path = cache / digest(proof, sources.below(proof.top, known)) / engine.TRACE
    return path if path.is_file() else None


def digest(proof: Proof, files: list[Path]) -> str:
    """Hash of the proof, of the sources, of how they are decided, and of the tools' version."""
    state = hashlib.sha256(f"{yosys.version()}\0{json.dumps(asdict(proof), sort_keys=True)}\0".encode())
    for path in (Path(engine.__file__), *files):
        state.update(path.read_bytes() + b"\0")
    return state.hexdigest()[:24]
