"""Batch memory: used again when the last view is gone, never earlier."""

from __future__ import annotations

import gc
import sys
import threading

import images
import pytest
import torch

import pixfeed
from pixfeed import memory
from pixfeed.memory.idle import Pool

SHAPE = (4, 3, 128, 128)


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch):
    monkeypatch.setattr(memory, "_pool", Pool(memory._aligned))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_memory_comes_back(dtype):
    first = memory.empty(SHAPE, dtype)
    assert first.shape == SHAPE and first.dtype == dtype and first.is_contiguous()
    pointer = first.data_ptr()
    del first
    assert memory.empty(SHAPE, dtype).data_ptr() == pointer


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t[1],
        lambda t: t.unbind(0)[2],
        lambda t: t.numpy(),
        lambda t: t.permute(0, 2, 3, 1)[:, 0],
        lambda t: torch.from_numpy(t[0].numpy()),
        lambda t: t.detach(),
        lambda t: t.untyped_storage(),
        lambda t: memoryview(t.numpy()),
    ],
)
def test_any_view_keeps_it(view):
    tensor = memory.empty(SHAPE, torch.float32)
    pointer = tensor.data_ptr()
    held = view(tensor)
    del tensor
    gc.collect()
    other = memory.empty(SHAPE, torch.float32)
    assert other.data_ptr() != pointer
    del held
    gc.collect()
    assert memory.empty(SHAPE, torch.float32).data_ptr() == pointer


def test_a_bounded_amount_is_kept():
    size = 4 * 3 * 128 * 128 * 4
    memory.set_limit(3 * size)
    held = [memory.empty(SHAPE, torch.float32) for _ in range(8)]
    del held
    assert memory._pool.kept == 3 * size
    other = memory.empty((1, 3, 300, 256), torch.float32)
    del other
    held = memory.empty((1, 3, 300, 300), torch.float32)  # of several sizes there may be too much until then
    assert held.shape[0] == 1 and memory._pool.kept <= 3 * size


def test_memory_may_come_back_while_the_pool_is_at_work():
    """As when the garbage collector finds a tensor in a cycle just then."""
    held = [memory.empty(SHAPE, torch.float32)]

    def collect():
        with memory._pool._lock:
            held.clear()

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_too_large_to_keep():
    memory.set_limit(1000)
    tensor = memory.empty(SHAPE, torch.float32)
    del tensor
    assert memory._pool.kept == 0


def test_trim_and_limit():
    size = 4 * 3 * 128 * 128 * 4
    held = [memory.empty(SHAPE, torch.float32) for _ in range(4)]
    assert memory.trim() == 0
    kept = held.pop()
    kept.fill_(7)
    del held
    assert memory.trim() == 3 * size and memory.trim() == 0
    memory.set_limit(size)
    del kept  # was lent under another limit
    kept = [memory.empty(SHAPE, torch.float32) for _ in range(2)]
    del kept
    assert memory.trim() == size
    memory.set_limit(0)
    memory.empty(SHAPE, torch.float32)
    assert memory.trim() == 0
    with pytest.raises(ValueError, match="negative"):
        memory.set_limit(-1)


def test_many_sizes_are_forgotten_in_time():
    """As with batches that are never of the same size."""
    for width in range(1, 600):
        memory.empty((100_000 + width,), torch.uint8)
    assert len(memory._pool._idle) <= 257
    pointer = memory.empty((100_599,), torch.uint8).data_ptr()
    assert memory.empty((100_599,), torch.uint8).data_ptr() == pointer


def calls_in_between(action) -> list[str]:
    """The Python functions that run inside ``action()``: between any two of their steps a signal handler may run."""
    names = []

    def note(frame, event, _):
        if event == "call" and frame.f_code is not action.__code__:
            names.append(frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname") else frame.f_code.co_name)

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return names


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("workers", [0, 1])
def test_no_python_runs_when_memory_comes_back(batches, workers, tmp_path, backend):
    """An exception of a signal handler inside a finaliser would be printed and lost: Ctrl-C, for one."""
    (tmp_path / "a.png").write_bytes(images.png(images.picture(16, 16)))
    dataset = pixfeed.FastTxtDataset.from_samples(
        ["a.png"] * 64, [0] * 64, 128, 128, image_dir=tmp_path, backend=backend
    )
    loader = iter(pixfeed.DataLoader(dataset, 16, num_workers=workers))
    held = [next(loader) for _ in range(batches)]
    pointer = held[0][0].data_ptr()

    def drop():
        held.clear()

    assert calls_in_between(drop) == []
    if workers == 0:  # a thread may have taken it already
        kept = [memory.empty((16, 3, 128, 128), torch.float32) for _ in range(batches)]
        assert pointer in [each.data_ptr() for each in kept]
