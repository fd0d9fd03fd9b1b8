"""Letterbox: the pixels of YOLO projects' letterbox, and boxes, masks and points that follow."""

from __future__ import annotations

import functools

import cv2
import images
import numpy as np
import pytest
import torch
from marker import GREEN, HEIGHT, IGNORE, NUMBER, WIDTH, H, W, X, Y, corners, extent, make_dataset, red, write_pictures
from PIL import Image

import pixfeed
from pixfeed import FastTxtDataset
from pixfeed import transforms as T


def letterbox(picture, size, color=(114, 114, 114), scaleup=True, interpolation=cv2.INTER_LINEAR):
    """As in YOLO projects, with auto=False."""
    height, width = picture.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    ratio = ratio if scaleup else min(ratio, 1.0)
    w, h = round(width * ratio), round(height * ratio)
    dw, dh = (size[1] - w) / 2, (size[0] - h) / 2
    if (width, height) != (w, h):
        picture = cv2.resize(picture, (w, h), interpolation=interpolation)
    top, bottom = round(dh - 0.1), round(dh + 0.1)
    left, right = round(dw - 0.1), round(dw + 0.1)
    return cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=color)


SIZES = [(64, 64), (97, 61), (61, 97), (40, 333), (480, 640), (33, 20), (128, 64), (31, 31)]


@pytest.mark.parametrize("size", [(64, 64), (50, 81), (33, 97), (200, 200)])
@pytest.mark.parametrize("how", [{}, {"scaleup": False, "fill": (9, 200, 31)}, {"interpolation": "area"}], ids=str)
def test_pixels_are_those_of_yolo_projects(tmp_path, backend, size, how):
    pictures = [images.picture(*each, seed=i) for i, each in enumerate(SIZES)]
    for i, picture in enumerate(pictures):
        (tmp_path / f"{i}.png").write_bytes(images.png(picture))
    names = [f"{i}.png" for i in range(len(SIZES))]
    how_read = {"transform": T.Letterbox(size, **how), "dtype": torch.uint8, "backend": backend}
    dataset = FastTxtDataset.from_samples(names, range(len(SIZES)), image_dir=tmp_path, **how_read)
    color, scaleup = how.get("fill", (114,) * 3), how.get("scaleup", True)
    kind = cv2.INTER_AREA if "interpolation" in how else cv2.INTER_LINEAR
    batch, _ = pixfeed.default_collate(dataset.__getitems__(range(len(SIZES))))
    for i, name in enumerate(names):
        expected = letterbox(images.reference_read(tmp_path / name), size, color, scaleup, kind).transpose(2, 0, 1)
        np.testing.assert_array_equal(dataset[i][0].numpy(), expected)
        np.testing.assert_array_equal(batch[i].numpy(), expected)
        np.testing.assert_array_equal(dataset.transform(pictures[i][..., ::-1].copy()).numpy(), expected)
    assert len(str(dataset).splitlines()) == 2  # in one pass


@pytest.fixture
def make(tmp_path, backend):
    return functools.partial(make_dataset, write_pictures(tmp_path), backend)


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("size", [(60, 60), (90, 200), (181, 121)])
def test_targets_follow(make, size, flip):
    steps = T.Compose([T.Letterbox(size, GREEN), T.RandomHorizontalFlip(flip)])
    boxes, masks, points = (make(kind, transform=steps, dtype=torch.uint8) for kind in ("boxes", "mask", "keypoints"))
    ratio = min(size[0] / HEIGHT, size[1] / WIDTH)
    shown = round(HEIGHT * ratio) * round(WIDTH * ratio)
    for i in range(16):
        image, target = boxes[i]
        (box,) = target["boxes"]
        where = extent(red(image))
        np.testing.assert_allclose(corners(box), where, atol=1)
        np.testing.assert_allclose(extent((masks[i][1] == NUMBER).numpy()), where, atol=1)
        assert (masks[i][1] != IGNORE).sum() == shown
        middle = points[i][1]["keypoints"][1]
        np.testing.assert_allclose(middle[:2], [box[0] + box[2] / 2, box[1] + box[3] / 2], atol=1e-3)
        np.testing.assert_allclose(box[2:].numpy() / ratio, [W, H], rtol=0.03)


def test_after_other_steps(make):
    """A crop before it is part of the pass; after a resize there is another one."""
    steps = [T.RandomCrop((HEIGHT, WIDTH)), T.Letterbox(60)]
    dataset = make("boxes", transform=T.Compose(steps), dtype=torch.uint8)
    assert "native, in one pass: decode, RandomCrop((90, 120)), Letterbox((60, 60))" in str(dataset)
    np.testing.assert_allclose(dataset[0][1]["boxes"][0], [X / 2, Y / 2 + 7, W / 2, H / 2], atol=0.3)
    twice = make("boxes", transform=T.Compose([T.Resize((45, 60)), T.Letterbox(30)]), dtype=torch.uint8)
    np.testing.assert_allclose(twice[0][1]["boxes"][0], [X / 4, Y / 4 + 4, W / 4, H / 4], atol=0.3)
    assert (twice[0][0][:, 0] == 114).all()


def test_one_picture_and_arguments():
    picture = images.picture(30, 60)
    made = T.Letterbox(40)(Image.fromarray(picture))
    np.testing.assert_array_equal(made.permute(1, 2, 0).numpy(), letterbox(picture, (40, 40)))
    assert repr(T.Letterbox(640)) == "Letterbox((640, 640))" and T.Letterbox((3, 4)).size_after(None) == (3, 4)
    assert T.Letterbox(8)(images.picture(200, 1)).shape == (3, 8, 8)  # a side of less than half a pixel
    for wrong in ({"size": 0}, {"size": 8, "fill": 256}, {"size": 8, "interpolation": "bilinear"}, {"size": (1, 2, 3)}):
        with pytest.raises(ValueError):
            T.Letterbox(**wrong)
