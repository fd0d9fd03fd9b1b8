"""Masks, boxes and keypoints go where the picture goes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from marker import GREEN, IGNORE, NUMBER, corners, extent, green, make_dataset, red, write_pictures

from pixfeed import transforms as T


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def make(folder, backend):
    return functools.partial(make_dataset, folder, backend)


TRANSFORMS = {
    "resize": [T.Resize((70, 200))],
    "resize the shorter side": [T.Resize(50)],
    "resize without antialias": [T.Resize((45, 64), antialias=False)],
    "resize nearest": [T.Resize((45, 65), interpolation="nearest")],
    "center crop": [T.CenterCrop((60, 80))],
    "random crop": [T.RandomCrop((60, 70))],
    "random crop with padding": [T.RandomCrop((70, 100), padding=(10, 20, 30, 5), fill=GREEN)],
    "random crop if needed": [T.RandomCrop((130, 100), pad_if_needed=True, fill=GREEN)],
    "random resized crop": [T.RandomResizedCrop((64, 80), scale=(0.3, 1.0))],
    "horizontal flip": [T.RandomHorizontalFlip(1.0)],
    "vertical flip": [T.RandomVerticalFlip(1.0)],
    "pad": [T.Pad((3, 8, 20, 11), fill=GREEN)],
    "crop, pad": [T.RandomCrop((50, 60)), T.Pad((4, 8, 20, 11), fill=GREEN)],
    "resize, flip, crop": [T.Resize(72), T.RandomHorizontalFlip(), T.RandomCrop((50, 64)), T.RandomVerticalFlip()],
    "flip, crop, resize": [T.RandomHorizontalFlip(), T.RandomCrop(80), T.Resize((40, 56)), T.RandomVerticalFlip()],
    "resize, flip, pad, crop": [
        T.Resize((60, 80)),
        T.RandomHorizontalFlip(),
        T.Pad((3, 0, 9, 14), fill=GREEN),
        T.RandomCrop(48),
        T.RandomVerticalFlip(),
    ],
    "colors and numbers": [
        T.RandomResizedCrop((64, 80), scale=(0.5, 1.0)),
        T.ColorJitter(0.1, 0.1, 0.1),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
    ],
    "colors in a second pass": [
        T.RandomHorizontalFlip(),
        T.Resize((64, 80)),
        T.ColorJitter(0.05, 0.05, 0.05),
        T.ColorJitter(0.05, 0.05, 0.05),
    ],
    # Several passes: one PLAN row does not say it all.
    "colors, random resized crop": [T.ColorJitter(0.1, 0.1, 0.1), T.RandomResizedCrop((64, 80), scale=(0.5, 1.0))],
    "colors, resize": [T.ColorJitter(0.1), T.Resize(50), T.ToTensor()],
    "flips, colors, crop": [
        T.RandomHorizontalFlip(),
        T.RandomVerticalFlip(),
        T.ColorJitter(0.1, 0.1, 0.1),
        T.RandomCrop((60, 90)),
    ],
    "gray, resize": [T.Grayscale(), T.Resize((60, 80))],
    "center crop, resize": [T.CenterCrop(80), T.Resize((50, 64))],
    "resize, center crop, resize": [T.Resize(72), T.CenterCrop((66, 80)), T.Resize(44), T.RandomHorizontalFlip(1.0)],
    "random crop with padding, resize": [
        T.RandomCrop((80, 100), padding=(10, 20, 30, 5), fill=GREEN),
        T.Resize((48, 64), interpolation="nearest"),
    ],
    "pad, resize, flip, pad, crop, resize, pad": [
        T.Pad((3, 8, 20, 11), fill=GREEN),
        T.Resize((70, 90), interpolation="nearest"),
        T.RandomHorizontalFlip(),
        T.Pad((4, 0, 6, 2), fill=GREEN),
        T.RandomVerticalFlip(),
        T.RandomCrop((62, 80)),
        T.Resize((50, 68), interpolation="nearest"),
        T.Pad((0, 3, 1, 0), fill=GREEN),
    ],
}

QUICK = ("random crop with padding", "colors, random resized crop", "pad, resize, flip, pad, crop, resize, pad")


def steps_are_fixed(steps) -> bool:
    return all(step.draws == 0 for step in steps)


@pytest.fixture(
    params=[pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in TRANSFORMS], ids=str
)
def steps(request):
    return TRANSFORMS[request.param]


@pytest.fixture
def pairs(make, steps):
    """Of a kind: (image, target) of every picture, three times: one after the other, and where they fit all at once."""

    def pairs(kind: str, **options):
        floats = any(isinstance(step, T.ToTensor) for step in steps)
        dtype = torch.float32 if floats else torch.uint8
        dataset = make(kind, transform=T.Compose(steps), seed=11, repeat=3, dtype=dtype, **options)
        each = [dataset[i] for i in range(len(dataset))]
        assert len(each) == 48
        for at in range(0, 48, 2):  # whatever the orientation, the picture is the same
            same_draws = steps_are_fixed(steps)
            assert not same_draws or (each[at][0].float() - each[0][0].float()).abs().max() == 0
        together = dataset.__getitems__(range(len(dataset)))
        for (image, target), (image2, target2) in zip(each, together, strict=True):
            assert torch.equal(image, image2)
            if isinstance(target, dict):
                assert target.keys() == target2.keys() and all(torch.equal(target[key], target2[key]) for key in target)
            else:
                assert torch.equal(target, target2)
        return each

    return pairs


def test_masks_follow_the_picture(pairs):
    seen = 0
    for image, mask in pairs("mask"):
        assert mask.dtype == torch.int64 and mask.shape == image.shape[1:]
        marker, padding = (mask == NUMBER).numpy(), (mask == IGNORE).numpy()
        assert set(mask.unique().tolist()) <= {NUMBER, 3, IGNORE}
        np.testing.assert_array_equal(padding, green(image))
        if marker.sum() > 20:
            np.testing.assert_allclose(extent(marker), extent(red(image)), atol=1)
            assert (marker == red(image)).mean() > 0.97
            seen += 1
    assert seen > 20


def test_targets_of_transforms_that_decode_small(make):
    for steps in (
        [T.RandomResizedCrop((22, 30), scale=(0.6, 1.0))],
        [T.Resize((22, 30)), T.RandomHorizontalFlip()],
        [T.RandomResizedCrop((40, 56), scale=(0.7, 1.0)), T.ColorJitter(0.1), T.CenterCrop((38, 54)), T.Resize(30)],
    ):
        how = {"transform": T.Compose(steps), "decode": "scaled", "headroom": 1.0, "seed": 3}
        masks, boxes = (make(kind, **how).__getitems__(range(16)) for kind in ("mask", "boxes"))
        for (image, mask), (_, target) in zip(masks, boxes, strict=True):
            np.testing.assert_allclose(extent((mask == NUMBER).numpy()), extent(red(image)), atol=1)
            np.testing.assert_allclose(corners(target["boxes"][0]), extent(red(image)), atol=1)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
@pytest.mark.parametrize(
    "steps",
    [
        lambda how: [T.Pad((3, 8, 20, 11), **how)],
        lambda how: [T.RandomCrop((70, 100), padding=(10, 20, 30, 5), **how), T.RandomHorizontalFlip()],
        lambda how: [T.RandomCrop(130, padding=2, pad_if_needed=True, **how)],
        lambda how: [
            T.RandomCrop(80),
            T.RandomHorizontalFlip(),
            T.Pad((9, 4, 0, 3), **how),
            T.Resize((50, 55), "nearest"),
            T.RandomVerticalFlip(),
            T.Pad((2, 7), **how),
        ],
    ],
    ids=["pad", "random crop", "random crop if needed", "several"],
)
def test_every_padding_mode_moves_targets_alike(make, steps, mode):
    """A constant padding, which is tested above, has the same geometry; what was padded is nothing in a mask."""
    seen = there = 0
    for kind in ("mask", "boxes", "keypoints"):
        samples, plain = (
            make(kind, transform=T.Compose(steps(how)), seed=4, dtype=torch.uint8).__getitems__(range(16))
            for how in ({"padding_mode": mode}, {"fill": GREEN})
        )
        for (image, target), (padded, expected) in zip(samples, plain, strict=True):
            shown = ~green(padded)
            assert not green(image).any()
            seen += not shown.all()
            np.testing.assert_array_equal(image.numpy()[:, shown], padded.numpy()[:, shown])
            if kind == "mask":
                np.testing.assert_array_equal(target == IGNORE, ~shown)
                assert torch.equal(target, expected)
            else:
                assert all(torch.equal(target[key], expected[key]) for key in expected)
                there += bool(target[kind].any())
    assert seen > 36 and there > 20


def test_boxes_follow_the_picture(pairs):
    seen = gone = 0
    for image, target in pairs("boxes"):
        boxes, labels, marker = target["boxes"], target["labels"], red(image)
        assert boxes.dtype == torch.float32 and labels.dtype == torch.int64
        assert boxes.shape == (len(labels), 4) and len(labels) <= 1
        if len(labels) == 0:
            assert marker.sum() == 0
            gone += 1
        elif boxes[0, 2:].min() > 3:
            assert labels.tolist() == [5]
            np.testing.assert_allclose(corners(boxes[0]), extent(marker), atol=1)
            seen += 1
    assert seen > 20 and seen + gone > 30


def test_keypoints_follow_the_picture(pairs):
    """The first is the marker's upper left corner, the second its middle, the third is not there."""
    seen = gone = 0
    for image, target in pairs("keypoints"):
        corner, middle, none = target["keypoints"]
        assert target["keypoints"].dtype == torch.float32 and none.tolist() == [0, 0, 0]
        marker, padding = red(image), green(image)
        if corner[2] == 0 or middle[2] == 0:
            assert (corner[2] > 0 or not corner.any()) and (middle[2] > 0 or not middle.any())
            gone += 1
            continue
        assert corner[2] == 2 and middle[2] == 1
        x, y = (int(min(at, side - 1)) for at, side in zip(middle[:2].tolist(), marker.shape[::-1], strict=True))
        around = (slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2))
        assert marker[around].any() and not padding[y, x]
        left, upper, right, lower = extent(marker)
        assert min(abs(corner[0] - left), abs(corner[0] - right)) <= 1
        assert min(abs(corner[1] - upper), abs(corner[1] - lower)) <= 1
        seen += 1
    assert seen > 15 and seen + gone == 48


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([T.Resize(64), lambda image: image], "runs in Python"),
        ([T.Resize(64), T.ToTensor(), T.RandomErasing(), T.RandomHorizontalFlip()], "RandomHorizontalFlip.*in Python"),
    ],
)
def test_transforms_that_targets_cannot_follow(make, steps, words):
    for kind in ("mask", "boxes", "keypoints"):
        with pytest.raises(ValueError, match=words):
            make(kind, transform=T.Compose(steps))
    assert make("labels", transform=T.Compose(steps)) is not None
