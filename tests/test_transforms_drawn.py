"""Distributions of what transforms draw."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from pixfeed import draws
from pixfeed import transforms as T
from pixfeed.transforms.geometry import Geometry

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
