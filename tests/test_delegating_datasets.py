"""A wrapper that hands attributes on to the dataset inside: its own __getitem__ is asked, by every loader."""

from __future__ import annotations

import pytest
from classic_sets import random_pictures, write_mnist
from loaders import THREE_WAYS, write_pictures
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Dataset, Subset

from pixfeed import DataLoader, FastTxtDataset
from pixfeed.datasets import MNIST
from pixfeed.datasets.list_images import ListImages

COUNT = 5


class Negated(Dataset):
    """As many programs do it."""

    def __init__(self, inside):
        self.inside = inside

    def __len__(self):
        return len(self.inside)

    def __getitem__(self, index):
        image, label = self.inside[index]
        return image, -label

    def __getattr__(self, name):
        if name == "inside":
            raise AttributeError(name)
        return getattr(self.inside, name)


class Whole(Negated):
    """It knows what a batch is, and may ask for one."""

    def __getitems__(self, indices):
        return [(image, -label) for image, label in self.inside.__getitems__(indices)]


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    write_pictures(tmp_path, COUNT)
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, squeeze_labels=True, backend=backend)


@pytest.mark.parametrize("kind", [Negated, Whole])
@pytest.mark.parametrize("way", THREE_WAYS)
def test_its_own_items(dataset, kind, way):
    negated = kind(dataset)
    assert negated.image_dir == dataset.image_dir and negated.report() == []
    expected = [-i for i in range(COUNT)]
    for given in (negated, Subset(negated, range(COUNT))):
        ((_, labels),) = DataLoader(given, COUNT, **THREE_WAYS[way])
        assert labels.tolist() == expected
        ((_, labels),) = TorchLoader(given, COUNT)
        assert labels.tolist() == expected


def test_classic_sets(tmp_path, backend):
    write_mnist(tmp_path, *random_pictures(6, 28, 28))
    mnist = MNIST(tmp_path, backend=backend)
    for loader in (DataLoader(Negated(mnist), 4), TorchLoader(Negated(mnist), 4)):
        assert next(iter(loader))[1].tolist() == [-label for _, label in (mnist[i] for i in range(4))]


def test_the_dataset_itself_reads_whole_batches(dataset, monkeypatch):
    monkeypatch.setattr(ListImages, "__getitem__", None)
    for loader in (DataLoader(dataset, COUNT), TorchLoader(dataset, COUNT), TorchLoader(Subset(dataset, [0]), COUNT)):
        assert next(iter(loader))[1].tolist()[0] == 0
    assert callable(getattr(dataset, "__getitems__", None)) and callable(FastTxtDataset.__getitems__)
