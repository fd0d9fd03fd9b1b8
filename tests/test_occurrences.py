"""A sample that an epoch draws again gets another augmentation: the same for all workers, and after resuming."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from classic_sets import make_mnist
from loaders import COUNT, ORDERS, WAYS, seeded, write_pictures
from torch.utils.data import ConcatDataset, RandomSampler, Subset
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset, draws
from pixfeed import transforms as T
from pixfeed.datasets.mnist import MNIST
from pixfeed.draws import Drawn

pytestmark = pytest.mark.slow_on_opencv

CROP = T.Compose([T.RandomResizedCrop(16, scale=(0.1, 1)), T.ToTensor()])


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, transform=CROP, seed=5, backend=backend)


def python_step(image):
    return image.rotate(float(torch.rand(())) * 90)


@pytest.fixture(params=WAYS, ids=str)
def way(request) -> dict:
    return WAYS[request.param]


def test_an_occurrence_is_a_part_of_the_key():
    again = Drawn(5, 2)
    assert again == 5 and [*"abcdef"][again] == "f" and repr(again) == "5" and np.arange(9)[again] == 5
    assert (copied := pickle.loads(pickle.dumps(again))) == 5 and copied.occurrence == 2
    plain = draws.uniform(7, 3, [5, 6], 9)
    np.testing.assert_array_equal(draws.uniform(7, 3, [Drawn(5, 0), 6], 9), plain)
    mixed = [5, Drawn(5, 1), 6, Drawn(5, 2**16), Drawn(5, 2**32 - 1), Drawn(2**33 + 5, 0), Drawn(2**33 + 5, 1)]
    u = draws.uniform(7, 3, mixed, 9)
    np.testing.assert_array_equal(u[[0, 2]], plain)
    assert len(np.unique(u)) == u.size
    assert len(set(draws.seeds(7, 3, mixed))) == len(mixed)


def expected(dataset, batches) -> list[torch.Tensor]:
    """Every sample by itself, counted here."""
    seen: Counter[int] = Counter()
    made = []
    for batch in batches:
        images = []
        for index in batch:
            images.append(dataset[Drawn(index, seen[index]) if seen[index] else index][0])
            seen[index] += 1
        made.append(torch.stack(images))
    return made


def same(got, wanted) -> None:
    assert len(got) == len(wanted)
    for (images, *_), other in zip(got, wanted, strict=True):
        assert torch.equal(images, other)


BATCHES = [[3, 3, 1, 3], [0, 1], [3, 2, 2, -1], [COUNT - 1]]


def counted_from_the_start(batches):
    return [[index % COUNT for index in batch] for batch in batches]


def test_a_repeated_sample_draws_again_whatever_reads_it(dataset, way):
    wanted = expected(dataset, counted_from_the_start(BATCHES))
    loader = DataLoader(dataset, batch_sampler=BATCHES, **way)
    got = list(loader)
    same(got, wanted)
    first = got[0][0]
    assert not any(torch.equal(first[a], first[b]) for a, b in ((0, 1), (0, 3), (1, 3)))
    assert torch.equal(first[0], dataset[3][0]) and torch.equal(first[2], dataset[1][0])
    again = next(iter(loader))[0]  # the next epoch counts from 0
    dataset.set_epoch(1)
    assert torch.equal(again[0], dataset[3][0])


@pytest.mark.parametrize("order", ["replacement", "weighted", "more samples", "shuffled"])
@pytest.mark.parametrize("workers", [0, 2])
def test_samplers(dataset, order, workers):
    def indices():
        return [b[1][:, 0].tolist() for b in DataLoader(dataset, generator=seeded(), **ORDERS[order](dataset))]

    torch.manual_seed(0)
    wanted = expected(dataset, indices())
    torch.manual_seed(0)
    same(list(DataLoader(dataset, generator=seeded(), num_workers=workers, **ORDERS[order](dataset))), wanted)


@pytest.mark.parametrize("make", ["batches", "sampler", "subset", "sequential subset"])
@pytest.mark.parametrize("way", ["main", "2 threads", "fork"])
def test_resuming_goes_on_counting(dataset, make, way):
    doubled = Subset(dataset, [1, 2, 2, 5, 1, 1, 7, 2])

    def new() -> DataLoader:
        arguments = {
            "batches": dict(dataset=dataset, batch_sampler=BATCHES),
            "sampler": dict(dataset=dataset, sampler=RandomSampler(dataset, True, 40, seeded()), batch_size=6),
            "subset": dict(dataset=doubled, shuffle=True, generator=seeded(), batch_size=2),
            "sequential subset": dict(dataset=doubled, batch_size=2),
        }[make]
        return DataLoader(**arguments, **WAYS[way])

    loader = new()
    iterator = iter(loader)
    next(iterator), next(iterator)
    state = loader.state_dict()
    rest = [images for images, _ in iterator]
    other = new()
    other.load_state_dict(pickle.loads(pickle.dumps(state)))
    same(list(other), rest)
    assert len(rest) >= 2


@pytest.mark.parametrize("way", ["main", "2 threads", "fork"])
def test_the_same_sample_inside_subset_and_concat(dataset, way):
    """Samples count where they are read: different indices may be one sample."""
    inside = Subset(dataset, [4, 4, 9])
    for whole, rows in (
        (inside, [4, 4, 9]),
        (ConcatDataset([dataset, dataset]), [*range(COUNT), *range(COUNT)]),
        (ConcatDataset([inside, Subset(inside, [1, -1])]), [4, 4, 9, 4, 9]),
        (Subset(ConcatDataset([dataset, inside]), [4, COUNT, COUNT + 2]), [4, 4, 9]),
    ):
        wanted = expected(dataset, [rows[at : at + 4] for at in range(0, len(rows), 4)])
        same(list(DataLoader(whole, batch_size=4, **WAYS[way])), wanted)


@pytest.mark.parametrize("workers", [0, 2])
def test_python_steps_draw_again(folder, backend, workers):
    steps = T.Compose([T.Resize((16, 16)), python_step, T.ToTensor()])
    dataset = FastTxtDataset(folder / "train.txt", folder, transform=steps, seed=5, backend=backend)
    for whole, rows in (
        (dataset, [3, 3, 1, 3]),
        (Subset(dataset, [4, 4, 9]), [4, 4, 9, 4]),
        (ConcatDataset([dataset, Subset(dataset, [4, 4, 9])]), [4, 4, 4, 9]),
    ):
        batch = {COUNT: [3, 3, 1, 3], 3: [0, 1, 2, 0]}.get(len(whole), [4, COUNT, COUNT + 1, COUNT + 2])
        same(list(DataLoader(whole, batch_sampler=[batch], num_workers=workers)), expected(dataset, [rows]))


def test_single_items_and_other_indices(dataset):
    (a, _), (b, _), (c, _) = DataLoader(dataset, sampler=[2, np.int64(2), torch.tensor(2)], batch_size=None)
    for image, times in ((a, 0), (b, 1), (c, 2)):
        assert torch.equal(image, dataset[Drawn(2, times)][0])
    same(list(DataLoader(dataset, batch_sampler=[{2}, torch.tensor([2, 2])])), expected(dataset, [[2], [2, 2]]))
    ((images, _),) = DataLoader(dataset, batch_sampler=[[Drawn(2, 7), 2]])  # a sampler that knows better
    assert torch.equal(images, torch.stack([dataset[Drawn(2, 7)][0], dataset[Drawn(2, 1)][0]]))


def test_classic_sets_draw_again(tmp_path):
    make_mnist(tmp_path)
    dataset = MNIST(tmp_path, transform=T.Compose([T.RandomResizedCrop(20, scale=(0.1, 1)), T.ToTensor()]), seed=1)
    same(list(DataLoader(dataset, batch_sampler=[[1, 1, 0]])), expected(dataset, [[1, 1, 0]]))


def test_wrong_indices_raise_what_they_did(dataset):
    for wrong, error in (([COUNT], IndexError), ([1.5], TypeError), (["1"], TypeError)):
        with pytest.raises(error):
            list(DataLoader(dataset, batch_sampler=[[0, 0], wrong]))
    with pytest.raises(ValueError, match="absolute value of index"):
        list(DataLoader(ConcatDataset([dataset, dataset]), batch_sampler=[[-2 * COUNT - 1]]))


def test_torchs_loader_draws_alike(dataset):
    """It says nothing of the epoch so far: documented."""
    ((images, _),) = TorchLoader(dataset, batch_sampler=[[3, 3]])
    assert torch.equal(images[0], images[1])
    ((images, _),) = TorchLoader(dataset, batch_sampler=[[3, Drawn(3, 1)]], num_workers=1)  # unless the sampler does
    assert torch.equal(images[1], dataset[Drawn(3, 1)][0]) and not torch.equal(images[0], images[1])
