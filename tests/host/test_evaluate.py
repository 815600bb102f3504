# SPDX-License-Identifier: BSD-3-Clause
"""The driver's record of the board stage is the chain's, key for key and number for number."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from chain import agreement
from host import evaluate
from host.errors import EmptyError, MetadataError, MissingFileError, RangeError


def test_the_record_has_the_chains_keys() -> None:
    for ours, theirs in (
        (evaluate.StageResult, agreement.StageResult),
        (evaluate.Divergence, agreement.Divergence),
    ):
        assert [field.name for field in fields(ours)] == [field.name for field in fields(theirs)]
    assert evaluate.STAGE in agreement.STAGES and evaluate.AGAINST in agreement.STAGES


def test_counting_equals_the_chains(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    expected = random.integers(-128, 128, (40, 10))
    got, labels = expected.copy(), expected.argmax(axis=1)
    got[17, 3] += 1
    got[17, 5] += 1
    got[33, 0] -= 1
    labels[2] += 1
    ours, theirs = evaluate.StageResult(), agreement.StageResult("board", "torch")
    for part in (slice(0, 15), slice(15, 40)):
        ours.add(labels[part], got[part].argmax(axis=1), expected[part], got[part])
        theirs.add(labels[part], got[part].argmax(axis=1), {"output": expected[part]}, {"output": got[part]})
    evaluate.save(ours, tmp_path / "stages" / "board.json")
    assert agreement.load(tmp_path / "stages") == {"board": theirs}
    assert str(ours.divergence) == str(theirs.divergence)


def test_nothing_half_written_remains(tmp_path: Path) -> None:
    result = evaluate.StageResult(extra={"fps": object()})
    (tmp_path / "board.json").write_text("the old one")
    with pytest.raises(TypeError):
        evaluate.save(result, tmp_path / "board.json")
    assert [path.name for path in tmp_path.iterdir()] == ["board.json"]
    assert (tmp_path / "board.json").read_text() == "the old one"


def test_reference_files(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    with pytest.raises(MissingFileError, match=r"reference\.npz does not exist"):
        evaluate.reference(path, None)
    path.write_bytes(b"PK no archive")
    with pytest.raises(MetadataError, match="images, labels and outputs"):
        evaluate.reference(path, None)
    np.savez(path, images=np.zeros((3, 2)), labels=np.zeros(3))
    with pytest.raises(MetadataError, match="outputs"):
        evaluate.reference(path, None)
    np.savez(path, images=np.zeros((3, 2)), labels=np.zeros(2), outputs=np.zeros((3, 1)))
    with pytest.raises(MetadataError, match="3 images, 2 labels, 3 outputs"):
        evaluate.reference(path, None)
    np.savez(path, images=np.zeros((0, 2)), labels=np.zeros(0), outputs=np.zeros((0, 1)))
    with pytest.raises(EmptyError):
        evaluate.reference(path, None)
    np.savez(path, images=np.zeros((3, 2)), labels=np.zeros(3), outputs=np.zeros((3, 1)))
    assert [len(part) for part in evaluate.reference(path, 2)] == [2, 2, 2]
    for count in (0, -1):
        with pytest.raises(RangeError, match="expected at least 1"):
            evaluate.reference(path, count)


def test_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    np.savez(path, images=np.array([{}], dtype=object), labels=np.zeros(1), outputs=np.zeros((1, 1)))
    with pytest.raises(MetadataError, match="pickle"):
        evaluate.reference(path, None)
