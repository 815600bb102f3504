# SPDX-License-Identifier: BSD-3-Clause
"""A bundle's archive: every flipped byte is found, and archives that are made up are refused with what is in them."""

import gzip
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fpga.bundle.pack import pack
from host import archive, manifest
from host.commands import main
from host.errors import BundleError, MissingFileError

FILES = {"LICENSE": b"free\n", "toy.json": b"{}", "host/cpu/plan.py": np.random.default_rng(1).bytes(3000)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "toy.tar.gz").write_bytes(pack("toy", FILES))
    return tmp_path / "toy.tar.gz"


def made_up(edit: Callable[[list[tarfile.TarInfo]], object]) -> bytes:
    """An archive with a seal that fits, its members as `edit` leaves them."""
    contents = {**FILES, manifest.NAME: manifest.text(FILES)}
    members = []
    for name, content in contents.items():
        members.append(tarfile.TarInfo(f"toy/{name}"))
        members[-1].size = len(content)
    named = dict(zip(map(id, members), contents.values(), strict=True))
    edit(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(named[id(member)][: member.size].ljust(member.size)))
    body = archive.gzip_member(out.getvalue())
    return body + archive.seal(body)


def test_a_whole_archive(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive.check(path) == {name: manifest.digest(content) for name, content in FILES.items()}
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 3 files as they were made\n"


def test_gzip_and_tar_read_it(path: Path, tmp_path: Path) -> None:
    assert subprocess.run(["gzip", "--test", path], capture_output=True).stderr == b""
    done = subprocess.run(["tar", "xzf", path], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert manifest.check(tmp_path / "toy") == archive.check(path)
    assert (tmp_path / "toy" / "host" / "cpu" / "plan.py").read_bytes() == FILES["host/cpu/plan.py"]


def test_names_of_any_length(tmp_path: Path) -> None:
    name = "long" * 40
    path = tmp_path / "long.tar.gz"
    path.write_bytes(pack(name, {f"{name}.json": b"{}"}))
    assert list(archive.check(path)) == [f"{name}.json"]


def test_the_same_files_are_the_same_bytes_and_others_another_time(path: Path) -> None:
    assert pack("toy", dict(reversed(FILES.items()))) == path.read_bytes()
    times = set()
    for content in (pack("toy", FILES), pack("toy", {**FILES, "LICENSE": b"none\n"})):
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            members = tar.getmembers()
        assert {(m.uid, m.gid, m.uname, m.gname, m.mode, m.mtime) for m in members} == {
            (0, 0, "", "", 0o644, members[0].mtime)
        }
        times.add(members[0].mtime)
    assert len(times) == 2


def test_any_flipped_byte_is_found(path: Path) -> None:
    whole, random = path.read_bytes(), np.random.default_rng(6)
    ends = np.r_[:40, len(whole) - 120 : len(whole)]  # headers and the seal
    for at in {*ends.tolist(), *random.choice(len(whole), 300, replace=False).tolist()}:
        flipped = bytes([whole[at] ^ int(random.integers(1, 256))])
        path.write_bytes(whole[:at] + flipped + whole[at + 1 :])
        with pytest.raises(BundleError, match="truncated or altered"):
            archive.check(path)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:100], lambda b: b"", lambda b: b + b"\0"])
def test_a_truncated_or_longer_one(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BundleError, match="truncated or altered"):
        archive.check(path)


def of(kind: bytes, target: str = "") -> Callable[[list[tarfile.TarInfo]], None]:
    def edit(members: list[tarfile.TarInfo]) -> None:
        members[0].type, members[0].linkname, members[0].size = kind, target, 0

    return edit


def called(name: str) -> Callable[[list[tarfile.TarInfo]], None]:
    return lambda members: setattr(members[0], "name", name)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (of(tarfile.SYMTYPE, "/etc/passwd"), "'toy/LICENSE' is a link"),
        (of(tarfile.LNKTYPE, "toy/toy.json"), "'toy/LICENSE' is a link"),
        (of(tarfile.DIRTYPE), "'toy/LICENSE' is a link, a folder or a device"),
        (of(tarfile.CHRTYPE), "'toy/LICENSE' is a link, a folder or a device"),
        (called("../LICENSE"), "'../LICENSE' would lie outside"),
        (called("toy/../../LICENSE"), "would lie outside"),
        (called("/etc/passwd"), "would lie outside"),
        (called("LICENSE"), "would lie outside"),
        (called("toy/a b"), "would lie outside"),
        (called("other/LICENSE"), "has the folders ['other', 'toy']"),
        (called("toy/toy.json"), "'toy/toy.json' is there twice"),
        (called("toy/MORE"), "LICENSE is missing; MORE is not listed"),
        (lambda members: setattr(members[0], "size", 4), "LICENSE was changed"),
        (lambda members: members.pop(0), "LICENSE is missing"),
        (lambda members: members.pop(), "holds no SHA256SUMS"),
        (lambda members: setattr(members[-1], "size", 30), "SHA256SUMS is not as it was made"),
    ],
)
def test_made_up_archives_are_refused(path: Path, edit, says: str) -> None:
    path.write_bytes(made_up(edit))
    with pytest.raises(BundleError) as caught:
        archive.check(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "does not end where its content does"),
        (b"no gzip", "is no archive of a bundle"),
        (gzip.compress(b"no tar" * 200, mtime=0), "is no archive of a bundle"),
        (gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), "does not end where its content does"),
    ],
    ids=["empty", "no gzip", "no tar", "two in one"],
)
def test_what_is_no_archive(path: Path, body: bytes, says: str) -> None:
    path.write_bytes(body + archive.seal(body))
    with pytest.raises(BundleError, match=says):
        archive.check(path)


def test_more_than_an_archive_may_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 4000)
    with pytest.raises(BundleError, match="or is larger than 4000 bytes"):
        archive.check(path)
    monkeypatch.setattr(archive, "MOST_BYTES", 40)
    with pytest.raises(BundleError, match="expected an archive of at most 40 bytes"):
        archive.check(path)


def test_a_missing_archive_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="does not exist"):
        archive.check(tmp_path / "toy.tar.gz")
    with pytest.raises(BundleError, match="expected an archive"):
        archive.check(tmp_path)
