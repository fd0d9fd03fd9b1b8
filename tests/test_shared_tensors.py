"""Any tensor goes through any queue, in a slot or as torch does it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from filled_batches import CONTEXTS, SHAPE, Filled, check, load
from shared import in_slot
from torch.utils.data import Dataset

from pixfeed import memory
from pixfeed.memory import shared_batches

KINDS = {
    "part": lambda i: memory.empty(SHAPE, torch.float32).fill_(i)[:, 1],
    "flipped": lambda i: memory.empty(SHAPE, torch.float32).fill_(i).permute(3, 0, 1, 2),
    "parts": lambda i: list(memory.empty(SHAPE, torch.float32).fill_(i)),
    "large": lambda i: torch.full(SHAPE, i, dtype=torch.int16),
    "channels last": lambda i: torch.full(SHAPE, i).to(memory_format=torch.channels_last),
    "small channels last": lambda i: torch.full((1, 2, 3, 3), i).to(memory_format=torch.channels_last),
    "bfloat16": lambda i: torch.full((3, 5), i, dtype=torch.bfloat16),
    "bool": lambda i: torch.full((3, 5), i % 2 == 1),
    "complex": lambda i: torch.full((3,), i * 1j),
    "number": lambda i: torch.tensor(i),
    "empty": lambda i: torch.empty(0, i),
    "empty of numpy": lambda i: torch.from_numpy(np.zeros((3, 4))[np.zeros(3, bool)]),  # all strides are 0
    "one of many": lambda i: torch.tensor(i).expand(1),
    "a column of one": lambda i: torch.full((9, 5), i)[::9, 2],
    "expanded": lambda i: torch.full((1, 3), i).expand(4, 3),
    "gradient": lambda i: memory.empty(SHAPE, torch.float32).fill_(i).requires_grad_(),
    "parameter": lambda i: torch.nn.Parameter(torch.full((3,), float(i))),
    "twice": lambda i: [memory.empty(SHAPE, torch.float32).fill_(i)] * 2,
}


class Kinds(Dataset):
    """Twenty of each of these kinds."""

    def __init__(self, *kinds: str):
        self.makers = [KINDS[kind] for kind in kinds for _ in range(20)]

    def __len__(self):
        return len(self.makers)

    def __getitem__(self, i):
        shared_batches.lend()
        return self.makers[i](i % 20)


def test_tensors_of_all_kinds():
    results = iter(load(dataset=Kinds(*KINDS), num_workers=1))
    for kind, i in itertools.product(KINDS, range(20)):
        result, expected = next(results), KINDS[kind](i)
        pairs = zip(result, expected, strict=True) if isinstance(expected, list) else [(result, expected)]
        for got, wanted in pairs:
            for name in ("dtype", "shape", "requires_grad"):
                assert getattr(got, name) == getattr(wanted, name), kind
            assert type(got) is type(wanted) and torch.equal(got, wanted), kind
            assert got.stride() == wanted.stride() or got.numel() < 2, kind
    assert next(results, None) is None


def test_parts_of_one_tensor_stay_parts_of_one():
    for first, second in load(dataset=Kinds("parts"), num_workers=1):
        assert second.data_ptr() == first.data_ptr() + first.nbytes
    for first, second in load(dataset=Kinds("twice"), num_workers=1):
        assert first is second


def test_what_is_shared_stays_shared():
    counter = torch.zeros(1).share_memory_()
    for i, (images, same) in enumerate(load(dataset=Counting(counter), num_workers=1)):
        assert (images == i).all() and same.is_shared()
    assert counter.item() == 40


class Counting(Filled):
    def __init__(self, counter):
        super().__init__(40)
        self.counter = counter

    def __getitem__(self, i):
        self.counter += 1
        return super().__getitem__(i)[0], self.counter


class Telling(Filled):
    """Puts its batches into a queue of the user's as well."""

    def __init__(self, queue):
        super().__init__(40)
        self.queue = queue

    def __getitem__(self, i):
        batch = super().__getitem__(i)
        self.queue.put(batch)
        return batch


@pytest.mark.slow
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_queue_of_the_users(context):
    queue = torch.multiprocessing.get_context(context).Queue()
    told = []
    loader = load(dataset=Telling(queue), num_workers=1, multiprocessing_context=context)
    for i, batch in enumerate(loader):
        check(batch, i)
        told.append(queue.get(timeout=60))
        assert not in_slot(told[-1][0])
    for i, batch in enumerate(told):
        check(batch, i)


def test_a_batch_that_is_sent_on():
    context = torch.multiprocessing.get_context("fork")
    there, back = context.Queue(), context.Queue()
    process = context.Process(target=echo, args=(there, back))
    process.start()
    for i, batch in enumerate(load()):
        there.put(batch)
        del batch
        check(back.get(timeout=60), i)
    there.put(None)
    process.join()


def echo(there, back):
    torch.set_num_threads(1)  # this process's parent had more, which are not here
    for batch in iter(there.get, None):
        back.put([part.clone() for part in batch])
    back.close()
    back.join_thread()
