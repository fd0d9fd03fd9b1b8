"""RandomRotation, RandomAffine, RandomPerspective, and transforms of random sizes."""

from __future__ import annotations

import json
import math

import geometry_cases as cases
import images
import numpy as np
import pytest
import torch
from conftest import need
from PIL import Image

from pixfeed import backends
from pixfeed import transforms as T
from pixfeed.plan_steps import NO_STEP, STEPS
from pixfeed.transforms import functional as F
from pixfeed.transforms.geometry import Geometry


@pytest.fixture(params=backends.NAMES)
def with_backend(request, monkeypatch):
    need(request.param)
    monkeypatch.setenv("PIXFEED_BACKEND", request.param)
    return request.param


@pytest.mark.parametrize("mode", cases.MODES)
@pytest.mark.parametrize("function", ["rotate", "affine", "perspective"])
def test_pixels_are_torchvisions(with_backend, function, mode):
    golden = json.loads(cases.GOLDEN.read_text())
    pictures = list(cases.pictures(cases.KEPT))
    some = [case for case in cases.cases() if case.name.startswith(f"{function} {mode} ")]
    assert len(some) == 20
    for case in some:
        assert cases.digest(case.apply(F, image) for image in pictures) == golden[case.name], case.name


def test_functions_take_pictures_of_each_kind(with_backend):
    picture = images.picture(20, 31)
    image, gray = Image.fromarray(picture), Image.fromarray(picture).convert("L")
    expected = np.asarray(image.rotate(30, fillcolor=(7, 7, 7)))
    tensor = F.rotate(torch.from_numpy(picture).permute(2, 0, 1), 30, fill=7)
    np.testing.assert_array_equal(tensor.permute(1, 2, 0), expected)
    np.testing.assert_array_equal(np.asarray(F.rotate(image, 30, fill=[7])), expected)
    made = F.rotate(gray, 30, "bicubic", True, fill=7)
    assert made.mode == "L"
    np.testing.assert_array_equal(
        np.asarray(made), np.asarray(gray.rotate(30, Image.Resampling.BICUBIC, True, fillcolor=7))
    )
    with pytest.raises(TypeError, match="uint8 pixels"):
        F.rotate(torch.zeros(3, 5, 5), 30)
    with pytest.raises(ValueError, match="fills with a color"):
        F.rotate(gray, 30, fill=(1, 2, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: T.RandomRotation(-1), "degrees is -1"),
        (lambda: T.RandomRotation((3, 1)), "degrees is"),
        (lambda: T.RandomRotation((1, 2, 3)), "degrees is .* 2 of them"),
        (lambda: T.RandomRotation(3, "lanczos"), "interpolation is 'lanczos'"),
        (lambda: T.RandomRotation(3, center=(1,)), "center is"),
        (lambda: T.RandomRotation(3, fill=256), "fill is 256"),
        (lambda: T.RandomAffine(3, (0.1, 1.1)), "translate is .* from 0 to 1"),
        (lambda: T.RandomAffine(3, 0.1), "translate is"),
        (lambda: T.RandomAffine(3, scale=(0, 1)), "scale is .* greater than 0"),
        (lambda: T.RandomAffine(3, shear=(1, 2, 3)), "shear is .* 2 or 4 of them"),
        (lambda: T.RandomPerspective(1.1), "distortion_scale is 1.1"),
        (lambda: T.RandomPerspective(p=2), "p is 2"),
        (lambda: T.ScaleJitter(5), "target_size is 5"),
        (lambda: T.ScaleJitter((5, 0)), "target_size is"),
        (lambda: T.RandomShortestSize([]), "min_size is empty"),
        (lambda: T.RandomShortestSize([5, 0]), "min_size is 0"),
        (lambda: T.RandomZoomOut(side_range=(0.5, 2)), "side_range is .* at least 1"),
        (lambda: F.affine(None, 0, (0, 0), 0, 0), "scale is 0"),
        (lambda: F.perspective(None, None, None), "startpoints and endpoints, or coefficients"),
        (lambda: F.perspective(None, [[0, 0]] * 4, [[0, 0]] * 4), "must not coincide"),
        (lambda: F.perspective(None, [[0.5, 0]] * 4, [[0, 0]] * 4), "in whole pixels"),
        (lambda: F.perspective(None, None, None, coefficients=[1, 2]), "eight numbers"),
    ],
)
def test_arguments_that_make_no_sense(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def drawn(step, u, width=60, height=40) -> np.ndarray:
    n = len(u)
    (rows,) = step.steps(np.full(n, width), np.full(n, height), np.array(u, float))
    return rows


def test_what_rotation_draws():
    """Angles against the clock, evenly between the two."""
    rows = drawn(T.RandomRotation((-20, 100)), [[0], [0.25], [1 / 6], [0.5]])
    assert rows["code"].tolist() == [1, 1, NO_STEP, 1]
    np.testing.assert_allclose(
        rows["values"][:, 0], [math.cos(math.radians(a)) for a in (-20, 10)] + [0, math.cos(math.radians(40))]
    )
    rows = drawn(T.RandomRotation((0, 360), expand=True), [[0.25], [0.5], [0.75]])
    assert rows["code"].tolist() == [STEPS["transpose"]] * 3 and rows["mode"].tolist() == [2, 3, 4]
    assert rows[["width", "height"]].tolist() == [(40, 60), (60, 40), (40, 60)]


def test_what_affine_draws():
    """Whole pixels, up to a share of the sides to each side."""
    u = np.full((3, 6), 0.5)
    u[:, 1], u[:, 2], u[:, 3] = [0, 1 - 1e-9, 0.6], [1 - 1e-9, 0, 0.5], [0, 0.5, 1 - 1e-9]
    values = drawn(T.RandomAffine(0, (0.5, 0.1), (0.5, 1.5)), u)["values"]
    np.testing.assert_allclose(1 / values[:, 0], [0.5, 1, 1.5])
    moved = np.array([30, 20]) - [30, 20] * values[:, [0, 4]] - values[:, [2, 5]]
    np.testing.assert_allclose(moved / values[:, [0, 4]], [[-30, 4], [30, -4], [6, 0]], atol=1e-6)
    u = np.full((2, 6), 0.5)
    u[:, 4], u[:, 5] = [0, 0.75], [0.5, 0]
    values = drawn(T.RandomAffine(0, shear=(-10, 30, -20, 20)), u)["values"]
    np.testing.assert_allclose(values[0, :2], [1, math.tan(math.radians(-10))])
    slope = math.tan(math.radians(20))
    np.testing.assert_allclose(values[1, [0, 1, 3, 4]], [1 - slope**2, slope, -slope, 1])


def test_what_perspective_draws():
    """Corners move inwards by up to a share of half of each side."""
    u = np.array([[0.4] + [0] * 8, [0.6] + [0] * 8, [0.4] + [1 - 1e-9] * 8])
    rows = drawn(T.RandomPerspective(0.5, 0.5), u)
    assert rows["code"].tolist() == [2, NO_STEP, 2]
    most = rows["values"][2]
    for (x, y), expected in (((15, 10), (0, 0)), ((59, 10), (59, 0)), ((59, 39), (59, 39)), ((15, 39), (0, 39))):
        by = most[6] * x + most[7] * y + 1
        made = (most[0] * x + most[1] * y + most[2]) / by, (most[3] * x + most[4] * y + most[5]) / by
        np.testing.assert_allclose(made, expected, atol=1e-3)


@pytest.mark.parametrize("sides", [(1, 1), (1, 7), (2, 1)], ids=str)
def test_pictures_whose_corners_coincide_stay(with_backend, sides):
    picture = images.picture(*sides)
    made = T.RandomPerspective(1.0, 1.0)(picture)
    np.testing.assert_array_equal(made.permute(1, 2, 0), picture)
    mixed = T.RandomPerspective(0.5, 1.0)
    rows = mixed.steps(np.array([1, 30]), np.array([5, 20]), np.full((2, 9), 0.3))[0]
    assert rows["code"].tolist() == [NO_STEP, STEPS["perspective"]]


def test_random_sizes():
    def sizes(step, u, width=100, height=50):
        n = len(u)
        geometry = Geometry(np.full(n, width), np.full(n, height))
        step.change(geometry, np.array(u, float)[:, None])
        return np.stack([geometry.width, geometry.height], 1).tolist()

    assert sizes(T.ScaleJitter((80, 90), (0.5, 1.5)), [0, 0.5, 0.999]) == [[40, 20], [80, 40], [119, 59]]
    assert sizes(T.RandomShortestSize([10, 20, 30]), [0, 0.34, 0.9]) == [[20, 10], [40, 20], [60, 30]]
    assert sizes(T.RandomShortestSize([10, 40], 30), [0, 0.9]) == [[20, 10], [30, 15]]
    assert sizes(T.ScaleJitter((8, 9), (0.01, 0.01)), [0]) == [[1, 1]]


def test_zoom_out(with_backend):
    picture = images.picture(20, 30)
    for seed in range(8):
        torch.manual_seed(seed)
        step = T.RandomZoomOut((9, 8, 7), (1.5, 3), 0.7)
        made = step(picture).permute(1, 2, 0).numpy()
        height, width = made.shape[:2]
        if (height, width) == (20, 30):
            np.testing.assert_array_equal(made, picture)
            continue
        assert 30 <= height < 60 and 45 <= width < 90 and abs(width / 30 - height / 20) < 0.06
        y, x = np.nonzero((made != [9, 8, 7]).any(2))
        np.testing.assert_array_equal(made[y.min() : y.min() + 20, x.min() : x.min() + 30], picture)
