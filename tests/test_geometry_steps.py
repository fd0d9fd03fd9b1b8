"""STEP rows that move pixels are Pillow's Image.transform and Image.transpose, bit for bit."""

from __future__ import annotations

import math

import images
import numpy as np
import pytest
from PIL import Image
from test_steps import a_step, plain

from pixfeed import backends

METHODS = {"affine": Image.Transform.AFFINE, "perspective": Image.Transform.PERSPECTIVE}
MODES = {"nearest": 0, "bilinear": 2, "bicubic": 3}


def carried_out(backend: str, picture: np.ndarray, step: np.ndarray) -> np.ndarray:
    h, w = picture.shape[:2]
    out = np.empty((1, int(step["height"][0]), int(step["width"][0]), 3), np.uint8)
    backends.load(backend).resample([picture], plain((w, h))[0], out.transpose(0, 3, 1, 2), steps=step)
    return out[0]


def check(backend: str, picture: np.ndarray, name: str, size: tuple[int, int], mode: int, values, fill) -> None:
    padded = np.zeros(8)
    padded[: len(values)] = values
    step = a_step(name, *size, mode=mode, values=padded, fill=fill)
    image = Image.fromarray(picture)
    expected = image.transform(size, METHODS[name], list(values), Image.Resampling(mode), fillcolor=fill)
    made = carried_out(backend, picture, step)
    np.testing.assert_array_equal(made, np.asarray(expected), f"{name} {size} {mode} {values}")


def some_pictures(rng: np.random.Generator, count: int):
    """Noise; black and white, whose cubic curves leave 0 to 255; and few colors, whose averages are whole numbers."""
    for number in range(count):
        h, w = rng.integers(1, 12 if number % 3 == 0 else 90, 2).tolist()
        levels = (256, 2, 5)[number % 3 if number > 2 else 0]
        yield np.round(rng.integers(0, levels, (h, w, 3)) * (255 / (levels - 1))).astype(np.uint8)


def some_affine(rng: np.random.Generator, w: int, h: int, kind: int) -> list[float]:
    angle, scale = rng.uniform(-4, 4), rng.uniform(0.3, 3)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    x, y = rng.uniform(-0.5, 0.9) * w, rng.uniform(-0.5, 0.9) * h
    if kind == 0:  # turned
        return [c, s, x, -s, c, y]
    if kind == 1:  # scaled and moved, perhaps mirrored
        return [c, 0, x + (w if c < 0 else 0), 0, s, y + (h if s < 0 else 0)]
    if kind == 2:  # moved by whole pixels
        return [1, 0, round(x), 0, 1, round(y)]
    if kind == 3:  # numbers of a few bits: places lie on the borders of pixels
        return [round(4 * value) / 4 for value in (c, s, x, -s, c, y)]
    return [*rng.normal(size=2), x, *rng.normal(size=2), y]  # sheared


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("name", METHODS)
def test_transforms_are_those_of_pillow(backend, name, mode):
    rng = np.random.default_rng(mode)
    for number, picture in enumerate(some_pictures(rng, 300 if backend == "native" else 10)):
        h, w = picture.shape[:2]
        size = (w, h) if number % 4 else tuple(rng.integers(1, 100, 2).tolist())
        values = some_affine(rng, w, h, number % 5)
        if name == "perspective":
            values += rng.normal(scale=(0.002, 0.05)[number % 2], size=2).tolist()
        check(backend, picture, name, size, mode, values, tuple(rng.integers(0, 256, 3).tolist()))


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("sides", [(33000, 2), (2, 33000)], ids=str)
def test_pictures_too_long_for_fixed_point(backend, sides, mode):
    """From 32768 pixels on, Pillow's nearest one is found in doubles."""
    w, h = sides
    picture = images.picture(h, w)
    along = [0.9, 1e-5, 300, 1e-5, 0.4, 0.3] if w > h else [0.4, 1e-5, 0.3, 1e-5, 0.9, 300]
    across = [1.3, 0.7, -5, 1e-5, 1, 0] if w > h else [1, 1e-5, 0, 0.7, 1.3, -5]
    for values in (along, across):
        check(backend, picture, "affine", sides, mode, values, (1, 2, 3))


def test_nothing_of_the_picture_is_seen(backend):
    picture = images.picture(9, 7)
    for mode in MODES.values():
        for values in ([1, 0, 50, 0, 1, 0], [0.8, 0.6, -90, -0.6, 0.8, 0], [1, 0, 0, 0, 1, 1e300]):
            check(backend, picture, "affine", (7, 9), mode, values, (200, 100, 50))
        check(backend, picture, "perspective", (7, 9), mode, [1, 0, 0, 0, 1, 0, 0, -2], (200, 100, 50))
        check(backend, picture, "perspective", (7, 9), mode, [1, 0, 0, 0, 1, 0, -2, 0], (200, 100, 50))  # 1 / 0


@pytest.mark.parametrize("mode", list(Image.Transpose), ids=lambda mode: mode.name.lower())
def test_turns_of_all_sizes(backend, mode):
    for w in (1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 40, 70):
        for h in (1, 2, 3, 5, 31, 33, 66):
            picture = images.picture(h, w)
            expected = np.asarray(Image.fromarray(picture).transpose(mode))
            step = a_step("transpose", expected.shape[1], expected.shape[0], mode=mode)
            np.testing.assert_array_equal(carried_out(backend, picture, step), expected)


def test_other_modes_are_refused(backend):
    with pytest.raises(ValueError, match="mode may be 0"):
        carried_out(backend, images.picture(5, 5), a_step("affine", 5, 5, mode=1, values=[1, 0, 0, 0, 1, 0, 0, 0]))
