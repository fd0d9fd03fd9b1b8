"""Transforms: torchvision's pixels, fused with decoding as far as possible.

torchvision's pixels of PIL images are Pillow's, so Pillow is what they are compared with; `pillow_transforms.py` does
each step by itself, as torchvision does it.
"""

from __future__ import annotations

import functools
import io
import math
from itertools import pairwise

import images
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from pillow_transforms import MEAN, STD, WRITE, items, make_dataset, one_by_one, pixels

import pixfeed
from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.reading.options import Reading
from pixfeed.reading.pipeline import Pipeline
from pixfeed.reading.request import Request


@pytest.fixture
def make(tmp_path, backend):
    return functools.partial(make_dataset, tmp_path, backend)


# -- the evaluation recipe ---------------------------------------------------------------------------------------------

SIZES = [(1, 1), (1, 40), (40, 3), (30, 41), (64, 64), (97, 61), (61, 97), (200, 333), (500, 375)]


@pytest.mark.parametrize("resize", [T.Resize(64), T.Resize((70, 64)), T.Resize(64, interpolation="bicubic")], ids=str)
def test_evaluation_recipe(make, resize):
    """Resize, CenterCrop, ToTensor, Normalize: Pillow's bytes, and torch's floats to the bit."""
    pictures = [images.picture(*size) for size in SIZES]
    steps = [resize, T.CenterCrop(56)]
    expected = [pixels(one_by_one(Image.fromarray(picture), steps, np.zeros(0))) for picture in pictures]
    for got, want in zip(items(make(pictures, steps, dtype=torch.uint8)), expected, strict=True):
        assert got.shape == (3, 56, 56) and torch.equal(got, want)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    for got, want in zip(items(make(pictures, [*steps, *WRITE])), expected, strict=True):
        assert got.dtype == torch.float32
        assert torch.equal(got, want.to(torch.float32).div(255).sub(mean).div(std))


def test_evaluation_recipe_of_jpegs(make):
    """cv2 and Pillow decode JPEGs alike, and so do we."""
    data = [images.jpeg(images.picture(*size), quality=85) for size in ((300, 451), (280, 224), (150, 100))]
    steps = [T.Resize(256), T.CenterCrop(224)]
    for got, jpeg in zip(items(make(data, steps, dtype=torch.uint8)), data, strict=True):
        image = Image.open(io.BytesIO(jpeg)).convert("RGB")
        assert torch.equal(got, pixels(one_by_one(image, steps, np.zeros(0))))


def test_it_is_one_pass(make):
    dataset = make([images.picture(9, 9)], [T.RandomResizedCrop(224), T.RandomHorizontalFlip(), *WRITE])
    assert dataset.resize_height == dataset.resize_width == 224
    lines = str(dataset).splitlines()
    assert len(lines) == 2 and "native, in one pass: decode, RandomResizedCrop((224, 224)), RandomHor" in lines[1]
    assert lines[1].endswith(f"ToTensor(), Normalize({MEAN}, {STD})")
    mixed = make([images.picture(9, 9)], [T.Resize(8), T.Pad(1), T.RandomCrop(6), T.Pad(2), *WRITE, torch.abs])
    assert str(mixed).splitlines()[1:] == [
        "  native, in 2 passes: decode, Resize(8), Pad((1, 1, 1, 1)), RandomCrop((6, 6)); "
        f"Pad((2, 2, 2, 2)), ToTensor(), Normalize({MEAN}, {STD})",
        "  in Python, per sample: abs",
    ]


# -- any sequence ------------------------------------------------------------------------------------------------------

FILTERS = st.sampled_from(["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"])
SIDE = st.integers(1, 40)
FILL = st.one_of(st.integers(0, 255), st.tuples(*[st.integers(0, 255)] * 3))
BORDERS = st.one_of(st.integers(0, 9), st.tuples(*[st.integers(0, 9)] * 4))
STEPS = {
    "resize": st.builds(T.Resize, st.one_of(SIDE, st.tuples(SIDE, SIDE)), FILTERS),
    "resized crop": st.builds(T.RandomResizedCrop, st.tuples(SIDE, SIDE), interpolation=FILTERS),
    "center": st.builds(T.CenterCrop, st.tuples(SIDE, SIDE)),
    "crop": st.builds(T.RandomCrop, st.tuples(SIDE, SIDE), st.none() | BORDERS, st.just(True), FILL),
    "pad": st.builds(T.Pad, BORDERS, FILL),
    "edge": st.builds(T.Pad, st.integers(0, 9), st.just(0), st.sampled_from(["edge", "symmetric"])),
    "flip": st.just(T.RandomHorizontalFlip()),
    "upside down": st.just(T.RandomVerticalFlip()),
    "gray": st.just(T.Grayscale(3)),
    "jitter": st.just(T.ColorJitter(0.4, 0.5, (0.2, 2))),
}


@given(
    st.lists(st.sampled_from(sorted(STEPS)).flatmap(STEPS.get), max_size=6),
    st.tuples(SIDE, SIDE),
    st.integers(1, 8),
    st.integers(0, 99),
)
def test_fused_is_the_same_as_step_by_step(steps, size, orientation, seed):
    """With every orientation, on both backends."""
    u = draws.uniform(seed, 0, [0], sum(step.draws for step in steps))
    picture = images.picture(*size, seed=seed)
    data = images.with_orientation(images.png(np.ascontiguousarray(picture[..., ::-1])), orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    expected = pixels(one_by_one(upright, steps, u[0]))
    for backend in pixfeed.backends.NAMES:
        if not pixfeed.backends.available()[backend]:
            pipeline = Pipeline(Reading(backend=backend), steps)
            pipeline.recipe.settle(torch.uint8)
            read = pipeline.read(Request([data], None, None, u), torch.contiguous_format)
            assert torch.equal(read.images[0], expected), f"{backend}: {pipeline.recipe}"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_marker_goes_where_it_should(make, orientation):
    """A red dot, and map_points, which says where it went."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[9:12, 19:22] = 255, 0, 0
    data = images.with_orientation(images.png(np.ascontiguousarray(picture[..., ::-1])), orientation)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    y, x = (float(at.mean()) + 0.5 for at in np.nonzero(shown[..., 0]))
    steps = [
        T.RandomResizedCrop(33, scale=(0.6, 1)),
        T.Pad((3, 5, 7, 2)),
        T.RandomHorizontalFlip(),
        T.RandomVerticalFlip(),
    ]
    dataset = make([data] * 40, steps, dtype=torch.uint8, seed=1)
    recipe = dataset._pipeline.recipe
    request = Request([data] * 40, None, None, draws.uniform(1, 0, range(40), recipe.draws))
    (planned,) = dataset._pipeline.plan(dataset._pipeline.open(request).headers, request).passes
    places = pixfeed.plan.map_points(planned.rows, recipe.size, np.array([[x, y]]))[:, 0]
    seen = 0
    for image, (at_x, at_y) in zip(items(dataset), places, strict=True):
        red = image[0].numpy().astype(float)
        if red.sum() > 1000:
            seen += 1
            found = [(red.sum(axis) * (np.arange(red.shape[1 - axis]) + 0.5)).sum() / red.sum() for axis in (0, 1)]
            if 8 < at_x < 35 and 8 < at_y < 35:
                assert np.abs(np.array(found) - (at_x, at_y)).max() < 0.8
    assert seen > 15


# -- colors ------------------------------------------------------------------------------------------------------------


def test_grayscale(make):
    """Pillow's luma of R, G and B, not the one that is stored in a JPEG."""
    data = images.jpeg(images.picture(33, 41))
    image = Image.open(io.BytesIO(data))
    for channels in (1, 3):
        (got,) = items(make([data], [T.Grayscale(channels)], dtype=torch.uint8))
        assert torch.equal(got, pixels(image.convert("L")).expand(channels, -1, -1))
    (read,) = items(make([data], [T.Grayscale(), T.ColorJitter(0, 0, 0)], dtype=torch.uint8, channels="gray"))
    assert torch.equal(read[0], torch.from_numpy(pixfeed.imread(data, channels="gray")))
    (floats,) = items(make([data], [T.Grayscale(), T.ToTensor(), T.Normalize([0.5], [0.25])]))
    assert torch.equal(floats, pixels(image.convert("L")).float().div(255).sub(0.5).div(0.25))


@pytest.mark.parametrize("value", [0.0, (1.0, 2.0, 3.0), 7, "random"], ids=str)
@pytest.mark.parametrize("before", [True, False], ids=["erase, normalize", "normalize, erase"])
def test_random_erasing(make, value, before):
    erase = T.RandomErasing(1.0, value=value)
    pictures = [images.picture(40, 50, seed=i) for i in range(6)]
    write = [T.ToTensor(), erase, WRITE[1]] if before else [*WRITE, erase]
    dataset = make(pictures, [T.Resize((32, 24)), *write], seed=9)
    plain = items(make(pictures, [T.Resize((32, 24)), *WRITE]))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    rectangles = erase.rectangles(32, 24, draws.uniform(9, 0, range(6), erase.draws))
    for got, image, (top, left, h, w) in zip(items(dataset), plain, rectangles.tolist(), strict=True):
        inside = torch.zeros(32, 24, dtype=torch.bool)
        inside[top : top + h, left : left + w] = True
        assert h and w and torch.equal(got[:, ~inside], image[:, ~inside])
        part = got[:, top : top + h, left : left + w]
        if value == "random":
            assert len(part.unique()) > 0.9 * part.numel()
        else:
            numbers = torch.tensor(value).float().reshape(-1, 1, 1).expand(3, 1, 1)
            assert torch.equal(part, ((numbers - mean) / std if before else numbers).expand(part.shape))


def test_the_noise_of_random_erasing(make):
    """Standard normal, and another one for each sample."""
    steps = [T.Resize((40, 40)), *WRITE, T.RandomErasing(1.0, (0.5, 0.9), (1, 1), "random")]
    dataset = make([images.picture(20, 20)], steps, seed=3, repeat=30)
    erase = steps[-1]
    rectangles = erase.rectangles(40, 40, draws.uniform(3, 0, range(30), erase.draws)).tolist()
    parts = [
        image[:, top : top + h, left : left + w].flatten()
        for image, (top, left, h, w) in zip(items(dataset), rectangles, strict=True)
    ]
    noise = torch.cat(parts).sort().values.double()
    assert len(noise) > 50_000 and len({part[0].item() for part in parts}) == 30
    normal = (1 + torch.erf(noise / math.sqrt(2))) / 2
    even = (torch.arange(len(noise)) + 0.5) / len(noise)
    assert (normal - even).abs().max() * math.sqrt(len(noise)) < 1.95  # Kolmogorov and Smirnov: 0.1 %
    pairs = [np.corrcoef(a[:500], b[:500])[0, 1] for a, b in pairwise(parts)]
    assert max(map(abs, pairs)) < 0.2  # 4.5 standard deviations
