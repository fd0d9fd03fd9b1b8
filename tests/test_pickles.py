"""Datasets and loaders as pickle and torch.save write them, with every protocol that both know."""

from __future__ import annotations

import copy
import io
import pickle
import struct

import images
import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, RandomSampler, Subset
from versions import pickles_generators

import pixfeed
from pixfeed import DataLoader, FastTxtDataset
from pixfeed import transforms as T
from pixfeed.datasets import MNIST, ImageFolder

pytestmark = pytest.mark.slow_on_opencv

COUNT = 5


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">2xBB{values.ndim}I", 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos" / "a").mkdir(parents=True)
    for i in range(COUNT):
        (tmp_path / "photos" / "a" / f"{i}.jpg").write_bytes(images.jpeg(images.picture(20 + i, 30, seed=i)))
        (tmp_path / "photos" / "a" / f"{i}.png").write_bytes(images.png(images.picture(20 + i, 30, gray=True)))
    lines = [f"photos/a/{i}.jpg" for i in range(COUNT)]
    (tmp_path / "labels.txt").write_text("".join(f"{line} {i}\n" for i, line in enumerate(lines)))
    (tmp_path / "mask.txt").write_text("".join(f"{line} {line[:-3]}png\n" for line in lines))
    (tmp_path / "boxes.txt").write_text("".join(f"{line} 1 2 3 4 5\n" for line in lines))
    (tmp_path / "keypoints.txt").write_text("".join(f"{line} 1 2 1\n" for line in lines))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    (raw / "train-images-idx3-ubyte").write_bytes(idx(rng.integers(0, 256, (COUNT, 28, 28), np.uint8)))
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(COUNT, dtype=np.uint8)))
    return tmp_path


RANDOM = T.Compose([T.RandomResizedCrop((8, 9)), T.ColorJitter(0.5), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
MAKERS = {
    "labels": lambda folder, **options: FastTxtDataset(folder / "labels.txt", folder, 16, 12, **options),
    "half": lambda folder, **options: FastTxtDataset(
        folder / "labels.txt", folder, 16, 12, dtype=torch.float16, on_error="skip", max_errors=2, **options
    ),
    "transform": lambda folder, **options: FastTxtDataset(
        folder / "labels.txt", folder, transform=RANDOM, seed=3, **options
    ),
    "samples": lambda folder, **options: FastTxtDataset.from_samples(
        sorted((folder / "photos").rglob("*.jpg")), range(COUNT), 16, 12, **options
    ),
    "mask": lambda folder, **options: FastTxtDataset(folder / "mask.txt", folder, 16, 12, targets="mask", **options),
    "boxes": lambda folder, **options: FastTxtDataset(folder / "boxes.txt", folder, 16, 12, targets="boxes", **options),
    "keypoints": lambda folder, **options: FastTxtDataset(
        folder / "keypoints.txt", folder, 16, 12, targets="keypoints", **options
    ),
    "ImageFolder": lambda folder, **options: ImageFolder(
        folder / "photos", resize_height=16, resize_width=12, **options
    ),
    "MNIST": lambda folder, **options: MNIST(folder, **options),
    "MNIST, transform": lambda folder, **options: MNIST(
        folder, transform=T.Compose([T.RandomCrop(20), T.ToTensor()]), seed=4, **options
    ),
}
FORMATS = [torch.contiguous_format, torch.channels_last]
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


@pytest.fixture(params=MAKERS)
def make(request, folder, backend):
    return lambda **options: MAKERS[request.param](folder, backend=backend, **options)


def check_same(one, other) -> None:
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other) and one.stride() == other.stride() and one.dtype == other.dtype
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            check_same(one[name], other[name])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            check_same(mine, theirs)
    else:
        assert one == other


def by_pickle(value, protocol: int):
    return pickle.loads(pickle.dumps(value, protocol))


def by_torch(value, protocol: int):
    file = io.BytesIO()
    torch.save(value, file, pickle_protocol=protocol)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("write", [by_pickle, by_torch])
@pytest.mark.parametrize("memory_format", FORMATS, ids=str)
def test_datasets(make, write, memory_format):
    dataset = make(memory_format=memory_format)
    expected = dataset.__getitems__(range(COUNT))
    for protocol in PROTOCOLS:
        other = write(dataset, protocol)
        assert other.memory_format is memory_format and repr(other) == repr(dataset)
        assert str(other.transform) == str(dataset.transform) and other.seed == dataset.seed
        for one, theirs in zip(other.__getitems__(range(COUNT)), expected, strict=True):
            check_same(tuple(one), tuple(theirs))
        both = ConcatDataset([Subset(dataset, [1, 0]), dataset])
        check_same(tuple(write(both, protocol)[0]), tuple(dataset[1]))
        check_same(tuple(write(both.datasets[0], protocol)[1]), tuple(dataset[0]))


@pickles_generators
@pytest.mark.parametrize("write", [by_pickle, by_torch])
@pytest.mark.parametrize("way", [dict(), dict(num_workers=2), dict(num_workers=1, multiprocessing_context="fork")])
def test_loaders(folder, backend, write, way):
    dataset = MAKERS["labels"](folder, backend=backend, memory_format=torch.channels_last)
    for options in (dict(shuffle=True), dict(sampler=RandomSampler(dataset, generator=torch.Generator()))):
        for protocol in PROTOCOLS:
            loader = DataLoader(dataset, 2, generator=torch.Generator().manual_seed(5), **options, **way)
            other = write(loader, protocol)
            check_same(list(other), list(loader))
            after_an_epoch = write(loader, protocol)
            check_same(list(after_an_epoch), list(loader))


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("memory_format", FORMATS, ids=str)
def test_copies(make, how, memory_format):
    dataset = make(memory_format=memory_format)
    other = how(dataset)
    assert other.memory_format is memory_format
    check_same(tuple(other[1]), tuple(dataset[1]))


def test_samples_of_a_subclass(folder):
    class Named(FastTxtDataset):
        """Its own attributes travel along."""

        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.note = "mine"

    globals()["Named"] = Named
    Named.__qualname__ = "Named"
    dataset = Named(folder / "labels.txt", folder, 16, 12, memory_format=torch.channels_last)
    for protocol in PROTOCOLS:
        assert by_pickle(dataset, protocol).note == "mine"


def test_reading_options_and_lists(folder):
    for value in (pixfeed.Reading(channels="gray"), pixfeed.FileList(folder / "labels.txt")):
        for protocol in PROTOCOLS:
            assert type(by_pickle(value, protocol)) is type(value)
