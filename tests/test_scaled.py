"""Scaled decoding: near exact antialiasing, and not shifted."""

from __future__ import annotations

import images
import numpy as np
import pytest
import torch
from PIL import Image
from sources import COLOR, GRAY, by_cv2

import pixfeed


@pytest.mark.parametrize("channels", ["rgb", "gray"])
def test_scaled_is_a_reduced_picture_resized(backend, channels):
    """The largest reduction that leaves headroom, then Pillow's filter; the true borders are its box."""
    picture = images.picture(333, 517)
    data = images.jpeg(picture, sampling="4:4:4")
    for size, headroom, reduced in (
        ((64, 64), 2, 2),
        ((40, 60), 2, 4),
        ((40, 60), 4, 2),
        ((20, 30), 2, 8),
        ((200, 60), 2, 1),
    ):
        flags = (COLOR if channels == "rgb" else GRAY)[reduced]
        box = (0, 0, 517 / reduced, 333 / reduced)
        expected = Image.fromarray(np.ascontiguousarray(by_cv2(data, flags)))
        expected = np.asarray(expected.resize(size[::-1], Image.Resampling.BILINEAR, box=box))
        options = dict(decode="scaled", headroom=headroom, channels=channels, backend=backend)
        got = pixfeed.load_batch([data], size, dtype=torch.uint8, **options)[0].permute(1, 2, 0).numpy().squeeze()
        exact = pixfeed.imread(data, size=size, antialias=True, channels=channels, backend=backend).astype(int)
        if backend == "opencv" or reduced == 1:
            np.testing.assert_array_equal(got, expected, err_msg=f"{size}")
        else:  # from the lowest frequencies of each block: closer, but where a quarter leaves out one of them for speed
            slack = 1.2 if reduced == 4 else 1
            assert np.abs(got - exact).mean() <= slack * np.abs(expected - exact).mean() < 1.5
    got = pixfeed.imread(data, size=(20, 30), roi=(33, 50, 243, 165), decode="scaled", backend=backend)
    exact = pixfeed.imread(data, size=(20, 30), roi=(33, 50, 243, 165), antialias=True, backend=backend)
    assert np.abs(got.astype(int) - exact).mean() < 3  # a shift of one pixel would be 15
    png = images.png(picture)  # has no smaller sizes: exact
    np.testing.assert_array_equal(
        pixfeed.imread(png, size=(20, 30), decode="scaled", backend=backend),
        pixfeed.imread(png, size=(20, 30), antialias=True, backend=backend),
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_scaled_pictures_are_not_shifted(backend, orientation):
    """Whichever side the partly filled blocks lie on. A shift shows as itself: of 5 and of 7 pixels."""
    data = images.positions(155, 201, orientation, images.jpeg)
    for options in (dict(), dict(roi=(33, 21, 141, 99)), dict(box=(3.5, 2.25, 160.5, 150))):
        got, exact = (
            pixfeed.imread(data, size=(9, 11), antialias=True, headroom=1, decode=how, backend=backend, **options)
            for how in ("scaled", "exact")
        )
        assert np.abs(got[..., :2].astype(int) - exact[..., :2]).mean((0, 1)).max() < 1, options


@pytest.mark.slow
def test_scaled_on_real_photos(shared_data, backend):
    """Near exact antialiasing, everywhere: one wrong block would show."""
    means = []
    for path in sorted((shared_data / "camera").glob("*.jpg"))[:: 2 if backend == "native" else 8]:
        exact = pixfeed.imread(path, size=(256, 256), antialias=True, backend=backend).astype(int)
        difference = np.abs(exact - pixfeed.imread(path, size=(256, 256), decode="scaled", backend=backend))
        assert difference.max() <= 24, path
        means.append(difference.mean())
    assert np.mean(means) <= 0.35
