# SPDX-License-Identifier: BSD-3-Clause
"""Trials beside each other, of one thread each; a stage that several trials share is trained once."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from training.bench_training.plan import Chain, Trial
from training.bench_training.store import Store
from training.workers import workers

Job = Chain | Trial


def needed(trials: Sequence[Trial], store: Store) -> dict[Job, Chain | None]:
    """What is left to do, each job with the chain that must be trained before it (None: nothing must)."""
    jobs: dict[Job, Chain | None] = {}
    for trial in trials:
        if store.has(trial):
            continue
        chain: Chain | None = trial.chain
        jobs[trial] = None if store.has_chain(trial.chain) else trial.chain
        while chain is not None and not store.has_chain(chain) and chain not in jobs:
            parent = chain.parent
            jobs[chain] = parent if parent is not None and not store.has_chain(parent) else None
            chain = parent
    return jobs


def run(trials: Sequence[Trial], store: Store, at_once: int, done: Callable[[int, int], None]) -> None:
    """Train and evaluate all `trials` that the store lacks; `done` is told how many jobs are finished, and of how many.

    With one at once everything runs in this process.
    """
    jobs = needed(trials, store)
    total, finished = len(jobs), 0
    done(finished, total)
    if at_once == 1:
        for job in sorted(jobs, key=_depth):
            _do(store, job)
            finished += 1
            done(finished, total)
        return
    with workers(at_once) as places:
        running: dict[Future[None], Job] = {}
        while jobs or running:
            busy = set(running.values())
            ready = (job for job, before in jobs.items() if before not in jobs and before not in busy)
            for job in sorted(ready, key=_depth):
                running[places.submit(_do, store, job)] = job
                del jobs[job]
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                future.result()
                del running[future]
                finished += 1
                done(finished, total)


def _depth(job: Job) -> int:
    return len(job.steps) if isinstance(job, Chain) else len(job.chain.steps) + 1


def _do(store: Store, job: Job) -> None:
    if isinstance(job, Chain):
        store.train(job)
    else:
        store.judge(job)
