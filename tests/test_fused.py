"""Compose(fuse=True): affine steps in a row are one resampling."""

from __future__ import annotations

import functools
import pickle

import images
import numpy as np
import pytest
import torch
from conftest import need
from marker import GREEN, corners, extent, make_dataset, red, write_pictures
from PIL import Image

from pixfeed import backends
from pixfeed import transforms as T
from pixfeed.plan_steps import NO_STEP, STEPS
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.fused import in_one

SIDES = 47, 31  # width, height
FILL = (9, 200, 30)


@pytest.fixture(params=backends.NAMES)
def with_backend(request, monkeypatch):
    need(request.param)
    monkeypatch.setenv("PIXFEED_BACKEND", request.param)
    return request.param


def rotation(angle: float, how: str, expand: bool = False) -> T.RandomRotation:
    return T.RandomRotation((angle, angle), how, expand, fill=FILL)


def matrix_of(step, width: int, height: int) -> tuple[np.ndarray, tuple[int, int]]:
    """From the result's points to the picture's, and the result's size."""
    (row,) = step.steps(np.array([width]), np.array([height]), np.full((1, step.draws), 0.7))
    assert row["code"] == STEPS["affine"]
    return np.array([*row["values"][0, :6], 0, 0, 1]).reshape(3, 3), (int(row["width"][0]), int(row["height"][0]))


@pytest.mark.parametrize("how", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("between", ["nothing", "a turn", "a flip"])
def test_it_is_one_matrix_through_pillow(with_backend, how, between):
    turns = {
        "nothing": ([], lambda w, h: (np.eye(3), (w, h))),
        "a turn": (  # 90 degrees counterclockwise: the upper right corner becomes the upper left one
            [rotation(90, how, expand=True)],
            lambda w, h: (np.array([[0, -1, w], [1, 0, 0], [0, 0, 1]]), (h, w)),
        ),
        "a flip": ([T.RandomHorizontalFlip(1)], lambda w, h: (np.array([[-1, 0, w], [0, 1, 0], [0, 0, 1]]), (w, h))),
    }
    middle, turned = turns[between]
    first, last = rotation(25, how, expand=True), T.RandomAffine((8, 8), scale=(0.8, 0.8), interpolation=how, fill=FILL)
    one, size = matrix_of(first, *SIDES)
    two, size = turned(*size)
    three, size = matrix_of(last, *size)
    data = (one @ two @ three)[:2].reshape(-1).tolist()
    picture = images.picture(SIDES[1], SIDES[0])
    how_in_pillow = Image.Resampling[how.upper()]
    expected = Image.fromarray(picture).transform(size, Image.Transform.AFFINE, data, how_in_pillow, fillcolor=FILL)

    steps = [first, *middle, last]
    made = T.Compose(steps, fuse=True)(picture).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(made, np.asarray(expected))
    apart = T.Compose(steps)(picture).permute(1, 2, 0).numpy()
    assert made.shape == apart.shape and (made != apart).any()


def codes(*steps: T.Compose | object, draw: float = 0.3) -> list[list[int]]:
    (fused,) = steps_of(T.Compose(steps, fuse=True))
    rows = fused.steps(np.full(2, 40), np.full(2, 30), np.full((2, fused.draws), draw))
    return np.stack(rows, 1)["code"].tolist()


def test_what_stays_apart():
    affine, invert = STEPS["affine"], STEPS["invert"]
    turn = rotation(20, "bilinear")
    assert codes(turn, turn, turn) == [[NO_STEP, NO_STEP, affine]] * 2
    assert codes(turn, rotation(20, "nearest")) == [[affine, affine]] * 2
    assert codes(turn, T.RandomRotation((20, 20), "bilinear", fill=3)) == [[affine, affine]] * 2
    assert codes(turn, T.RandomInvert(1), turn, turn) == [[affine, invert, NO_STEP, affine]] * 2
    assert codes(turn, T.RandomInvert(0), turn) == [[NO_STEP, NO_STEP, affine]] * 2
    perspective = T.RandomPerspective(0.5, 1)
    assert codes(turn, perspective, turn) == [[affine, STEPS["perspective"], affine]] * 2


def test_each_picture_has_its_own():
    """One turns, one does not, and one has a change of colors between."""
    turn = rotation(20, "nearest").steps(np.full(3, 40), np.full(3, 30), np.zeros((3, 1)))[0]
    middle = turn.copy()
    middle["code"] = [STEPS["affine"], NO_STEP, STEPS["invert"]]
    rows = in_one(np.stack([turn, middle, turn], 1))
    a, invert = STEPS["affine"], STEPS["invert"]
    assert rows["code"].tolist() == [[NO_STEP, NO_STEP, a], [NO_STEP, NO_STEP, a], [a, invert, a]]
    angles = np.degrees(np.arccos(rows["values"][:, 2, 0]))
    np.testing.assert_allclose(angles, [60, 40, 20])


def test_policies_draw_the_same():
    policy, u = T.RandAugment(4, 15), np.random.default_rng(0).random((400, T.RandAugment(4, 15).draws))
    (fused,) = steps_of(T.Compose([policy], fuse=True))
    sides = np.full(400, 64), np.full(400, 48)
    apart, one = (np.stack(step.steps(*sides, u), 1) for step in (policy, fused))
    assert fused.draws == policy.draws
    affine = [(rows["code"] == STEPS["affine"]).sum(1) for rows in (apart, one)]
    assert (affine[1] <= affine[0]).all() and (affine[1] < affine[0]).sum() > 50
    others = [rows["code"][~np.isin(rows["code"], (NO_STEP, STEPS["affine"]))].tolist() for rows in (apart, one)]
    assert others[0] == others[1]


def test_boxes_follow(tmp_path, backend):
    steps = [T.RandomRotation(40, fill=GREEN), T.RandomHorizontalFlip(), T.RandomAffine(30, (0.1, 0.1), fill=GREEN)]
    make = functools.partial(make_dataset, write_pictures(tmp_path), backend, seed=5, dtype=torch.uint8)
    dataset = make("boxes", transform=T.Compose([T.Compose(steps, fuse=True)]))
    seen = 0
    for image, target in dataset:
        marker = red(image)
        if len(target["boxes"]) and marker.any():
            room = [-1, -1, 1, 1] * (np.array(corners(target["boxes"][0])) - np.array(extent(marker)))
            shown = np.array(extent(marker))
            assert room.min() > -1.01
            inside = (shown[:2] > 1).all() and (shown[2:] < np.array(marker.shape[::-1]) - 1).all()
            assert not inside or room.max() < 2.2  # as tight as after one turn
            seen += 1
    assert seen > 8
    assert "one resampling, not equal to torchvision's pixels" in str(dataset)
    assert "not equal" not in str(make("boxes", transform=T.Compose(steps)))
    again = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(again[1][0], dataset[1][0])
    assert repr(dataset.transform.transforms[0]).endswith("], fuse=True)")


def test_gray_pictures(with_backend):
    picture = images.picture(30, 40)[..., 0]
    steps = [rotation(20, "bilinear") for _ in range(2)]
    with pytest.raises(ValueError, match="fills with a color"):
        T.Compose(steps, fuse=True)(picture)
    steps = [T.RandomRotation((20, 20), "bilinear", fill=7) for _ in range(2)]
    made = T.Compose(steps, fuse=True)(picture)
    colored = T.Compose(steps, fuse=True)(np.repeat(picture[..., None], 3, 2))
    assert made.shape == (1, 30, 40) and torch.equal(made[0], colored[0])
