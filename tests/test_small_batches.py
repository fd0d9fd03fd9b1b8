"""Small batches are read several at a time, and nobody notices it but by the time it takes."""

from __future__ import annotations

import pytest
import torch
from loaders import COUNT, write_pictures

from pixfeed import DataLoader, FastTxtDataset, ImageError
from pixfeed.loading import threads_iter

pytestmark = pytest.mark.slow_on_opencv


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path, COUNT)


@pytest.fixture
def dataset(folder, backend) -> FastTxtDataset:
    return FastTxtDataset(folder / "train.txt", folder, 32, 24, backend=backend)


@pytest.mark.parametrize("size", [1, 4])
def test_small_batches_are_read_together(dataset, monkeypatch, size):
    """Their epoch is the same, each has its own error, and what was read is divided among them."""
    expected = [dataset[i][0] for i in range(len(dataset))]
    calls = []
    read = type(dataset).__getitems__
    monkeypatch.setattr(
        type(dataset), "__getitems__", lambda self, indices: calls.append(len(indices)) or read(self, indices)
    )
    loader = DataLoader(dataset, size, num_workers=2)
    images = [images for images, _ in loader]
    assert [len(batch) for batch in images[:-1]] == [size] * (len(images) - 1)
    assert torch.equal(torch.cat(images), torch.stack(expected))
    assert calls[0] == size and max(calls) > 2 * size and sum(calls) == len(dataset)
    assert loader.stats().costs.images == len(dataset)


def test_an_error_is_that_of_its_own_small_batch(folder, backend):
    (folder / "bad.jpg").write_bytes(b"nothing")
    names = [f"{i}.jpg" for i in range(9)]
    dataset = FastTxtDataset.from_samples(
        [*names[:6], "bad.jpg", *names[6:]], range(10), 16, 16, image_dir=folder, backend=backend
    )
    batches = iter(DataLoader(dataset, 1, num_workers=2))
    seen = [next(batches)[1].item() for _ in range(6)]
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        next(batches)
    assert [*seen, *(labels.item() for _, labels in batches)] == [0, 1, 2, 3, 4, 5, 7, 8, 9]


def test_small_batches_are_tensors_of_their_own(dataset):
    """Autograd, torch.save and changes in place see one batch, not its group."""
    batches = iter(DataLoader(dataset, 2, num_workers=1))
    next(batches)  # alone
    first, second = next(batches)[0], next(batches)[0]
    assert first._version == second._version == 0
    second.sub_(1)
    assert first._version == 0 and second._version == 1
    assert first.untyped_storage().nbytes() == first.nbytes


def test_failures_of_small_batches_are_counted_once(folder, backend):
    for i in (5, 9, 20):
        (folder / f"{i}.jpg").write_bytes(b"")
    dataset = FastTxtDataset(folder / "train.txt", folder, 8, 8, on_error="skip", max_errors=2, backend=backend)
    batches = iter(DataLoader(dataset, 1, num_workers=2))
    assert len([next(batches) for _ in range(20)]) == 20
    with pytest.raises(ImageError, match="max_errors=2"):
        next(batches)
    assert [(failure.line, failure.count) for failure in dataset.report()] == [(6, 1), (10, 1), (21, 1)]


def test_large_images_are_not_read_ahead(folder, backend, monkeypatch):
    """A call that takes long enough needs no company, and an image of its own size has its own call."""
    calls = []
    read = FastTxtDataset.__getitems__
    monkeypatch.setattr(FastTxtDataset, "__getitems__", lambda self, rows: calls.append(len(rows)) or read(self, rows))
    monkeypatch.setattr(threads_iter, "ENOUGH", 1)
    list(DataLoader(FastTxtDataset(folder / "train.txt", folder, 8, 8, backend=backend), 1, num_workers=2))
    assert calls[-3:] == [1, 1, 1]
    calls.clear()
    list(DataLoader(FastTxtDataset(folder / "train.txt", folder, None, None, backend=backend), 1, num_workers=2))
    assert set(calls) == {1}
