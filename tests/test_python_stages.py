"""Python functions in the middle of a transform: what is native before and after them is one call per batch."""

from __future__ import annotations

import random

import images
import numpy as np
import pytest
import torch
from classic_sets import make_cifar

import pixfeed
from pixfeed import FastTxtDataset, RegionError
from pixfeed import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZES = [(40, 50), (48, 40), (40, 50), (50, 44)]


@pytest.fixture
def make(tmp_path, backend):
    pytest.importorskip("PIL.Image")
    for i, size in enumerate(SIZES):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(*size, seed=i)))
    (tmp_path / "a.txt").write_text("".join(f"{i}.png {i}\n" for i in range(4)))
    return lambda *steps, **options: FastTxtDataset(
        tmp_path / "a.txt", tmp_path, transform=T.Compose(steps), backend=backend, **{"seed": 5} | options
    )


class Calls:
    """Counts what the backend is asked to do with pictures that are decoded already."""

    def __init__(self, monkeypatch, dataset):
        self.pictures: list[int] = []
        backend = dataset._pipeline.backend
        resample = backend.resample

        def counted(pictures, *arguments):
            self.pictures.append(len(pictures))
            return resample(pictures, *arguments)

        monkeypatch.setattr(backend, "resample", counted)


def one_by_one(dataset, monkeypatch):
    """The images as they are with each native step after a function called by itself, sample by sample, with random
    numbers from torch's generator: how it was done before it was done for whole batches."""
    recipe, made = dataset._pipeline.recipe, []
    steps, recipe.python = recipe.python, []
    try:
        starts = [image for image, _ in dataset.__getitems__(range(4))]
    finally:
        recipe.python = steps
    with pixfeed.draws.generators_kept():
        for seed, image in zip(pixfeed.draws.seeds(dataset.seed, 0, range(4)), starts, strict=True):
            pixfeed.draws.seed_generators(seed)
            for step in steps:
                image = step(image)
            made.append(image)
    return made


def rotate(image):
    return image.rotate(float(torch.rand(())) * 90 + random.random() + np.random.rand())  # noqa: NPY002


RECIPES = {
    "picture": ([T.Resize((32, 32)), T.Lambda(rotate), T.RandomCrop(20), T.RandomHorizontalFlip(), T.ToTensor()], [4]),
    "normalized": (
        [T.Lambda(rotate), T.Resize((20, 30)), T.ColorJitter(0.5), T.Resize(9), T.ToTensor(), T.Normalize(MEAN, STD)],
        [4],
    ),
    "of several sizes": ([T.ColorJitter(0.5), T.Lambda(rotate), T.Resize(20), T.ToTensor(), T.RandomErasing(1.0)], [4]),
    "two functions": (
        [T.Lambda(rotate), T.RandomResizedCrop(20), T.ToNumpy(), T.Lambda(np.flipud), T.RandomCrop(9), T.PILToTensor()],
        [4, 4],
    ),
    "floats": (
        [T.Resize((9, 9)), T.ToTensor(), T.Lambda(torch.neg), T.RandomHorizontalFlip(), T.RandomErasing(1.0)],
        [],
    ),
    "floats at the end": (
        [
            T.Lambda(rotate),
            T.RandomCrop(20),
            T.ToTensor(),
            T.Lambda(lambda x: x * torch.rand(())),
            T.RandomErasing(1.0),
        ],
        [4],
    ),
    "flips of floats": (
        [T.Lambda(rotate), T.ToTensor(), T.RandomErasing(1.0), T.RandomHorizontalFlip(), T.RandomCrop(9)],
        [4],
    ),
    "gray": ([T.Lambda(lambda image: image.convert("L")), T.Resize((9, 9)), T.ToTensor()], [4]),
    "some are gray": (
        [T.Lambda(lambda image: image.convert("L") if image.width > 45 else image), T.Resize((9, 9)), T.ToTensor()],
        [2, 2],
    ),
}


@pytest.mark.parametrize("name", RECIPES)
def test_they_are_the_steps_one_by_one(make, monkeypatch, name):
    steps, calls_wanted = RECIPES[name]
    dataset = make(*steps)
    expected = one_by_one(dataset, monkeypatch)
    items = [dataset[i][0] for i in range(4)]
    calls = Calls(monkeypatch, dataset)
    batch = dataset.__getitems__(range(4))
    assert calls.pictures == calls_wanted
    for (image, _), item, one in zip(batch, items, expected, strict=True):
        assert image.dtype == one.dtype and torch.equal(image, one) and torch.equal(item, one)


def test_the_batch_is_not_copied(make):
    batch = make(T.Lambda(rotate), T.Resize((20, 20)), T.ToTensor()).__getitems__(range(4))
    assert isinstance(batch.images, torch.Tensor)
    assert pixfeed.default_collate(batch)[0] is batch.images


def test_generators_are_as_they_were(make):
    dataset = make(T.Lambda(rotate), T.RandomCrop(9), T.Lambda(rotate), T.RandomCrop(5), transform_input="pil")
    torch.manual_seed(3), np.random.seed(3), random.seed(3)  # noqa: NPY002
    expected = torch.rand(1).item(), np.random.rand(), random.random()  # noqa: NPY002
    torch.manual_seed(3), np.random.seed(3), random.seed(3)  # noqa: NPY002
    with pytest.raises(AttributeError):  # the second function gets a tensor
        dataset.__getitems__(range(4))
    assert expected == (torch.rand(1).item(), np.random.rand(), random.random())  # noqa: NPY002


def test_errors_name_the_image(make):
    small = make(T.Lambda(lambda image: image.crop((0, 0, 9, 9)) if image.height == 48 else image), T.RandomCrop(20))
    with pytest.raises(RegionError, match="larger than the picture of 9 x 9") as caught:
        small.__getitems__(range(4))
    assert any("1.png" in note for note in caught.value.__notes__)
    nothing = make(T.Lambda(lambda image: "nothing" if image.height == 50 else image), T.RandomCrop(20))
    with pytest.raises(TypeError, match="a picture must be") as caught:
        nothing.__getitems__(range(4))
    assert any("3.png" in note for note in caught.value.__notes__)


def test_it_is_shown(make):
    shown = str(make(T.Resize(9), T.Lambda(rotate), T.RandomCrop(5), T.ToTensor(), T.Lambda(torch.neg)))
    assert shown.splitlines()[-3:] == [
        "  in Python, per sample: ToPILImage(), Lambda(rotate)",
        "  natively after that: RandomCrop((5, 5)), ToTensor()",
        "  in Python, per sample: Lambda(neg)",
    ]


def test_pictures_in_memory(tmp_path, backend, monkeypatch):
    make_cifar(tmp_path)
    steps = [
        T.RandomCrop(32, padding=4, padding_mode="reflect"),
        T.Lambda(rotate),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
    ]
    dataset = pixfeed.datasets.CIFAR10(tmp_path, transform=T.Compose(steps), backend=backend, seed=1)
    items = [dataset[i][0] for i in range(5)]
    calls: list[int] = []
    loaded = pixfeed.backends.load(backend)
    resample = loaded.resample
    monkeypatch.setattr(loaded, "resample", lambda pictures, *a: calls.append(len(pictures)) or resample(pictures, *a))
    batch = dataset.__getitems__(range(5))
    assert calls == [5, 5]
    assert all(torch.equal(image, item) for (image, _), item in zip(batch, items, strict=True))
