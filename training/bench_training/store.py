# SPDX-License-Identifier: BSD-3-Clause
"""Weights and results in files named by a hash of everything they depend on."""

import io
import json
import pickle
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from chain.errors import InputError
from chain.files import atomic, write_json
from training.bench_training.plan import Chain, Trial
from training.bench_training.stage import Progress, judge, train

SAVE_EVERY = 20.0
"""Seconds between two saves of an unfinished stage."""


class Store:
    """`folder`/KEY.pt is a chain's trained weights, KEY.part.pt those of a stage that is not finished, KEY.json a
    trial's result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has_chain(self, chain: Chain) -> bool:
        """Whether the chain is trained to its end."""
        return (self.folder / f"{chain.key()}.pt").is_file()

    def has(self, trial: Trial) -> bool:
        """Whether the trial's result is there."""
        return (self.folder / f"{trial.key()}.json").is_file()

    def result(self, trial: Trial) -> dict[str, Any]:
        """{accuracy, overflow_rate, diverged, seconds, epochs} of a finished trial. Raises InputError if its file is
        damaged.
        """
        path = self.folder / f"{trial.key()}.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["result"]
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({type(error).__name__}): remove it, and run this again") from None
        return found

    def train(self, chain: Chain, save_every: float = SAVE_EVERY) -> None:
        """Train the chain's last stage unless that is done; the stages before it must be. Goes on where an
        interrupted training left off, to the same weights.
        """
        if self.has_chain(chain):
            return
        before = self._read(f"{chain.parent.key()}.pt").model if chain.parent else None
        part = f"{chain.key()}.part.pt"
        progress = self._read(part) if (self.folder / part).is_file() else Progress()
        saved = time.monotonic()
        for now in train(chain, before, progress):
            progress = now
            if now.epochs < chain.steps[-1].epochs and time.monotonic() - saved >= save_every:
                self._write(part, now)
                saved = time.monotonic()
        progress.optimiser = {}
        self._write(f"{chain.key()}.pt", progress)
        (self.folder / part).unlink(missing_ok=True)

    def judge(self, trial: Trial) -> None:
        """Evaluate a trial whose chain is trained, unless that is done."""
        if self.has(trial):
            return
        result = judge(trial, self._read(f"{trial.chain.key()}.pt").model)
        seconds, chain = 0.0, trial.chain
        while True:
            seconds += self._read(f"{chain.key()}.pt").seconds
            if chain.parent is None:
                break
            chain = chain.parent
        result |= {"seconds": seconds, "epochs": trial.chain.epochs}
        write_json(self.folder / f"{trial.key()}.json", {"trial": asdict(trial), "result": result})

    def _read(self, name: str) -> Progress:
        path = self.folder / name
        try:
            values: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            return Progress(**values)
        except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError) as error:
            raise InputError(f"{path} is damaged ({type(error).__name__}): remove it, and run this again") from None

    def _write(self, name: str, progress: Progress) -> None:
        content = io.BytesIO()  # torch tells a full disk as an internal error, plain writing tells it as it is
        torch.save(vars(progress), content)
        with atomic(self.folder / name) as temporary:
            temporary.write_bytes(content.getbuffer())
