# SPDX-License-Identifier: BSD-3-Clause
"""Files are whole or absent."""

import json
from pathlib import Path

import pytest

from chain.files import atomic, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file.txt"
    write_text(target, "old")
    with pytest.raises(ZeroDivisionError), atomic(target) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_an_interrupt_is_no_exception_to_that(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "file") as temporary:
        assert temporary.parent == tmp_path
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_json_as_a_person_reads_it(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1], "a": None})
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == {"b": [1], "a": None}
    assert text.startswith('{\n  "b"') and text.endswith("}\n")
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o644
