"""A collate_fn of the user's own runs beside the threads, in one of them if it draws no random numbers."""

from __future__ import annotations

import functools
import pickle
import random
import threading

import numpy as np
import pytest
import torch
from loaders import WAYS, write_pictures
from torch.utils.data import DataLoader as TorchLoader

from pixfeed import DataLoader, FastTxtDataset, pad_collate
from pixfeed.collate.batch import Batch
from pixfeed.loading.threads_iter import ThreadsIter

COUNT = 24


@pytest.fixture
def dataset(tmp_path, backend) -> FastTxtDataset:
    write_pictures(tmp_path, COUNT)
    return FastTxtDataset(tmp_path / "train.txt", tmp_path, 16, 12, backend=backend)


def columns(samples):
    return tuple(zip(*samples, strict=True))


def stacked(samples):
    return torch.stack([sample[0] for sample in samples]), [label.item() for _, label in samples]


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("way", WAYS)
def test_what_torch_gives(dataset, way, batch_size):
    ours, torchs = (
        [*kind(dataset, batch_size, shuffle=True, generator=torch.Generator().manual_seed(1), **options)]
        for kind, options in (
            (DataLoader, dict(collate_fn=stacked, **WAYS[way])),
            (TorchLoader, dict(collate_fn=stacked)),
        )
    )
    assert len(ours) == len(torchs)
    for (images, labels), (others, numbers) in zip(ours, torchs, strict=True):
        assert torch.equal(images, others) and labels == numbers


def test_it_gets_the_batch(dataset):
    seen = []
    loader = DataLoader(dataset, 4, num_workers=1, collate_fn=lambda samples: seen.append(samples) or len(samples))
    assert list(loader) == [4] * 6 and {type(samples) for samples in seen} == {Batch}
    assert seen[0][1][1].tolist() == [1] and isinstance(seen[0][0], tuple)


def test_the_loader_stays_as_it_is(dataset):
    loader = DataLoader(dataset, 2, num_workers=2, workers="thread", collate_fn=stacked)
    assert isinstance(iter(loader), ThreadsIter) and loader.collate_fn is stacked
    assert pickle.loads(pickle.dumps(DataLoader(dataset, 2, num_workers=2, collate_fn=stacked))).collate_fn is stacked


@pytest.mark.parametrize(
    "draw",
    [lambda: torch.rand(1).item(), lambda: np.random.rand(), random.random],  # noqa: NPY002
    ids=["torch", "numpy", "python"],
)
def test_it_runs_in_the_loops_thread(dataset, draw):
    """What it draws, also late, and what it counts are those of num_workers=0."""
    where = []

    def collate(samples):
        where.append(threading.current_thread())
        return len(samples), draw() if len(where) > 2 else len(where)

    def drawn(**options):
        where.clear()
        torch.manual_seed(3), np.random.seed(3), random.seed(3)  # noqa: NPY002
        loader = DataLoader(dataset, 2, collate_fn=collate, **options)
        return [number for _, number in loader], loader

    expected, _ = drawn()
    found, loader = drawn(num_workers=2, workers="thread")
    assert found == expected and set(where) == {threading.main_thread()}
    assert loader.stats().collates_in_loop and "runs in the loop's thread" in str(loader.stats())


def test_its_error_is_that_of_its_batch(dataset):
    """Wherever it runs; the next batch comes all the same."""

    def collate(samples):
        if samples[0][1] in (0, 16):
            raise KeyError("mine")
        return samples[0][1].item()

    batches = iter(DataLoader(dataset, 2, num_workers=2, collate_fn=collate))
    seen = []
    while True:
        try:
            seen.append(next(batches))
        except KeyError:
            seen.append("mine")
        except StopIteration:
            break
    assert seen == ["mine", 2, 4, 6, 8, 10, 12, 14, "mine", 18, 20, 22]


def test_single_samples(dataset):
    loader = DataLoader(dataset, None, num_workers=2, collate_fn=lambda sample: sample[1].item())
    assert [*loader] == [*range(COUNT)]


def test_images_alone_and_dicts(dataset, backend):
    options = dict(filename=dataset.files.filename, image_dir=dataset.image_dir, backend=backend)
    alone = FastTxtDataset(**options, resize_height=16, resize_width=12, labels=False)
    for batch_size in (2, 20):
        batch = next(iter(DataLoader(alone, batch_size, num_workers=1, collate_fn=torch.stack)))
        assert batch.shape == (batch_size, 3, 16, 12)
    dicts = FastTxtDataset(**options, resize_height=None, resize_width=None, keys=("image", "label"))
    loader = DataLoader(dicts, 3, num_workers=1, collate_fn=lambda samples: [sample["label"] for sample in samples])
    assert [label.item() for label in next(iter(loader))] == [0, 1, 2]


def test_functions_that_only_set_an_argument(dataset, backend):
    own = FastTxtDataset(dataset.files.filename, dataset.image_dir, None, None, backend=backend)
    loader = DataLoader(own, 2, num_workers=2, collate_fn=functools.partial(pad_collate, value=1))
    assert next(iter(loader))[0][0, :, 40:].min() == 1


def test_in_the_middle_of_an_epoch(dataset):
    loader = DataLoader(dataset, 2, num_workers=2, collate_fn=stacked)
    batches = iter(loader)
    next(batches), next(batches)
    other = DataLoader(dataset, 2, num_workers=2, collate_fn=stacked)
    other.load_state_dict(loader.state_dict())
    assert next(iter(other))[1] == [4, 5]
