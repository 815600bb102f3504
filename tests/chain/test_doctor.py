# SPDX-License-Identifier: BSD-3-Clause
"""The doctor: one line a finding, what is missing and what it costs, and an exit status that scripts can use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chain import doctor


def test_one_line_each_for_all_that_the_toolkit_uses(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in doctor.examine(tmp_path)}
    needed = {"python", "gcc", "g++", "make", "perl", "disk", "verilator", "yosys (pyosys)"}
    chains = {"vivado", "vitis_hls", "nextpnr-xilinx", "fasm2frames", "xc7frames2bit", "nextpnr-ecp5 (yowasp)"}
    assert needed | chains <= set(findings)
    assert all("\n" not in str(finding) for finding in findings.values())
    assert str(findings["vivado"]) == "-       vivado: not found; needed only for `make bitstream TOOLCHAIN=vivado`"
    assert not findings["environment tools (training, export, hardware, tests)"].is_present
    assert not findings["data cifar10"].is_present


def test_what_every_step_needs_decides_the_exit_status(tmp_path: Path, repository: Path) -> None:
    """On a PATH with nothing but gcc, the others are named, and the status is 1."""
    fake = tmp_path / "gcc"
    fake.write_text("#!/bin/sh\necho gcc 99.1.2\n", encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "chain.doctor"],
        cwd=repository,
        env={"PATH": f"{tmp_path}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"ok      gcc: 99.1.2, {fake}" in done.stdout
    assert "MISSING perl: not found; Verilator's front end is written in it: apt-get install perl" in done.stdout
    assert done.stderr == ""


def test_data_sets_are_looked_for_in_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FASHION_MNIST", tmp_path / "nowhere")
    assert not doctor.fashion_mnist(None).is_present
    (tmp_path / "fashion-mnist").mkdir()
    (tmp_path / "fashion-mnist" / "t10k-images-idx3-ubyte.gz").touch()
    (tmp_path / "test_batch.bin").touch()
    assert doctor.fashion_mnist(tmp_path).text == str(tmp_path / "fashion-mnist")
    assert doctor.cifar10(tmp_path).text == str(tmp_path)


def test_too_little_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK_GIB", 1e9)
    finding = doctor.disk(tmp_path)
    assert not finding.is_present and finding.is_needed and "GiB free" in finding.text


def test_a_damaged_environment_is_named_with_the_way_out(tmp_path: Path) -> None:
    site = tmp_path / "tools" / "lib" / "python3.11" / "site-packages"
    (site / "thing-1.0.dist-info").mkdir(parents=True)
    (site / "thing").mkdir()
    (tmp_path / "tools" / "bin").mkdir()
    for path in (tmp_path / "tools" / "bin" / "python", tmp_path / "tools.stamp"):
        path.touch()
    rows = ["thing/a.py,sha256=x,5"]
    rows += ['"thing/b,c.so",sha256=y,3', "thing/a.pyc,sha256=z,7", "thing-1.0.dist-info/RECORD,,"]
    (site / "thing-1.0.dist-info" / "RECORD").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (site / "thing" / "a.py").write_text("1 + 1", encoding="utf-8")
    (site / "thing" / "b,c.so").write_text("abc", encoding="utf-8")
    assert doctor.environment(tmp_path, "tools", "all").is_present
    (site / "thing" / "a.py").write_text("1 +", encoding="utf-8")
    (site / "thing" / "b,c.so").unlink()
    finding = doctor.environment(tmp_path, "tools", "all")
    assert not finding.is_present and finding.is_needed
    assert "thing/a.py is missing or cut off, 2 such files; `make setup FORCE=1`" in finding.text
    finding = doctor.environment(tmp_path, "tools", "tests", only_for_tests=True)
    assert not finding.is_present and not finding.is_needed and "`make test FORCE=1`" in finding.text


def test_it_needs_nothing_but_the_standard_library(repository: Path) -> None:
    done = subprocess.run([sys.executable, "-S", "-m", "chain.doctor"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == len(list(doctor.examine()))
    assert os.path.exists(doctor.ROOT / "Makefile")
