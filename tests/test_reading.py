"""Reduced sizes, gray, unchanged, resized: what a Reading says, against cv2 and Pillow themselves."""

from __future__ import annotations

import cv2
import images
import numpy as np
import pytest
import torch
from PIL import Image
from sources import COLOR, GRAY, HEIGHT, PICTURE, SOURCES, WIDTH, by_cv2
from versions import marked, turns_webp

import pixfeed
from pixfeed import ImageError
from pixfeed.errors import Status
from pixfeed.plan import OPENCV


@pytest.mark.parametrize("reduced", [1, 2, 4, 8])
@pytest.mark.parametrize("channels", ["rgb", "gray"])
@pytest.mark.parametrize("name", marked(SOURCES, turns_webp, ["webp turned"]))
def test_gray_and_reduced(backend, name, channels, reduced):
    expected = by_cv2(SOURCES[name], (COLOR if channels == "rgb" else GRAY)[reduced])
    got = pixfeed.imread(SOURCES[name], channels=channels, reduced=reduced, backend=backend)
    np.testing.assert_array_equal(got, expected)
    assert got.flags.c_contiguous
    resized = cv2.resize(expected, (31, 27))
    options = dict(channels=channels, reduced=reduced, backend=backend)
    batch = pixfeed.load_batch([SOURCES[name]], (27, 31), dtype=torch.uint8, **options)
    assert batch.shape == (1, 3 if channels == "rgb" else 1, 27, 31)
    np.testing.assert_array_equal(batch[0].permute(1, 2, 0).numpy().squeeze(), resized)
    floats = pixfeed.load_batch([SOURCES[name]], (27, 31), **options)
    assert torch.equal(floats, batch.float().div(255))


@pytest.mark.parametrize("size", [(1, 1), (7, 7), (3, 100), (16, 9), (17, 33)], ids=str)
def test_reduced_small(backend, size):
    for make in (images.jpeg, images.png):
        data = make(images.picture(*size))
        for reduced in (2, 4, 8):
            got = pixfeed.imread(data, reduced=reduced, backend=backend)
            if make is images.png and min(size) < reduced:  # cv2 raises an error: a side would have no pixel
                assert got.shape[:2] == tuple(max(1, side // reduced) for side in size)
            else:
                np.testing.assert_array_equal(got, by_cv2(data, COLOR[reduced]))


def test_too_little_memory_for_cv2(monkeypatch):
    def resize(*_, **__):
        raise cv2.error("std::bad_alloc")

    monkeypatch.setattr(cv2, "resize", resize)
    with pytest.raises(MemoryError, match="6 x 5 pixels"):
        pixfeed.resize(PICTURE, (5, 6), backend="opencv")


@pytest.mark.parametrize("name", ["jpeg turned 6", "jpeg turned 2", "png turned", "webp turned"])
def test_ignore_orientation(backend, name):
    expected = by_cv2(SOURCES[name], 1 | 128)
    assert expected.shape == PICTURE.shape
    np.testing.assert_array_equal(pixfeed.imread(SOURCES[name], ignore_orientation=True, backend=backend), expected)
    got = pixfeed.imread(SOURCES[name], roi=[100, 10, 30, 40], ignore_orientation=True, backend=backend)
    np.testing.assert_array_equal(got, expected[10:50, 100:130])


@pytest.mark.parametrize("name", SOURCES)
def test_unchanged(backend, name):
    expected = cv2.imdecode(np.frombuffer(SOURCES[name], np.uint8), cv2.IMREAD_UNCHANGED)
    if expected.ndim == 3:
        expected = expected[..., [2, 1, 0, 3][: expected.shape[2]]]
    got = pixfeed.imread(SOURCES[name], channels="unchanged", backend=backend)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    got = pixfeed.imread(SOURCES[name], channels="unchanged", roi=[5, 6, 30, 500], backend=backend)
    np.testing.assert_array_equal(got, expected[6:506, 5:35])
    with pytest.raises(ValueError, match="single images"):
        pixfeed.load_batch([SOURCES[name]], (5, 5), channels="unchanged", backend=backend)
    with pytest.raises(ImageError, match="missing"):
        pixfeed.imread("missing", channels="unchanged", backend=backend)


@pytest.mark.parametrize("name", ["jpeg 4:2:0", "jpeg progressive", "png", "webp lossy", "webp lossless", "bmp"])
def test_max_pixels(backend, name):
    pixfeed.imread(SOURCES[name], max_pixels=HEIGHT * WIDTH, backend=backend)
    with pytest.raises(ImageError, match="max_pixels") as caught:
        pixfeed.imread(SOURCES[name], max_pixels=HEIGHT * WIDTH - 1, backend=backend)
    assert caught.value.status == Status.TOO_LARGE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(channels="bgr"), "channels is 'bgr'"),
        (dict(reduced=3), "reduced is 3"),
        (dict(decode="fast"), "decode is 'fast'"),
        (dict(roi_policy="pad"), "roi_policy"),
        (dict(decode="scaled", antialias=False), "antialias"),
        (dict(decode="scaled", reduced=2), "reduced"),
        (dict(decode="scaled", headroom=0.5), "headroom"),
        (dict(decode="scaled", interpolation="cubic"), "cubic.*may be one of"),
        (dict(max_pixels=0), "max_pixels"),
        (dict(channels="unchanged", reduced=2), "unchanged"),
        (dict(channels="unchanged", size=(2, 2)), "unchanged"),
        (dict(box=(0, 0, 5, 5), size=(2, 2)), "Pillow's filters"),
        (dict(size=(0, 2)), "positive"),
    ],
)
def test_impossible_readings(backend, options, words):
    with pytest.raises(ValueError, match=words):
        pixfeed.imread(SOURCES["png"], **options, backend=backend)
    with pytest.raises(TypeError, match="interpolaton"):
        pixfeed.imread(SOURCES["png"], interpolaton="linear", backend=backend)


def test_antialias_alone_is_bilinear(backend):
    got = pixfeed.imread(SOURCES["png"], size=(20, None), antialias=True, backend=backend)
    expected = Image.fromarray(PICTURE[..., ::-1]).resize((int(WIDTH * 20 / HEIGHT), 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(got, np.asarray(expected))


@pytest.mark.parametrize("shape", [(61, 97, 3), (61, 97)], ids=str)
def test_resize(backend, shape):
    picture = images.picture(61, 97, gray=len(shape) == 2)
    for size in ((20, 30), (30, 48), (61, 97), (100, 150)):
        got = pixfeed.resize(picture, size, backend=backend)
        np.testing.assert_array_equal(got, cv2.resize(picture, size[::-1]))
        assert got.flags.c_contiguous
        for view in (picture[::-1, ::-1], picture[5:50, 7:80], np.asfortranarray(picture)):
            got = pixfeed.resize(view, size, interpolation="lanczos", antialias=True, backend=backend)
            expected = Image.fromarray(np.ascontiguousarray(view)).resize(size[::-1], Image.Resampling.LANCZOS)
            np.testing.assert_array_equal(got, np.asarray(expected))
    got = pixfeed.resize(picture, (9, 9), antialias=True, box=(1.5, 2, 60, 50.25), backend=backend)
    expected = Image.fromarray(picture).resize((9, 9), Image.Resampling.BILINEAR, box=(1.5, 2, 60, 50.25))
    np.testing.assert_array_equal(got, np.asarray(expected))
    for wrong in (picture.astype(float), picture[..., None], picture[:0]):
        with pytest.raises(TypeError, match="uint8"):
            pixfeed.resize(wrong, (5, 5), backend=backend)


def test_resize_of_small_pictures(backend):
    """OpenCV's cubic rounds the last values of a row differently, so that the results of RGB and BGR differ. Users
    convert to RGB before they resize. These pictures show the difference."""
    for seed in (172, 180, 404, 437, 535, 662, 919, 971):
        drawn = np.random.default_rng(seed)
        picture = drawn.integers(0, 256, (*drawn.integers(1, 6, 2), 3), np.uint8)
        data = images.png(picture[..., ::-1])
        size = tuple(drawn.integers(1, 12, 2).tolist())
        for name, number in OPENCV.items():
            got = pixfeed.imread(data, size=size, interpolation=name, backend=backend)
            np.testing.assert_array_equal(got, images.reference_resize(picture, size, number), err_msg=f"{name} {seed}")


def test_resize_of_gray_pictures(backend):
    """The last values of a row, which OpenCV's vectors leave over, are others with one value a pixel than with three:
    in cubic it rounds them in another way, and these pictures show it."""
    for seed in (33, 91, 230):
        picture = np.random.default_rng(seed).integers(0, 256, (30, 11), np.uint8)
        data = images.png(picture)
        for name, number in OPENCV.items():
            expected = images.reference_resize(picture, (300, 15), number)
            got = pixfeed.resize(picture, (300, 15), interpolation=name, backend=backend)
            np.testing.assert_array_equal(got, expected, err_msg=name)
            got = pixfeed.imread(data, size=(300, 15), channels="gray", interpolation=name, backend=backend)
            np.testing.assert_array_equal(got, expected, err_msg=name)
