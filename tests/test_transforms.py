"""Transforms: torchvision's pixels and distributions, fused with decoding as far as possible.

torchvision's pixels of PIL images are Pillow's, so Pillow is what they are compared with; `apply` does each step by
itself, as torchvision does it.
"""

from __future__ import annotations

import io
import math
import random
from itertools import pairwise

import images
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

import pixfeed
from pixfeed import FastTxtDataset, ImageError, RegionError, draws
from pixfeed import transforms as T
from pixfeed.reading.options import Reading
from pixfeed.reading.pipeline import Pipeline
from pixfeed.reading.request import Request
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometry

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WRITE = [T.ToTensor(), T.Normalize(MEAN, STD)]


@pytest.fixture
def make(tmp_path, backend):
    """A dataset of pictures (PNGs, arrays), with a transform."""

    def make(pictures, steps, **options) -> FastTxtDataset:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for i, picture in enumerate(pictures):
            data = picture if isinstance(picture, bytes) else images.png(np.ascontiguousarray(picture[..., ::-1]))
            (folder / f"{i}.png").write_bytes(data)
        (folder / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(len(pictures))))
        transform = steps if callable(steps) else T.Compose(steps)
        return FastTxtDataset(folder / "list.txt", folder, transform=transform, backend=backend, **options)

    return make


def items(dataset: FastTxtDataset) -> list[torch.Tensor]:
    """All images, read one by one and as a batch, which has to be the same."""
    single = [dataset[i][0] for i in range(len(dataset))]
    for one, (other, _) in zip(single, dataset.__getitems__(range(len(dataset))), strict=True):
        assert torch.equal(one, other) and one.dtype == other.dtype
    return single


def pixels(image: Image.Image) -> torch.Tensor:
    array = np.asarray(image)
    return torch.from_numpy(array.reshape(*array.shape[:2], -1).copy()).permute(2, 0, 1)


# -- one step by itself, as torchvision does it to a PIL image ---------------------------------------------------------


def apply(image: Image.Image, step, u: np.ndarray) -> Image.Image:
    """With the random numbers that the step is given."""
    if isinstance(step, (T.RandomHorizontalFlip, T.RandomVerticalFlip)):
        how = Image.Transpose.FLIP_LEFT_RIGHT
        if isinstance(step, T.RandomVerticalFlip):
            how = Image.Transpose.FLIP_TOP_BOTTOM
        return image.transpose(how) if u[0] < step.p else image
    if isinstance(step, T.Grayscale):
        gray = image.convert("L")
        return gray if step.num_output_channels == 1 else Image.merge("RGB", [gray] * 3)
    if isinstance(step, T.ColorJitter):
        geometry = Geometry(np.array([1]), np.array([1]))
        step.change(geometry, u[None])
        for number, factor in geometry.adjust:
            enhance = {1: ImageEnhance.Brightness, 2: ImageEnhance.Contrast, 3: ImageEnhance.Color}[int(number[0])]
            image = enhance(image).enhance(float(factor[0]))
        return image
    if isinstance(step, T.Resize):
        return image.resize(resized(image.size, step), filter_of(step))
    if isinstance(step, T.Pad):
        return padded(image, step, step.padding)
    if isinstance(step, T.RandomResizedCrop):
        geometry = Geometry(np.array([image.width]), np.array([image.height]))
        step.change(geometry, u[None])
        x, y, w, h = (int(np.ravel(v)[0]) for v in (geometry.x, geometry.y, geometry.w, geometry.h))
        return image.crop((x, y, x + w, y + h)).resize(step.size[::-1], filter_of(step))
    h, w = step.size
    if isinstance(step, T.CenterCrop):
        more_w, more_h = max(w - image.width, 0), max(h - image.height, 0)
        image = ImageOps.expand(image, (more_w // 2, more_h // 2, (more_w + 1) // 2, (more_h + 1) // 2))
        x, y = round((image.width - w) / 2), round((image.height - h) / 2)
    else:
        left, top, right, bottom = step.padding or (0,) * 4
        if step.pad_if_needed:
            more_w, more_h = max(w - image.width - left - right, 0), max(h - image.height - top - bottom, 0)
            left, right, top, bottom = left + more_w, right + more_w, top + more_h, bottom + more_h
        image = padded(image, step, (left, top, right, bottom))
        y, x = int(u[0] * (image.height - h + 1)), int(u[1] * (image.width - w + 1))
    return image.crop((x, y, x + w, y + h))


def filter_of(step) -> Image.Resampling:
    return Image.Resampling[step.interpolation.upper()]


def resized(size: tuple[int, int], step: T.Resize) -> tuple[int, int]:
    if isinstance(step.size, tuple):
        return step.size[::-1]
    short, long = sorted(size)
    new_short, new_long = step.size, int(step.size * long / short)
    if step.max_size is not None and new_long > step.max_size:
        new_short, new_long = int(step.max_size * new_short / new_long), step.max_size
    new_short = max(new_short, 1)
    return (new_short, new_long) if size[0] <= size[1] else (new_long, new_short)


def padded(image: Image.Image, step, borders) -> Image.Image:
    left, top, right, bottom = borders
    if step.padding_mode == "constant":
        return ImageOps.expand(image, (left, top, right, bottom), step.color)
    array = np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)), step.padding_mode)
    return Image.fromarray(array)


def one_by_one(image: Image.Image, steps, u: np.ndarray) -> Image.Image:
    at = 0
    for step in steps:
        image = apply(image, step, u[at : at + step.draws])
        at += step.draws
    return image


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
        "  native, in one pass: decode, Resize(8), Pad((1, 1, 1, 1)), RandomCrop((6, 6))",
        f"  after it, natively: Pad((2, 2, 2, 2)), ToTensor(), Normalize({MEAN}, {STD})",
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


def test_filters_that_may_run_behind_a_flip_give_mirrored_pixels():
    """What fuses flip and resize: Pillow's own results, mirrored."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        picture = rng.integers(0, 256, (*rng.integers(1, 60, 2), 3), np.uint8)
        size = tuple(rng.integers(1, 60, 2).tolist())
        for name in ("BILINEAR", "HAMMING", "BICUBIC", "LANCZOS"):
            plain = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling[name]))
            turned = np.asarray(Image.fromarray(picture[::-1, ::-1].copy()).resize(size, Image.Resampling[name]))
            np.testing.assert_array_equal(plain, turned[::-1, ::-1], err_msg=f"{name} {picture.shape} {size}")


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


# -- distributions -----------------------------------------------------------------------------------------------------

COUNT = 20_000


def drawn(step, width: int, height: int) -> Geometry:
    u = draws.uniform(11, 0, range(COUNT), step.draws)
    geometry = Geometry(np.full(COUNT, width), np.full(COUNT, height))
    step.change(geometry, u)
    return geometry


def assert_same_distribution(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Kolmogorov and Smirnov's test of two samples, at 0.1 %. (Seeds are fixed: it cannot fail by chance.)"""
    ours, theirs = np.sort(ours), np.sort(theirs)
    at = np.union1d(ours, theirs)
    distance = np.abs(
        np.searchsorted(ours, at, "right") / len(ours) - np.searchsorted(theirs, at, "right") / len(theirs)
    ).max()
    assert distance < 1.95 * math.sqrt(1 / len(ours) + 1 / len(theirs)), distance


def plain_resized_crop(width, height, scale, ratio, rng: random.Random) -> tuple[int, int, int, int]:
    """torchvision's algorithm, as its documentation and its source have it: x, y, w, h."""
    for _ in range(10):
        area = width * height * rng.uniform(*scale)
        shape = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if 0 < w <= width and 0 < h <= height:
            return rng.randint(0, width - w), rng.randint(0, height - h), w, h
    if width / height < ratio[0]:
        w, h = width, round(width / ratio[0])
    elif width / height > ratio[1]:
        w, h = round(height * ratio[1]), height
    else:
        w, h = width, height
    return (width - w) // 2, (height - h) // 2, w, h


@pytest.mark.parametrize(
    ("size", "scale", "ratio"),
    [
        ((500, 375), (0.08, 1.0), (3 / 4, 4 / 3)),
        ((100, 300), (0.08, 1.0), (3 / 4, 4 / 3)),  # many tries
        ((1000, 90), (0.3, 1.0), (3 / 4, 4 / 3)),  # the fallback, often
        ((40, 41), (0.5, 0.6), (0.2, 5)),
    ],
    ids=str,
)
def test_random_resized_crop_is_distributed_as_torchvisions(size, scale, ratio):
    got = drawn(T.RandomResizedCrop(8, scale, ratio), *size)
    rng = random.Random(5)
    expected = np.array([plain_resized_crop(*size, scale, ratio, rng) for _ in range(COUNT)])
    ours = np.stack([got.x, got.y, got.w, got.h], 1)
    assert (ours[:, :2] >= 0).all() and (ours[:, 2:] > 0).all() and (ours[:, :2] + ours[:, 2:] <= size).all()
    for table in (ours, expected):  # where there is room, how far into it
        table[:, :2] = table[:, :2] * 1000 // np.maximum(np.array(size) - table[:, 2:], 1)
    for a, b in zip(ours.T, expected.T, strict=True):
        assert_same_distribution(a, b)
    assert_same_distribution(ours[:, 2] * ours[:, 3], expected[:, 2] * expected[:, 3])
    assert_same_distribution(ours[:, 2] / ours[:, 3], expected[:, 2] / expected[:, 3])


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 30), (480, 0, 40, 30)), ((30, 1000), (0, 480, 30, 40)), ((99, 100), (0, 0, 99, 100))],
    ids=str,
)
def test_fallback_after_ten_tries(size, expected):
    scale = (1.0, 1.0) if size[0] * 2 < size[1] or size[1] * 2 < size[0] else (1.1, 1.1)
    got = drawn(T.RandomResizedCrop(8, scale), *size)
    table = np.stack([got.x, got.y, got.w, got.h], 1)
    assert (table == expected).all()


def test_random_crop_is_distributed_evenly():
    got = drawn(T.RandomCrop((10, 20), padding=(1, 2, 3, 4)), 40, 30)
    rng = random.Random(3)
    assert set(got.left.tolist()) == set(range(-1, 40 + 3 - 20 + 1)) and set(got.top.tolist()) == set(range(-2, 25))
    assert_same_distribution(got.left, np.array([rng.randint(-1, 23) for _ in range(COUNT)]))
    assert_same_distribution(got.top, np.array([rng.randint(-2, 24) for _ in range(COUNT)]))


@pytest.mark.parametrize("p", [0, 0.2, 0.5, 1])
def test_flips_happen_with_their_probability(p):
    for step, name in ((T.RandomHorizontalFlip(p), "flip_h"), (T.RandomVerticalFlip(p), "flip_v")):
        assert abs(getattr(drawn(step, 9, 9), name).mean() - p) < (0.015 if 0 < p < 1 else 1e-9)


def test_color_jitter_draws_factors_and_order():
    got = drawn(T.ColorJitter(0.4, (0.5, 2.0), 1.5), 9, 9)
    numbers, factors = (np.stack(column, 1) for column in zip(*got.adjust, strict=True))
    orders, counts = np.unique(numbers, axis=0, return_counts=True)
    assert len(orders) == 6 and np.abs(counts / COUNT - 1 / 6).max() < 0.015
    rng = random.Random(1)
    for number, low, high in ((1, 0.6, 1.4), (2, 0.5, 2.0), (3, 0.0, 2.5)):
        assert_same_distribution(factors[numbers == number], np.array([rng.uniform(low, high) for _ in range(COUNT)]))


def test_random_erasing_is_distributed_as_torchvisions():
    step, (height, width) = T.RandomErasing(0.7, (0.02, 0.5), (0.3, 3.3)), (40, 64)
    got = step.rectangles(height, width, draws.uniform(2, 0, range(COUNT), step.draws))
    erased = got[got[:, 2] > 0]
    assert abs(len(erased) / COUNT - 0.7) < 0.015
    rng, expected = random.Random(4), []
    while len(expected) < COUNT:
        area = height * width * rng.uniform(0.02, 0.5)
        shape = math.exp(rng.uniform(math.log(0.3), math.log(3.3)))
        h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
        if h < height and w < width:
            expected.append((rng.randint(0, height - h), rng.randint(0, width - w), h, w))
    for a, b in zip(erased.T, np.array(expected).T, strict=True):
        assert_same_distribution(a, b)


# -- colors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (7, 33), (50, 41)], ids=str)
def test_color_jitter_is_pillows(make, size):
    steps = [T.ColorJitter(0.9, 2.0, (0.0, 3.0))]
    picture = images.picture(*size)
    dataset = make([picture] * 30, steps, dtype=torch.uint8, seed=6)
    for got, u in zip(items(dataset), draws.uniform(6, 0, range(30), 4), strict=True):
        assert torch.equal(got, pixels(one_by_one(Image.fromarray(picture), steps, u)))


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


# -- what the recipe decides -------------------------------------------------------------------------------------------


def test_padding_modes(make):
    picture = images.picture(20, 30)
    for mode in ("edge", "reflect", "symmetric"):
        steps = [T.RandomCrop((18, 22), padding=(3, 5, 7, 2), padding_mode=mode), T.RandomHorizontalFlip()]
        dataset = make([picture] * 8, steps, dtype=torch.uint8, seed=1)
        for got, u in zip(items(dataset), draws.uniform(1, 0, range(8), 3), strict=True):
            assert torch.equal(got, pixels(one_by_one(Image.fromarray(picture), steps, u)))


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
        ([lambda image: image], {}, raw),
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
        assert dataset.runs_python or batch.is_contiguous(memory_format=memory_format)
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
    """They get tensors, one sample at a time, and what stands behind them runs in Python, too."""
    seen = []

    def note(image):
        seen.append((image.dtype, tuple(image.shape)))
        return image

    picture = images.picture(30, 40)
    dataset = make([picture], [T.Resize((20, 20)), note, T.CenterCrop(10), T.ToTensor(), note])
    (got,) = items(dataset)
    assert seen[:2] == [(torch.uint8, (3, 20, 20)), (torch.float32, (3, 10, 10))]
    assert torch.equal(got, items(make([picture], [T.Resize((20, 20)), T.CenterCrop(10), T.ToTensor()]))[0])
    assert "in Python, per sample: " in str(dataset) and "note" in str(dataset)
    number = make([picture], lambda image: int(image.sum()))
    assert number[0][0] == int(picture.sum())


def test_nested_compose(make):
    inner = T.Compose([T.Resize(20), T.Compose([T.CenterCrop(16)])])
    assert str(Recipe(steps_of(T.Compose([inner, *WRITE])))).count("\n") == 0


# -- single pictures ---------------------------------------------------------------------------------------------------


def test_call_on_a_picture():
    picture = images.picture(50, 70)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    steps = [T.RandomResizedCrop(20), T.RandomHorizontalFlip(), T.ColorJitter(0.4), *WRITE, T.RandomErasing()]
    compose = T.Compose(steps)
    results = []
    for image in (tensor, picture, Image.fromarray(picture)):
        torch.manual_seed(0)
        results.append(compose(image))
    assert results[0].shape == (3, 20, 20) and all(torch.equal(results[0], other) for other in results)
    assert not torch.equal(compose(tensor), results[0])
    assert T.Resize(20)(tensor).shape == (3, 20, 28) and T.Resize(20)(tensor).dtype == torch.uint8
    assert T.Grayscale()(tensor).shape == (1, 50, 70) and T.Resize(9)(tensor[:1]).shape == (1, 9, 12)
    floats = T.ToTensor()(tensor)
    assert torch.equal(T.CenterCrop(10)(floats), T.ToTensor()(T.CenterCrop(10)(tensor)))
    assert torch.equal(T.RandomVerticalFlip(1.0)(floats), floats.flip(1))
    kept = floats.clone()
    T.Normalize(MEAN, STD)(floats), T.RandomErasing(1.0)(floats)
    assert torch.equal(floats, kept)


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3), np.int32), torch.zeros(4, 4, dtype=torch.uint8), "x.jpg"])
def test_what_is_no_picture(image):
    with pytest.raises(TypeError):
        T.Compose([T.Resize(3)])(image)


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make_it", "error", "words"),
    [
        (lambda: T.Resize(0), ValueError, "positive"),
        (lambda: T.Resize((1, 2, 3)), ValueError, "height and width"),
        (lambda: T.Resize("a"), TypeError, "integers"),
        (lambda: T.Resize(None), ValueError, "max_size"),
        (lambda: T.Resize(10, max_size=10), ValueError, "greater than size"),
        (lambda: T.Resize((10, 10), max_size=20), ValueError, "max_size goes with"),
        (lambda: T.Resize(10, "cubic"), ValueError, "bicubic"),
        (lambda: T.Resize(10, "lanczos", antialias=False), ValueError, "antialias=True"),
        (lambda: T.CenterCrop(2.5), TypeError, "integers"),
        (lambda: T.RandomCrop(4, padding=(1, 2, 3)), ValueError, "1, 2 or 4"),
        (lambda: T.RandomCrop(4, padding_mode="wrap"), ValueError, "padding_mode"),
        (lambda: T.Pad(-1), ValueError, "negative"),
        (lambda: T.Pad(1, fill=300), ValueError, "255"),
        (lambda: T.Pad(1, fill=(1, 2)), ValueError, "R, G and B"),
        (lambda: T.Pad("ab"), TypeError, "integers"),
        (lambda: T.RandomResizedCrop(4, scale=0.5), TypeError, "two numbers"),
        (lambda: T.RandomResizedCrop(4, scale=(1, 0.5)), ValueError, "min, max"),
        (lambda: T.RandomResizedCrop(4, ratio=(0, 1)), ValueError, "greater than 0"),
        (lambda: T.RandomHorizontalFlip(1.5), ValueError, "probability"),
        (lambda: T.ColorJitter(-0.1), ValueError, "negative"),
        (lambda: T.ColorJitter(contrast=(2, 1)), ValueError, "min, max"),
        (lambda: T.ColorJitter(hue=0.1), ValueError, "in Python"),
        (lambda: T.Grayscale(2), ValueError, "1 or 3"),
        (lambda: T.Normalize([0, 0], [1, 1]), ValueError, "1 or 3"),
        (lambda: T.Normalize([0.5], [0]), ValueError, "divided by zero"),
        (lambda: T.ToDtype("float32"), TypeError, "torch.dtype"),
        (lambda: T.ToDtype(torch.int64), ValueError, "torch.uint8"),
        (lambda: T.RandomErasing(value="noise"), ValueError, "'random'"),
        (lambda: T.RandomErasing(scale=(0, 2)), ValueError, "between 0 and 1"),
        (lambda: T.RandomErasing(value=None), TypeError, "number"),
        (lambda: T.Compose(T.ToTensor()), TypeError, "sequence"),
        (lambda: T.Compose([3]), TypeError, "no transform"),
        (lambda: T.Compose([T.Normalize(MEAN, STD)]), ValueError, "needs floats"),
        (lambda: T.Compose([T.ToTensor(), T.Resize(4)]), ValueError, "put it before ToTensor"),
        (lambda: T.Compose([T.Grayscale(), *WRITE]), ValueError, "3 channels, and there are 1"),
        (lambda: T.Compose([T.Grayscale(), T.RandomErasing(value=(1, 2, 3))]), ValueError, "for 3 .* there are 1"),
        (lambda: Recipe([T.RandomErasing(value=(1, 2, 3))], 1), ValueError, "for 3 .* there are 1"),
        (lambda: T.Compose([T.Grayscale(), T.Pad(1, (1, 2, 3))]), ValueError, "gray"),
    ],
)
def test_arguments_that_make_no_sense(make_it, error, words):
    with pytest.raises(error, match=words):
        make_it()


def test_dataset_arguments_that_contradict_the_transform(make):
    picture, steps = [images.picture(9, 9)], [T.Resize(4), T.ToTensor()]
    for options, words in [
        (dict(resize_height=256), "sizes are given twice"),
        (dict(resize_width=None), "sizes are given twice"),
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
    drawn = all_of()
    assert not torch.equal(drawn, all_of())
    torch.manual_seed(3)
    assert torch.equal(drawn, all_of())
    dataset = make(picture, steps, repeat=2, seed=1)
    dataset.set_epoch(4)
    assert not torch.equal(torch.stack(items(dataset)), first)
    dataset.set_epoch(0)
    assert torch.equal(torch.stack(items(dataset)), first)
    assert torch.equal(dataset[-1][0], first[5])


def test_repr():
    for step, text in [
        (T.Resize(256), "Resize(256)"),
        (T.Resize([256, 224], interpolation=Image.Resampling.BICUBIC), "Resize((256, 224), interpolation='bicubic')"),
        (T.RandomResizedCrop(224, scale=[0.5, 1]), "RandomResizedCrop((224, 224), scale=(0.5, 1.0))"),
        (T.RandomCrop(32, padding=4), "RandomCrop((32, 32), padding=(4, 4, 4, 4))"),
        (T.ToDtype(torch.float32, scale=True), "ToDtype(scale=True)"),
        (T.Compose([T.ToTensor(), T.RandomErasing(0.1)]), "Compose([ToTensor(), RandomErasing(p=0.1)])"),
    ]:
        assert repr(step) == text
