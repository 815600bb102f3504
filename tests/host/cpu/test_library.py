# SPDX-License-Identifier: BSD-3-Clause
"""The kernels' library: what is taken from the cache, what is compiled anew, and what is said where neither works."""

import os
from pathlib import Path

import numpy as np
import pytest

from host.cpu import Engine, library
from host.cpu.plan import Conv, Plan
from host.errors import CompilerError, RangeError

QUICK = ("-std=c++17", "-O0", "-Wno-psabi", "-pthread", *library.SHARED)
TINY = Plan((1, 1, 1), 255, (Conv("last", 0, None, np.ones((1, 1, 1, 1), np.int8)),))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(library, "cache_folder", lambda: tmp_path / "cache")
    library.load.cache_clear()
    yield tmp_path / "cache"
    library.load.cache_clear()


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_the_best_instruction_set_is_the_last_that_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.platform, "machine", lambda: "x86_64")
    avx2 = frozenset(["avx2", "bmi1", "bmi2", "fma", "f16c", "movbe", "abm", "sse2"])
    avx512 = avx2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    for flags, names in (
        (frozenset({"sse2"}), ["sse2"]),
        (avx2, ["sse2", "avx2"]),
        (avx512 - {"avx512bw"}, ["sse2", "avx2"]),
        (avx512, ["sse2", "avx2", "avx512"]),
        (avx512 | {"avx512vbmi"}, ["sse2", "avx2", "avx512", "avx512vbmi"]),
    ):
        monkeypatch.setattr(library, "_cpu_flags", lambda flags=flags: flags)
        assert library.available() == names
        assert library.instruction_set(None).name == names[-1]
        assert library.instruction_set("sse2").name == "sse2"


def test_an_instruction_set_that_the_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(library, "_cpu_flags", lambda: frozenset({"sse2"}))
    with pytest.raises(RangeError, match="'avx2', expected one that this machine runs: sse2"):
        library.instruction_set("avx2")


def test_an_unknown_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.platform, "machine", lambda: "s390x")
    with pytest.raises(CompilerError, match="s390x"):
        library.load.__wrapped__(None)


def test_without_a_compiler_the_engine_says_what_to_install(cache: Path, no_compiler: None) -> None:
    with pytest.raises(CompilerError, match=r"no C\+\+ compiler.*apt install g\+\+"):
        Engine(TINY)


def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(cache: Path) -> None:
    compiler = library.find_compiler()
    with pytest.raises(CompilerError, match="-fno-such-thing"):
        library.compiled("engine.cpp", compiler, ("-fno-such-thing", *QUICK), "wrapnet")
    assert list(cache.iterdir()) == []


def test_a_file_is_compiled_once_and_again_when_its_flags_change(cache: Path) -> None:
    compiler = library.find_compiler()
    first = library.compiled("engine.cpp", compiler, QUICK, "wrapnet")
    made = first.stat().st_ino
    assert library.compiled("engine.cpp", compiler, QUICK, "wrapnet") == first
    assert first.stat().st_ino == made
    assert library.compiled("engine.cpp", compiler, (*QUICK, "-DANOTHER"), "wrapnet") != first
    assert {path.suffix for path in cache.iterdir()} == {".so"}


def test_the_cache_keeps_the_libraries_of_a_name_that_were_used_last(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "compile_to", lambda path, *_: path.write_bytes(library._sealed(b"library")))
    cache.mkdir()

    def make(name: str, *flags: str) -> Path:
        return library.compiled("engine.cpp", library.find_compiler(), (*library.SHARED, *flags), name)

    avx2 = make("wrapnet-avx2")
    first = [make("wrapnet-avx512", level) for level in ("-O1", "-O0", "-Os")]
    foreign = cache / "wrapnet-avx512-notes.so"
    foreign.touch()
    for age, path in enumerate((first[0], first[2], first[1], avx2, foreign), start=1):
        os.utime(path, (1e9 - age, 1e9 - age))
    assert make("wrapnet-avx512", "-O0") == first[1]  # the oldest, in use
    last = make("wrapnet-avx512", "-O2")
    assert set(cache.iterdir()) == {avx2, first[0], first[1], last, foreign}


def test_a_damaged_library_is_made_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "FLAGS", QUICK)
    path = library.build(library.instruction_set(None))
    path.write_bytes(path.read_bytes()[:1000])
    assert Engine(TINY).run(np.full((2, 1, 1, 1), 200, np.uint8)).tolist() == [[-56], [-56]]


def test_a_prebuilt_library_needs_no_compiler(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(library, "FLAGS", QUICK)
    isa, compiler = library.available()[0], library.find_compiler()
    path = library.prebuild(isa, compiler, tmp_path / "board")
    monkeypatch.setattr(library, "__file__", str(path.parent / "library.py"))
    request.getfixturevalue("no_compiler")
    assert Engine(TINY, isa=isa).run(np.full((1, 1, 1, 1), 3, np.uint8)).tolist() == [[3]]
    assert not cache.exists()


def test_the_cache_lies_with_the_toolkit_or_with_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = Path(library.__file__).parents[2]
    assert library.cache_folder() == root / "build" / ".cpu"
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert library.cache_folder() == tmp_path / ".cache" / "wrapnet"
