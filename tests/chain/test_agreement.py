# SPDX-License-Identifier: BSD-3-Clause
"""The record by which stages are compared."""

from pathlib import Path

import numpy as np
import pytest

from chain.agreement import EXPORTED, OF_EXPORTED, STAGES, Divergence, StageResult, compare, discard, load
from chain.errors import AgreementError


def test_the_first_difference_is_named_in_graph_order() -> None:
    """Not the first image's, the first layer's: what went wrong there spoils all that follows."""
    expected = {"conv.acc": np.zeros((3, 2, 2), int), "output": np.zeros((3, 4), int)}
    got = {"output": np.ones((3, 4), int), "conv.acc": np.zeros((3, 2, 2), int)}
    got["conv.acc"][2, 1, 0] = 7
    wrong, first = compare(expected, got, first_image=100)
    assert wrong == 3
    assert first == Divergence("conv.acc", 102, (1, 0), 0, 7)


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(AgreementError, match="no layer in common"):
        compare({"a": np.zeros((1, 1), int)}, {"b": np.zeros((1, 1), int)})
    with pytest.raises(AgreementError, match=r"layer 'a'.*\(1, 2\).*\(1, 1\)"):
        compare({"a": np.zeros((1, 2), int)}, {"a": np.zeros((1, 1), int)})


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    result = StageResult("rtl", "finn")
    labels = np.array([1, 2, 3])
    result.add(labels, labels, {"fc.acc": np.zeros((3, 4), int)}, {"fc.acc": np.eye(3, 4, dtype=int)})
    result.save(tmp_path)
    assert load(tmp_path) == {"rtl": result}
    assert (result.images, result.correct, result.mismatches) == (3, 3, 3)
    with pytest.raises(AgreementError, match=r"'rtl' differs from 'finn' on 3 of 3 images; first at layer 'fc\.acc'"):
        result.require_agreement()


@pytest.mark.parametrize("stage", STAGES)
def test_discard_takes_a_stage_and_what_stems_from_it(tmp_path: Path, stage: str) -> None:
    for name in STAGES:
        StageResult(name).save(tmp_path / "stages")
    (tmp_path / "resources.json").write_text("{}")
    discard(tmp_path, stage)
    kept = () if stage in (*EXPORTED, *OF_EXPORTED) else OF_EXPORTED
    assert list(load(tmp_path / "stages")) == [*STAGES[: STAGES.index(stage)], *kept]
    assert not (tmp_path / "resources.json").exists()
    discard(tmp_path, stage)
