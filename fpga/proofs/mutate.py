# SPDX-License-Identifier: BSD-3-Clause
"""Cells broken on purpose, one edit at a time (mutations.toml): a proof or a test must notice every one.

The cell's own proofs come first, the quick ones before the others, then its own test file, then the proofs of the cells
that contain it; the first that fails is the killer, be it by a cell's check of its parameters. Outcomes are kept by the
hash of all of these.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from chain.errors import InputError, ToolError
from chain.files import write_json
from fpga.proofs import run, sources
from fpga.proofs.engine import Proof

LIST = Path(__file__).parent / "mutations.toml"
ROOT = Path(__file__).resolve().parents[2]
LIMIT = 100
"""Seconds that ABC may take for one proof of a broken cell."""
COPIED = ("chain", "export", "fpga", "host", "scripts", "tests", "training", "pyproject.toml")

_CHECK = re.compile(r"\$error encountered: ([^\n]*)")
_FAILED_TEST = re.compile(r"^FAILED (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutation:
    """`old` in `file` (from the repository's root) becomes `new`. `equivalent`: why that changes nothing, if so."""

    name: str
    file: str
    old: str
    new: str
    equivalent: str = ""

    @property
    def cell(self) -> str:
        """The module that it breaks."""
        return Path(self.file).stem


@dataclass(frozen=True)
class Verdict:
    """`killer`: the proof or test that noticed, "" if none did; `how`: the assertion that failed."""

    killer: str
    how: str = ""


@dataclass(frozen=True)
class Hunt:
    """What is needed to judge mutations: the proofs, the test file of each cell, a folder for outcomes."""

    proofs: Sequence[Proof]
    tests: Mapping[str, str]
    cache: Path


def load(path: Path = LIST, root: Path = ROOT) -> tuple[list[Mutation], dict[str, str]]:
    """The mutations of a file, and the test file of each cell (from `root`).

    Raises InputError for keys that are not known, names that occur twice, or an edit that does not fit exactly once.
    """
    text = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := text.keys() - {"tests", "cells"}:
        raise InputError(f"{path}: unknown key {sorted(unknown)[0]!r}, expected 'tests' and 'cells'")
    found = []
    for cell in text["cells"]:
        for edit in cell["mutations"]:
            known = {"name", "from", "to", "equivalent"}
            if unknown := edit.keys() - known:
                raise InputError(
                    f"{path}: {cell['file']}: unknown key {sorted(unknown)[0]!r}, expected {sorted(known)}"
                )
            named = f"{Path(cell['file']).stem}: {edit['name']}"
            found.append(Mutation(named, cell["file"], edit["from"], edit["to"], edit.get("equivalent", "")))
    names = [mutation.name for mutation in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path}: mutation {twice[0]!r} is there twice")
    for mutation in found:
        broken(mutation, root)
    return found, text["tests"]


def broken(mutation: Mutation, root: Path = ROOT) -> str:
    """The file's text with the edit made. InputError unless it fits exactly once and changes something."""
    text = (root / mutation.file).read_text(encoding="utf-8")
    times = text.count(mutation.old)
    if times != 1 or mutation.old == mutation.new:
        raise InputError(
            f"mutation {mutation.name!r}: its text is {times} times in {mutation.file}, expected once, to become "
            f"another: {mutation.old!r}. Write it anew after the cell has changed"
        )
    return text.replace(mutation.old, mutation.new)


def judge(mutation: Mutation, hunt: Hunt) -> Verdict:
    """What notices `mutation`, from the cache if nothing has changed since."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        copy = Path(scratch) / Path(mutation.file).name
        copy.write_text(broken(mutation), encoding="utf-8")
        whole = sources.modules()
        known = {**whole, mutation.cell: copy}
        concerned = [proof for proof in hunt.proofs if whole[mutation.cell] in sources.below(proof.top, whole)]
        stored = hunt.cache / f"{_digest(mutation, concerned, known, hunt)}.json"
        if stored.is_file():
            return Verdict(**json.loads(stored.read_text(encoding="utf-8")))
        verdict = next(_killers(mutation, concerned, known, hunt), Verdict(""))
        write_json(stored, asdict(verdict))
        return verdict


def _killers(mutation: Mutation, proofs: Sequence[Proof], known: Mapping[str, Path], hunt: Hunt) -> Iterator[Verdict]:
    """The verdicts of all that notice, cheapest first."""
    ordered = sorted(proofs, key=lambda proof: (not proof.quick, proof.depth != 0))
    # A package has no proofs of its own, but its users'.
    own = [proof for proof in ordered if proof.cell == mutation.cell] or ordered
    yield from _refuted(mutation, own, known, hunt.cache)
    if mutation.equivalent:
        return
    yield from _failed_tests(mutation, hunt)
    yield from _refuted(mutation, [proof for proof in ordered if proof not in own], known, hunt.cache)


def _refuted(mutation: Mutation, proofs: Sequence[Proof], known: Mapping[str, Path], cache: Path) -> Iterator[Verdict]:
    for proof in proofs:
        try:
            outcome = run.prove(proof, known, cache / "proofs", LIMIT)
        except ToolError as error:
            if check := _CHECK.search(str(error)):  # of a cell's parameters
                yield Verdict(f"proof {proof.name}", check[1])
                continue
            raise ToolError(f"mutation {mutation.name!r} is no SystemVerilog that Yosys takes: {error}") from None
        if outcome.status == "refuted":
            yield Verdict(f"proof {proof.name}", outcome.failed)


def _failed_tests(mutation: Mutation, hunt: Hunt) -> Iterator[Verdict]:
    """Run the cell's tests in a copy of the repository that has the broken cell; builds stay in the cache."""
    file = hunt.tests.get(mutation.cell)
    if not file:
        return
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        root = Path(scratch)
        for name in COPIED:
            source, target = ROOT / name, root / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
        (root / mutation.file).write_text(broken(mutation), encoding="utf-8")
        builds = (hunt.cache / "verilator").absolute()
        builds.mkdir(parents=True, exist_ok=True)
        (root / "build").mkdir()
        (root / "build" / "verilator").symlink_to(builds)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", file]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 1:
        named = _FAILED_TEST.search(done.stdout)
        yield Verdict(f"test {named[1] if named else file}")
    elif done.returncode:
        raise ToolError(
            f"mutation {mutation.name!r}: pytest {file} ended with {done.returncode}:\n{done.stdout[-2000:]}"
        )


def _digest(mutation: Mutation, proofs: Sequence[Proof], known: Mapping[str, Path], hunt: Hunt) -> str:
    state = hashlib.sha256(json.dumps(asdict(mutation)).encode())
    for proof in proofs:
        state.update(run.digest(proof, sources.below(proof.top, known)).encode())
    if file := hunt.tests.get(mutation.cell):
        for path in sorted((ROOT / file).parent.glob("*")):
            if path.is_file() and (path.name == Path(file).name or not path.name.startswith("test_")):
                state.update(path.read_bytes())
    return state.hexdigest()[:24]
