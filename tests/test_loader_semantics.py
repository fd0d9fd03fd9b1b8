"""What torch's DataLoader does beside giving batches, one test a behaviour, with threads and otherwise.

The list follows torch's own tests, which tests/run_torch_tests.py runs; those have no dataset that threads read.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import signal
import threading

import numpy as np
import pytest
import torch
from loaders import FORK, THREADS, THREE_WAYS, rows, seeded, write_pictures
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset, RandomSampler, random_split

from pixfeed import DataLoader, FastTxtDataset, ImageError

pytestmark = pytest.mark.slow_on_opencv

COUNT = 11


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    write_pictures(tmp_path, COUNT)
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, backend=backend)


@pytest.fixture(params=THREE_WAYS, ids=str)
def way(request) -> dict:
    return THREE_WAYS[request.param]


# -- iterating ------------------------------------------------------------------------------------------------------


def test_iterators_do_not_disturb_each_other(dataset, way):
    loader = DataLoader(dataset, 3, **way)
    expected = rows(loader)
    for a, b in zip(loader, loader, strict=True):
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    first, second = iter(loader), iter(loader)
    ahead = [next(first), next(first)]
    assert rows(second) == expected and rows(ahead) + rows(first) == expected
    loader = DataLoader(dataset, 3, shuffle=True, **way)
    seen = [sorted(itertools.chain(*rows(it))) for it in (iter(loader), iter(loader))]
    assert seen == [list(range(COUNT))] * 2


def test_persistent_iterator_is_one(dataset):
    """With persistent_workers a second iter() begins the one iterator again."""
    for way in (THREADS, FORK):
        loader = DataLoader(dataset, 3, persistent_workers=True, **way)
        first = iter(loader)
        next(first)
        assert iter(loader) is first and rows(first) == rows(loader)


def test_behind_the_end(dataset, way):
    iterator = iter(DataLoader(dataset, 6, **way))
    assert len(list(iterator)) == 2
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(iterator)


@pytest.mark.slow
def test_lengths(dataset, way):
    for size in (1, 2, 5, COUNT, COUNT + 1):
        for drop_last in (False, True):
            loader = DataLoader(dataset, size, drop_last=drop_last, **way)
            sizes = [len(labels) for _, labels in loader]
            assert len(loader) == len(sizes) == (COUNT // size if drop_last else -(-COUNT // size))
            assert len(iter(loader)) == len(loader)
            assert sum(sizes) == (COUNT // size * size if drop_last else COUNT)


def test_samplers_without_batches(dataset, way):
    for order in ([4, 1, 9], RandomSampler(dataset, generator=seeded()), iter([3, 2])):
        expected = [4, 1, 9] if isinstance(order, list) else [3, 2]
        if isinstance(order, RandomSampler):
            expected = list(RandomSampler(dataset, generator=seeded()))
        loader = DataLoader(dataset, batch_size=None, sampler=order, **way)
        got = list(loader)
        assert [label.item() for _, label in got] == expected and got[0][0].shape == (3, 16, 12)


def test_a_sampler_of_batches_without_batches(dataset, way):
    """batch_size=None with lists of indices from the sampler: torch asks the dataset for dataset[list]."""
    with pytest.raises(TypeError):
        list(DataLoader(dataset, batch_size=None, sampler=[[1, 2], [3]], **way))


def test_batches_of_tuples_and_tensors(dataset, way):
    for batches in ([(1, 2), (3,)], [torch.tensor([1, 2]), torch.tensor([3])], [np.array([1, 2]), np.array([3])]):
        assert rows(DataLoader(dataset, batch_sampler=batches, **way)) == [[1, 2], [3]]


def test_indices_that_are_no_ints(dataset, way):
    assert rows(DataLoader(dataset, 2, sampler=list(torch.tensor([4, 2])), **way)) == [[4, 2]]
    assert rows(DataLoader(dataset, 2, sampler=list(np.array([4, 2])), **way)) == [[4, 2]]


def test_one_shot_samplers(dataset, way):
    loader = DataLoader(dataset, 2, sampler=iter([5, 4, 3]), **way)
    assert rows(loader) == [[5, 4], [3]]
    assert rows(loader) == []


def test_random_split(dataset, way):
    parts = random_split(dataset, [7, 4], generator=seeded())
    seen = [[*itertools.chain(*rows(DataLoader(part, 3, **way)))] for part in parts]
    assert seen == [list(part.indices) for part in parts]


# -- errors ---------------------------------------------------------------------------------------------------------


def test_going_on_after_errors(dataset, way):
    """Each bad batch is one error; the batches between and behind them are given."""
    for i in (1, 6, 7, 10):
        with open(f"{dataset.image_dir}/{i}.jpg", "wb"):
            pass
    iterator, seen, errors = iter(DataLoader(dataset, 2, **way)), [], 0
    while True:
        try:
            seen.append(next(iterator)[1][:, 0].tolist())
        except ImageError:
            errors += 1
        except StopIteration:
            break
    assert (seen, errors) == ([[2, 3], [4, 5], [8, 9]], 3)


def test_a_sampler_that_fails(dataset, way):
    def failing():
        yield from [1, 2, 3]
        raise KeyError("no more")

    iterator, seen = None, []
    with pytest.raises(KeyError, match="no more"):
        iterator = iter(DataLoader(dataset, 1, sampler=failing(), **way))
        for batch in iterator:
            seen.append(batch)
    assert len(seen) <= 3


def test_interrupted_and_going_on(dataset, monkeypatch):
    """Ctrl-C while the loader waits loses no batch."""
    release = threading.Event()
    getitems = FastTxtDataset.__getitems__

    def slow(self, indices):
        if 0 in indices:
            os.kill(os.getpid(), signal.SIGINT)
            assert release.wait(60)
        return getitems(self, indices)

    monkeypatch.setattr(FastTxtDataset, "__getitems__", slow)
    iterator = None
    with pytest.raises(KeyboardInterrupt):
        iterator = iter(DataLoader(dataset, 2, sampler=range(4), **THREADS))
        next(iterator)
    release.set()
    if iterator is not None:  # else the signal came first
        assert rows(iterator) == [[0, 1], [2, 3]]


def test_the_loader_outlives_dropped_iterators(dataset, way):
    loader = DataLoader(dataset, 2, **way)
    for _ in range(3):
        next(iter(loader))
    assert rows(loader) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]


def test_processes_are_told_to_end_when_the_garbage_collector_finds_them(dataset, monkeypatch):
    """As after an error, whose traceback is a cycle. torch waits for its processes in vain and terminates them."""
    iterator = iter(DataLoader(dataset, 2, **FORK))
    next(iterator)
    processes, cycle = iterator._workers, [iterator]
    terminated, terminate = [], type(processes[0]).terminate
    monkeypatch.setattr(type(processes[0]), "terminate", lambda self: terminated.append(self) or terminate(self))
    cycle.append(cycle)
    del iterator, cycle
    gc.collect()
    assert not terminated and not any(process.is_alive() for process in processes)


# -- random numbers -------------------------------------------------------------------------------------------------


def test_reproducible(dataset, way):
    """The generator decides, else the global seed; it is in the same state after an epoch as with torch's loader."""
    orders, states = [], []
    for kind, options in ((DataLoader, way), (TorchLoader, {})):
        generator = seeded(5)
        loader = kind(dataset, 2, shuffle=True, generator=generator, **options)
        orders.append([rows(loader), rows(loader)])
        torch.manual_seed(8)
        orders[-1].append(rows(kind(dataset, 2, shuffle=True, **options)))
        states.append([generator.get_state().tolist(), torch.get_rng_state().tolist()])
    assert orders[0] == orders[1] and orders[0][0] != orders[0][1]
    assert states[0] == states[1]


def test_threads_leave_other_generators_alone(dataset):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    rows(DataLoader(dataset, 2, shuffle=True, **THREADS))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


class Seeds(Dataset):
    """What torch, random and NumPy would draw in the worker."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        info = torch.utils.data.get_worker_info()
        assert info.dataset is self and info.num_workers == 2
        drawn = np.random.rand()  # noqa: NPY002
        return torch.tensor([info.seed - info.id, torch.randint(1 << 30, ()), random.getrandbits(30)]), drawn


def test_seeds_of_workers():
    """Every worker has its own of all three, the same for the same generator, others in the next epoch."""

    def epochs(kind):
        loader = kind(Seeds(), 1, num_workers=2, generator=seeded(), multiprocessing_context="fork")
        return [[(*seeds[0].tolist(), number.item()) for seeds, number in loader] for _ in range(2)]

    ours = epochs(DataLoader)
    assert ours == epochs(DataLoader) == epochs(TorchLoader)
    assert len({seeds[0] for seeds in ours[0]}) == 1 and ours[0][0][0] != ours[1][0][0]
    assert len({seeds[1:] for epoch in ours for seeds in epoch}) == 8
