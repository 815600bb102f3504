# SPDX-License-Identifier: BSD-3-Clause
"""A whole search on a user's own small network: judged by validation images, killed and taken up, its recipe trains."""

import io
import json
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from rich.console import Console

from chain.errors import InputError, WorthlessError
from training import datasets, trainer
from training import recipe as recipes
from training.datasets import Dataset
from training.search.full import Full
from training.search.search import Options, Result, search
from training.search.trial import Base, Outcome, Trials
from training.trainer import train

ROOT = Path(__file__).resolve().parents[3]
RECIPE = """
name = "mine"
dataset = "own.py:stripes"
network = "own.py:Own"
seed = 3
batch_size = 32
[quantisation]
activation_bits = 3
input_bits = 2
accumulator_bits = 9
[[stages]]
name = "wide"
epochs = 3
lr = 1e-2
accumulator = "wide"
[[stages]]
name = "wrap"
epochs = 2
lr = 5e-3
accumulator = "wrap"
penalty = 0.1
"""
OPTIONS = Options(drop=5, trials=5)

SICK = """

class Sick(Own):
    def forward(self, x):
        y = super().forward(x)
        if not self.training or (self.conv.accumulator_bits, self.fc.accumulator_bits) != (5, 7):
            return y
        with (HERE / "sick").open("a") as file:
            file.write("sick ")
        return y * float("nan")
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: own.py and mine.toml, and what a first search made of them in build/."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(ROOT / "tests" / "training" / "own.py", folder)
    (folder / "mine.toml").write_text(RECIPE, encoding="utf-8")
    return folder


class Here:
    """Places in this process: those in others have tests of their own."""

    def __init__(self, places: int) -> None:
        self.places = places

    def submit(self, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


@pytest.fixture(scope="module", autouse=True)
def in_this_process() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.search.search.workers", lambda jobs, threads: nullcontext(Here(jobs)))
        patch.setattr("training.search.full.MOST", 2)
        yield


def run(folder: Path, build: Path, options: Options = OPTIONS, **more: object) -> Result:
    recipe = recipes.load(str(folder / "mine.toml"))
    return search(recipe, build, options, console=Console(quiet=True), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def first(own: Path) -> Result:
    return run(own, own / "build")


def outcomes(build: Path) -> dict[str, list[float]]:
    """Accuracies of the finished trials, by widths."""
    files = (build / "mine" / "search" / "trials").glob("*/[!.]*.json")
    return {path.stem: json.loads(path.read_text("utf-8"))["accuracies"] for path in files}


def test_it_finds_narrower_accumulators_that_keep_the_accuracy(first: Result) -> None:
    assert first.widths == {"conv": 9, "fc": 9}
    assert first.best.fits and first.best.accuracy >= first.reference - 0.05
    assert first.best.cost == sum(first.layers[name].products * bits for name, bits in first.best.widths.items())
    assert first.best.cost < first.cost
    assert all(not one.fits or one.cost >= first.best.cost for one in first.found)
    assert sum(one.epochs == 3 for one in first.found) >= 2
    assert first.picture.read_text("utf-8").count('class="dot') == len(first.found)


def test_what_is_found_was_trained_in_full(first: Result, own: Path) -> None:
    """From two seeds here (MOST), beside the recipe's own widths."""
    gains = []
    for path in sorted((own / "build" / "mine" / "search" / "full").glob("*/9-9.json")):
        mine = json.loads(path.with_name(f"{'-'.join(map(str, first.best.widths.values()))}.json").read_text("utf-8"))
        gains.append(mine["accuracies"][-1] - json.loads(path.read_text("utf-8"))["accuracies"][-1])
    assert len(gains) == 2
    assert first.best.full == pytest.approx(first.reference + sum(gains) / 2)


def test_what_does_not_keep_its_promise_in_full_is_passed_over(
    first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poor(full: Full, widths: Mapping[str, int], *_: object) -> None:
        tried.append(widths)
        for trials in full.trials:
            trials.note(full.own, 0.9)
            trials.note(widths, 0.1 if len(tried) == 1 else 0.88)

    tried: list[Mapping[str, int]] = []
    shutil.copytree(own / "build" / "mine" / "search" / "trials", tmp_path / "mine" / "search" / "trials")
    monkeypatch.setattr(Full, "run", poor)
    told = run(own, tmp_path)
    assert len(tried) == 2 and told.best.widths == tried[1] != tried[0]
    assert told.best.full == pytest.approx(told.reference - 0.02) and told.best.fits
    (passed,) = (one for one in told.found if one.widths == tried[0])
    assert passed.full == pytest.approx(told.reference - 0.8) and not passed.fits and passed.cost < told.best.cost


def test_with_many_images_one_training_is_enough(
    first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.search.full.JUDGES", 1)
    shutil.copytree(own / "build", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "mine" / "search" / "full")
    text = io.StringIO()
    recipe = recipes.load(str(own / "mine.toml"))
    told = search(recipe, tmp_path, OPTIONS, console=Console(file=text, width=200))
    assert "fit in a trial; now trained in full\n" in text.getvalue() and "epoch   5/5" in text.getvalue()
    (path,) = (tmp_path / "mine" / "search" / "full").glob(f"*/{'-'.join(map(str, told.best.widths.values()))}.json")
    assert told.best.full == json.loads(path.read_text("utf-8"))["accuracies"][-1]


def test_a_recipe_that_comes_to_nothing_from_another_seed_judges_nothing(
    first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again: what is known of it by then does not make any candidate good."""

    def sick(trials: Trials, widths: Mapping[str, int], *_: object, **more: object) -> Outcome:
        own_widths = set(widths.values()) == {9}
        if trials.afresh and own_widths and trials.base.recipe.seed == 4:
            (trials.folder / trials.key).mkdir(parents=True, exist_ok=True)
            (trials.folder / trials.key / "9-9.json").write_text(json.dumps({"widths": widths, "worthless": "nan"}))
            return Outcome(worthless="nan")
        return whole(trials, widths, *_, **more)  # type: ignore[arg-type]

    whole = Trials.run
    shutil.copytree(own / "build", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "mine" / "search" / "full")
    monkeypatch.setattr(Trials, "run", sick)
    for _ in range(2):
        with pytest.raises(WorthlessError, match="seed 4: nan"):
            run(own, tmp_path)


def test_the_first_candidates_spare_no_bits_where_they_are_cheap(first: Result) -> None:
    conv, fc = first.layers["conv"], first.layers["fc"]
    assert conv.products > fc.products
    second, third = first.found[1:3]
    assert second.widths == {"conv": conv.start, "fc": fc.high}
    assert third.widths == {"conv": conv.start, "fc": fc.start}


def test_the_recipe_trains(first: Result, own: Path) -> None:
    recipe = recipes.load(str(first.recipe))
    assert recipe.name == "mine-narrow" and recipe.quantisation.accumulator_bits == first.best.widths
    assert recipe.stages == recipes.load(str(own / "mine.toml")).stages
    summary = train(recipe, own / "build" / "mine-narrow", console=Console(quiet=True))
    assert {layer["name"]: layer["accumulator_bits"] for layer in summary["layers"]} == first.best.widths
    assert summary["accuracy"]["torch"]["value"] > 0.6


def test_the_same_call_again_trains_nothing_and_finds_the_same(first: Result, own: Path) -> None:
    again = run(own, own / "build")
    assert again.best == first.best and again.found == first.found


def test_test_images_play_no_part(first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(recipe: recipes.Recipe, data: Path | None = None) -> Dataset:
        found = real(recipe, data)
        images = np.random.default_rng(9).integers(0, 4, (7, 1, 6, 6), dtype=np.uint8)
        return replace(found, test_images=images, test_labels=np.zeros(7, np.int64))

    real = datasets.load
    monkeypatch.setattr(datasets, "load", other)
    again = run(own, tmp_path)
    assert again.found == first.found and again.reference == first.reference


def test_other_images_begin_anew(first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network that is there may have been trained with those that are now to judge."""

    def other(recipe: recipes.Recipe, data: Path | None = None) -> Dataset:
        found = real(recipe, data)
        return replace(found, train_images=found.train_images[::-1], train_labels=found.train_labels[::-1])

    shutil.copytree(own / "build", tmp_path / "build")
    real, base = datasets.load, tmp_path / "build" / "mine" / "search" / "base" / "checkpoint.pt"
    before = base.read_bytes()
    run(own, tmp_path / "build")
    assert base.read_bytes() == before
    monkeypatch.setattr(datasets, "load", other)
    run(own, tmp_path / "build", replace(OPTIONS, trials=1))
    assert base.read_bytes() != before


def test_another_drop_takes_over_the_trials(first: Result, own: Path) -> None:
    before = outcomes(own / "build")
    told = run(own, own / "build", Options(drop=50, trials=5, minutes=0.0001))
    assert outcomes(own / "build") == before
    assert told.best.cost <= first.best.cost
    known = {tuple(one.widths.values()) for one in told.found}
    assert known and known <= {tuple(map(int, name.split("-"))) for name in before}


def test_a_cost_of_ones_own_decides(first: Result, own: Path) -> None:
    def conv_only(widths: Mapping[str, int], layers: object) -> float:
        return widths["conv"]

    told = run(own, own / "build", cost=conv_only, cost_name="bits of conv")
    assert told.best.cost == told.best.widths["conv"] <= first.best.widths["conv"]
    with pytest.raises(InputError, match="the cost function gave None"):
        run(own, own / "build", cost=lambda widths, layers: None, cost_name="nothing")


def test_a_search_that_is_stopped_goes_on(
    first: Result, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while two processes train, after the first of three epochs of 25 steps."""
    folder, build = tmp_path / "own", tmp_path / "own" / "build"
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("build"))
    run(folder, build, replace(OPTIONS, trials=1))
    (folder / "signal-at").write_text("SIGSTOP 30")
    command = [sys.executable, "-m", "training", "search", str(folder / "mine.toml"), "--build", str(build)]
    more = ["--drop", "5", "--trials", "3", "--epochs", "3", "--jobs", "2"]
    with subprocess.Popen([*command, *more], cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        begun = waited_for(build, 2)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 130 and "the same command goes on" in said and "Traceback" not in said
    (folder / "signal-at").write_text("SIGINT 26")  # a trial that began anew would come to it

    def in_full(*args: Any) -> None:
        (folder / "signal-at").unlink(missing_ok=True)
        whole(*args)

    whole = Full.run
    monkeypatch.setattr(Full, "run", in_full)
    try:
        told = run(folder, build, replace(OPTIONS, trials=3))
    except KeyboardInterrupt:
        pytest.fail("a trial that was cut off began anew")
    found = outcomes(build)
    assert begun < set(found) and not list(build.glob("mine/search/trials/*/*/")) and len(found) == 3
    assert {widths: outcomes(own / "build")[widths] for widths in found} == found
    assert [one.epochs for one in told.found] == [3, 3, 3]


def test_what_was_cut_off_goes_on_whatever_is_known_by_then(own: Path, tmp_path: Path) -> None:
    """Of two beside each other the second is cut off in its second half; the first then fits, and may cost less."""
    whole = Trials.run

    def cut(trials: Trials, widths: Mapping[str, int], epochs: int) -> Outcome:
        if epochs == 3 and len(outcomes(tmp_path)) == 1:
            raise KeyboardInterrupt
        return whole(trials, widths, epochs=epochs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trials, "run", cut)
        with pytest.raises(KeyboardInterrupt):
            run(own, tmp_path, replace(OPTIONS, trials=2, jobs=2))
    (begun,) = tmp_path.glob("mine/search/trials/*/*/checkpoint.pt")
    (begun.parent.parent / ".half.json").write_text("{")  # a result that was being written
    told = run(own, tmp_path, replace(OPTIONS, trials=2, jobs=2))
    assert len(told.found) == 2 and begun.parent.name in outcomes(tmp_path) and not begun.exists()


def test_little_goes_to_other_processes(own: Path) -> None:
    """No data and no weights, of which each tensor would be a file descriptor."""
    recipe = recipes.load(str(own / "mine.toml"))
    trials = Trials(Base(recipe, None, own), recipe.stages[-1:], own, "key")
    assert len(pickle.dumps(trials.run)) < 10_000


def waited_for(build: Path, count: int) -> set[str]:
    """The trials that have a checkpoint, once they are `count`."""
    for _ in range(600):
        begun = {path.parent.name for path in build.glob("mine/search/trials/*/*/checkpoint.pt")}
        if len(begun) == count:
            return begun
        time.sleep(0.1)
    pytest.fail(f"only {begun} began")


@pytest.mark.parametrize("name", ["digits-dws", "mlp"])
def test_networks_of_other_kinds(name: str, tmp_path: Path) -> None:
    """Depthwise convolutions; no convolution at all. Hardly trained: what counts is that every layer has its width."""
    recipe = recipes.load(name)
    stages = tuple(stage.model_copy(update={"epochs": 1}) for stage in recipe.stages)
    options = Options(drop=100, trials=1, epochs=1)
    told = search(recipe.model_copy(update={"stages": stages}), tmp_path, options, console=Console(quiet=True))
    assert recipes.load(str(told.recipe)).quantisation.accumulator_bits == told.best.widths
    assert told.best.widths.keys() == told.layers.keys() and len(told.layers) >= 3
    assert told.best.cost <= told.cost


def test_a_worthless_trial_is_said_and_never_trained_again(own: Path, tmp_path: Path) -> None:
    with Path(shutil.copy(own / "own.py", tmp_path)).open("a", encoding="utf-8") as file:
        file.write(SICK)
    (tmp_path / "mine.toml").write_text(RECIPE.replace("own.py:Own", "own.py:Sick"), encoding="utf-8")
    recipe, text = recipes.load(str(tmp_path / "mine.toml")), io.StringIO()

    def said(options: Options) -> tuple[Result, list[str]]:
        text.truncate(text.seek(0))
        told = search(recipe, tmp_path / "build", options, console=Console(file=text, width=200))
        return told, text.getvalue().splitlines()

    told, lines = said(replace(OPTIONS, trials=3))
    (line,) = (line for line in lines if "came to nothing" in line)
    assert "/3  bits 5 7  came to nothing: stage 'penalty': the loss is nan in step 1 of epoch 1" in line
    assert len(told.found) == 2 and all(tuple(one.widths.values()) != (5, 7) for one in told.found)
    assert not list((tmp_path / "build" / "mine" / "search" / "trials").glob("*/5-7/checkpoint.pt"))
    sick = (tmp_path / "sick").read_text()
    again, lines = said(replace(OPTIONS, trials=4))
    assert not any("came to nothing" in line or "cut off" in line for line in lines)
    assert len(again.found) == 3 and again.found[:2] == told.found
    _, lines = said(Options(drop=6, trials=4, minutes=0.0001))
    assert any("bits 5 7  came to nothing" in line for line in lines), "a study of its own hears of it"
    assert (tmp_path / "sick").read_text() == sick


def test_what_ends_a_search_and_what_does_not(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> object:
        if "until" in more:
            raise error
        return real(*args, **more)  # type: ignore[arg-type]

    real = trainer.run
    monkeypatch.setattr(trainer, "run", broken)
    for error in (InputError("one"), OSError("two"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            run(own, tmp_path)
    error = WorthlessError("the loss is nan [step 1]")
    with pytest.raises(InputError, match=r"all 2 candidates came to nothing, the last, bits \d+ \d+: the loss is nan"):
        run(own, tmp_path, replace(OPTIONS, trials=2))


def test_nothing_that_fits(own: Path, first: Result) -> None:
    with pytest.raises(InputError, match=r"none of \d+ candidates came within -40 points .* larger drop"):
        run(own, own / "build", Options(drop=-40, trials=1, epochs=1), cost_name="hopeless")


def test_two_searches_in_one_folder(own: Path, first: Result) -> None:
    with FileLock(own / "build" / "mine" / "search" / "lock"), pytest.raises(InputError, match="another search runs"):
        run(own, own / "build")
