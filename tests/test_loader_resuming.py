"""DataLoader.state_dict() and load_state_dict(): the remaining batches and the next epoch are the same."""

from __future__ import annotations

import pickle

import pytest
import torch
from loaders import COUNT, ORDERS, WAYS, Counting, rows, seeded, write_pictures
from torch.utils.data import BatchSampler, RandomSampler

from pixfeed import DataLoader, FastTxtDataset

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.mark.parametrize("order", [name for name in ORDERS if name not in ("list", "batches")])
@pytest.mark.parametrize("after", [1, 3])
@pytest.mark.parametrize("workers", [0, 2])
def test_resume(dataset, order, after, workers):
    """The remaining batches and the next epoch are the same, from another loader, whatever random numbers are drawn."""
    check_resuming(dataset, order, after, dict(num_workers=workers))


def test_resume_with_processes(dataset):
    check_resuming(dataset, "shuffled", 2, WAYS["fork"])


def check_resuming(dataset, order, after, way) -> None:
    def make():
        return DataLoader(dataset, **ORDERS[order](dataset), generator=seeded(), **way)

    loader = make()
    assert loader.state_dict()["batches"] == 0
    rows(loader)
    iterator = iter(loader)
    for _ in range(after):
        if next(iterator, None) is None:
            break
    state = pickle.loads(pickle.dumps(loader.state_dict()))
    rest, following = rows(iterator), rows(loader)
    torch.randperm(5)
    other = make()
    next(iter(other), None)
    other.load_state_dict(state)
    assert other.state_dict().keys() == state.keys()
    if rest:
        assert rows(other) == rest
    assert rows(other) == following  # behind the last batch the next epoch begins


def test_resume_with_the_global_generator(dataset, way):
    torch.manual_seed(1)
    loader = DataLoader(dataset, 4, shuffle=True, **way)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    rest = rows(iterator)
    torch.manual_seed(2)
    other = DataLoader(dataset, 4, shuffle=True, **way)
    other.load_state_dict(state)
    resumed = iter(other)
    torch.rand(5)
    assert rows(resumed) == rest


@pytest.mark.parametrize("generator", [seeded, lambda: None])
def test_the_state_before_the_first_epoch(dataset, way, generator):
    torch.manual_seed(3)
    loader = DataLoader(dataset, 4, shuffle=True, generator=generator(), **way)
    state = loader.state_dict()
    expected = rows(loader)
    torch.manual_seed(4)
    other = DataLoader(dataset, 4, shuffle=True, generator=generator() and seeded(5), **way)
    other.load_state_dict(state)
    assert other.state_dict().keys() == state.keys()
    assert rows(other) == expected


class Endless(torch.utils.data.Sampler):
    """Does not say how many there are."""

    def __iter__(self):
        return iter(range(COUNT))


def test_resume_with_a_sampler_without_length(dataset, way):
    loader = DataLoader(dataset, 4, sampler=Endless(), **way)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    other = DataLoader(dataset, 4, sampler=Endless(), **way)
    other.load_state_dict(state)
    assert rows(other) == rows(iterator)


def test_out_of_order_there_is_no_state(dataset):
    loader = DataLoader(dataset, 4, num_workers=2, in_order=False)
    loader.state_dict()
    next(iter(loader))
    with pytest.raises(RuntimeError, match="use in_order=True"):
        loader.state_dict()


def test_the_state_at_the_end_begins_the_next_epoch(dataset, way):
    loader = DataLoader(dataset, 4, shuffle=True, generator=seeded(), **way)
    rows(loader)
    state = loader.state_dict()
    following = rows(loader)
    other = DataLoader(dataset, 4, shuffle=True, generator=seeded(8), **way)
    other.load_state_dict(state)
    assert rows(other) == following


def test_batches_before_the_start_are_not_looked_at(monkeypatch):
    """Neither drawn one by one nor made into lists: batch 900,000 is as near as batch 10."""
    from pixfeed.loading import order

    class Recording:
        """A permutation that notes which parts of it are taken."""

        def __init__(self):
            self.taken: list[slice] = []

        def __len__(self):
            return 2_000_000

        def __getitem__(self, part):
            self.taken.append(part)
            return range(part.start, part.stop)

    recording = Recording()
    monkeypatch.setattr(order, "_permutation", lambda sampler: recording)
    sampler = BatchSampler(RandomSampler(range(2_000_000), generator=seeded()), 2, False)
    position = order.Position([sampler], None, True)
    position.go_to(900_000, False, position.random(), False)
    assert next(iter(order.Order(sampler, position))) == [1_800_000, 1_800_001]
    assert recording.taken == [slice(1_800_000, 1_800_002)]


def test_resume_an_iterable_dataset():
    loader = DataLoader(Counting(), 4)
    iterator = iter(loader)
    next(iterator)
    state = loader.state_dict()
    other = DataLoader(Counting(), 4)
    other.load_state_dict(state)
    assert [batch.tolist() for batch in other] == [batch.tolist() for batch in iterator]


def test_what_is_no_state(dataset):
    for wrong in ({}, None, {"epoch": 1}):
        with pytest.raises(ValueError, match="no state"):
            DataLoader(dataset).load_state_dict(wrong)
