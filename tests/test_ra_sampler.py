"""RASampler: timm's order, and another augmentation for each copy, also in other processes."""

from __future__ import annotations

import math
import pickle

import pytest
import torch
from loaders import WAYS, write_pictures
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset, RASampler
from pixfeed import transforms as T
from pixfeed.draws import Drawn

# What timm 1.0.31's RepeatAugSampler(range(n), ranks, rank, **more) gives in epoch 3.
TIMMS = [
    ((5, 2, 0), {}, [1, 1, 0]),
    ((5, 2, 1), {}, [1, 0, 0]),
    ((5, 1, 0), {"num_repeats": 1.5}, [1, 1, 0, 3, 3]),
    ((4, 1, 0), {"shuffle": False, "selected_ratio": 0.3}, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]),
    ((5, 4, 3), {"shuffle": False, "selected_ratio": 0.5}, [1, 2, 3, 0]),
    ((10, 1, 0), {"selected_round": 4}, [6, 6, 6, 0, 0, 0, 3, 3]),
    ((1, 2, 1), {}, [0]),
]


@pytest.mark.parametrize(("place", "more", "order"), TIMMS)
def test_the_order_is_timms(place, more, order):
    sampler = RASampler(range(place[0]), *place[1:], **more)
    sampler.set_epoch(3)
    assert list(sampler) == order and len(sampler) == len(order)


def test_each_copy_has_its_own_number_in_all_processes():
    for n, ranks, repeats in ((40, 3, 3), (7, 2, 1.5), (9, 4, 2)):
        drawn = []
        for rank in range(ranks):
            ratio = n / math.ceil(n * repeats / ranks)  # all of them
            drawn += list(RASampler(range(n), ranks, rank, num_repeats=repeats, selected_round=0, selected_ratio=ratio))
        assert len({(int(index), getattr(index, "occurrence", 0)) for index in drawn}) == len(drawn)
        assert len(drawn) >= n * repeats


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    crop = T.Compose([T.RandomResizedCrop(12, scale=(0.1, 1)), T.ToTensor()])
    folder = write_pictures(tmp_path, 10)
    return FastTxtDataset(folder / "train.txt", folder, transform=crop, seed=5, backend=backend)


@pytest.mark.parametrize("way", ["main", "2 threads", "fork"])
def test_with_the_loader(dataset, way):
    def make(rank=0):
        return DataLoader(dataset, batch_size=3, sampler=RASampler(dataset, 2, rank), **WAYS[way])

    loader = make()
    first, second = list(loader), list(loader)
    for epoch, batches in enumerate((first, second)):
        dataset.set_epoch(epoch)
        sampler = RASampler(dataset, 2, 0)
        sampler.set_epoch(epoch)
        wanted = torch.stack([dataset[index][0] for index in sampler])
        assert torch.equal(torch.cat([images for images, _ in batches]), wanted)
    dataset.set_epoch(None)
    others = torch.cat([images for images, _ in make(1)])
    mine = torch.cat([images for images, _ in first])
    assert not any(torch.equal(a, b) for a in mine for b in others)
    iterator = iter(resumed := make())
    next(iterator)
    other = make()
    other.load_state_dict(pickle.loads(pickle.dumps(resumed.state_dict())))
    for rest in (list(iterator), list(other)):
        assert len(rest) == len(first) - 1
        assert all(torch.equal(a[0], b[0]) for a, b in zip(rest, first[1:], strict=True))


def test_with_torchs_loader(dataset):
    sampler = RASampler(dataset)
    images = torch.cat([images for images, _ in TorchLoader(dataset, batch_size=4, sampler=sampler, num_workers=1)])
    assert torch.equal(images, torch.stack([dataset[index][0] for index in sampler]))
    assert any(type(index) is Drawn for index in sampler)


def test_arguments():
    for wrong in (dict(num_replicas=2, rank=2), dict(num_repeats=0.5), dict(selected_ratio=-1)):
        with pytest.raises(ValueError, match="may be"):
            RASampler(range(3), **wrong)
