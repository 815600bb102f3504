# SPDX-License-Identifier: BSD-3-Clause
"""build/<model>/board: the files belong together, and pynq's own parsers read them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chain.errors import UnsupportedError
from fpga import design
from fpga.board import bitstream
from fpga.shell import bitfile, hwh, metadata, registers
from fpga.shell.library import Board
from tests.fpga.shell import standin

SIZES = (3, 11, 10, 3)


@pytest.fixture(scope="module")
def cache(repository: Path) -> Path:
    return repository / "build" / "verilator"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> metadata.Bundle:
    folder = tmp_path_factory.mktemp("model")
    standin.write(folder / "rtl", *SIZES)
    return metadata.write(folder / "rtl", folder / "board", cache)


def read(python: Path, bit: Path) -> Any:
    """What this pynq reads from `bit` and the .hwh beside it, by its own parsers."""
    script = Path(__file__).parent / "pynq_reads.py"
    done = subprocess.run([python, script, bit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def seen(bundle: metadata.Bundle, each_pynq_python: Path) -> Any:
    found = read(each_pynq_python, bundle.bit)
    assert found["version"].startswith({"pynq": "3.1.", "pynq4": "4.0."}[each_pynq_python.parents[1].name])
    return found


def test_hashes_belong_together(bundle: metadata.Bundle) -> None:
    values = json.loads(bundle.json.read_text())
    assert values["bit_sha256"] == hashlib.sha256(bundle.bit.read_bytes()).hexdigest()
    assert values["hwh_sha256"] == hashlib.sha256(bundle.hwh.read_bytes()).hexdigest()
    assert values["design_hash"] == design.digest(bundle.json.parent.parent / "rtl")
    assert values["simulated"] is True
    assert values["registers"] == registers.OFFSETS
    assert values["input"] == {
        "shape": [1, 11, 3],
        "bits": 8,
        "signed": False,
        "elements_per_word": 3,
        "word_bytes": 3,
        "words_per_frame": 11,
    }


def test_folder_is_whole_by_itself(bundle: metadata.Bundle, tmp_path: Path) -> None:
    """The library needs only the folder that the metadata names."""
    values = json.loads(bundle.json.read_text())
    folder = bundle.json.parent
    with Board(folder / values["library"], folder / values["rtl"], bytearray(64)) as board:
        assert board.read(registers.OFFSETS["DESIGN_HASH"]) == int(values["design_hash"], 16) & 0xFFFFFFFF


def test_second_write_gives_the_same_bytes(bundle: metadata.Bundle, tmp_path: Path, cache: Path) -> None:
    again = metadata.write(bundle.json.parent.parent / "rtl", tmp_path, cache)
    for name in ("bit", "hwh", "json"):
        assert getattr(again, name).read_bytes() == getattr(bundle, name).read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("parser", ["metadata", "hwh"])
def test_pynq_finds_the_shell(seen: Any, parser: str) -> None:
    found = seen[parser]
    assert found["ip"] == [hwh.ZYNQ7.instance, hwh.IP]
    shell = found["wrapnet"]
    assert shell["type"] == hwh.IP_VLNV
    assert (shell["phys_addr"], shell["addr_range"]) == (hwh.BASE_ADDRESS, hwh.ADDRESS_RANGE)
    assert shell["fullpath"] == "wrapnet"
    assert {name: value["address_offset"] for name, value in shell["registers"].items()} == registers.OFFSETS
    assert {value["size"] for value in shell["registers"].values()} == {32}
    assert shell["registers"]["IDENTITY"]["access"] == "read-only"
    assert shell["registers"]["ERROR"]["access"] == "read-write"


@pytest.mark.parametrize("parser", ["metadata", "hwh"])
def test_pynq_sets_the_clock(seen: Any, parser: str) -> None:
    clocks = seen[parser]["clocks"]
    assert [clocks[str(index)]["enable"] for index in range(4)] == [1, 0, 0, 0]
    assert clocks["0"]["divisor0"] * clocks["0"]["divisor1"] == 10
    assert float(seen[parser]["processor"]["PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ"]) == 100.0
    if seen["version"].startswith("4.") and parser == "metadata":  # sets the clock by this, not by the divisors
        assert clocks["0"]["frequency"] == 100.0


def test_pynq_reads_an_ultrascale(each_pynq_python: Path, tmp_path: Path) -> None:
    """Address, clock and the ports' widths, which pynq writes into the processor's registers."""
    part = "xczu7ev-ffvc1156-2-e"
    bit = tmp_path / "example.bit"
    hand_off = hwh.text("example", part, 187.5)
    bit.with_suffix(".hwh").write_text(hand_off, encoding="utf-8")
    bit.write_bytes(bitfile.stand_in("example", part, "0" * 64, hashlib.sha256(hand_off.encode()).hexdigest()))
    found = read(each_pynq_python, bit)
    for parser in (found["metadata"], found["hwh"]):
        assert parser["ip"] == ["wrapnet", "zynq_ultra_ps_e_0"]
        assert (parser["wrapnet"]["phys_addr"], parser["wrapnet"]["addr_range"]) == (0xA0000000, hwh.ADDRESS_RANGE)
        assert {name: entry["address_offset"] for name, entry in parser["wrapnet"]["registers"].items()} == (
            registers.OFFSETS
        )
        assert [parser["clocks"][str(index)]["enable"] for index in range(4)] == [1, 0, 0, 0]
        assert parser["clocks"]["0"]["divisor0"] * parser["clocks"]["0"]["divisor1"] == 8
        widths = {name: parser["processor"][name] for name in hwh.ZYNQMP.parameters if "WIDTH" in name}
        assert widths == {
            "C_MAXIGP0_DATA_WIDTH": "32",
            "C_SAXIGP2_DATA_WIDTH": "64",
            "C_SAXIGP3_DATA_WIDTH": "64",
        }


def test_pynq_reads_the_bit(seen: Any, bundle: metadata.Bundle) -> None:
    assert seen["bit"]["part"] == "7z020clg400"
    assert seen["bit"]["design"] == "wrapnet"
    assert seen["bit"]["version"] == "Version=simulation"
    assert int(seen["bit"]["length"]) % 4 == 0


def test_board_finds_the_design_in_what_pynq_sends(seen: Any, bundle: metadata.Bundle) -> None:
    wanted = json.loads(bundle.json.read_text())["design_hash"]
    assert bitstream.design_hash(bytes.fromhex(seen["payload"])) == wanted


def test_another_register_map_is_another_hand_off(
    each_pynq_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = hwh.text("model", "xc7z020clg400-1", 100.0)
    moved = registers.Register("ERROR", 0x300, "rw", "moved")
    added = registers.Register("ADDED", 0x304, "r", "added")
    others = tuple(register for register in registers.REGISTERS if register.name not in ("ERROR", "RESET"))
    monkeypatch.setattr(registers, "REGISTERS", (*others, moved, added))
    other = hwh.text("model", "xc7z020clg400-1", 100.0)
    assert other != usual
    (tmp_path / "model.hwh").write_text(other, encoding="utf-8")
    (tmp_path / "model.bit").write_bytes(bitfile.stand_in("model", "xc7z020clg400-1", "0" * 64, "1" * 64))
    found = read(each_pynq_python, tmp_path / "model.bit")
    expected = {register.name: register.offset for register in (*others, moved, added)}
    for parser in ("metadata", "hwh"):
        seen = found[parser]["wrapnet"]["registers"]
        assert {name: value["address_offset"] for name, value in seen.items()} == expected
        assert seen["ADDED"]["access"] == "read-only"


def test_another_hand_off_is_another_bit() -> None:
    """pynq caches what it knows of a design by the .bit alone."""
    one = bitfile.stand_in("model", "xc7z020clg400-1", "0" * 64, "1" * 64)
    other = bitfile.stand_in("model", "xc7z020clg400-1", "0" * 64, "2" * 64)
    assert one != other
    assert b"not a bitstream" in one
    assert bytes.fromhex("aa995566") not in one  # the sync word: no FPGA takes it


def test_wrong_part_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    made = standin.write(tmp_path / "rtl", 1, 1, 1, 1)
    manifest = tmp_path / "rtl" / design.MANIFEST
    manifest.write_text(manifest.read_text().replace(made.part, "LFE5U-85F"))
    with pytest.raises(UnsupportedError, match="LFE5U-85F"):
        metadata.write(tmp_path / "rtl", tmp_path / "board", tmp_path / "cache")
    assert not (tmp_path / "board").exists()
    assert not (tmp_path / "cache").exists()


def test_command_line_without_a_design(tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, "-m", "fpga.shell", "nothing", "--build", str(tmp_path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error:" in done.stderr
    assert "make train export MODEL=nothing" in done.stderr
    assert "Traceback" not in done.stderr
