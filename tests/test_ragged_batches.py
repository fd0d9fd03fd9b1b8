"""Batches of images of different sizes: read in one call, and padded without a copy."""

from __future__ import annotations

import images
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import pixfeed
from pixfeed import FastTxtDataset, ImageError
from pixfeed import transforms as T
from pixfeed.memory.blocks import in_blocks

SIZES = [(40, 50), (48, 40), (40, 50), (50, 44)]


@pytest.fixture
def make(tmp_path, backend):
    def dataset(*transform, sizes=SIZES, labels=None, missing=(), **options):
        for i, size in enumerate(sizes):
            if i not in missing:
                (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(*size, seed=i)))
        lines = labels or [str(i) for i in range(len(sizes))]
        (tmp_path / "a.txt").write_text("".join(f"{i}.png {line}\n" for i, line in enumerate(lines)))
        if transform:
            options["transform"] = T.Compose(transform)
        else:
            options = {"resize_height": None, "resize_width": None} | options
        return FastTxtDataset(tmp_path / "a.txt", tmp_path, backend=backend, seed=1, **options)

    return dataset


class Calls:
    """Counts the calls that decode."""

    def __init__(self, monkeypatch, dataset):
        backend, self.n = dataset._pipeline.backend, 0
        opened = backend.open

        def open_and_count(*arguments, **options):
            result = opened(*arguments, **options)
            decode_into = result.decode_into

            def counted(*arguments, **options):
                self.n += 1
                return decode_into(*arguments, **options)

            monkeypatch.setattr(result, "decode_into", counted)
            return result

        monkeypatch.setattr(backend, "open", open_and_count)


RECIPES = {
    "whole": ((), {}),
    "one side": ((), {"resize_height": 20}),
    "other side": ((), {"resize_width": 20, "antialias": True}),
    "gray": ((), {"channels": "gray", "memory_format": torch.channels_last}),
    "uint8": ((), {"dtype": torch.uint8}),
    "half": ((), {"dtype": torch.bfloat16}),
    "ToTensor": ((T.ToTensor(),), {}),
    "passes": ((T.ColorJitter(0.5, 0.5), T.Resize(20), T.ToTensor(), T.Normalize(0.5, 0.5)), {}),
    "erasing": ((T.Resize(20), T.ToTensor(), T.RandomErasing(1.0)), {}),
    "16 bits at the end": ((T.Resize(20), T.ToTensor(), T.RandomErasing(1.0)), {"dtype": torch.float16}),
    "in Python": ((T.Resize(20), T.ToTensor(), T.Lambda(torch.neg)), {}),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("value", [0, 0.5])
def test_batches_are_the_items_padded(make, monkeypatch, name, value):
    transform, options = RECIPES[name]
    dataset = make(*transform, **options)
    items = [dataset[i][0] for i in range(4)]
    calls = Calls(monkeypatch, dataset)
    batch = dataset.__getitems__(range(4))
    assert calls.n == 1
    assert all(torch.equal(image, item) for (image, _), item in zip(batch, items, strict=True))
    padded, labels = pixfeed.pad_collate(batch, value)
    assert torch.equal(padded, pixfeed.pad_collate([(item, 0) for item in items], value)[0])
    assert labels.tolist() == [[0], [1], [2], [3]]
    if name not in ("16 bits at the end", "in Python"):
        assert padded.data_ptr() == batch[0][0].data_ptr()  # no copy


def test_images_of_one_size_are_one_tensor(make):
    batch = make(T.ToTensor(), sizes=[(9, 8)] * 3).__getitems__(range(3))
    assert isinstance(batch.images, torch.Tensor) and batch.images.shape == (3, 3, 9, 8)
    images_of, labels = torch.utils.data.default_collate(batch)
    assert images_of is batch.images and labels.shape == (3, 1)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("loader", [DataLoader, pixfeed.DataLoader])
def test_in_loaders(make, loader, workers):
    dataset = make(resize_height=30)
    items = [dataset[i] for i in range(4)]
    for _ in range(2):
        batches = list(loader(dataset, 2, num_workers=workers, collate_fn=pixfeed.pad_collate))
        for at, (padded, labels) in zip((0, 2), batches, strict=True):
            assert torch.equal(padded, pixfeed.pad_collate(items[at : at + 2])[0])
            assert labels.tolist() == [[at], [at + 1]]


def test_a_part_of_a_batch_is_padded_for_itself(make):
    batch = make().__getitems__(range(4))
    assert pixfeed.pad_collate(batch[1:3])[0].shape == (2, 3, 48, 50)


@pytest.mark.parametrize("size", [(20, 20), (90, 70)])
def test_skipped_images(make, size):
    """What takes the place of a missing image may be larger than all others, or smaller."""
    dataset = make(sizes=[*SIZES[:3], (1, 1), size], missing=[3], on_error="skip")
    items = [dataset[i] for i in range(5)]
    batch = dataset.__getitems__(range(4))
    assert all(torch.equal(image, item) for (image, _), (item, _) in zip(batch, items, strict=False))
    padded, labels = pixfeed.pad_collate(batch)
    assert torch.equal(padded, pixfeed.pad_collate(items[:4])[0]) and labels.tolist() == [[0], [1], [2], [4]]
    assert len(dataset.report()) == 1


def test_missing_images(make):
    dataset = make(missing=[2])
    with pytest.raises(ImageError, match=r"2\.png.*line 3"):
        dataset.__getitems__(range(4))


def test_no_memory_for_what_a_broken_file_claims_to_be(make, tmp_path, monkeypatch):
    """Its header says 30,000 x 30,000 pixels."""
    dataset = make(on_error="skip", max_pixels=10_000)
    data = bytearray(images.png(images.picture(9, 9)))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    (tmp_path / "1.png").write_bytes(data)
    shapes = []
    empty = pixfeed.memory.empty
    monkeypatch.setattr(pixfeed.memory, "empty", lambda shape, *a, **k: shapes.append(shape) or empty(shape, *a, **k))
    batch = dataset.__getitems__(range(4))
    assert [image.shape for image, _ in batch][1:] == [(3, 40, 50), (3, 40, 50), (3, 50, 44)]
    assert max(np.prod(shape) for shape in shapes) <= 4 * 3 * 50 * 50


def test_one_long_image_does_not_make_the_others_large(make, monkeypatch):
    dataset = make(sizes=[(10, 900), (30, 30), (31, 30), (300, 10), (28, 31)])
    items = [dataset[i] for i in range(5)]
    shapes = []
    empty = pixfeed.memory.empty
    monkeypatch.setattr(pixfeed.memory, "empty", lambda shape, *a, **k: shapes.append(shape) or empty(shape, *a, **k))
    batch = dataset.__getitems__(range(5))
    assert sum(np.prod(shape) for shape in shapes) <= 2 * sum(item.numel() for item, _ in items)
    assert all(torch.equal(image, item) for (image, _), (item, _) in zip(batch, items, strict=True))
    assert torch.equal(pixfeed.pad_collate(batch)[0], pixfeed.pad_collate(items)[0])


def test_blocks():
    sides = np.array([10, 10, 12])
    assert in_blocks(sides, sides) == [[0, 1, 2]]
    assert in_blocks(np.array([1, 100, 1]), np.array([100, 1, 90])) == [[0, 2], [1]]
    random = np.random.default_rng(0)
    height, width = random.integers(1, 1000, (2, 50))
    blocks = in_blocks(height, width)
    assert sorted(place for block in blocks for place in block) == list(range(50))
    for block in blocks:
        assert len(block) * height[block].max() * width[block].max() <= 2 * (height[block] * width[block]).sum()


@pytest.mark.parametrize("kind", ["mask", "boxes"])
def test_targets(make, tmp_path, kind):
    pytest.importorskip("PIL.Image")
    for i, size in enumerate(SIZES):
        (tmp_path / f"m{i}.png").write_bytes(images.pillow(images.picture(*size, seed=i)[..., 0], "PNG"))
    labels = [f"m{i}.png" if kind == "mask" else f"{i} 3 4 10 12" for i in range(4)]
    dataset = make(T.ColorJitter(0.5), T.Resize(20), T.RandomHorizontalFlip(), labels=labels, targets=kind)
    items = [dataset[i] for i in range(4)]
    batch = dataset.__getitems__(range(4))
    for (image, target), (item, expected) in zip(batch, items, strict=True):
        assert torch.equal(image, item)
        pairs = [(target, expected)] if kind == "mask" else [(target[name], expected[name]) for name in expected]
        assert all(torch.equal(*pair) for pair in pairs)
    padded, targets = pixfeed.pad_collate(batch)
    expected, expected_targets = pixfeed.pad_collate(items)
    assert torch.equal(padded, expected)
    if kind == "mask":
        assert torch.equal(targets, expected_targets) and (targets[0, :, -1] == 255).any()
    else:
        assert all(torch.equal(targets[name], expected_targets[name]) for name in targets)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_loader_that_pads_has_one_block(make, monkeypatch, workers, kind):
    """Also where most of it is padding: pad_collate would need as much memory."""
    dataset = make(sizes=[(10, 900), (30, 30), (31, 30), (300, 10), (28, 31)])
    items = [dataset[i] for i in range(5)]
    calls = None if workers and kind == "process" else Calls(monkeypatch, dataset)  # None: in another process
    workers_are = {"workers": kind} if workers else {}
    loader = pixfeed.DataLoader(dataset, 5, num_workers=workers, collate_fn=pixfeed.pad_collate, **workers_are)
    ((padded, _),) = loader
    assert torch.equal(padded, pixfeed.pad_collate(items)[0])
    assert calls is None or calls.n == 1
    assert not pixfeed.context.pads()


def test_how_much_is_padded_from_the_start():
    height, width = np.array([1, 100, 1]), np.array([100, 1, 90])
    assert in_blocks(height, width, 3 * 100 * 100) == [[0, 1, 2]]
    assert in_blocks(height, width, 3 * 100 * 100 - 1) == [[0, 2], [1]]
