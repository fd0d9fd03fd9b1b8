"""A dataset with transforms: sizes, dtypes, regions, Python functions, errors and seeds."""

from __future__ import annotations

import functools

import images
import numpy as np
import pytest
import torch
from PIL import Image
from pillow_transforms import MEAN, STD, WRITE, items, make_dataset, one_by_one, pixels

import pixfeed
from pixfeed import ImageError, RegionError, draws
from pixfeed import transforms as T


@pytest.fixture
def make(tmp_path, backend):
    return functools.partial(make_dataset, tmp_path, backend)


def test_sizes_that_depend_on_the_picture(make):
    dataset = make([images.picture(30, 40), images.picture(60, 33)], [T.Resize(20), T.ToTensor()])
    assert dataset.resize_height is None
    assert [tuple(image.shape) for image in items(dataset)] == [(3, 20, 26), (3, 36, 20)]
    limited = make([images.picture(30, 90)], [T.Resize(20, max_size=40)])
    assert items(limited)[0].shape == (3, 13, 40)
    assert items(make([images.picture(30, 90)], [T.Resize(None, max_size=45)]))[0].shape == (3, 15, 45)


def test_dtypes(make):
    picture = [images.picture(9, 9)]
    raw = torch.from_numpy(picture[0]).permute(2, 0, 1)
    unit = raw.float().div(255)
    for steps, options, expected in [
        ([T.Pad(0)], {}, unit),
        ([T.Pad(0)], dict(dtype=torch.uint8), raw),
        ([T.ToDtype(torch.uint8)], {}, raw),
        ([T.ToDtype(torch.float32, scale=True)], {}, unit),
        ([T.ToDtype(torch.float32)], {}, raw.float()),
        ([T.ToTensor(), T.RandomHorizontalFlip(1.0)], {}, unit.flip(2)),
        ([T.PILToTensor()], {}, raw),
        ([lambda image: image], dict(transform_input="tensor"), raw),
        ([T.RandomErasing(0), T.ToDtype(torch.float32, scale=True), T.Normalize([0.5], [0.5])], {}, (unit - 0.5) / 0.5),
        ([T.ToTensor(), T.Normalize([0.5], [0.5]), T.Normalize([0.5], [0.5])], {}, ((unit - 0.5) / 0.5 - 0.5) / 0.5),
    ]:
        (got,) = items(make(picture, steps, **options))
        assert got.dtype == expected.dtype and torch.equal(got, expected), steps


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_floats(make, dtype, memory_format):
    """dtype= is honoured whatever stands in the transform: float32, rounded at the end; ToDtype says it as well."""
    pictures, how = [images.picture(30, 40, seed=i) for i in range(3)], dict(seed=2, memory_format=memory_format)
    crop, erase, half = T.RandomResizedCrop(16), T.RandomErasing(1.0, value="random"), T.ToDtype(dtype, scale=True)
    for steps in (
        [crop],
        [crop, *WRITE],
        [crop, *WRITE, erase],
        [crop, T.ToTensor(), erase, WRITE[1]],
        [crop, *WRITE, WRITE[1]],
        [crop, erase, *WRITE],
        [crop, T.ToDtype(torch.float32)],
        [crop, *WRITE, erase, lambda image: image],
    ):
        dataset, floats = make(pictures, steps, dtype=dtype, **how), make(pictures, steps, **how)
        assert dataset.dtype == dtype and floats.dtype == torch.float32
        for got, expected in zip(items(dataset), items(floats), strict=True):
            assert got.dtype == dtype and torch.equal(got, expected.to(dtype)), steps
        batch = next(iter(pixfeed.DataLoader(dataset, 3)))[0]
        assert dataset.python_step or batch.is_contiguous(memory_format=memory_format)
    floats = [image.to(dtype) for image in items(make(pictures, [crop, *WRITE], **how))]
    for steps, more in (
        ([crop, half, WRITE[1]], {}),
        ([crop, half, WRITE[1]], dict(dtype=dtype)),
        ([crop, *WRITE, half], {}),
    ):
        dataset = make(pictures, steps, **how, **more)
        assert dataset.dtype == dtype and all(map(torch.equal, items(dataset), floats)), steps
    assert T.Compose([half])(pictures[0]).dtype == dtype
    unit = torch.tensor([[[0.0, 1.0]]], dtype=dtype)
    assert T.ToDtype(torch.uint8, scale=True)(unit).tolist() == [[[0, 255]]]


def test_regions_are_pictures(make):
    """rois and transforms: the region is what is transformed."""
    picture = images.picture(60, 80)
    steps = [T.Resize(20), T.CenterCrop(16)]
    (got,) = items(make([picture], steps, dtype=torch.uint8, rois=[[10, 5, 50, 33]]))
    assert torch.equal(got, pixels(one_by_one(Image.fromarray(picture[5:38, 10:60]), steps, np.zeros(0))))


def test_reduced_and_scaled(make):
    data = [images.jpeg(images.picture(400, 600))]
    half = Image.fromarray(pixfeed.imread(data[0], reduced=2))
    steps = [T.RandomResizedCrop(24), T.RandomHorizontalFlip()]
    (got,) = items(make(data, steps, dtype=torch.uint8, reduced=2, seed=1))
    assert torch.equal(got, pixels(one_by_one(half, steps, draws.uniform(1, 0, [0], 23)[0])))
    exact, scaled = (items(make(data, steps, dtype=torch.uint8, decode=how, seed=1))[0] for how in ("exact", "scaled"))
    difference = (exact.int() - scaled.int()).abs().float()
    assert 0 < difference.mean() < 3
    cropped = [T.RandomCrop(24)]  # not resized: nothing can be decoded smaller
    assert torch.equal(*(items(make(data, cropped, decode=how, seed=1))[0] for how in ("exact", "scaled")))


def test_opencvs_resize_without_antialiasing(make):
    picture = images.picture(60, 80)
    (got,) = items(make([picture], [T.Resize((20, 30), antialias=False)], dtype=torch.uint8))
    assert torch.equal(got, torch.from_numpy(pixfeed.resize(picture, (20, 30))).permute(2, 0, 1))


def test_python_callables(make):
    """They get PIL images, or tensors after ToTensor, one sample at a time; what stands behind them runs in Python,
    too."""
    seen = []

    def note(image):
        seen.append((image.dtype, tuple(image.shape)) if isinstance(image, torch.Tensor) else (image.mode, image.size))
        return image

    picture = images.picture(30, 40)
    dataset = make([picture], [T.Resize((20, 20)), note, T.CenterCrop(10), T.ToTensor(), note])
    (got,) = items(dataset)
    assert seen[:2] == [("RGB", (20, 20)), (torch.float32, (3, 10, 10))]
    assert torch.equal(got, items(make([picture], [T.Resize((20, 20)), T.CenterCrop(10), T.ToTensor()]))[0])
    assert "in Python, per sample: " in str(dataset) and "note" in str(dataset)
    number = make([picture], lambda image: int(image.sum()), transform_input="numpy")
    assert number[0][0] == int(picture.sum())


def test_dataset_arguments_that_contradict_the_transform(make):
    picture, steps = [images.picture(9, 9)], [T.Resize(4), T.ToTensor()]
    for options, words in [
        (dict(resize_boxes=[[0, 0, 1, 1]]), "Resize says how"),
        (dict(antialias=True), "Resize says how"),
        (dict(dtype=torch.uint8), "contradicts"),
        (dict(on_error="zeros"), "how large"),
    ]:
        with pytest.raises(ValueError, match=words):
            make(picture, steps, **options)
    for dtype, made in [
        (torch.uint8, [*steps, T.RandomErasing(), T.Normalize(MEAN, STD)]),
        (torch.float16, [T.ToDtype(torch.uint8)]),
        (torch.float16, [T.RandomErasing()]),
        (torch.float16, [lambda image: image]),
        (torch.float16, [T.ToDtype(torch.bfloat16, scale=True)]),
    ]:
        with pytest.raises(ValueError, match=f"dtype={dtype} contradicts"):
            make(picture, made, dtype=dtype)
    with pytest.raises(ValueError, match="Python function"):
        make(picture, [T.CenterCrop(4), lambda image: image], on_error="zeros")


def test_a_picture_that_is_too_small(make):
    pictures = [images.picture(30, 30), images.picture(9, 40), images.picture(31, 30)]
    dataset = make(pictures, [T.RandomCrop(20)])
    with pytest.raises(RegionError, match=r"1\.png .*line 2.*RandomCrop\(\(20, 20\)\) is larger than .* 40 x 9"):
        dataset[1]
    with pytest.raises(RegionError, match=r"1\.png"):
        dataset.__getitems__([0, 1, 2])
    skipped = make(pictures, [T.RandomCrop(20)], on_error="skip")
    assert [label.item() for _, label in skipped.__getitems__([0, 1, 2])] == [0, 2, 2]
    assert len(skipped.report()) == 1


def test_bad_images(make):
    """Errors, and replacements with the random numbers of the sample that they stand for."""
    steps = [T.RandomResizedCrop(16), T.RandomHorizontalFlip(), *WRITE, T.RandomErasing(1.0)]
    good = [images.picture(30, 40, seed=i) for i in range(3)]
    broken = [images.png(good[0])[:60], *good[1:]]
    with pytest.raises(ImageError, match=r"0\.png"):
        make(broken, steps).__getitems__([1, 0])
    skipping = make(broken, steps, on_error="skip", seed=4)
    got = items(skipping)
    expected = items(make([good[1], *good[1:]], steps, seed=4))
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    zeros = items(make(broken, steps, on_error="zeros", seed=4))
    assert not zeros[0].any() and torch.equal(zeros[1], expected[1])
    assert not items(make(broken, steps, on_error="zeros", seed=4, dtype=torch.float16))[0].any()


# -- seeds and epochs --------------------------------------------------------------------------------------------------


def test_seed_epoch_and_index(make):
    steps = [T.RandomResizedCrop(16), T.ToTensor()]
    picture = [images.picture(60, 80)] * 3

    def all_of(**options):
        return torch.stack(items(make(picture, steps, repeat=2, **options)))

    first = all_of(seed=1)
    assert torch.equal(first, all_of(seed=1)) and not torch.equal(first, all_of(seed=2))
    assert len({image.sum().item() for image in first}) == 6  # repeated pictures are not cropped alike
    torch.manual_seed(3)
    first_made = make(picture, steps, repeat=2)
    drawn = torch.stack(items(first_made))
    assert not torch.equal(drawn, all_of())  # while the first one lives
    del first_made
    torch.manual_seed(3)
    assert torch.equal(drawn, all_of())
    dataset = make(picture, steps, repeat=2, seed=1)
    dataset.set_epoch(4)
    assert not torch.equal(torch.stack(items(dataset)), first)
    dataset.set_epoch(0)
    assert torch.equal(torch.stack(items(dataset)), first)
    assert torch.equal(dataset[-1][0], first[5])
