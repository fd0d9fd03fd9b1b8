"""Going on from a state: the same order whatever it was drawn from, each batch once, and no other loader's state."""

from __future__ import annotations

import copy
import io
import threading
from itertools import chain

import images
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from pixfeed import DataLoader, FastTxtDataset, ImageError
from pixfeed import transforms as T
from pixfeed.loading.fetch_threads import Fetch

COUNT = 23


@pytest.fixture
def folder(tmp_path):
    for i in range(COUNT):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(10 + i, 20, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return tmp_path


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 8, 6, backend=backend)


WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows_of(batch) -> list[int]:
    return batch[1].reshape(-1).tolist()


def rows(loader) -> list[list[int]]:
    return [rows_of(batch) for batch in loader]


def saved(state):
    """As a checkpoint has it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file)


# -- whatever the order is drawn from ---------------------------------------------------------------------------------


class Shuffled(BatchSampler):
    """Shuffles its batches as well, with a generator of its own."""

    def __init__(self, sampler, batch_size, generator):
        super().__init__(sampler, batch_size, False)
        self.generator = generator

    def __iter__(self):
        batches = list(super().__iter__())
        yield from (batches[i] for i in torch.randperm(len(batches), generator=self.generator))


class Wrapped(Sampler):
    """Another sampler inside."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __iter__(self):
        return iter(self.sampler)

    def __len__(self):
        return len(self.sampler)


class Counting(Sampler):
    """Keeps a state itself, as torchdata's samplers do."""

    def __init__(self, count: int, shift: int):
        self.count, self.shift = count, shift

    def __iter__(self):
        self.shift += 1
        return iter([(i * 7 + self.shift) % self.count for i in range(self.count)])

    def __len__(self):
        return self.count

    def state_dict(self):
        return {"shift": self.shift}

    def load_state_dict(self, state):
        self.shift = state["shift"]


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


class Numbers(Dataset):
    """Not of pixfeed's; it reads single samples and whole batches."""

    def __getitem__(self, index):
        return torch.zeros(1), torch.tensor(index)

    def __len__(self):
        return COUNT


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


# -- no other loader's state ------------------------------------------------------------------------------------------


def in_the_middle(loader) -> dict:
    iterator = iter(loader)
    next(iterator)
    next(iterator)
    return saved(loader.state_dict())


def check_refused(loader, state, words: str) -> None:
    before = loader.state_dict()
    seeds = [dataset.seed for dataset in [loader.dataset] if hasattr(dataset, "seed")]
    with pytest.raises(ValueError, match=words):
        loader.load_state_dict(state)
    after = loader.state_dict()  # it stays as it was
    assert repr(after) == repr(before)
    assert seeds == [dataset.seed for dataset in [loader.dataset] if hasattr(dataset, "seed")]


@pytest.mark.parametrize("order", [dict(), dict(shuffle=True), dict(drop_last=True)], ids=str)
def test_another_batch_size(dataset, way, order):
    """Not in the middle of an epoch: samples would be repeated or left out."""
    loader = DataLoader(dataset, 4, generator=seeded(), **order, **way)
    fresh = saved(loader.state_dict())
    state = in_the_middle(loader)
    rows(loader)
    finished = saved(loader.state_dict())
    following = rows(loader)
    for size in (1, 3, 8, 100):
        other = DataLoader(dataset, size, generator=seeded(), **order, **way)
        check_refused(other, state, rf"middle of an epoch.*batch_size=4, and this one has batch_size={size}: it would")
        for good in (fresh, finished):
            other.load_state_dict(good)
            assert sum(map(len, rows(other))) == (COUNT if "drop_last" not in order else COUNT // size * size)
    check_refused(DataLoader(dataset, None, generator=seeded(), **way), state, "batch_size=4.*batch_size=None")
    other = DataLoader(dataset, 3, generator=seeded(), **order, **way)
    other.load_state_dict(finished)
    if "drop_last" not in order:
        assert list(chain(*rows(other))) == list(chain(*following))  # the order is the sampler's


def test_another_batch_size_of_a_batch_sampler(dataset):
    state = in_the_middle(DataLoader(dataset, batch_sampler=BatchSampler(SequentialSampler(dataset), 4, False)))
    other = DataLoader(dataset, batch_sampler=BatchSampler(SequentialSampler(dataset), 5, False))
    check_refused(other, state, "batch_size=4, and this one has batch_size=5")
    other = DataLoader(dataset, 4)  # which makes the same batches
    other.load_state_dict(state)
    assert rows(other)[0] == [8, 9, 10, 11]
    alone = DataLoader(Numbers(), None, sampler=BatchSampler(SequentialSampler(dataset), 4, False))
    other = DataLoader(Numbers(), None, sampler=BatchSampler(SequentialSampler(dataset), 3, False))
    check_refused(other, in_the_middle(alone), "batch_size=4, and this one has batch_size=3")


def test_another_number_of_samples(dataset, way):
    state = in_the_middle(DataLoader(dataset, 4, **way))
    check_refused(DataLoader(Subset(dataset, range(20)), 4, **way), state, f"samples={COUNT}.*samples=20")
    counting = DataLoader(dataset, 4, sampler=RandomSampler(dataset, num_samples=10, generator=seeded()), **way)
    check_refused(
        counting, in_the_middle(DataLoader(dataset, 4, sampler=RandomSampler(dataset, generator=seeded()))), "10"
    )


def random_transform(folder, seed):
    transform = T.Compose([T.RandomResizedCrop((8, 6)), T.ToTensor()])
    return FastTxtDataset(folder / "train.txt", folder, transform=transform, seed=seed)


def garbled(state: dict) -> dict:
    """By the words that refuse it."""
    random = state["random"]
    name = next(iter(random))

    def other(**changes):
        return {**state, **changes}

    return {
        "no state of a pixfeed.DataLoader, but NoneType": [None],
        "no state of a pixfeed.DataLoader, but list": [[1]],
        "no state of a pixfeed.DataLoader: it has no 'epoch', 'batches'": [{}, {"_snapshot": {}, "_num_yielded": 4}],
        "it has no 'random'": [{key: value for key, value in state.items() if key != "random"}],
        "'epoch' is": [other(epoch=value) for value in (-1, "1", 1.0, None, True)],
        "'batches' is": [other(batches=value) for value in (-1, "1", 1.5, None, torch.tensor(1))],
        "no epoch of this loader has 1000000 batches": [other(batches=1_000_000)],
        "'finished' is": [other(finished=1)],
        "'fresh' is": [other(fresh="no")],
        "'random' is": [other(random=value) for value in ([1], None, torch.zeros(3))],
        "'seeds' is": [other(seeds=value) for value in (None, 3, ["a"], [1.5], (3,))],
        "2 pixfeed datasets; this one has 1": [other(seeds=[3, 3])],
        "0 pixfeed datasets": [other(seeds=[])],
        "'batch_size' is": [other(batch_size="4")],
        "'samples' is": [other(samples=-1)],
        "random states of .*, and this loader needs": [
            other(random={}),
            other(random={**random, "another": random[name]}),
            other(random={key: value for key, value in random.items() if key != name}),
        ],
        f"no random state of {name}": [
            other(random={**random, name: value}) for value in (1, None, torch.zeros(3), random[name][:-8], b"x" * 5056)
        ],
    }


@pytest.mark.parametrize("at", ["before", "middle", "end"])
def test_garbled(folder, at):
    loader = DataLoader(random_transform(folder, 3), 4, shuffle=True, generator=seeded())
    if at != "before":
        in_the_middle(loader)
    if at == "end":
        rows(loader)
    state = saved(loader.state_dict())
    for words, states in garbled(state).items():
        if "1000000" in words and at == "end":
            continue
        for wrong in states:
            other = DataLoader(random_transform(folder, 8), 4, shuffle=True, generator=seeded())
            check_refused(other, copy.copy(wrong), words)
            next(iter(other))
            check_refused(other, copy.copy(wrong), words)
    other = DataLoader(random_transform(folder, 8), 4, shuffle=True, generator=seeded(4))
    other.load_state_dict(state)
    assert other.dataset.seed == 3


def test_another_generator_or_sampler(dataset):
    orders = {
        "plain": dict(),
        "loader's": dict(generator=seeded()),
        "sampler's": dict(sampler=RandomSampler(dataset, generator=seeded())),
        "state": dict(sampler=Counting(COUNT, 0)),
    }
    states = {name: in_the_middle(DataLoader(dataset, 4, **order)) for name, order in orders.items()}
    for name, order in orders.items():
        for other, state in states.items():
            if other != name:
                words = "another loader: it has random states of|middle of an epoch by a loader with samplers="
                check_refused(DataLoader(dataset, 4, **order), state, words)
            else:
                DataLoader(dataset, 4, **order).load_state_dict(state)


def test_another_kind_of_order(dataset, way):
    """In the middle of an epoch; all of these draw from the same generators."""
    kinds = {
        "sequential": lambda: dict(),
        "shuffle": lambda: dict(shuffle=True),
        "weighted": lambda: dict(sampler=WeightedRandomSampler([1.0] * COUNT, COUNT)),
        "subset": lambda: dict(sampler=SubsetRandomSampler(range(COUNT))),
        "list": lambda: dict(sampler=list(range(COUNT))),
    }
    for kind, order in kinds.items():
        loader = DataLoader(dataset, 4, **order(), **way)
        state = in_the_middle(loader)
        rows(loader)
        finished = saved(loader.state_dict())
        for other, its in kinds.items():
            if other == kind:
                DataLoader(dataset, 4, **its(), **way).load_state_dict(state)
            else:
                check_refused(DataLoader(dataset, 4, **its(), **way), state, "middle of an epoch.*samplers=")
                DataLoader(dataset, 4, **its(), **way).load_state_dict(finished)


def test_a_sampler_that_refuses_its_state(dataset):
    loader = DataLoader(dataset, 4, sampler=Counting(COUNT, 0))
    state = in_the_middle(loader)
    state["random"]["sampler 1"] = {"nonsense": 1}
    check_refused(loader, state, "does not go with sampler 1: KeyError")


def test_seeds_of_several_datasets(folder):
    def make(*seeds):
        plain = FastTxtDataset(folder / "train.txt", folder, 8, 6)
        return DataLoader(ConcatDataset([plain, *(random_transform(folder, seed) for seed in seeds)]), 4)

    state = in_the_middle(make(1, 2))
    assert state["seeds"] == [None, 1, 2]
    other = make(5, 6)
    other.load_state_dict(state)
    assert [each.seed for each in other.dataset.datasets] == [None, 1, 2]
    with pytest.raises(ValueError, match="2 pixfeed datasets; this one has 3"):
        other.load_state_dict({**state, "seeds": [None, 1]})
    # A dataset that drew nothing when the state was saved: the transform is new, and keeps its seed.
    other.load_state_dict({**state, "seeds": [None, None, 2]})
    assert [each.seed for each in other.dataset.datasets] == [None, 1, 2]


# -- many threads on one iterator -------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 4])
def test_four_threads_on_one_iterator(dataset, way, batch_size):
    """Each batch goes to one of them, and all come to the end."""
    for _ in range(3):
        iterator = iter(DataLoader(dataset, batch_size, **way))
        got: list[int] = []
        ends: list[object] = []

        def read(iterator=iterator, got=got, ends=ends):
            try:
                for batch in iterator:
                    got.extend(rows_of(batch))
                ends.append(None)
            except BaseException as error:
                ends.append(error)

        threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert ends == [None] * 4 and sorted(got) == list(range(COUNT))
        assert next(iterator, "the end") == "the end"
