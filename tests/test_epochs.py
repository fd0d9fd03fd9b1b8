"""Random transforms: the same batches whoever reads them, epoch by epoch, and behind a checkpoint."""

from __future__ import annotations

import random

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T

pytestmark = pytest.mark.slow_on_opencv

COUNT = 22
STEPS = [T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4), T.ToTensor(), T.RandomErasing()]
KEPT = dict(workers="process", persistent_workers=True)
WAYS = {
    "main": dict(num_workers=0),
    "1 thread": dict(num_workers=1),
    "2 threads": dict(num_workers=2),
    "8 threads": dict(num_workers=8, prefetch_factor=3),
    "2 threads, kept": dict(num_workers=2, persistent_workers=True),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
    "fork, kept": dict(num_workers=2, multiprocessing_context="fork", **KEPT),
    "1 fork, kept": dict(num_workers=1, multiprocessing_context="fork", **KEPT),
}
# A process takes seconds to start: only on the native backend, and only kept ones, which are the harder case.
SLOW = {
    "spawn, kept": dict(num_workers=2, multiprocessing_context="spawn", **KEPT),
    "forkserver, kept": dict(num_workers=2, multiprocessing_context="forkserver", **KEPT),
    "8 forks": dict(num_workers=8, workers="process", multiprocessing_context="fork"),
}


def noisy(image: torch.Tensor) -> torch.Tensor:
    """A Python function that draws from every global generator."""
    return image + torch.rand(1) + np.random.rand() + random.random()  # noqa: NPY002


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(steps=STEPS, seed=5, **options) -> FastTxtDataset:
        options = dict(backend=backend, transform=T.Compose(steps), seed=seed, **options)
        return FastTxtDataset(folder / "train.txt", folder, **options)

    return make


def loader(dataset, **options) -> DataLoader:
    """In a mixed order that is the same in every epoch. (torch's own one depends on whether workers are kept.)"""
    return DataLoader(dataset, 5, sampler=random.Random(1).sample(range(len(dataset)), len(dataset)), **options)


def shuffling(dataset, **options) -> DataLoader:
    return DataLoader(dataset, 5, shuffle=True, generator=torch.Generator().manual_seed(3), **options)


def assert_same(got: list, expected: list) -> None:
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def same_for_three_epochs(dataset, way) -> None:
    one, other = loader(dataset), loader(dataset, **way)
    sums = set()
    for _ in range(3):
        expected, got = list(one), list(other)
        assert_same(got, expected)
        sums.add(torch.cat([pictures for pictures, _ in expected]).sum().item())
    assert len(sums) == 3  # every epoch has its own crops


@pytest.mark.parametrize("way", WAYS)
def test_same_batches_in_every_way(make, way):
    same_for_three_epochs(make(), WAYS[way])


@pytest.mark.slow
@pytest.mark.parametrize("way", SLOW)
def test_same_batches_in_processes_that_start_slowly(folder, way):
    options = dict(transform=T.Compose(STEPS), seed=5)
    same_for_three_epochs(FastTxtDataset(folder / "train.txt", folder, **options), SLOW[way])


@pytest.mark.parametrize("way", ["main", "2 threads", "fork, kept"])
def test_wrapped_datasets(make, way):
    dataset = make()
    same_for_three_epochs(ConcatDataset([Subset(dataset, range(3, 12)), make(seed=6)]), WAYS[way])


@pytest.mark.parametrize("way", ["main", "fork", "fork, kept"])
def test_python_functions_draw_the_same(make, way):
    same_for_three_epochs(make([*STEPS, noisy]), WAYS[way])


def test_python_functions_are_no_work_for_threads(make):
    dataset = make([*STEPS, noisy])
    with pytest.raises(ValueError, match="runs in Python"):
        DataLoader(dataset, num_workers=2, workers="thread")
    assert "thread" not in type(iter(DataLoader(dataset, num_workers=1))).__name__.lower()


@pytest.mark.parametrize("way", ["main", "2 threads", "2 threads, kept", "fork, kept"])
@pytest.mark.parametrize("batches", [0, 2, 5])
def test_behind_a_checkpoint(make, way, batches):
    """In another process, say, where nobody remembers the seed."""
    first = shuffling(make(seed=None), **WAYS[way])
    list(first)
    running = iter(first)
    for _ in range(batches):
        next(running)
    state = first.state_dict()
    rest = list(running)
    again = shuffling(make(seed=None), **WAYS[way])
    list(again)  # its workers have other seeds
    again.load_state_dict(state)
    assert_same(list(again), rest if rest else list(first))


@pytest.mark.parametrize("way", ["main", "2 threads", "fork"])
def test_two_iterators_at_once(make, way):
    """Each draws for its own epoch, also when batches of one that was thrown away are still in flight."""
    dataset = make()
    expected = loader(dataset)
    epochs = [list(expected), list(expected), list(expected)]
    both = loader(dataset, **WAYS[way])
    abandoned = iter(both)
    next(abandoned)
    del abandoned
    one, other = iter(both), iter(both)
    turns = [(next(one), next(other)) for _ in range(len(both))]
    assert_same([turn[0] for turn in turns], epochs[1])
    assert_same([turn[1] for turn in turns], epochs[2])


@pytest.mark.parametrize("way", ["main", "2 threads", "fork, kept"])
def test_who_tells_the_epoch_is_respected(make, way):
    dataset = make()
    expected = loader(dataset)
    first, second = list(expected), list(expected)
    told = loader(dataset, **WAYS[way])
    dataset.set_epoch(0)
    list(told)
    dataset.set_epoch(1)
    assert_same(list(told), second)
    dataset.set_epoch(None)
    plain = loader(dataset, **WAYS[way])
    assert_same(list(plain), first)


@pytest.mark.parametrize("workers", [0, 2])
def test_torchs_loader(make, workers):
    """set_epoch before every epoch, and workers that are made anew."""
    dataset = make()
    expected = loader(dataset)
    theirs = TorchLoader(dataset, 5, sampler=expected.sampler, num_workers=workers)
    for epoch in range(2):
        dataset.set_epoch(None)
        ours = list(expected)
        dataset.set_epoch(epoch)
        assert_same(list(theirs), ours)
