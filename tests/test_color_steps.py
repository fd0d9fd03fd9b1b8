"""STEP rows that change colors, on both backends, beside Pillow's own functions."""

from __future__ import annotations

import numpy as np
import pytest
from color_cases import changed, step
from conftest import need
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pixfeed import backends
from pixfeed.plan import HEADER, resize_plan
from pixfeed.plan_steps import STEPS


def hue(image: Image.Image, shift: float) -> Image.Image:
    h, s, v = image.convert("HSV").split()
    table = [(value + int(shift * 255)) % 256 for value in range(256)]
    return Image.merge("HSV", (h.point(table), s, v)).convert("RGB")


def table(change) -> list[int]:
    return [min(max(change(value), 0), 255) for value in range(256)] * 3


#: What an operation is, with Pillow, and what its numbers may be.
PILLOW = {
    "brightness": (lambda i, f: ImageEnhance.Brightness(i).enhance(f), [st.floats(0, 4, width=32)]),
    "contrast": (lambda i, f: ImageEnhance.Contrast(i).enhance(f), [st.floats(0, 4, width=32)]),
    "saturation": (lambda i, f: ImageEnhance.Color(i).enhance(f), [st.floats(0, 4, width=32)]),
    "sharpness": (lambda i, f: ImageEnhance.Sharpness(i).enhance(f), [st.floats(0, 4, width=32)]),
    "hue": (hue, [st.floats(-0.5, 0.5)]),
    "posterize": (
        lambda i, bits: i.point(table(lambda v: v >> (8 - int(bits)) << (8 - int(bits)))),
        [st.integers(0, 8)],
    ),
    "solarize": (ImageOps.solarize, [st.floats(-1, 300)]),
    "solarize_add": (
        lambda i, add, least: i.point(table(lambda v: v + int(add) if v < least else v)),
        [st.integers(-255, 255), st.floats(0, 256)],
    ),
    "autocontrast": (ImageOps.autocontrast, []),
    "equalize": (ImageOps.equalize, []),
    "invert": (ImageOps.invert, []),
    "gray": (lambda i: i.convert("L").convert("RGB"), []),
    "gaussian_blur": (
        lambda i, radius: i.filter(ImageFilter.GaussianBlur(radius)),
        [st.floats(0, 8) | st.floats(0, 250)],
    ),
}


@st.composite
def some_pictures(draw) -> np.ndarray:
    """Noise between two values, up to 45 x 45 pixels."""
    height, width = draw(st.integers(1, 45)), draw(st.integers(1, 45))
    low, high = sorted(draw(st.tuples(st.integers(0, 255), st.integers(0, 255))))
    seed = draw(st.integers(0, 1000))
    return np.random.default_rng(seed).integers(low, high + 1, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def both():
    for name in backends.NAMES:
        need(name)
    return backends.NAMES


@pytest.mark.parametrize("name", PILLOW)
@given(data=st.data())
def test_one_operation_is_pillows(both, name, data):
    picture, (pillow, numbers) = data.draw(some_pictures()), PILLOW[name]
    values = tuple(data.draw(each) for each in numbers)
    expected = np.asarray(pillow(Image.fromarray(picture), *values))
    for backend in both:
        (made,) = changed(backend, (picture,), name, values)
        np.testing.assert_array_equal(made, expected, backend)


@given(st.data())
def test_operations_in_a_row_are_one_after_the_other(both, data):
    """Tables that are composed, with statistics of the picture in between."""
    picture = data.draw(some_pictures())
    rows, expected = [], Image.fromarray(picture)
    for name in data.draw(st.lists(st.sampled_from(list(PILLOW)), min_size=2, max_size=6)):
        pillow, numbers = PILLOW[name]
        values = tuple(data.draw(each) for each in numbers)
        expected = pillow(expected, *values)
        rows.append(step(name, values, picture.shape[1], picture.shape[0]))
    headers = np.zeros(1, HEADER)
    headers["height"], headers["width"] = picture.shape[:2]
    for backend in both:
        out = np.empty((1, *picture.shape), np.uint8)
        plans = resize_plan(headers, picture.shape[:2])
        backends.load(backend).resample([picture], plans, out.transpose(0, 3, 1, 2), 1, np.concatenate(rows))
        np.testing.assert_array_equal(out[0], np.asarray(expected), backend)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_permute(backend, order):
    picture = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    (made,) = changed(backend, (picture,), "permute", order)
    np.testing.assert_array_equal(made, picture[..., list(order)])


def test_erase(backend):
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    rows = step("erase", (4, 5, 26, 7), 30, 20)
    rows["fill"] = 1, 2, 3
    headers = np.zeros(1, HEADER)
    headers["height"], headers["width"] = 20, 30
    out = np.empty((1, 20, 30, 3), np.uint8)
    backends.load(backend).resample([picture], resize_plan(headers, (20, 30)), out.transpose(0, 3, 1, 2), 1, rows)
    expected = picture.copy()
    expected[5:12, 4:] = 1, 2, 3
    np.testing.assert_array_equal(out[0], expected)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("hue", (0.51,), "-0.5 to 0.5"),
        ("posterize", (9,), "0 to 8 bits"),
        ("posterize", (2.5,), "0 to 8 bits"),
        ("solarize_add", (0.5, 128), "a whole number"),
        ("permute", (0, 0, 1), "each of 0, 1 and 2 once"),
        ("permute", (0, 1.5, 2), "each of 0, 1 and 2 once"),
        ("gaussian_blur", (-0.1,), "radius of a blur"),
        ("gaussian_blur", (1e9,), "radius of a blur"),
        ("gaussian_blur_kernel", (4, 3, 1, 1), "odd numbers"),
        ("gaussian_blur_kernel", (3, -1, 1, 1), "odd numbers"),
        ("gaussian_blur_kernel", (3, 40001, 1, 1), "odd numbers"),
        ("gaussian_blur_kernel", (3, 3, 1, 0), "sigma of a blur"),
        ("noise", (0, -1, 0, 0), "sigma of noise"),
        ("noise", (0, 1, 0.5, 0), "two numbers of 32 bits"),
        ("noise", (0, 1, 0, 2**32), "two numbers of 32 bits"),
        ("erase", (0, 0, 9, 8), "does not lie inside"),
        ("erase", (-1, 0, 3, 3), "does not lie inside"),
    ],
)
def test_impossible_numbers_are_refused(backend, name, values, message):
    assert name in STEPS
    with pytest.raises(ValueError, match=message):
        changed(backend, (np.zeros((8, 8, 3), np.uint8),), name, values)
