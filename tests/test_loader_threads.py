"""A loader's threads: what they do when something hangs, is dropped, persists or changes."""

from __future__ import annotations

import gc
import os
import threading
import time

import pytest
import torch
from loaders import COUNT, WAYS, rows, seeded, write_pictures
from torch.utils.data import ConcatDataset
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.loading import threads_iter
from pixfeed.loading.threads_iter import ThreadsIter

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


def test_timeout(folder, native):
    os.mkfifo(folder / "pipe")
    (folder / "stuck.txt").write_text("pipe 0\n")
    stuck = FastTxtDataset(folder / "stuck.txt", folder, 8, 8)
    iterator = iter(DataLoader(stuck, 1, num_workers=1, timeout=0.2))
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        next(iterator)
    (folder / "pipe").write_bytes((folder / "1.jpg").read_bytes())  # lets its thread go
    assert next(iterator)[0].shape == (1, 3, 8, 8)


def test_out_of_order(folder, native):
    """A batch that hangs does not hold up the others, if order does not matter."""
    os.mkfifo(folder / "pipe")
    (folder / "stuck.txt").write_text("pipe 100\n" + "".join(f"{i}.jpg {i}\n" for i in range(5)))
    dataset = FastTxtDataset(folder / "stuck.txt", folder, 8, 8)
    iterator = iter(DataLoader(dataset, 1, num_workers=2, in_order=False))
    assert [next(iterator)[1].item() for _ in range(5)] == [0, 1, 2, 3, 4]
    (folder / "pipe").write_bytes((folder / "1.jpg").read_bytes())
    assert [labels.item() for _, labels in iterator] == [100]


@pytest.mark.parametrize("keep", [False, True])
def test_abandoned_epochs_leave_nothing(dataset, keep):
    """Whether the loader lives on or not."""
    before = threading.active_count()
    loaders = [DataLoader(dataset, 2, num_workers=2) for _ in range(20)]
    for loader in loaders:
        next(iter(loader))
    states = [loader.state_dict()["batches"] for loader in loaders]
    assert states == [1] * 20
    if not keep:
        del loaders, loader
    gc.collect()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name]["num_workers"]])
def test_persistent_workers(dataset, name):
    way = WAYS[name]
    loader = DataLoader(dataset, 4, shuffle=True, generator=seeded(), persistent_workers=True, **way)
    options = dict(num_workers=1, multiprocessing_context="fork", persistent_workers=True)
    expected = TorchLoader(dataset, 4, shuffle=True, generator=seeded(), **options)
    for _ in range(2):
        assert rows(loader) == rows(expected)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    rest, following = rows(iterator), rows(loader)
    loader.load_state_dict(state)
    assert rows(loader) == rest
    assert rows(loader) == following


@pytest.mark.parametrize("name", [name for name in WAYS if name != "spawn"])
def test_a_loader_in_many_threads(dataset, name):
    both = ConcatDataset([dataset, dataset])
    loader = DataLoader(both, 4, **WAYS[name])
    given = loader.dataset, loader.collate_fn
    found = []
    threads = [threading.Thread(target=lambda: found.append(next(iter(loader)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(batch) for batch in found] == [2] * 6
    assert all(isinstance(batch[0], torch.Tensor) and len(batch[0]) == 4 for batch in found)
    assert (loader.dataset, loader.collate_fn) == given


@pytest.mark.parametrize("in_order", [True, False])
def test_the_first_batch_of_an_epoch_comes_alone(dataset, monkeypatch, in_order):
    """The second one is not begun with before the first one is there, unless any batch may come first."""
    events = []
    make = threads_iter._make

    def noted(how, priority, wanted):
        events.append(("begins", wanted[0][0]))
        time.sleep(0.1 if wanted[0][0] == 0 else 0)
        result = make(how, priority, wanted)
        events.append(("ends", wanted[0][0]))
        return result

    monkeypatch.setattr(threads_iter, "_make", noted)
    loader = DataLoader(dataset, 2, num_workers=2, prefetch_factor=2, persistent_workers=True, in_order=in_order)
    for _ in range(2):
        events.clear()
        assert len(list(loader)) == len(loader)
        assert (events.index(("ends", 0)) < events.index(("begins", 2))) == in_order


@pytest.mark.parametrize("persistent", [True, False])
def test_a_transform_that_becomes_python_goes_to_processes(folder, backend, persistent):
    """Between epochs; in the middle of one that is an error, as threads would disturb each other's random numbers."""
    options = dict(transform_input="tensor", backend=backend)
    dataset = FastTxtDataset(folder / "train.txt", folder, transform=T.Resize((8, 8)), **options)
    loader = DataLoader(dataset, 2, num_workers=1, persistent_workers=persistent)
    assert len(rows(loader)) == 12
    batches = iter(loader)
    next(batches)
    dataset.transform = T.Compose([T.Resize((8, 8)), torch.neg])
    with pytest.raises(RuntimeError, match="begin a new one"):
        list(batches)
    assert len(rows(loader)) == 12 and not isinstance(iter(loader), ThreadsIter)


def test_a_sampler_that_fails_late(dataset):
    def failing():
        yield from range(5)
        raise KeyError("no more")

    batches = iter(DataLoader(dataset, 1, sampler=failing(), num_workers=2))
    assert [next(batches)[1].item() for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError, match="no more"):
        next(batches)


def test_many_loaders_at_once(dataset):
    loaders = [DataLoader(dataset, 3, num_workers=n) for n in (1, 2, 5)]
    for batches in zip(*loaders, strict=True):
        assert all(torch.equal(images_, batches[0][0]) for images_, _ in batches)
