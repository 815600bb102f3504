# SPDX-License-Identifier: BSD-3-Clause
"""A bundle's folder: every flipped byte is found, and everything that is not as it was packed is named."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from host import manifest
from host.commands import main
from host.errors import BundleError, MissingFileError

FILES = {
    "LICENSE": b"free\n",
    "toy.hwh": b"<EDKSYSTEM/>",
    "toy.json": b"{}",
    "demo.ipynb": b"{}",
    "host/__init__.py": b"",
    "host/overlay.py": b"import numpy\n",
    "host/cpu/kernels/lanes.h": bytes(range(256)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "toy"
    for name, content in {**FILES, manifest.NAME: manifest.text(FILES)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_a_whole_bundle(folder: Path) -> None:
    assert manifest.check(folder) == {name: manifest.digest(content) for name, content in FILES.items()}
    assert manifest.bitfile(folder) == folder / "toy.bit"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_sha256sum_reads_the_manifest(folder: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", manifest.NAME]
    assert subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout == ""
    (folder / "LICENSE").write_bytes(b"none\n")
    failed = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (failed.returncode, failed.stdout) == (1, "LICENSE: FAILED\n")


def test_files_of_the_users_own_do_no_harm(folder: Path) -> None:
    (folder / "mine.npy").write_bytes(b"pixels")
    (folder / "toy.bit").write_bytes(b"bits")
    (folder / "host" / "__pycache__").mkdir()
    (folder / "host" / "__pycache__" / "overlay.cpython-310.pyc").write_bytes(b"compiled")
    manifest.check(folder)


def test_any_flipped_byte_is_found(folder: Path) -> None:
    random = np.random.default_rng(5)
    paths = [folder / name for name in (*FILES, manifest.NAME)]
    places = [(path, at) for path in paths for at in range(path.stat().st_size)]
    for index in random.choice(len(places), 400, replace=False):
        path, at = places[index]
        whole = path.read_bytes()
        flipped = bytes([whole[at] ^ int(random.integers(1, 256))])
        path.write_bytes(whole[:at] + flipped + whole[at + 1 :])
        with pytest.raises(BundleError, match=path.name.replace(".", r"\.")):
            manifest.check(folder)
        path.write_bytes(whole)
    manifest.check(folder)


def replaced_by_link(path: Path) -> None:
    elsewhere = path.rename(path.parent.parent / f"elsewhere-{path.name}")
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda root: (root / "toy.hwh").unlink(), "toy.hwh is missing"),
        (lambda root: (root / "toy.hwh").write_bytes(b"<EDK"), "toy.hwh was changed"),
        (lambda root: (root / "demo.ipynb").write_bytes(b"{1}"), "work on a copy of the notebook"),
        (lambda root: replaced_by_link(root / "toy.hwh"), "toy.hwh is a symbolic link"),
        (lambda root: replaced_by_link(root / "host" / "cpu" / "kernels"), "host/cpu/kernels is a symbolic link"),
        (lambda root: replaced_by_link(root / "host"), "host is a symbolic link"),
        (lambda root: (root / "host" / "old.py").touch(), "host/old.py is not of this bundle"),
        (lambda root: (root / "host" / "cpu" / "more").symlink_to("/tmp"), "host/cpu/more is not of this bundle"),
        (lambda root: ((root / "LICENSE").unlink(), (root / "LICENSE").mkdir()), "LICENSE is not a file"),
        (lambda root: ((root / "LICENSE").unlink(), os.mkfifo(root / "LICENSE")), "LICENSE is not a file"),
        (lambda root: replaced_by_link(root / manifest.NAME), "SHA256SUMS is a link"),
        (lambda root: (root / manifest.NAME).write_bytes(b""), "SHA256SUMS is not as it was made"),
        (lambda root: (root / manifest.NAME).write_bytes(bytes(2 << 20)), "too large for a manifest"),
        (lambda root: [(root / name).unlink() for name in FILES], "and 2 more"),
    ],
)
def test_what_is_not_as_it_was_packed_is_named(folder: Path, spoil, says: str) -> None:
    spoil(folder)
    with pytest.raises(BundleError) as caught:
        manifest.check(folder)
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["../toy.hwh", "/etc/passwd", "host/../../x", "a//b", "./a", ".hidden", "a b", "a\nb"])
def test_paths_that_leave_the_folder_are_refused(folder: Path, name: str) -> None:
    (folder / manifest.NAME).write_bytes(manifest.text({**FILES, name: b""}))
    with pytest.raises(BundleError, match="not as it was made"):
        manifest.check(folder)


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="is no bundle"):
        manifest.check(tmp_path)
    with pytest.raises(MissingFileError, match="which bitstream"):
        manifest.bitfile(tmp_path)
    (tmp_path / manifest.NAME).write_bytes(manifest.text({"LICENSE": b""}))
    with pytest.raises(BundleError, match=r"lists 0 \.hwh files"):
        manifest.bitfile(tmp_path)


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: {len(FILES)} files as they were made\n"
    (folder / "LICENSE").write_bytes(b"none\n")
    assert main(["check", str(folder)]) == 2
    assert "LICENSE was changed" in capsys.readouterr().err
    assert main(["check"]) == 2
    assert "which bitstream" in capsys.readouterr().err
