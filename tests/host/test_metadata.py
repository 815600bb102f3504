# SPDX-License-Identifier: BSD-3-Clause
"""The file beside the bitstream: what is read, and the error for each way in which it can be wrong."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host import manifest
from host.errors import BundleError, MetadataError, MismatchError, MissingFileError
from host.metadata import load, load_serial


def values() -> dict[str, Any]:
    return {
        "format": 1,
        "model": "toy",
        "input": {"shape": [4, 4, 3], "bits": 8, "elements_per_word": 3, "word_bytes": 3, "words_per_frame": 16},
        "output": {
            "shape": [10],
            "bits": 8,
            "signed": True,
            "elements_per_word": 2,
            "word_bytes": 2,
            "words_per_frame": 5,
        },
        "classes": [str(digit) for digit in range(10)],
        "clock_mhz": 100,
        "part": "xc7z020clg400-1",
        "design_hash": "ab" * 28 + "01234567",
        "bit_sha256": hashlib.sha256(b"bit").hexdigest(),
        "hwh_sha256": hashlib.sha256(b"hwh").hexdigest(),
    }


def write(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "toy.bit").write_bytes(b"bit")
    (folder / "toy.hwh").write_bytes(b"hwh")
    (folder / "toy.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "toy.bit"


def test_a_good_file(tmp_path: Path) -> None:
    metadata = load(write(tmp_path, values()))
    assert (metadata.model, metadata.clock_mhz, metadata.short_hash) == ("toy", 100.0, 0x01234567)
    assert (metadata.input.shape, metadata.input.frame_bytes) == ((4, 4, 3), 48)
    assert (metadata.output.signed, metadata.output.frame_bytes) == (True, 10)
    assert (metadata.ip, metadata.simulated, metadata.labels) == (None, False, False)


def test_labels_chosen_by_the_accelerator(tmp_path: Path) -> None:
    """Its results are compared with the first greatest output, and are the predictions."""
    outputs = np.array([[0, 7, 7], [-5, -6, -5], [1, 2, 3]])
    plain = load(write(tmp_path, values()))
    assert plain.results(outputs) is outputs and plain.predictions(outputs).tolist() == [1, 0, 2]
    output = {"shape": [1], "bits": 2, "signed": False, "elements_per_word": 1, "word_bytes": 1, "words_per_frame": 1}
    choosing = load(write(tmp_path, {**values(), "output": output, "labels": True}))
    assert choosing.results(outputs).tolist() == [[1], [0], [2]]
    assert choosing.predictions(choosing.results(outputs)).tolist() == [1, 0, 2]


@pytest.mark.parametrize("name", ["toy.bit", "toy.hwh", "toy.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    bit = write(tmp_path, values())
    (tmp_path / name).unlink()
    with pytest.raises(MissingFileError, match=name):
        load(bit)


@pytest.mark.parametrize("name", ["toy.bit", "toy.hwh"])
def test_files_of_different_builds_are_refused(tmp_path: Path, name: str) -> None:
    bit = write(tmp_path, values())
    (tmp_path / name).write_bytes(b"another build")
    with pytest.raises(MismatchError, match=rf"{name}.*do not belong together"):
        load(bit)


def test_the_name_of_another_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"expected the name of a \.bit file"):
        load(write(tmp_path, values()).with_suffix(".hwh"))


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_not_json(tmp_path: Path, text: str) -> None:
    bit = write(tmp_path, values())
    bit.with_suffix(".json").write_bytes(text.encode("latin-1"))
    with pytest.raises(MetadataError, match="JSON"):
        load(bit)


@pytest.mark.parametrize("key", ["model", "input", "output", "classes", "clock_mhz", "part", "design_hash"])
def test_a_missing_entry_is_named(tmp_path: Path, key: str) -> None:
    content = values()
    del content[key]
    with pytest.raises(MetadataError, match=f"'{key}' is missing"):
        load(write(tmp_path, content))


@pytest.mark.parametrize(
    "path, value, says",
    [
        (("format",), 2, "format 2, this driver reads format 1"),
        (("model",), 7, "model: expected a text"),
        (("clock_mhz",), 0, "clock_mhz"),
        (("clock_mhz",), "fast", "clock_mhz"),
        (("design_hash",), "0x12", "design_hash: expected 64"),
        (("classes",), 3, "not iterable"),
        (("input",), [], "input: expected an object"),
        (("input", "shape"), [16, 3], r"input.shape: expected \[H, W, C\]"),
        (("input", "shape"), [4, 4, "3"], "input.shape"),
        (("input", "bits"), 9, "input.bits: 9 does not fit uint8"),
        (("input", "signed"), True, "images are unsigned"),
        (("input", "elements_per_word"), 0, "input.elements_per_word: expected a positive integer"),
        (("input", "words_per_frame"), 15, "15 words of 3 elements"),
        (("input", "word_bytes"), 2, "do not fit a word of 2 bytes"),
        (("output", "bits"), 33, "output.bits: 33 does not fit int32"),
        (("output", "shape"), [2, 5], r"output.shape: expected \[classes\]"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, path: tuple[str, ...], value: object, says: str) -> None:
    content = values()
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(MetadataError, match=says) as caught:
        load(write(tmp_path, content))
    assert "toy.json" in str(caught.value)


def test_unsigned_32_bits_do_not_fit(tmp_path: Path) -> None:
    content = values()
    content["output"].update(bits=32, signed=False, elements_per_word=1, word_bytes=4, words_per_frame=10)
    with pytest.raises(MetadataError, match="does not fit int32"):
        load(write(tmp_path, content))
    content["output"]["signed"] = True
    assert load(write(tmp_path, content)).output.bits == 32


def bundle(folder: Path, **changes: Any) -> Path:
    """A bundle that was made without a bitstream; the path that one would have."""
    bit = write(folder, {**values(), "bundled": True, "bit_sha256": None, **changes})
    bit.unlink()
    bit.with_suffix(".golden.npz").write_bytes(b"golden")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / manifest.NAME).write_bytes(manifest.text(files))
    return bit


def test_the_users_own_bitstream_completes_a_bundle(tmp_path: Path) -> None:
    bit = bundle(tmp_path)
    with pytest.raises(MissingFileError, match=r"made without a bitstream.*build/toy/board/toy\.bit"):
        load(bit)
    bit.write_bytes(b"anyone's")
    assert load(bit).bit_sha256 is None and not load(bit).simulated
    bit.write_bytes(b"header WRAPNET\0 and a hash")
    assert load(bit).simulated


def test_nothing_is_loaded_from_a_bundle_with_a_changed_file(tmp_path: Path) -> None:
    bit = bundle(tmp_path)
    bit.write_bytes(b"anyone's")
    bit.with_suffix(".golden.npz").write_bytes(b"golden?")
    with pytest.raises(BundleError, match=r"toy\.golden\.npz was changed.*Nothing was loaded"):
        load(bit)


def test_a_bundle_needs_its_manifest(tmp_path: Path) -> None:
    bit = bundle(tmp_path)
    bit.write_bytes(b"anyone's")
    (tmp_path / manifest.NAME).unlink()
    with pytest.raises(BundleError, match="SHA256SUMS is missing"):
        load(bit)


def test_the_bitstream_of_another_model_in_a_bundle(tmp_path: Path) -> None:
    bundle(tmp_path)
    with pytest.raises(BundleError, match=r"bundle of another model: other\.hwh, other\.json, other\.golden\.npz"):
        load(tmp_path / "other.bit")


def serial(folder: Path, **changes: Any) -> Path:
    """The metadata of a board on a serial line, and its bitstream; the path of the .json."""
    content = {**values(), "link": {"kind": "uart", "baud": 2_000_000}, **changes}
    del content["hwh_sha256"]
    bit = write(folder, content)
    bit.with_suffix(".hwh").unlink()
    return bit.with_suffix(".json")


def test_a_board_on_a_serial_line_has_no_hand_off(tmp_path: Path) -> None:
    path = serial(tmp_path)
    for given in (path, path.with_suffix(".bit")):
        metadata, baud = load_serial(given)
        assert (metadata.model, baud, metadata.hwh_sha256) == ("toy", 2_000_000, None)
    path.with_suffix(".bit").write_bytes(b"another build")
    with pytest.raises(MismatchError, match=r"toy\.bit and .*toy\.json do not belong together"):
        load_serial(path)
    path.with_suffix(".bit").unlink()  # the board has it from elsewhere
    assert load_serial(path)[1] == 2_000_000
    with pytest.raises(MissingFileError, match=r"toy\.bit: the bitstream is missing"):
        load_serial(path.with_suffix(".bit"))
    with pytest.raises(MissingFileError, match=r"expected the name of a \.bit or \.json file"):
        load_serial(path.with_suffix(".hwh"))
    path.unlink()
    with pytest.raises(MissingFileError, match=r"toy\.json: the metadata is missing"):
        load_serial(path)


@pytest.mark.parametrize(
    "link, says",
    [
        ({"kind": "usb", "baud": 1}, "lines of the kind 'uart', found"),
        ("uart", "lines of the kind 'uart', found 'uart'"),
        ({"kind": "uart"}, "'baud' is missing"),
        ({"kind": "uart", "baud": 0}, r"link.baud: expected 1\.\..*, found 0"),
        ({"kind": "uart", "baud": "fast"}, "found 'fast'"),
        ({"kind": "uart", "baud": True}, "found True"),
    ],
)
def test_a_link_that_makes_no_sense(tmp_path: Path, link: object, says: str) -> None:
    with pytest.raises(MetadataError, match=says):
        load_serial(serial(tmp_path, link=link))


def test_each_driver_refuses_the_others_boards(tmp_path: Path) -> None:
    bit = write(tmp_path, values())
    with pytest.raises(MismatchError, match="for a PYNQ board: use WrapNetOverlay"):
        load_serial(bit)
    path = serial(tmp_path)
    bit.with_suffix(".hwh").write_bytes(b"hwh")
    with pytest.raises(MismatchError, match=r"on a serial line: use SerialOverlay \(--serial PORT\)"):
        load(path.with_suffix(".bit"))
