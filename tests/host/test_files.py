# SPDX-License-Identifier: BSD-3-Clause
"""Model files up to a bound; files that are whole or absent."""

from pathlib import Path

import pytest

from host import files
from host.errors import MissingFileError, ModelFileError


def test_a_file_is_written_whole_with_its_folder_and_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    files.write(path, b"first")
    files.write(path, b"second")
    assert files.read(path) == b"second" and [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    files.write(tmp_path / "file", b"first")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(tmp_path / "file", b"second")
    assert files.read(tmp_path / "file") == b"first" and len(list(tmp_path.iterdir())) == 1


def test_what_is_no_model_file_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ModelFileError, match=f"{huge}: {files.MOST_BYTES + 1} bytes, at most"):
        files.read(huge)
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(MissingFileError, match=f"{path} is a folder or a device"):
            files.read(path)
    with pytest.raises(MissingFileError, match="does not exist"):
        files.read(tmp_path / "nowhere")
