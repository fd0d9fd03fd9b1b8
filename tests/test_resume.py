"""Going on from a state: the same order whatever it was drawn from, and each batch once."""

from __future__ import annotations

from itertools import chain

import pytest
import torch
from resumes import COUNT, WAYS, Counting, Numbers, Shuffled, Wrapped, rows, rows_of, saved, seeded, write_pictures
from torch.utils.data import (
    BatchSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    WeightedRandomSampler,
)

from pixfeed import DataLoader, FastTxtDataset, ImageError
from pixfeed.loading.fetch_threads import Fetch

pytestmark = pytest.mark.slow_on_opencv

WEIGHTS = range(1, COUNT + 1)
ORDERS = {
    "shuffle": lambda d, g: dict(batch_size=4, shuffle=True),
    "random": lambda d, g: dict(batch_size=4, sampler=RandomSampler(d)),
    "replacement": lambda d, g: dict(batch_size=4, sampler=RandomSampler(d, True, 30)),
    "weighted": lambda d, g: dict(batch_size=4, sampler=WeightedRandomSampler(WEIGHTS, 30)),
    "batches": lambda d, g: dict(batch_sampler=BatchSampler(RandomSampler(d), 4, False)),
    "weighted batches": lambda d, g: dict(batch_sampler=BatchSampler(WeightedRandomSampler(WEIGHTS, 30), 4, True)),
    "sampler of batches": lambda d, g: dict(batch_size=None, sampler=BatchSampler(RandomSampler(d), 4, False)),
    "generator inside": lambda d, g: dict(
        batch_size=None, sampler=BatchSampler(RandomSampler(d, generator=g), 4, False)
    ),
    "wrapped": lambda d, g: dict(batch_size=4, sampler=Wrapped(RandomSampler(d, generator=g))),
    "wrapped, without": lambda d, g: dict(batch_size=4, sampler=Wrapped(RandomSampler(d))),
    "two generators": lambda d, g: dict(
        batch_sampler=Shuffled(RandomSampler(d, generator=g), 4, seeded(100 + g.initial_seed()))
    ),
    "states of their own": lambda d, g: dict(batch_size=4, sampler=Counting(COUNT, g.initial_seed())),
}


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 8, 6, backend=backend)


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.mark.parametrize("generator", [True, False], ids=["generator", "no generator"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("after", [1, 3, 6])
@pytest.mark.parametrize("way", ["main", "threads"])
def test_the_same_order(folder, order, generator, after, way):
    """The remaining batches and, if the program has kept its random state, the next epochs, although the loop draws
    random numbers, too."""
    dataset = FastTxtDataset(folder / "train.txt", folder, 8, 6)
    if order in ("sampler of batches", "generator inside"):
        dataset, way = Numbers(), "main"

    def make(seed):
        own = seeded(seed)
        given = dict(generator=seeded(seed + 1)) if generator else {}
        return DataLoader(dataset, **ORDERS[order](dataset, own), **given, **WAYS[way])

    torch.manual_seed(5)
    loader = make(1)
    rows(loader)
    iterator = iter(loader)
    for _ in range(after):
        if next(iterator, None) is None:
            break
        torch.rand(3)  # dropout, say
    state, outside = saved(loader.state_dict()), torch.get_rng_state()
    expected = [rows(iterator), rows(loader), rows(loader)]
    if not expected[0]:
        del expected[0]

    for restored in (False, True):
        torch.manual_seed(6)
        other = make(50)
        next(iter(other))
        other.load_state_dict(state)
        if restored:
            torch.set_rng_state(outside)
        assert [rows(other) for _ in expected[: None if restored else 1]] == expected[: None if restored else 1]


def test_the_global_generator_stays(dataset, way):
    loader = DataLoader(dataset, 4, sampler=RandomSampler(dataset), generator=seeded(), **way)
    next(iter(loader))
    state = saved(loader.state_dict())
    torch.manual_seed(9)
    before = torch.get_rng_state()
    loader.load_state_dict(state)
    next(iter(loader))
    assert torch.equal(torch.get_rng_state(), before)


# -- each batch once --------------------------------------------------------------------------------------------------


def going_on(iterator, count: int) -> list:
    """Up to ``count`` batches, or None for one that failed."""
    got = []
    for _ in range(count):
        try:
            got.append(rows_of(next(iterator)))
        except StopIteration:
            break
        except ImageError:
            got.append(None)
    return got


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [[0], [5], [COUNT - 1], [4, 8, 9], range(COUNT)], ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_batch_that_failed_is_not_repeated(dataset, folder, way, damaged, batch_size):
    for i in damaged:
        (folder / f"{i}.jpg").write_bytes(b"")
    batches = -(-COUNT // batch_size)
    expected = going_on(iter(DataLoader(dataset, batch_size)), batches)
    assert len(expected) == batches and None in expected
    for after in (1, 2, 3, batches - 1):
        loader = DataLoader(dataset, batch_size, **way)
        iterator = iter(loader)
        assert going_on(iterator, after) == expected[:after]
        state = saved(loader.state_dict())
        assert state["batches"] == after and not state["finished"]
        other = DataLoader(dataset, batch_size, **way)
        other.load_state_dict(state)
        resumed = iter(other)
        assert going_on(resumed, 1) == expected[after : after + 1]
        assert other.state_dict()["batches"] == after + 1
        assert going_on(resumed, batches) == expected[after + 1 :]
        assert going_on(iterator, batches) == expected[after:]
        assert loader.state_dict()["finished"] and other.state_dict()["finished"]
        assert loader.stats().batches == sum(rows is not None for rows in expected)


def test_a_failed_sample_without_batches(dataset, folder, way):
    (folder / "2.jpg").write_bytes(b"")
    loader = DataLoader(dataset, None, **way)
    iterator = iter(loader)
    assert going_on(iterator, 4) == [[0], [1], None, [3]]
    other = DataLoader(dataset, None, **way)
    other.load_state_dict(saved(loader.state_dict()))
    assert going_on(iter(other), 1) == [[4]]


class Failing(IterableDataset):
    """Numbers, some of which are errors."""

    def __iter__(self):
        self.at = -1
        return self

    def __next__(self):
        self.at += 1
        if self.at == 12:
            raise StopIteration
        if self.at in (3, 8):
            raise ImageError("bad")
        return torch.zeros(1), torch.tensor([self.at])


@pytest.mark.parametrize("way", [dict(), dict(num_workers=1, multiprocessing_context="fork")])
def test_an_iterable_dataset_that_fails(way):
    expected = going_on(iter(DataLoader(Failing(), 1)), 20)
    assert expected == [[0], [1], [2], None, [4], [5], [6], [7], None, [9], [10], [11]]
    loader = DataLoader(Failing(), 1, **way)
    for after in (3, 4, 9, 10):
        assert going_on(iter(loader), after) == expected[:after]
        other = DataLoader(Failing(), 1, **way)
        other.load_state_dict(saved(loader.state_dict()))
        assert going_on(iter(other), 20) == expected[after:]


class Interrupted(Numbers):
    """Ctrl-C is pressed while a sample is read."""

    def __init__(self):
        self.left = 1

    def __getitem__(self, index):
        if index == 5 and self.left:
            self.left -= 1
            raise KeyboardInterrupt
        return super().__getitem__(index)


def test_an_interrupted_batch_comes_again():
    loader = DataLoader(Interrupted(), 4)
    iterator = iter(loader)
    assert rows_of(next(iterator)) == [0, 1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        next(iterator)
    state = saved(loader.state_dict())
    assert state["batches"] == 1
    assert rows_of(next(iterator)) == [4, 5, 6, 7] and loader.state_dict()["batches"] == 2
    other = DataLoader(Numbers(), 4)
    other.load_state_dict(state)
    assert rows(other)[0] == [4, 5, 6, 7]


@pytest.mark.parametrize("place", ["_fill", "_submit_groups", "_draw_group", "result", "_gone_past"])
def test_an_interrupted_batch_of_threads_comes_again(dataset, place, monkeypatch):
    """Ctrl-C may be pressed while threads are given more to do, or just before a batch is yielded."""
    loader = DataLoader(dataset, 4, num_workers=2, prefetch_factor=1)
    iterator = iter(loader)
    where = Fetch if place == "result" else type(iterator)
    original, calls = getattr(where, place), []

    def interrupted(*args, **options):
        calls.append(place)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args, **options)

    monkeypatch.setattr(where, place, interrupted)
    assert rows_of(next(iterator)) == [0, 1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        next(iterator)
    state = saved(loader.state_dict())
    got = rows(iterator)
    assert state["batches"] == 1 and list(chain(*got)) == list(range(4, COUNT))
    assert loader.state_dict()["batches"] == 6


class Breaking(Sampler):
    """An error of the sampler's is no batch."""

    def __init__(self, at: int):
        self.at = at

    def __iter__(self):
        for i in range(COUNT):
            if i == self.at:
                raise OSError("the sampler's")
            yield i

    def __len__(self):
        return COUNT


@pytest.mark.parametrize("way", ["main", "threads"])
def test_an_error_of_the_sampler_is_no_batch(dataset, way):
    loader = DataLoader(dataset, 4, sampler=Breaking(9), **WAYS[way])
    iterator = iter(loader)
    next(iterator), next(iterator)
    with pytest.raises(OSError, match="the sampler's"):
        next(iterator)
    state = saved(loader.state_dict())
    assert state["batches"] == 2
    other = DataLoader(dataset, 4, sampler=Breaking(100), **WAYS[way])
    other.load_state_dict(state)
    assert rows(other)[0] == [8, 9, 10, 11]
