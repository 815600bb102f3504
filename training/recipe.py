# SPDX-License-Identifier: BSD-3-Clause
"""Recipes: one small TOML file a model that names everything its training depends on."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from chain.cli import NAME, NAME_IN_WORDS, RESERVED, SEEDS, is_path
from chain.errors import InputError, nearest
from chain.integers import NARROWEST, WIDEST
from training.schedule import again, usual

RECIPES = Path(__file__).parent / "recipes"

# What is expected of keys that are checked in several places.
_WEIGHTS = "'binary', 'ternary' or a width of 2 to 8 bits"
_ACCUMULATOR = f"a width of {NARROWEST} to {WIDEST} bits"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Quantisation(_Section):
    """Widths. `accumulator_bits` is one width for all layers or a table by layer name, with `default` for the rest;
    `fold` is k of the cyclic activation, 0 for none; `weights` "binary", "ternary" or 2 to 8 bits.
    """

    weights: Literal["binary", "ternary"] | int = "binary"
    activation_bits: int = Field(default=4, ge=1, le=8)
    input_bits: int = Field(default=8, ge=1, le=8)
    accumulator_bits: int | dict[str, int] = 8
    fold: int = Field(default=3, ge=0, le=15)

    @field_validator("weights")
    @classmethod
    def _weights(cls, value: str | int) -> str | int:
        if isinstance(value, int) and not 2 <= value <= 8:
            raise ValueError(f"expected {_WEIGHTS}")
        return value

    @field_validator("accumulator_bits")
    @classmethod
    def _accumulator_bits(cls, value: int | dict[str, int]) -> int | dict[str, int]:
        for bits in value.values() if isinstance(value, dict) else [value]:
            if not NARROWEST <= bits <= WIDEST:
                raise ValueError(f"expected {_ACCUMULATOR}")
        return value


class Stage(_Section):
    """One stage of training. `accumulator`: "wide" leaves the sums as they are, "wrap" wraps and folds them;
    `penalty` weighs the overflow penalty, summed over the layers. The learning rate follows half a cosine down to
    `lr * final_lr` ("cosine") or stays ("constant").
    """

    name: str
    epochs: int = Field(ge=1)
    lr: float = Field(gt=0, allow_inf_nan=False)
    accumulator: Literal["wide", "wrap"]
    penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    optimiser: Literal["adam", "sgd"] = "adam"
    schedule: Literal["cosine", "constant"] = "cosine"
    final_lr: float = Field(default=0.01, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Augmentation(_Section):
    """Random changes of the training images: shifts of up to `shift` pixels, mirror images with `flip`, a square of
    `cutout` pixels a side made black (DeVries and Taylor, arXiv 1708.04552).
    """

    shift: int = Field(default=0, ge=0)
    flip: bool = False
    cutout: int = Field(default=0, ge=0)


class Hardware(_Section):
    """Wishes for the accelerator; training only hands them on. `fps` None: 1,000 (fpga/steps.py). `output`: what it
    gives for an image, the last layer's integers ("logits") or the index of the greatest ("labels").
    """

    part: str = "xc7z020clg400-1"
    clock_mhz: float = Field(default=100.0, gt=0)
    fps: float | None = Field(default=None, gt=0)
    output: Literal["logits", "labels"] = "logits"


class Recipe(_Section):
    """Everything a model's training depends on. `gradients`: how those of convolutions are computed; "bfloat16" is
    twice as fast on processors that have it (AVX512_BF16, AMX) and slow on others; sums stay exact. `smoothing`: the
    share of a label that goes to all classes alike (label smoothing).
    """

    name: str = Field(pattern=NAME)
    dataset: str
    network: str
    seed: int = Field(default=1, ge=0, lt=SEEDS)
    batch_size: int = Field(default=128, ge=2)
    gradients: Literal["float32", "bfloat16"] = "float32"
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    quantisation: Quantisation = Quantisation()
    augmentation: Augmentation = Augmentation()
    stages: tuple[Stage, ...] = Field(min_length=1)
    hardware: Hardware = Hardware()

    # The file it came from: the user's own network and data set files are found relative to it.
    _path: Path | None = PrivateAttr(default=None)

    @field_validator("name")
    @classmethod
    def _free_name(cls, value: str) -> str:
        if value in RESERVED:
            raise ValueError("a name of the toolkit's own below build/: choose another")
        return value

    @model_validator(mode="after")
    def _stage_names(self) -> "Recipe":
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError(f"stages: names must differ, found {names}")
        return self

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def folder(self) -> Path:
        """Where relative paths in the recipe start."""
        return self._path.parent if self._path else Path()

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def text(self) -> str:
        """The recipe as JSON, defaults included."""
        return self.model_dump_json()

    def fine_tuning(self, epochs: int | None = None) -> tuple[Stage, ...]:
        """What a trained network goes through with other accumulators (training.schedule.again): a quarter of the last
        stage's epochs and at least 3 unless `epochs` says.
        """
        last = self.stages[-1]
        stages = again(epochs or max(3, last.epochs // 4), self.stages[0].lr, last.penalty)
        kept = {"optimiser": last.optimiser, "weight_decay": last.weight_decay}
        return tuple(Stage.model_validate(stage | kept) for stage in stages)

    def digest(self) -> str:
        """What tells whether a checkpoint is of this recipe: everything but `hardware` counts. Keys that came later
        count where they ask for something, so that checkpoints of before stay those of their recipes.
        """
        silent: dict[str, Any] = {"hardware": True}
        if not self.smoothing:
            silent["smoothing"] = True
        if not self.augmentation.cutout:
            silent["augmentation"] = {"cutout"}
        return hashlib.sha256(self.model_dump_json(exclude=silent).encode()).hexdigest()


def available() -> list[str]:
    """Names of the recipes that come with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load(model: str) -> Recipe:
    """Read a recipe by its name or by the path of its .toml file. Raises InputError with the reason."""
    own = is_path(model)
    path = Path(model) if own else RECIPES / f"{model}.toml"
    if own and not path.is_file():
        raise InputError(f"recipe {model}: no such file")
    if not own and model not in available():
        raise InputError(
            f"unknown model {model!r}; {nearest(model, available())}. A recipe of your own is given by the path of "
            "its .toml file"
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"recipe {path}: not valid TOML: {error}") from None
    return parse(values, path)


def parse(values: dict[str, Any], path: Path | None = None) -> Recipe:
    """Validate a recipe's values. `epochs` in place of `stages` stands for the usual ones (training/schedule.py).
    Unknown keys, wrong types and ranges raise InputError, all of them in one text.
    """
    where = f"recipe {path}" if path else "recipe"
    try:
        recipe = Recipe.model_validate(_with_stages(values))
    except InputError as error:
        raise InputError(f"{where}:\n  {error}") from None
    except ValidationError as error:
        raise InputError(f"{where}:\n{_explain_all(error)}") from None
    recipe._path = path.resolve() if path else None
    return recipe


def from_text(text: str, path: str | None = None) -> Recipe:
    """The inverse of `Recipe.text`."""
    try:
        recipe = Recipe.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"recipe:\n{_explain_all(error)}") from None
    recipe._path = Path(path) if path else None
    return recipe


def _with_stages(values: dict[str, Any]) -> dict[str, Any]:
    given = dict(values)
    if "epochs" in given:
        if "stages" in given:
            raise InputError("epochs, stages: found both, expected one: each stage has epochs of its own")
        given["stages"] = usual(given.pop("epochs"))
    elif "stages" in given and (not isinstance(given["stages"], list | tuple) or not given["stages"]):
        raise InputError(f"stages: found {given['stages']!r}, expected one or more tables, each headed [[stages]]")
    elif isinstance(given.get("stages"), list):
        # Strict validation takes no list, which is what TOML gives, for a tuple.
        given["stages"] = tuple(given["stages"])
    return given


def _explain_all(error: ValidationError) -> str:
    details = error.errors()
    # A section whose items are wrong also counts as too short: say only what is wrong with the items.
    deeper = {detail["loc"][0] for detail in details if len(detail["loc"]) > 1}
    told = [
        _explain(detail) for detail in details if not (detail["type"] == "too_short" and detail["loc"][0] in deeper)
    ]
    return "\n".join(dict.fromkeys(told))


def _explain(detail: Any) -> str:
    location = detail["loc"]
    for key, expected in _EITHER.items():
        if location[: len(key)] == key and len(location) > len(key):  # each of several types says what it lacks
            return f"  {'.'.join(key)}: expected {expected}, found {detail['input']!r}"
    name = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        section: Any = Recipe
        for part in location[:-1]:
            if isinstance(part, str) and part in section.model_fields:
                section = _SECTIONS.get(part, section)
        valid = [*section.model_fields, *(["epochs"] if section is Recipe else [])]
        return f"  {name}: unknown key; {nearest(str(location[-1]), valid)}"
    if detail["type"] == "missing":
        return f"  {name}: missing" + ("; or epochs, their number in the usual stages" if name == "stages" else "")
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "string_pattern_mismatch":
        message = f"expected {NAME_IN_WORDS}"
    # What is wrong between several keys says itself what it found.
    return f"  {name}: {message}, found {detail['input']!r}" if name else f"  {message}"


_EITHER = {
    ("quantisation", "weights"): _WEIGHTS,
    ("quantisation", "accumulator_bits"): f"{_ACCUMULATOR}, or a table of such by layer",
}
"""What keys may be that have several types."""

_SECTIONS = {
    "quantisation": Quantisation,
    "augmentation": Augmentation,
    "stages": Stage,
    "hardware": Hardware,
}
