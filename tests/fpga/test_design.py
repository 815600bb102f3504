# SPDX-License-Identifier: BSD-3-Clause
"""The manifest survives a round trip, is deterministic, and refuses what it cannot read."""

import json

import pytest

from chain.errors import InputError
from fpga import design
from fpga.design import Design, Edge, Layer, Stream, Tap


@pytest.fixture
def example() -> Design:
    return Design(
        model="toy",
        top="accelerator",
        files=("a.sv",),
        memories=("a.hex",),
        input=Stream.of((8, 8, 1), 8, False, 1),
        output=Stream.of((10,), 8, True, 2),
        taps=(Tap("conv1", "acc", "n1_out", 8, True, (8, 8, 16), 4),),
        layers=(Layer("WrapMVU_0", "WrapMVU", 4, 3, 100), Layer("WrapMVU_1", "WrapMVU", 1, 3, 300)),
        edges=(
            Edge("", "WrapMVU_0", 0, 8, 64),
            Edge("WrapMVU_0", "WrapMVU_1", 33, 32, 256),
            Edge("WrapMVU_1", "", 0, 8, 10),
        ),
        bound=300,
        clock_mhz=100.0,
        part="xc7z020clg400-1",
        classes=("0", "1"),
    )


def test_round_trip(example, tmp_path):
    example.save(tmp_path)
    assert design.load(tmp_path) == example
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_stream_sizes():
    stream = Stream.of((5, 4, 3), 5, False, 3)
    assert (stream.word_bytes, stream.words_per_frame, stream.bytes_per_frame) == (2, 20, 40)
    with pytest.raises(InputError, match="7 elements a word"):
        Stream.of((5, 4, 3), 5, False, 7)


def test_tap_words(example):
    assert example.taps[0].words_per_frame == 8 * 8 * 16 // 4
    assert example.bottleneck.name == "WrapMVU_1"


def test_edges_from(example):
    assert [[edge.sink for edge in example.edges_from(layer)] for layer in example.layers] == [["WrapMVU_1"], [""]]


def test_a_fifo_is_of_the_layer_that_it_feeds():
    layers = (
        Layer("Fork", "StreamFork", 1, 0, 9, "stem", "i_Fork"),
        Layer("Mvu", "WrapMVU", 1, 1, 9, "conv", "i_Mvu"),
        Layer("Add", "StreamAdd", 1, 0, 9, "add", "i_Add"),
    )
    edges = (Edge("", "Fork", 0, 8, 4), Edge("Fork", "Mvu", 2, 8, 4), Edge("Fork", "Add", 33, 8, 4))
    edges += (Edge("Mvu", "Add", 0, 8, 4), Edge("Add", "", 2, 8, 4))
    made = Design(
        "toy", "top", (), (), Stream.of((4,), 8, False, 1), Stream.of((4,), 8, True, 1), (), layers, edges, 9, 100.0, ""
    )
    fifos = {"i_Fork_fifo0": "conv", "i_Fork_fifo1": "add", "i_Add_fifo0": "add"}
    assert made.owners() == {"i_Fork": "stem", "i_Mvu": "conv", "i_Add": "add", **fifos}
    assert made.layer_at("top.i_Fork_fifo1.memory", "top.i_Mvu") == "add" and made.layer_at("axi.x") == design.SHELL


@pytest.mark.parametrize(
    ("change", "message"),
    [({"format": 1}, "format 1"), ({"unknown": 1}, "incomplete or unknown"), ({"input": {}}, "incomplete or unknown")],
)
def test_bad_manifest(example, tmp_path, change, message):
    path = example.save(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=message):
        design.load(tmp_path)


def test_absent_and_broken(tmp_path):
    with pytest.raises(InputError, match="make rtl"):
        design.load(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        design.load(tmp_path)


def test_digest_sees_every_file(example, tmp_path):
    example.save(tmp_path)
    with pytest.raises(InputError, match=r"a\.(sv|hex) is in the manifest"):
        design.digest(tmp_path)
    (tmp_path / "a.sv").write_text("module a; endmodule\n")
    (tmp_path / "a.hex").write_text("0\n")
    first = design.digest(tmp_path)
    (tmp_path / "a.hex").write_text("1\n")
    assert design.digest(tmp_path) != first
