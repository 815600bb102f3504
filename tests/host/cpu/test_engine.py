# SPDX-License-Identifier: BSD-3-Clause
"""The engine against the numpy reference, bit for bit: every instruction set of this machine, all lanes and forms."""

import multiprocessing
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.cpu import Engine, library, reference
from host.cpu.plan import Activation, Conv, MaxPool, Plan, Step, Tensor
from host.errors import DtypeError, EmptyError, HostError, RangeError, ShapeError
from tests.host.cpu.plans import conv, images, plans

ISAS = library.available()


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    for isa in ISAS:  # compiled before any example is timed
        library.load(isa)


def check(plan: Plan, pixels: np.ndarray, **options: object) -> None:
    engine = Engine(plan, **options)  # type: ignore[arg-type]
    trace = reference.run(plan, pixels)
    for name, accumulators in engine.taps(pixels).items():
        assert np.array_equal(accumulators, trace.accumulators[name]), (name, options)
    assert np.array_equal(engine.run(pixels), trace.outputs), options


@pytest.mark.parametrize("isa", ISAS)
@settings(max_examples=150, deadline=None)
@given(
    plans(),
    st.sampled_from((1, 2, 7, 16, 31, 32, 63, 64, 65, 130)),
    st.sampled_from((None, 16, 32)),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_random_networks(isa: str, plan: Plan, count: int, lanes: int | None, threads: int, seed: int) -> None:
    check(plan, images(plan, count, seed), isa=isa, lanes=lanes, threads=threads)


def chain(shape: tuple[int, int, int], *layers: dict) -> Plan:
    """Layers one behind the other, as arguments of `conv`."""
    random = np.random.default_rng(1)
    tensor, steps = Tensor(shape, 15), list[Step]()
    for number, layer in enumerate(layers):
        target = None if number == len(layers) - 1 else number + 1
        steps.append(conv(random, tensor, number=number, target=target, name=f"layer{number}", **layer))
        tensor = steps[-1].output(tensor)
    return Plan(shape, 15, tuple(steps))


# Each wide enough that another form of the kernel, or more passes over the tables, are chosen than in small networks.
WIDE = {
    "3x3 binary": chain((64, 6, 5), {"outputs": 40, "kernel": (3, 3), "padding": (1, 1, 1, 1)}, {"outputs": 70}),
    "3x3 ternary, strided": chain(
        (50, 9, 9), {"outputs": 60, "kind": "ternary", "kernel": (3, 3), "stride": (2, 2)}, {"outputs": 3, "kind": 4}
    ),
    "first layer": chain((3, 9, 9), {"outputs": 64, "kernel": (3, 3)}, {"outputs": 1, "kernel": (7, 7)}),
    "dense": chain((300, 1, 1), {"outputs": 260, "levels": 15}, {"outputs": 300, "kind": "ternary"}, {"outputs": 10}),
    "depthwise": chain(
        (24, 7, 7), {"outputs": 24, "groups": 24, "kernel": (3, 3), "padding": (1, 1, 1, 1)}, {"outputs": 24}
    ),
    "wide weights": chain((40, 4, 4), {"outputs": 50, "kind": 8, "bits": 24, "kernel": (2, 2)}, {"outputs": 9}),
    "groups": chain((48, 5, 5), {"outputs": 64, "groups": 4, "kernel": (3, 3), "dilation": (2, 2)}, {"outputs": 9}),
    "many levels": chain((8, 4, 4), {"outputs": 20, "levels": 255}, {"outputs": 20, "bits": 16, "levels": 255}),
    "wide image": chain((16, 3, 300), {"outputs": 64, "kernel": (3, 3), "padding": (1, 1, 1, 1)}, {"outputs": 2}),
}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("lanes", [None, 16, 32])
@pytest.mark.parametrize("name", WIDE)
def test_wide_layers(name: str, lanes: int | None, isa: str) -> None:
    for count in (1, 3, 16, 64, 70):
        check(WIDE[name], images(WIDE[name], count), isa=isa, lanes=lanes)


@pytest.mark.parametrize("bits", range(4, 33))
@pytest.mark.parametrize("fold", [None, 1, 2, 7, "widest"])
def test_every_accumulator_at_every_residue(bits: int, fold: int | str | None) -> None:
    # One weight of each size on each pixel: the sums cover the residues of a byte and the ends of wider lanes.
    random = np.random.default_rng(bits)
    weights = np.array([-128, -3, -1, 0, 1, 2, 3, 127], np.int8)[:, None, None, None]
    most = min(1 << (bits - 1), 255 * 128)
    thresholds = np.sort(random.integers(-most - 1, most + 2, (8, 6)), axis=1).astype(np.int32)
    activation = Activation(random.choice(np.array([-1, 1], np.int8), 8), thresholds)
    k = 1 << (bits - 1) if fold == "widest" else fold
    assert not isinstance(k, str)
    layer = Conv("layer", 0, 1, weights, bits=bits, fold=k, activation=activation)
    last = Conv("last", 1, None, np.eye(8, dtype=np.int8)[:, :, None, None], bits=bits, fold=k)
    plan = Plan((1, 16, 16), 255, (layer, last))
    check(plan, np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1))


def small() -> Plan:
    random = np.random.default_rng(3)
    first = conv(random, Tensor((3, 8, 8), 255), 32, target=1, kernel=(3, 3), padding=(1, 1, 1, 1), name="first")
    pool = MaxPool("pool", 1, 2, (2, 2), (2, 2))
    return Plan((3, 8, 8), 255, (first, pool, conv(random, Tensor((32, 4, 4), 7), 10, number=2, kernel=(4, 4))))


def test_results_depend_neither_on_threads_nor_on_the_split_into_batches() -> None:
    plan, pixels = small(), images(small(), 333)
    whole = Engine(plan).run(pixels)
    for threads in (1, 2, 3):
        engine = Engine(plan, threads=threads)
        assert np.array_equal(engine.run(pixels), whole)
        parts = [engine.run(part) for part in np.split(pixels, [1, 3, 67, 131, 260])]
        assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("lanes", [None, 16, 32])
@pytest.mark.parametrize(("tile", "levels"), [((2, 2), 7), ((3, 2), 1), ((5, 4), 7)])
def test_pooling_in_whole_batches_is_done_by_the_convolution(
    tile: tuple[int, int], levels: int, lanes: int | None, isa: str
) -> None:
    # 17 rows of 64 channels: several strips and bands, and a row that is in no window.
    random = np.random.default_rng(5)
    first = conv(random, Tensor((8, 17, 21), 7), 64, target=1, kernel=(3, 3), padding=(1, 1, 1, 1), levels=levels)
    pool = MaxPool("pool", 1, 2, tile, tile)
    pooled = pool.output(Tensor((64, 17, 21), levels))
    second = conv(random, pooled, 10, number=2, kernel=(3, 3), padding=(1, 1, 1, 1), name="second")
    plan = Plan((8, 17, 21), 7, (first, pool, second))
    for threads in (1, 2, 3):
        check(plan, images(plan, 64), isa=isa, lanes=lanes, threads=threads)


def test_one_engine_serves_several_threads() -> None:
    plan = small()
    engine, wrong = Engine(plan, threads=2), []
    batches = [images(plan, count, count) for count in (1, 65, 200, 64)]
    expected = [Engine(plan).run(batch) for batch in batches]

    def work(turn: int) -> None:
        for i in range(20):
            which = (turn + i) % len(batches)
            if not np.array_equal(engine.run(batches[which]), expected[which]):
                wrong.append((turn, i))

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_engine_works_in_a_forked_process() -> None:
    plan, pixels = small(), images(small(), 100)
    engine = Engine(plan, threads=2)
    expected = engine.run(pixels)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=lambda: queue.put(engine.run(pixels)))
    child.start()
    assert np.array_equal(queue.get(timeout=60), expected)
    child.join(timeout=60)
    assert child.exitcode == 0


def test_labels_are_the_first_of_the_greatest() -> None:
    plan, pixels = small(), images(small(), 20)
    engine = Engine(plan)
    labels = engine.run(pixels, labels=True)
    assert labels.dtype == np.int64
    assert labels.tolist() == [row.tolist().index(max(row)) for row in engine.run(pixels)]


def test_memory_is_reported_and_grows_with_threads_only() -> None:
    plan = small()
    one, two = Engine(plan), Engine(plan, threads=2)
    before = one.memory
    one.run(images(plan, 500))
    assert one.memory == before
    # The workspace of 64 images is the least it can be, twice that with two threads.
    tensors = 64 * (3 * 8 * 8 + 32 * 8 * 8)
    assert tensors < before < 4 * tensors
    assert before + tensors < two.memory < 2 * before + tensors


def test_seconds_are_those_of_a_step() -> None:
    engine = Engine(small())
    assert 0 < engine.seconds(1, 1) < engine.seconds(0, 64, 3)
    for step, count in ((3, 1), (-1, 1), (0, 65), (0, 0)):
        with pytest.raises(RangeError, match="out of range"):
            engine.seconds(step, count)


@pytest.mark.parametrize(
    ("pixels", "error", "text"),
    [
        ([[1]], DtypeError, "list"),
        (np.zeros((2, 8, 8, 3), np.float32), DtypeError, "float32, expected uint8 [N, 8, 8, 3]"),
        (np.full((2, 8, 8, 3), np.nan), DtypeError, "float64"),
        (np.zeros((2, 3, 8, 8), np.uint8), ShapeError, "[2, 3, 8, 8]"),
        (np.zeros((8, 8, 3), np.uint8), ShapeError, "[8, 8, 3]"),
        (np.zeros((0, 8, 8, 3), np.uint8), EmptyError, "zero images"),
    ],
)
def test_images_that_are_none_are_refused(pixels: object, error: type[HostError], text: str) -> None:
    with pytest.raises(error) as caught:
        Engine(small()).run(pixels)  # type: ignore[arg-type]
    assert text in str(caught.value)


def test_a_pixel_beyond_the_input_is_refused() -> None:
    plan = WIDE["dense"]
    with pytest.raises(RangeError, match=r"a pixel of 16, expected 0\.\.15"):
        Engine(plan).run(np.full((1, 1, 1, 300), 16, np.uint8))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"threads": 0}, "threads 0"),
        ({"threads": True}, "threads True"),
        ({"threads": 10_000}, "threads 10000"),
        ({"lanes": 12}, "lanes 12"),
        ({"isa": "avx1024"}, "avx1024"),
    ],
)
def test_options_out_of_range_are_refused(options: dict, text: str) -> None:
    with pytest.raises(RangeError) as caught:
        Engine(small(), **options)
    assert text in str(caught.value)
