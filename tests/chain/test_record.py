# SPDX-License-Identifier: BSD-3-Clause
"""What a step records of its run is read again, in the order of the runs, and what is no record is named."""

import os
from pathlib import Path

import pytest

from chain import record
from chain.errors import InputError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record.write(tmp_path, "rtl", 1.23456, FPS=1e6, LUT=None)
    record.write(tmp_path, "train", 2, MODEL=Path("a b.toml"))
    os.utime(tmp_path / "seconds" / "train.json", (1, 1))
    runs = record.read(tmp_path)
    assert list(runs) == ["train", "rtl"]
    assert runs["rtl"].seconds == 1.235 and runs["rtl"].variables == {"FPS": "1000000"}
    assert runs["train"].variables == {"MODEL": "a b.toml"} and runs["train"].ended == 1


def test_no_folder_no_runs(tmp_path: Path) -> None:
    assert record.read(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"seconds": "x"}', '{"seconds": null}', '{"seconds": 1, "variables": 3}']
)
def test_what_is_no_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "seconds").mkdir()
    (tmp_path / "seconds" / "sim.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"sim\.json is no record of a step"):
        record.read(tmp_path)
