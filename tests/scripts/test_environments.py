# SPDX-License-Identifier: BSD-3-Clause
"""Set-up: does nothing twice, goes on after a failure, starts anew after a kill, and says what is missing."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import environments
from scripts.environments import Environment, Requirements, SetupError

SMALL = Environment("small", "a test", (Requirements("small.txt"),), "import sys")


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a requirement file that names nothing: set-up is a bare virtual environment."""
    monkeypatch.setattr(environments, "ENVIRONMENTS", (SMALL,))
    monkeypatch.setattr(environments, "DISK_GIB", 0.0)
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "small.txt").write_text("# nothing\n", encoding="utf-8")
    return folder


def test_the_second_run_does_nothing_and_a_changed_file_does(
    requirements: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    venv = tmp_path / "venv"
    environments.set_up(venv, requirements, ["small"])
    first = capsys.readouterr().out
    assert len(first.splitlines()) == 2 and "small: ready in" in first
    assert (venv / "small" / "bin" / "python").exists()

    environments.set_up(venv, requirements, ["small"])
    assert capsys.readouterr().out == ""

    kept = venv / "small" / "kept"
    kept.touch()
    (requirements / "small.txt").write_text("# still nothing\n", encoding="utf-8")
    environments.set_up(venv, requirements, ["small"])
    assert "ready in" in capsys.readouterr().out and kept.exists()


def test_steps_find_bytecode(requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Python was told to write none."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(environments, "ENVIRONMENTS", (replace(SMALL, proof="import pip._internal.commands.install"),))
    environments.set_up(tmp_path / "venv", requirements, ["small"])
    assert list(
        (tmp_path / "venv" / "small").glob("lib/*/site-packages/pip/_internal/commands/__pycache__/install.*.pyc")
    )


def test_force_makes_it_anew(requirements: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venv = tmp_path / "venv"
    environments.set_up(venv, requirements, ["small"])
    damaged = venv / "small" / "damaged"
    damaged.touch()
    capsys.readouterr()
    environments.set_up(venv, requirements, ["small"], anew=True)
    said = capsys.readouterr().out
    assert "ready in" in said and "interrupted" not in said
    assert not damaged.exists() and (venv / "small.stamp").exists()


@pytest.mark.parametrize("step", ["venv", "pip", "time.sleep"])
def test_an_interrupt_ends_with_one_line_and_the_next_run_starts_anew(
    requirements: Path, tmp_path: Path, repository: Path, step: str
) -> None:
    """Ctrl-C goes to set-up and to what it has started, as from a terminal."""
    venv = tmp_path / "venv"
    code = (
        "import sys; from scripts import environments as e; "
        "slow = e.Environment('small', 'a test', (e.Requirements('small.txt'),), 'import time; time.sleep(100)'); "
        "e.ENVIRONMENTS = (slow,); e.DISK_GIB = 0; sys.exit(e.main())"
    )
    command = [sys.executable, "-c", code, "--venv", str(venv), "--requirements", str(requirements)]
    log = venv / "small.log"
    with subprocess.Popen(
        command, cwd=repository, process_group=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (log.exists() and f" {step}" in log.read_text(encoding="utf-8").replace("; ", " ")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (
        130,
        "\nset-up: interrupted; run the same command again and it starts anew\n",
    )
    assert not (venv / "small.stamp").exists() and (venv / "small.unfinished").exists()
    environments.set_up(venv, requirements, ["small"])
    assert (venv / "small.stamp").exists() and not (venv / "small.unfinished").exists()


def test_a_failing_pip_is_shown_and_the_next_run_goes_on(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    (requirements / "small.txt").write_text("no-such-package-of-ours==1.0\n", encoding="utf-8")
    venv = tmp_path / "venv"
    with pytest.raises(SetupError) as error:
        environments.set_up(venv, requirements, ["small"])
    assert "failed with status 1" in str(error.value) and str(venv / "small.log") in str(error.value)
    assert "No matching distribution found for no-such-package-of-ours==1.0" in str(error.value)
    assert not (venv / "small.stamp").exists() and not (venv / "small.unfinished").exists()
    kept = venv / "small" / "kept"
    kept.touch()
    (requirements / "small.txt").write_text("", encoding="utf-8")
    environments.set_up(venv, requirements, ["small"])
    assert (venv / "small.stamp").exists() and kept.exists()


def test_a_killed_set_up_starts_anew(requirements: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kill it in its last step, when everything but the stamp is there."""
    venv = tmp_path / "venv"
    code = (
        "from pathlib import Path; from scripts import environments as e; "
        "slow = e.Environment('small', 'a test', (e.Requirements('small.txt'),), 'import time; time.sleep(100)'); "
        "e.ENVIRONMENTS = (slow,); e.DISK_GIB = 0; "
        f"e.set_up(Path({str(venv)!r}), Path({str(requirements)!r}), ['small'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=environments.__file__.rsplit("/", 2)[0], process_group=0
    )
    log = venv / "small.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and "time.sleep" in log.read_text(encoding="utf-8")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (venv / "small" / "bin" / "python").exists() and not (venv / "small.stamp").exists()
    left = venv / "small" / "left"
    left.touch()

    environments.set_up(venv, requirements, ["small"])
    assert "was interrupted, starting it anew" in capsys.readouterr().out
    assert (venv / "small.stamp").exists() and not left.exists() and not (venv / "small.unfinished").exists()


def test_everything_that_the_machine_lacks_is_named_at_once(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(environments, "DISK_GIB", 1e9)
    with pytest.raises(SetupError) as error:
        environments.set_up(tmp_path / "venv", requirements, ["small"])
    lines = str(error.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["gcc", "g++", "make", "perl", "disk"]
    assert not (tmp_path / "venv").exists()


def test_the_key_follows_files_and_options(requirements: Path) -> None:
    plain = environments.key(SMALL, requirements)
    other = Environment("small", "a test", (Requirements("small.txt", ("--no-deps",)),), "import sys")
    assert environments.key(SMALL, requirements) == plain != environments.key(other, requirements)
    (requirements / "small.txt").write_text("# changed\n", encoding="utf-8")
    assert environments.key(SMALL, requirements) != plain


def test_both_pynqs_have_the_same_packages_around_them(repository: Path) -> None:
    """So that a difference between them is pynq's own."""
    pins = {}
    for name in ("pynq.txt", "pynq4.txt"):
        lines = (repository / "requirements" / name).read_text(encoding="utf-8").splitlines()
        pins[name] = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins["pynq.txt"].pop("pynq").startswith("3.1.") and pins["pynq4.txt"].pop("pynq").startswith("4.0.")
    assert pins["pynq4.txt"].items() <= pins["pynq.txt"].items()


def test_without_python_3_11_a_text_says_what_to_do(tmp_path: Path, repository: Path) -> None:
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\ncase "$1" in --version) echo Python 3.14.1; exit 0 ;; esac\nexit 1\n', encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(repository / "scripts" / "python"), "-c", "print(1)"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "Python 3.11 was not found" in done.stderr and "there is Python 3.14.1" in done.stderr


def test_another_name_for_python_is_taken_from_the_environment(tmp_path: Path, repository: Path) -> None:
    own = tmp_path / "my-python"
    own.symlink_to(environments.base_python())
    done = subprocess.run(
        ["/bin/sh", str(repository / "scripts" / "python"), "-c", "import sys; print(sys.executable)"],
        env={"PATH": "", "PYTHON": str(own)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(own)), done.stderr
