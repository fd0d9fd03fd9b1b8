"""Masks, boxes and keypoints follow what turns, shears and distorts the picture, with the same draws."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from marker import GREEN, HEIGHT, IGNORE, NUMBER, WIDTH, corners, extent, green, make_dataset, red, write_pictures

from pixfeed import transforms as T
from pixfeed.plan import HEADER, resize_plan
from pixfeed.plan_steps import STEP, STEPS
from pixfeed.transforms.pass_plan import PassPlan
from pixfeed.transforms.point_map import PointMap


@pytest.fixture
def make(tmp_path, backend):
    return functools.partial(make_dataset, write_pictures(tmp_path), backend, seed=5, dtype=torch.uint8)


#: One step each, and what is around it in other passes.
ONE = {
    "rotation": lambda how: [T.RandomRotation(180, how, fill=GREEN)],
    "rotation that expands": lambda how: [T.RandomRotation(180, how, expand=True, fill=GREEN)],
    "rotation about a point": lambda how: [T.RandomRotation(60, how, center=(90, 30), fill=GREEN)],
    "turn by 90 degrees": lambda how: [T.RandomRotation((90, 90), how, expand=True)],
    "turn by 180 degrees": lambda how: [T.RandomRotation((180, 180), how)],
    "affine": lambda how: [T.RandomAffine(30, (0.2, 0.2), (0.7, 1.4), (-20, 20, -10, 10), how, GREEN)],
    "translation": lambda how: [T.RandomAffine(0, (0.3, 0.2), interpolation=how, fill=GREEN)],
    "perspective": lambda how: [T.RandomPerspective(0.5, 0.9, how, GREEN)],
    "crop, flip, rotation, flip": lambda how: [
        T.CenterCrop((80, 100)),
        T.RandomHorizontalFlip(),
        T.RandomRotation(70, how, fill=GREEN),
        T.RandomVerticalFlip(),
    ],
    "resize, rotation, crop, resize": lambda how: [
        T.Resize((60, 90), interpolation="nearest"),
        T.RandomRotation(70, how, expand=True, fill=GREEN),
        T.RandomCrop((70, 80), pad_if_needed=True, fill=GREEN),
        T.Resize((50, 64), interpolation="nearest"),
    ],
    "pad, affine, color, flip, pad": lambda how: [
        T.Pad((9, 3, 14, 20), fill=GREEN),
        T.RandomAffine(40, interpolation=how, fill=GREEN),
        T.ColorJitter(0.05),
        T.RandomHorizontalFlip(),
        T.Pad(4, fill=GREEN),
    ],
}

#: Boxes grow with each step.
SEVERAL = {
    "rotation, affine": lambda how: [
        T.RandomRotation(70, how, fill=GREEN),
        T.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), interpolation=how, fill=GREEN),
    ],
    "perspective, crop, rotation": lambda how: [
        T.RandomPerspective(0.4, 1, how, GREEN),
        T.CenterCrop(80),
        T.RandomRotation(50, how, fill=GREEN),
    ],
    "branches": lambda how: [
        T.RandomChoice(
            [T.RandomRotation(70, how, fill=GREEN), T.RandomCrop(80), T.RandomPerspective(0.4, 1, how, GREEN)]
        ),
        T.RandomAffine(30, interpolation=how, fill=GREEN),
    ],
}


@pytest.fixture(params=[*ONE, *SEVERAL])
def steps(request):
    return (ONE | SEVERAL)[request.param]


def samples(make, kind, steps, interpolation, **options):
    dataset = make(kind, transform=T.Compose(steps(interpolation)), repeat=2, **options)
    together = dataset.__getitems__(range(len(dataset)))
    for at in (3, 8):  # alone, too
        image, target = dataset[at]
        assert torch.equal(image, together[at][0])
        columns = [{"": each} if kind == "mask" else each for each in (target, together[at][1])]
        assert all(torch.equal(column, columns[1][name]) for name, column in columns[0].items())
    return together


def test_masks(make, steps):
    """Where the picture shows its nearest pixels, they are the same pixels."""
    seen = 0
    for image, mask in samples(make, "mask", steps, "nearest")[::2]:  # PNGs
        marker = (mask == NUMBER).numpy()
        assert mask.shape == image.shape[1:] and set(mask.unique().tolist()) <= {NUMBER, 3, IGNORE}
        np.testing.assert_array_equal((mask == IGNORE).numpy(), green(image))
        np.testing.assert_array_equal(marker, red(image))
        seen += marker.sum() > 20
    assert seen > 6


def test_masks_of_bytes(make):
    numbers, small = (samples(make, "mask", ONE["affine"], "nearest", mask_dtype=kind) for kind in KINDS)
    for (_, mask), (_, same) in zip(numbers, small, strict=True):
        assert same.dtype == torch.uint8 and torch.equal(mask, same.long())


KINDS = (torch.int64, torch.uint8)


def test_masks_are_nearest_with_any_interpolation(make):
    plain, smooth = (samples(make, "mask", ONE["affine"], how) for how in ("nearest", "bicubic"))
    for (_, mask), (_, same) in zip(plain, smooth, strict=True):
        assert torch.equal(mask, same)


def test_boxes(make, steps, request):
    one_step = request.node.callspec.params["steps"] in ONE
    seen = gone = 0
    for image, target in samples(make, "boxes", steps, "bicubic"):
        boxes, marker = target["boxes"], red(image)
        if len(boxes) == 0:
            assert marker.sum() < 3
            gone += 1
        elif marker.any():
            box, shown = np.array(corners(boxes[0])), np.array(extent(marker))
            room = [-1, -1, 1, 1] * (shown - box)  # positive where the marker is outside
            assert room.max() <= 1, (box, shown)
            inside = (shown[:2] > 1).all() and (shown[2:] < np.array(marker.shape[::-1]) - 1).all()
            assert not (one_step and inside) or room.min() > -2.2, (box, shown)
            seen += 1
    assert seen > 12 and seen + gone > 25


def test_keypoints(make, steps):
    """The second one is the marker's middle."""
    seen = gone = 0
    for image, target in samples(make, "keypoints", steps, "bilinear"):
        middle, marker = target["keypoints"][1], red(image)
        if middle[2] == 0:
            assert not middle.any()
            gone += 1
            continue
        left, upper, right, lower = extent(marker)
        if left > 1 and upper > 1 and right < marker.shape[1] - 1 and lower < marker.shape[0] - 1:
            y, x = (at.mean() + 0.5 for at in np.nonzero(marker))
            np.testing.assert_allclose(middle[:2], [x, y], atol=1.2)
            seen += 1
    assert seen > 8


def a_map(size: tuple[int, int], code: str, made: tuple[int, int], values, mode: int = 0) -> PointMap:
    headers, step = np.zeros(1, HEADER), np.zeros((1, 1), STEP)
    headers["height"], headers["width"] = size
    step["code"], (step["height"], step["width"]) = STEPS[code], made
    step["mode"], step["values"][0, 0, : len(values)] = mode, values
    return PointMap([PassPlan(headers, resize_plan(headers, size), step)])


def test_a_turned_box_is_the_smallest_around_it():
    """By 45 degrees about (10, 10)."""
    half = 0.5**0.5
    corners = np.array([[[8.0, 8.0], [12.0, 12.0]], [[6.0, 9.0], [14.0, 11.0]], [[0.0, 0.0], [1.0, 1.0]]])
    values = [half, half, 10 - 20 * half, -half, half, 10]
    boxes, share = a_map((20, 20), "affine", (20, 20), values).boxes(0, corners)
    reach = 4 * half
    np.testing.assert_allclose(boxes[0], [[10 - reach, 10 - reach], [10 + reach, 10 + reach]])
    np.testing.assert_allclose(boxes[1], [[10 - 5 * half, 10 - 5 * half], [10 + 5 * half, 10 + 5 * half]])
    np.testing.assert_allclose(share, [1, 1, 0])


def test_a_point_that_was_cropped_off_stays_away():
    """Even where the picture is turned so that its place would be seen again."""
    headers = np.zeros(1, HEADER)
    headers["height"], headers["width"] = HEIGHT, WIDTH
    rows = resize_plan(headers, (HEIGHT, WIDTH - 20))
    rows["crop_x"], rows["crop_w"], rows["box"][:, 2] = 20, WIDTH - 20, WIDTH - 20
    step = np.zeros((1, 1), STEP)
    step["code"], step["width"], step["height"] = STEPS["affine"], WIDTH - 20, HEIGHT
    step["values"][0, 0] = [1, 0, -30, 0, 1, 0, 0, 0]  # 30 to the right
    points, seen = PointMap([PassPlan(headers, rows, step)]).points(0, np.array([[10.0, 5.0], [25.0, 5.0]]))
    assert points.tolist() == [[20, 5], [35, 5]] and seen.tolist() == [False, True]


@pytest.mark.parametrize("mode", range(7))
def test_turns(mode):
    """A point is in the middle of its pixel, before and after."""
    height, width = 4, 7
    made = (width, height) if mode in (2, 4, 5, 6) else (height, width)
    points = a_map((height, width), "transpose", made, [], mode)
    pixels = points.turned(0)
    assert pixels is not None and pixels.shape == made
    y, x = np.divmod(pixels, width)
    moved, seen = points.points(0, np.stack([x, y], -1).reshape(-1, 2) + 0.5)
    assert seen.all()
    rows, columns = np.indices(made)
    np.testing.assert_allclose(moved.reshape(*made, 2), np.stack([columns, rows], -1) + 0.5)


def test_far_places():
    """Beyond 32768 pixels Pillow's nearest one is found in doubles; masks follow."""
    width = 33000
    values = [0.9, 1e-5, 300, 1e-5, 0.4, 0.3]
    pixels = a_map((2, width), "affine", (2, width), values).turned(0)
    from PIL import Image

    numbers = np.arange(2 * width, dtype=np.int32).reshape(2, width)
    expected = Image.fromarray(numbers).transform((width, 2), Image.Transform.AFFINE, values, fillcolor=-1)
    np.testing.assert_array_equal(pixels, np.asarray(expected))
