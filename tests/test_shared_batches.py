"""Slots: worker processes' batches come in shared memory that is used again, never while somebody holds it."""

from __future__ import annotations

import gc
import os
import threading

import numpy as np
import pytest
import torch
from filled_batches import CONTEXTS, Filled, check, descriptors, load
from shared import in_slot

from pixfeed.memory import shared_batches


@pytest.mark.slow
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("epochs", [1, 3])
def test_memory_is_used_again(context, epochs):
    loader = load(multiprocessing_context=context, persistent_workers=epochs > 1)
    for _ in range(epochs):
        pointers, kept = set(), []
        for i, batch in enumerate(loader):
            check(batch, i)
            assert in_slot(batch[0]) and not in_slot(batch[1]) and not batch[0].is_shared()
            pointers.add(batch[0].data_ptr())
            if i < 5:
                kept.append(batch)
        for i, batch in enumerate(kept):
            check(batch, i)
        # Those that are kept, those in flight (2 a worker), one here, and one in the making a worker: not one a batch.
        assert len(pointers) <= 5 + 4 + 1 + 2 + 2
    del loader
    gc.collect()
    assert not shared_batches._borrowed
    for i, batch in enumerate(kept):
        check(batch, i)


@pytest.mark.slow
@pytest.mark.parametrize(
    "view",
    [
        lambda t: t[1],
        lambda t: t.unbind(0)[1],
        lambda t: t.numpy()[1],
        lambda t: t.permute(0, 2, 3, 1)[1],
        lambda t: torch.from_numpy(t[1].numpy()),
        lambda t: t.detach()[1],
        lambda t: memoryview(t.numpy()),
    ],
)
def test_any_view_keeps_it(view):
    batches = iter(load(60))
    held = view(next(batches)[0])
    for i, batch in enumerate(batches, 1):
        check(batch, i)
    assert (np.asarray(held) == 0).all()


@pytest.mark.slow
def test_who_keeps_everything_gets_fresh_memory():
    before = descriptors()
    batches = list(load(300))
    after = descriptors()
    assert after <= before + 20
    assert len({images.data_ptr() for images, _ in batches}) == 300
    for i, batch in enumerate(batches):
        check(batch, i)


@pytest.mark.slow
def test_a_worker_that_keeps_its_batch():
    """Nor is a slot used again while a tensor in the worker process holds it."""
    for i, (images, first) in enumerate(load(60, dataset=Keeping(60), num_workers=1)):
        assert (images == i).all() and (first == 0).all()


class Keeping(Filled):
    first = None

    def __getitem__(self, i):
        images, _ = super().__getitem__(i)
        if self.first is None:
            self.first = images
        return images, self.first


def test_a_forked_child_keeps_what_it_has():
    """What this process holds when it forks is the child's, too, who cannot say when it lets go."""
    batches = iter(load(100))
    batch = next(batches)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ready, 1)
        os._exit(0 if (batch[0].numpy() == 0).all() else 1)  # torch's threads are not here
    del batch
    for i, other in enumerate(batches, 1):
        check(other, i)
        del other
    os.write(tell, b"!")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(ready), os.close(tell)


def test_in_a_thread():
    """As torch's pin_memory thread reads batches."""
    seen = []

    def read():
        for i, batch in enumerate(load()):
            check(batch, i)
            seen.append(i)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert len(seen) == 40


# The worker's side, in this process.


@pytest.fixture
def lender(monkeypatch):
    """Its slots are forgotten after the test: those of a worker process go when that ends, and this one does not."""
    monkeypatch.setattr(shared_batches, "_borrowed", {})
    return shared_batches._Lender()


def cross(lender, tensor):
    shared_batches._collect()  # as whenever something is received
    function, arguments = lender.reduce(tensor)
    return function(*arguments)


def test_sizes_share_slots(lender):
    """Batches that pad_collate makes are never quite of one size."""
    pointers = set()
    for size in range(1_000_000, 1_030_000, 1000):
        tensor = lender.empty(size)
        assert tensor.nbytes == size
        pointers.add(tensor.data_ptr())
        del tensor
    assert len(pointers) <= 2


def test_no_ticket_is_left(lender, monkeypatch):
    monkeypatch.setattr(shared_batches, "_BYTES", shared_batches._FIRST + 3)
    tensor = lender.empty(100_000)
    here = [cross(lender, tensor) for _ in range(3)]
    assert lender.reduce(tensor) is None
    here.pop()
    here.append(cross(lender, tensor))
    assert lender.reduce(tensor) is None
    assert all(other.data_ptr() == here[0].data_ptr() for other in here)


def test_the_last_holder_counts(lender):
    tensor = lender.empty(100_000)
    address = tensor.data_ptr()
    one, other = cross(lender, tensor), cross(lender, tensor)
    for last in (1, 2, 3):
        assert lender.empty(100_000).data_ptr() != address
        if last == 1:
            del tensor
        elif last == 2:
            del one
        else:
            del other
        shared_batches._collect()
    again = [lender.empty(100_000) for _ in range(2)]
    assert address in [t.data_ptr() for t in again]
