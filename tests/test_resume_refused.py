"""States that would repeat samples or leave some out, that are another loader's, or damaged, are refused."""

from __future__ import annotations

import copy
from itertools import chain

import pytest
import torch
from resumes import COUNT, WAYS, Counting, Numbers, check_refused, in_the_middle, rows, saved, seeded, write_pictures
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 8, 6, backend=backend)


@pytest.fixture(params=WAYS)
def way(request) -> dict:
    return WAYS[request.param]


@pytest.mark.slow
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
            other(random={**random, name: value}) for value in (1, None, torch.zeros(3), random[name][:-9], b"x" * 5056)
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
