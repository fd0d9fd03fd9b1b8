"""`dataset.transform = t` after construction: in every dataset, behind Subset, and what is refused."""

from __future__ import annotations

import pickle
import threading

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, random_split
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.datasets import ImageFolder
from pixfeed.datasets.in_memory import InMemory

SMALL = T.Compose([T.Resize((8, 9)), T.ToTensor()])


@pytest.fixture
def folder(tmp_path):
    for i in range(6):
        (tmp_path / f"{'ab'[i % 2]}").mkdir(exist_ok=True)
        (tmp_path / "ab"[i % 2] / f"{i}.png").write_bytes(images.png(images.picture(20 + i, 30, seed=i)))
    (tmp_path / "train.txt").write_text("".join(f"{'ab'[i % 2]}/{i}.png {i}\n" for i in range(6)))
    return tmp_path


class Numbers(InMemory):
    num_channels = 1
    classes = ("one",)

    def _pictures(self) -> np.ndarray:
        return self.data[:, None]

    def _picture(self, i: int) -> np.ndarray:
        return self.data[i]


MAKERS = {
    "list": lambda folder, **options: FastTxtDataset(folder / "train.txt", folder, **options),
    "folder": lambda folder, **options: ImageFolder(folder, **options),
    "memory": lambda folder, **options: Numbers(
        np.arange(6 * 20 * 30, dtype=np.uint8).reshape(6, 20, 30), [0] * 6, **options
    ),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_new_transform_is_that_of_the_next_batch(folder, backend, kind):
    dataset = MAKERS[kind](folder, backend=backend)
    expected = MAKERS[kind](folder, backend=backend, transform=SMALL)
    part, _ = random_split(dataset, [4, 2], torch.Generator().manual_seed(1))
    assert dataset[0][0].shape[1:] != (8, 9)
    part.dataset.transform = SMALL
    assert dataset.transform is SMALL and "Resize((8, 9))" in repr(dataset)
    for loader in (DataLoader(part, 2), DataLoader(part, 2, num_workers=2), TorchLoader(part, 2)):
        got = torch.cat([batch for batch, _ in loader])
        assert torch.equal(got, torch.stack([expected[i][0] for i in part.indices]))
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[1][0], expected[1][0])
    dataset.transform = None
    assert torch.equal(dataset[3][0], MAKERS[kind](folder, backend=backend)[3][0])


@pytest.mark.parametrize("kind", MAKERS)
def test_a_transform_that_cannot_be_is_refused_and_changes_nothing(folder, backend, kind):
    dataset = MAKERS[kind](folder, backend=backend, transform=SMALL)
    before = dataset[2][0]
    with pytest.raises(ValueError, match="needs floats"):
        dataset.transform = T.Normalize(0.5, 0.5)
    assert dataset.transform is SMALL and torch.equal(dataset[2][0], before)


def test_what_contradicts_other_arguments_is_refused(folder, backend):
    (folder / "boxes.txt").write_text("a/0.png 1 2 3 10 10\n")
    for options, transform, words in (
        (dict(on_error="zeros"), T.Compose([T.Resize(8), T.ToTensor()]), "how large would the zeros be"),
        (dict(on_error="zeros"), T.Compose([T.Resize((8, 8)), torch.neg]), "no Python function"),
        (dict(interpolation="area"), SMALL, "Resize says how"),
    ):
        dataset = FastTxtDataset(folder / "train.txt", folder, backend=backend, **options)
        with pytest.raises(ValueError, match=words):
            dataset.transform = transform
        assert dataset.transform is None and dataset[0][0].shape[1:] in ((8, 8), (256, 256))
    boxes = FastTxtDataset(folder / "boxes.txt", folder, targets="boxes", backend=backend)
    with pytest.raises(ValueError, match="runs in Python"):
        boxes.transform = torch.neg


def test_of_several_datasets_each_has_its_own(folder, backend):
    one, two = (FastTxtDataset(folder / "train.txt", folder, 8, 9, backend=backend) for _ in range(2))
    plain = FastTxtDataset(folder / "train.txt", folder, backend=backend)
    plain.transform = T.Compose([T.Resize((8, 9)), T.RandomHorizontalFlip(1.0), T.ToTensor()])
    both = ConcatDataset([one, plain, two])
    batch, labels = next(iter(DataLoader(both, 18, num_workers=1)))
    for i, image in enumerate(batch):
        assert torch.equal(image, both[i][0])
    assert labels[:, 0].tolist() == [*range(6)] * 3


def test_datasets_with_the_same_transform_are_read_in_one_call(folder, backend, monkeypatch):
    from pixfeed.reading.pipeline import Pipeline

    crop = T.Compose([T.RandomCrop(8), T.ToTensor()])
    datasets = [FastTxtDataset(folder / "train.txt", folder, transform=crop, seed=s, backend=backend) for s in (1, 2)]
    both, read, calls = ConcatDataset(datasets), Pipeline.read, []
    monkeypatch.setattr(Pipeline, "read", lambda self, *a, **k: calls.append(1) or read(self, *a, **k))
    batch, _ = next(iter(DataLoader(both, 12)))
    assert calls == [1]
    assert torch.equal(batch, torch.stack([datasets[i // 6][i % 6][0] for i in range(12)]))


def test_a_transform_may_change_while_others_read(folder, backend):
    """Each sample is that of one of the two."""
    dataset = FastTxtDataset(folder / "train.txt", folder, backend=backend)
    other = T.Compose([T.RandomCrop(8), T.ToTensor()])
    shapes, errors, stop = set(), [], threading.Event()

    def read():
        try:
            while not stop.is_set():
                shapes.add(tuple(dataset[1][0].shape))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        for transform in (other, None, SMALL):
            dataset.transform = transform
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors and shapes <= {(3, 8, 8), (3, 8, 9), (3, 256, 256)}
