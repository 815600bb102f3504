# SPDX-License-Identifier: BSD-3-Clause
"""Every method on digits for an epoch a stage: trained, cached, resumed, shared, shown."""

import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from chain.errors import InputError
from training.bench_training import a2q, commands, page, plots, rows, schedule, stage, store
from training.bench_training.data import of
from training.bench_training.plan import METHODS, Chain, Contest, Setting, Trial, contests, places, trial
from training.bench_training.rows import Row
from training.bench_training.store import Store
from training.layers import accumulators

SETTING = Setting("digits", "digits", "binary", 3)
TOY = Contest(SETTING, 3, widths=(8,), seeds=(1, 2), rates=(3e-3,))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """The folder and the rows of the toy contest."""
    folder = tmp_path_factory.mktemp("bench")
    return folder, commands.compare([TOY], folder, jobs=1)


def test_every_method_has_a_row(finished: tuple[Path, list[Row]]) -> None:
    folder, found = finished
    assert json.loads((folder / "training.json").read_text("utf-8")) == found
    assert [(row["method"], row["B"]) for row in found] == list(places(TOY))
    for row in found:
        assert row["epochs"] == 3 and len(row["accuracies"]) == 2 and 0 <= row["mean"] <= 1
        assert row["weight_bits"] == (4 if METHODS[row["method"]].weights else 1)
        assert row["settings"]["lr"] == 3e-3 and row["diverged"] == 0
    by_name = {row["method"]: row for row in found}
    assert by_name["wide"]["overflow_rate"] == 0 < by_name["cut"]["overflow_rate"]
    assert by_name["cut"]["overflow_rate"] > by_name["penalty"]["overflow_rate"]
    assert by_name["wide"]["mean"] > 0.3
    ours, rivals = (
        by_name["ours"],
        {name for name, row in by_name.items() if row["B"] == by_name["ours"]["B"]} - {"ours"},
    )
    assert set(ours["rivals"]) == set(ours["ratios"]) == rivals and ours["ours"] == ours["mean"]
    assert ours["ratios"]["penalty"] * by_name["penalty"]["mean"] == pytest.approx(ours["mean"])


def test_what_is_there_is_not_trained_again(
    finished: tuple[Path, list[Row]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished[0], tmp_path / "bench")
    found = finished[1]
    monkeypatch.setattr(store, "train", lambda *_: pytest.fail("trained again"))
    assert commands.compare([replace(TOY, only_cached=True)], folder, jobs=1) == found
    assert commands.compare([replace(TOY, only_cached=True, rates=(2e-3,))], folder, jobs=1) == []


def test_shared_stages_are_trained_once(finished: tuple[Path, list[Row]]) -> None:
    folder, _ = finished
    cached = Store(folder / "training")
    ours, penalty, wide = (trial(TOY, name, 8, 3e-3, 1, False).chain for name in ("ours", "penalty", "wide"))
    assert ours.parent == penalty.parent != wide.parent
    assert ours.parent is not None and wide.parent is not None and ours.parent.parent == wide.parent.parent
    assert cached.has_chain(ours) and not schedule.needed(rows.final(TOY, cached), cached)
    assert ours.key() != replace(ours, seed=2).key() != replace(ours, tuning=True).key()


def test_a2q_cannot_overflow(finished: tuple[Path, list[Row]]) -> None:
    """The worst input of every channel, not only the images."""
    folder, found = finished
    assert all(row["overflow_rate"] == 0 for row in found if row["method"] in a2q.QUANTISERS)
    cached, bits = Store(folder / "training"), 11
    for name in a2q.QUANTISERS:
        chain = trial(TOY, name, bits, 3e-3, 1, False).chain
        cached.train(chain)
        state = torch.load(cached.folder / f"{chain.key()}.pt", weights_only=True)["model"]
        data = of(chain.setting, False)
        model = stage.network(chain.setting, name, bits, 1, data).eval()
        model.load_state_dict(state)
        with torch.no_grad():
            model(torch.from_numpy(data.images[:50]).float())
        layers = accumulators(model)
        assert len(layers) == 3
        for layer in layers.values():
            weight = layer.integer_weight()[0].flatten(1)
            largest = (1 << layer.input_bits) - 1
            assert weight.abs().sum() > 0
            assert (weight.clamp(min=0).sum(1) * largest).max() <= (1 << bits - 1) - 1
            assert (weight.clamp(max=0).sum(1) * largest).min() >= -(1 << bits - 1)


@pytest.mark.parametrize("name", ["ours", "a2q", "a2q+"])
def test_an_interrupted_stage_goes_on_to_the_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = Contest(SETTING, 6)
    chain = trial(contest, name, 8, 3e-3, 1, False).chain
    chains: list[Chain] = [chain]
    while chains[0].parent is not None:
        chains.insert(0, chains[0].parent)
    whole, cut = Store(tmp_path / "whole"), Store(tmp_path / "cut")
    for one in chains:
        whole.train(one)
    for one in chains[:-1]:
        cut.train(one)
    one_epoch = stage._epoch

    def stops(chain: Chain, epoch: int, *rest: object) -> None:
        if epoch == 1:
            raise KeyboardInterrupt
        one_epoch(chain, epoch, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(stage, "_epoch", stops)
        with pytest.raises(KeyboardInterrupt):
            cut.train(chain, save_every=0)
    assert (cut.folder / f"{chain.key()}.part.pt").is_file() and not cut.has_chain(chain)
    cut.train(chain)
    assert not (cut.folder / f"{chain.key()}.part.pt").is_file()
    a, b = (torch.load(s.folder / f"{chain.key()}.pt", weights_only=True)["model"] for s in (whole, cut))
    assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_weights_that_are_not_finite_are_told() -> None:
    made, data = trial(TOY, "ours", 8, 3e-3, 1, False), of(SETTING, False)
    model = stage.network(SETTING, "fold", 8, 1, data).eval()
    model(torch.from_numpy(data.images[:2]).float())  # Brevitas makes scales from the weights that it sees first
    state = model.state_dict()
    assert not stage.judge(made, state)["diverged"]
    state["conv1.weight"][0] = torch.nan
    assert stage.judge(made, state)["diverged"]


def test_processes_give_what_one_process_gives(finished: tuple[Path, list[Row]], tmp_path: Path) -> None:
    folder, _ = finished
    some: list[Trial] = [trial(TOY, name, 8, 3e-3, 1, False) for name in ("penalty", "ours")]
    seen: list[tuple[int, int]] = []
    schedule.run(some, Store(tmp_path), 2, lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 6) and seen[-1] == (6, 6)
    for one in some:
        there, here = Store(folder / "training").result(one), Store(tmp_path).result(one)
        assert {**there, "seconds": 0} == {**here, "seconds": 0}


def test_the_rate_is_the_best_on_the_images_kept_for_that(tmp_path: Path) -> None:
    contest, cached = replace(TOY, rates=(1.0, 2.0, 3.0)), Store(tmp_path)
    for one, accuracy in zip(rows.tuning(contest), itertools.cycle((0.5, 0.7, 0.7)), strict=False):
        assert one.chain.tuning and one.chain.seed not in contest.seeds
        path = tmp_path / f"{one.key()}.json"
        path.write_text(json.dumps({"result": {"accuracy": accuracy}}), encoding="utf-8")
    assert rows.chosen(contest, cached, "ours", 8) == (2.0, {"1": 0.5, "2": 0.7, "3": 0.7})
    assert rows.chosen(contest, cached, "cut", 8)[0] == 2.0
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        cached.result(one)
    kept, tests = of(SETTING, True), of(SETTING, False)
    assert len(kept.images) + len(kept.train_images) == len(tests.train_images)


def test_the_page_stands_alone_and_shows_all(finished: tuple[Path, list[Row]]) -> None:
    folder, found = finished
    text = (folder / "training.html").read_text("utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text) and "<script" not in text
    for row in found:
        assert f"{100 * row['mean']:.2f} ± {100 * row['std']:.2f}" in text and f"{row['method']}: " in text
    assert text.count("<polyline") == len(METHODS) + 1 + len(plots.AGAINST)
    assert "diverged" not in text
    some = [{**row, "diverged": 2} for row in found if row["method"] == "wrap"]
    assert ", 2 diverged" in page.render(some) and "2 diverged" in "".join(commands.table(some).columns[5].cells)
    gained = rows.gain(found, "ours", "penalty")(8)
    by_name = {row["method"]: row for row in found}
    assert gained and gained[0] == pytest.approx(100 * (by_name["ours"]["mean"] - by_name["penalty"]["mean"]))
    assert rows.gain(found, "ours", "penalty")(12) is None
    assert plots.rivals("", [row for row in found if row["B"] == 32]) is None


def test_the_plan_has_all_widths_and_an_unknown_method_is_refused() -> None:
    quick, full = contests(False), contests(True)
    assert quick[0].widths == (16, 12, 10, 8, 7, 6) and len(quick[0].seeds) == 3
    assert [contest.only_cached for contest in quick] == [False, True, True]
    for name, bits in places(quick[0]):
        steps = trial(quick[0], name, bits, 1e-3, 1, False).chain.steps
        assert sum(step.epochs for step in steps) == 24 and steps[0].accumulator == "wide" and steps[0].bits == 32
    assert not any(contest.only_cached for contest in full)
    with pytest.raises(InputError, match="did you mean 'penalty'"):
        trial(TOY, "penalti", 8, 1e-3, 1, False)
