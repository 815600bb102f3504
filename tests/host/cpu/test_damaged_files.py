# SPDX-License-Identifier: BSD-3-Clause
"""Damaged model files: whatever a few changed bytes make of one, it loads, or the driver's own error says why not.

Bytes are mutated by hypothesis; a coverage-guided fuzzer needs no more than `parse` and `load` here as its target.
"""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.cpu import bundle, onnx_model, reference
from host.cpu.plan import Plan
from host.errors import HostError
from tests import graphs

ONNX = {name: graphs.CASES[name](0).SerializeToString() for name in ("residual", "odd", "linear")}
INTERESTING = (0, 1, 2, 8, 16, 32, 64, 127, 128, 254, 255)
MEMORY = 256 << 20
"""Bytes that a file of some 20 kB may make the loaders take, for a moment."""


def mutated(content: bytes, seed: int, changes: int) -> bytes:
    """Bytes turned, set, removed, repeated, cut off: `changes` times."""
    generator, data = random.Random(seed), bytearray(content)
    for _ in range(changes):
        at = generator.randrange(max(1, len(data)))
        length = generator.choice((1, 1, 2, 4, 8, 100))
        match generator.randrange(6):
            case 0:
                data[at : at + 1] = bytes([generator.choice(INTERESTING)])
            case 1 if data:
                data[at] ^= 1 << generator.randrange(8)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length]
            case 4:
                data[at : at + length] = generator.randbytes(length)
            case 5 if generator.random() < 0.2:
                del data[at:]
    return bytes(data)


def require_sound(plan: Plan) -> None:
    """What loads can be run."""
    if sum(layer.weights.size for layer in plan.layers) < 1 << 16 and max(plan.input_shape) < 32:
        channels, height, width = plan.input_shape
        outputs = reference.run(plan, np.full((1, height, width, channels), plan.input_maximum, np.uint8)).outputs
        assert outputs.shape == (1, plan.outputs)


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY, f"{peak >> 20} MiB"


@settings(max_examples=200)
@given(st.sampled_from(sorted(ONNX)), st.integers(0, 2**64), st.integers(1, 6))
def test_damaged_onnx(name: str, seed: int, changes: int) -> None:
    try:
        plan = onnx_model.parse(mutated(ONNX[name], seed, changes))
    except HostError as error:
        assert str(error)
    else:
        require_sound(plan)


@settings(max_examples=200)
@given(st.sampled_from(sorted(ONNX)), st.integers(0, 2**64))
def test_damaged_graphs_in_sound_files(name: str, seed: int) -> None:
    """Numbers, names and wiring changed where protobuf does not notice."""
    generator, model = random.Random(seed), onnx.load_model_from_string(ONNX[name])
    for _ in range(generator.randint(1, 3)):
        node = generator.choice(model.graph.node)
        other = generator.choice(model.graph.node)
        match generator.randrange(6):
            case 0 if node.attribute:
                attribute = generator.choice(node.attribute)
                attribute.i = generator.choice((-(2**63), -1, 0, 1, 3, 255, 2**31, 2**63 - 1))
                attribute.ints.extend(generator.choices((-1, 0, 1, 2**62), k=generator.randint(0, 2)))
            case 1 if node.input:
                node.input[generator.randrange(len(node.input))] = generator.choice([*other.output, *other.input])
            case 2:
                node.op_type, node.domain = other.op_type, other.domain
            case 3:
                tensor = generator.choice(model.graph.initializer)
                tensor.raw_data = generator.randbytes(len(tensor.raw_data))
            case 4:
                tensor = generator.choice(model.graph.initializer)
                tensor.dims.append(generator.choice((-1, 0, 1, 2**40)))
            case 5:
                size = generator.choice(model.graph.input[0].type.tensor_type.shape.dim)
                size.dim_value = generator.choice((-1, 0, 1, 2, 2**16, 2**31, 2**62))
    try:
        plan = onnx_model.parse(model.SerializeToString())
    except HostError as error:
        assert str(error)
    else:
        require_sound(plan)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def bundles(scratch: Path) -> dict[str, bytes]:
    for name, content in ONNX.items():
        bundle.save(onnx_model.parse(content), scratch / f"{name}.npz")
    return {name: (scratch / f"{name}.npz").read_bytes() for name in ONNX}


@settings(max_examples=200)
@given(name=st.sampled_from(sorted(ONNX)), seed=st.integers(0, 2**64), changes=st.integers(1, 6))
def test_damaged_bundles(name: str, seed: int, changes: int, scratch: Path, bundles: dict[str, bytes]) -> None:
    path = scratch / f"{name}.npz"
    content = bundles[name]
    damaged = mutated(content, seed, changes)
    path.write_bytes(damaged)
    try:
        bundle.load(path)
    except HostError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert same_members(damaged, content)  # of what zip ignores, nothing is read


@settings(max_examples=200)
@given(name=st.sampled_from(sorted(ONNX)), seed=st.integers(0, 2**64))
def test_damaged_members_that_are_signed(name: str, seed: int, scratch: Path, bundles: dict[str, bytes]) -> None:
    """Header and arrays changed by someone who computes the archive's sums anew."""
    generator, path = random.Random(seed), scratch / f"{name}.npz"
    with zipfile.ZipFile(io.BytesIO(bundles[name])) as archive:
        members = {item.removesuffix(".npy"): archive.read(item) for item in archive.namelist()}
    header = json.loads(np.load(io.BytesIO(members.pop("header"))).tobytes())
    if generator.random() < 0.5:
        which = generator.choice(sorted(members))
        members[which] = mutated(members[which], seed, 2)
    else:
        place = generator.choice([header["network"], *header["network"]["steps"]])
        place[generator.choice(sorted(place))] = generator.choice(
            (None, -1, 0, 1, 2, 255, 2**31, 2**70, 0.5, "x", [], [1], [0, 0], [2**40, 1], [1, 2, 3, 4], {}, True)
        )
    header["sha256"] = bundle._digest(header["network"], members)
    text = bundle._to_npy(np.frombuffer(json.dumps(header).encode(), np.uint8))
    with zipfile.ZipFile(path, "w") as archive:
        for item, member in {"header": text, **members}.items():
            archive.writestr(f"{item}.npy", member)
    try:
        plan = bundle.load(path)
    except HostError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        require_sound(plan)


def same_members(damaged: bytes, content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(damaged)) as a, zipfile.ZipFile(io.BytesIO(content)) as b:
        return {name: a.read(name) for name in a.namelist()} == {name: b.read(name) for name in b.namelist()}
