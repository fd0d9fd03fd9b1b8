"""default_collate beside torch's: same types, dtypes, values and exceptions. Its memory."""

from __future__ import annotations

import gc
import pickle
import types
from collections import OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Mapping
from enum import IntEnum

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from outcomes import Point, check, choose_tables, outcome
from shared import in_slot
from torch.utils.data import DataLoader, default_collate
from torch.utils.data._utils.collate import collate, default_collate_fn_map
from versions import TORCH

import pixfeed
from pixfeed import memory
from pixfeed.collate import gather
from pixfeed.memory.idle import Pool


@pytest.fixture(autouse=True)
def chosen(monkeypatch, backend):
    choose_tables(monkeypatch, backend)


# What a part of a sample may be: functions of a random generator, which return a new one each time.

SHAPES = [(), (0,), (1,), (3,), (2, 0, 4), (2, 3), (1, 20, 30), (3, 70, 80)]  # the last are what we copy ourselves
TENSOR_DTYPES = [
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16),
    *(torch.float32, torch.float64, torch.complex64, torch.complex128, torch.float8_e4m3fn),
]
# torch 2.3 neither fills nor concatenates float8.
WORKABLE_DTYPES = TENSOR_DTYPES if TORCH > (2, 3) else TENSOR_DTYPES[:-1]
TENSOR_WAYS = {
    "plain": lambda t: t,
    "transposed": lambda t: t.transpose(0, -1) if t.ndim else t,
    "part": lambda t: torch.cat([t, t], -1)[..., ::2] if t.ndim else t,
    "expanded": lambda t: t.flatten()[:1].squeeze().expand(4, 5) if t.numel() else t,
    "row": lambda t: torch.stack([t, t])[1],
    "gradient": lambda t: t.requires_grad_() if t.is_floating_point() else t,
    "conjugate": lambda t: t.conj(),
    "negative": lambda t: t.conj().imag if t.is_complex() else t,
    "negative, packed": lambda t: torch._neg_view(t) if t.is_floating_point() else t,
    "parameter": lambda t: torch.nn.Parameter(t, requires_grad=False),
    "sparse": lambda t: t.to_sparse() if t.dtype == torch.float32 else t,
    "nowhere": lambda t: t.to("meta"),
    "nested": lambda t: torch.nested.nested_tensor([t, t]) if t.ndim and t.dtype == torch.float32 else t,
    "quantized": lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.quint8) if t.dtype == torch.float32 else t,
}
ARRAY_DTYPES = [
    *("?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "q", "f2", "f4", "f8", "g", "c8", "c16"),
    *(">i2", ">f4", "S3", "U2", "O", "M8[s]", "i4,f4"),
]
ARRAY_WAYS = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "backwards": lambda a: a[..., ::-1] if a.ndim else a,
    "one of many, backwards": lambda a: a[..., ::-1][..., :1] if a.ndim else a,
    "part": lambda a: np.concatenate([a, a], -1)[..., ::2] if a.ndim else a,
    "matrix": lambda a: a.view(np.matrix) if a.ndim == 2 else a,
    "masked": np.ma.masked_array,
}
SCALARS = [np.bool_, *(np.dtype(c).type for c in "bBhHiIlLqQefdgFD"), np.str_, np.bytes_]
LARGE = [2**62, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**64, -(2**63) - 1]


class Colour(IntEnum):
    RED = 3


def bits(rng, dtype: str, shape) -> np.ndarray:
    return rng.integers(0, 2 if dtype == "?" else 100, shape).astype(dtype)


def tensors(dtype, shape, way):
    return lambda rng: TENSOR_WAYS[way](torch.from_numpy(np.array(rng.integers(0, 100, shape))).to(dtype))


def arrays(dtype, shape, way):
    return lambda rng: ARRAY_WAYS[way](
        np.array(bits(rng, dtype, shape) if dtype != "i4,f4" else np.zeros(shape, dtype))
    )


def one_of(*values):
    return lambda rng: values[rng.integers(len(values))]


leaves = st.one_of(
    st.builds(tensors, st.sampled_from(WORKABLE_DTYPES), st.sampled_from(SHAPES), st.sampled_from(["plain", "row"])),
    st.builds(tensors, st.sampled_from(WORKABLE_DTYPES), st.sampled_from(SHAPES), st.sampled_from(list(TENSOR_WAYS))),
    st.builds(arrays, st.sampled_from(ARRAY_DTYPES[:16]), st.sampled_from(SHAPES), st.just("plain")),
    st.builds(arrays, st.sampled_from(ARRAY_DTYPES), st.sampled_from(SHAPES), st.sampled_from(list(ARRAY_WAYS))),
    st.sampled_from(SCALARS).map(lambda kind: lambda rng: kind(rng.integers(2))),
    st.sampled_from(
        [
            lambda rng: int(rng.integers(-(2**62), 2**62)),
            lambda rng: float(rng.random()),
            lambda rng: bool(rng.integers(2)),
            lambda rng: "x" * int(rng.integers(4)),
            lambda rng: b"x" * int(rng.integers(4)),
            one_of(*LARGE),
            one_of(*LARGE[:3]),
            one_of(float("nan"), float("inf"), 5e-324),
            one_of(1, 2.5, True),
            one_of(1.5, 2.5, True, 7),
            one_of(1, np.int16(3), np.float64(2.5)),
            one_of(np.float32(1), np.float64(2)),
            one_of(np.float32(1), torch.tensor(2.0), 3),
            one_of(np.ones(2), torch.ones(2)),
            one_of(np.ones(2), np.ones(2, np.float32), np.ones(2, ">f4")),
            one_of(torch.ones(2), torch.ones(3)),
            one_of(torch.ones(2), torch.ones(2, dtype=torch.int64)),
            one_of(torch.ones(70, 80), torch.ones(70, 80, dtype=torch.float64)),
            one_of(torch.ones(70, 80), torch.ones(70, 80).t(), torch.ones(80, 70)),
            one_of(Colour.RED),
            one_of(Colour.RED, 5),
            one_of(None),
            one_of(1, None),
            one_of("x", 1),
            one_of(object()),
            one_of({1, 2}),
            one_of(range(3)),
            one_of(bytearray(b"xy")),
        ]
    ),
)


class Frozen(Mapping):
    """A mapping that cannot be changed, and says nothing of how it is made."""

    def __init__(self, items):
        self.items_ = dict(items)

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


class Named(list):
    name = "list"


SEQUENCES = [tuple, list, deque, UserList, Named]
MAPPINGS = [dict, OrderedDict, lambda d: defaultdict(int, d), UserDict, Frozen, types.MappingProxyType]


def containers(parts):
    lists = st.lists(parts, max_size=3)
    return st.one_of(
        st.builds(lambda kind, parts: lambda rng: kind([p(rng) for p in parts]), st.sampled_from(SEQUENCES), lists),
        st.builds(
            lambda kind, parts: lambda rng: kind({f"key {i}": p(rng) for i, p in enumerate(parts)}),
            st.sampled_from(MAPPINGS),
            lists,
        ),
        st.builds(lambda x, y: lambda rng: Point(x(rng), y(rng)), parts, parts),
    )


samples = st.recursive(leaves, containers, max_leaves=6)


def overwrite(part) -> None:
    """Fills all tensors and arrays of a sample."""
    if isinstance(part, torch.Tensor):
        if part.device.type == "cpu" and part.is_contiguous() and not part.is_quantized:
            part.detach().fill_(1)
    elif isinstance(part, np.ndarray):
        if part.dtype.char in "?bBhHiIlLfdFD":
            part.fill(1)
    elif isinstance(part, Mapping):
        for value in part.values():
            overwrite(value)
    elif isinstance(part, (tuple, list, deque, UserList)):
        for value in part:
            overwrite(value)


@pytest.mark.filterwarnings("ignore")  # torch has its opinions on what is generated here
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(samples, samples, st.integers(1, 5), st.integers(0, 30), st.integers(0, 1000))
def test_as_torch(part, other, size, odd, seed):
    """One batch, in which some sample may be unlike the others. The result is not touched when samples change."""
    rng = np.random.default_rng(seed)
    batch = [(other if i == odd else part)(rng) for i in range(size)]
    theirs = outcome(default_collate, batch)
    ours = outcome(pixfeed.default_collate, batch)
    check(ours, theirs)
    if not isinstance(theirs, Exception) and not any(isinstance(sample, (range, bytearray)) for sample in batch):
        for sample in batch:
            overwrite(sample)
        check(ours, theirs)


@pytest.mark.parametrize("dtype", TENSOR_DTYPES)
def test_every_dtype(dtype):
    batch = [torch.randint(0, 2, (3, 100, 90)).to(dtype) for _ in range(9)]
    for ours in (gather.tensors(batch), pixfeed.default_collate(batch)):
        check(ours, default_collate(batch))


def test_without_the_exchange_table(monkeypatch, native):
    """As with an older torch."""
    monkeypatch.setattr("pixfeed._torch.TENSOR_EXCHANGE", None)
    batch = [torch.rand(3, 100, 90) for _ in range(9)]
    check(gather.tensors(batch), default_collate(batch))
    check(gather.tensors([torch.tensor(1)]), default_collate([torch.tensor(1)]))
    assert gather.tensors([*batch, batch[0].to_sparse()]) is None


@pytest.mark.parametrize("dtype", ARRAY_DTYPES[:16])
@pytest.mark.parametrize("shape", [(), (5,), (3, 100, 90)])
def test_every_dtype_of_arrays(dtype, shape):
    batch = [np.array(np.random.default_rng(i).integers(0, 2, shape)).astype(dtype) for i in range(9)]
    if dtype != "g":  # torch has no such dtype
        check(gather.arrays(batch), default_collate(batch))
    check(outcome(pixfeed.default_collate, batch), outcome(default_collate, batch))


@pytest.mark.parametrize(
    "batch", [[], (), [()], [[], []], [{}], [{"a": 1}, {}], [{"a": 1}, {"a": 2, "b": 3}], [(1,), 5]]
)
def test_odd_batches(batch):
    check(outcome(pixfeed.default_collate, batch), outcome(default_collate, batch))


@pytest.mark.parametrize(
    "batch", [(1, 2), (torch.ones(70, 80),) * 3, np.arange(3), np.ones((2, 3)), torch.ones(2, 70, 80)]
)
def test_batches_that_are_no_lists(batch):
    check(outcome(pixfeed.default_collate, batch), outcome(default_collate, batch))


def test_pickled_arrays():
    batch = [pickle.loads(pickle.dumps(np.full(3, i, np.float32))) for i in range(4)]
    check(gather.arrays(batch), default_collate(batch))


def test_read_only_arrays():
    array = np.arange(6.0).reshape(2, 3)
    array.flags.writeable = False
    assert pixfeed.default_collate([array, array]).tolist() == [array.tolist()] * 2


def test_mapped_files(tmp_path):
    for i in range(3):
        np.save(tmp_path / f"{i}.npy", np.full((3, 70, 80), i, np.float32))
    batch = [np.load(tmp_path / f"{i}.npy", mmap_mode="r") for i in range(3)]
    assert isinstance(batch[0], np.memmap)
    assert torch.equal(pixfeed.default_collate(batch), torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 70, 80))


def test_gradients_flow():
    batch = [torch.ones(70, 80, requires_grad=True) for _ in range(3)]
    pixfeed.default_collate(batch).sum().backward()
    assert torch.equal(batch[1].grad, torch.ones(70, 80))


# Functions that somebody has registered.


class Thing:
    pass


class SmallThing(Thing):
    pass


def test_registered_functions(monkeypatch):
    monkeypatch.setitem(default_collate_fn_map, Thing, lambda batch, *, collate_fn_map: f"{len(batch)} things")
    batch = [{"thing": SmallThing(), "i": i} for i in range(3)]
    ours = pixfeed.default_collate(batch)
    assert ours["thing"] == "3 things" and ours["i"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", [torch.Tensor, np.ndarray, (np.bool_, np.number, np.object_), float, int, str])
def test_functions_in_place_of_torchs(monkeypatch, kind):
    """Also for what torch itself looks up on the way, such as tensors for arrays."""
    batch = [[torch.ones(70, 80), np.ones((3, 70)), np.float32(1), 2.0, 3, True, "x"] for _ in range(3)]
    monkeypatch.setitem(default_collate_fn_map, kind, lambda batch, *, collate_fn_map: [f"{len(batch)} of them"])
    check(pixfeed.default_collate(batch), default_collate(batch))


def test_registered_functions_go_on(monkeypatch):
    def things(batch, *, collate_fn_map):
        return collate([(1, np.ones(3))] * len(batch), collate_fn_map=collate_fn_map)

    monkeypatch.setitem(default_collate_fn_map, Thing, things)
    check(pixfeed.default_collate([Thing(), Thing()]), default_collate([Thing(), Thing()]))


def test_functions_for_containers(monkeypatch):
    monkeypatch.setitem(default_collate_fn_map, dict, lambda batch, *, collate_fn_map: batch)
    monkeypatch.setitem(default_collate_fn_map, (set, tuple), lambda batch, *, collate_fn_map: "tuples")
    for batch in ([{"a": 1}], [(1, 2)], [Point(1, 2)], [{1}], [[{"a": 1}]]):
        check(pixfeed.default_collate(batch), default_collate(batch))


# Memory.

IMAGE = (3, 128, 128)


@pytest.fixture
def fresh_pool(monkeypatch):
    monkeypatch.setattr(memory, "_pool", Pool(memory._aligned))


@pytest.mark.parametrize("make", [torch.full, np.full])
def test_memory_is_used_again(fresh_pool, make):
    batch = pixfeed.default_collate([make(IMAGE, 1.5)] * 4)
    pointer, image = batch.data_ptr(), batch[2]
    del batch
    gc.collect()
    other = pixfeed.default_collate([make(IMAGE, 2.5)] * 4)
    assert other.data_ptr() != pointer and torch.equal(image, torch.full_like(image, 1.5))
    del image
    gc.collect()
    assert pixfeed.default_collate([make(IMAGE, 3.5)] * 4).data_ptr() == pointer
    assert torch.equal(other, torch.full_like(other, 2.5))


class Shared:
    """default_collate, and which of its tensors were in slots of shared memory already when it returned."""

    def __call__(self, batch):
        result = pixfeed.default_collate(batch)
        return result, [in_slot(part) for part in result]


@pytest.mark.parametrize("workers", [0, 2])
def test_worker_processes_share_their_memory(workers):
    data = [
        (torch.full(IMAGE, i), np.full(IMAGE, i / 2), np.full(2, i), torch.tensor(i), np.full((2, 0), i))
        for i in range(6)
    ]
    for i, (batch, shared) in enumerate(DataLoader(data, batch_size=3, num_workers=workers, collate_fn=Shared())):
        assert shared == [in_slot(part) for part in batch] == [workers > 0] * 2 + [False] * 3  # those are small
        check(batch, default_collate(data[3 * i : 3 * i + 3]))
