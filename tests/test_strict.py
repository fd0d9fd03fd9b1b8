"""Damage that only strict reading looks for."""

from __future__ import annotations

import images
import numpy as np
import pytest
from sources import SOURCES

import pixfeed
from pixfeed import ImageError


def test_damage_below_a_region(native):
    """Not looked at, natively, unless strict: that is what makes regions fast. The whole picture always is."""
    data = images.jpeg(images.picture(400, 200))
    cut = data[: len(data) * 3 // 4]
    expected = pixfeed.imread(data, backend="native")[10:50]
    got = pixfeed.imread(cut, roi=(0, 10, 200, 40), backend="native")
    np.testing.assert_array_equal(got, expected)
    for options in (dict(roi=(0, 10, 200, 40), strict=True), dict(roi=(0, 350, 200, 40)), dict(size=(3, 3)), {}):
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(cut, **options, backend="native")


@pytest.mark.parametrize("lossless", [False, True])
def test_strict_looks_at_a_whole_webp(backend, lossless):
    """Below a region, and below what a window needs of a whole picture, in one whose sizes are right."""
    data = images.pillow(images.picture(400, 200), "WEBP", lossless=lossless)
    kept = len(data) // 2 & ~1
    cut = data[:4] + (kept - 8).to_bytes(4, "little") + data[8:16] + (kept - 20).to_bytes(4, "little") + data[20:kept]
    for options in (dict(roi=(0, 10, 200, 40)), dict(size=(3, 3)), {}):
        with pytest.raises(ImageError, match=r"truncated|corrupt"):
            pixfeed.imread(cut, strict=True, **options, backend=backend)
        pixfeed.imread(data, strict=True, **options, backend=backend)
    if backend == "native":
        expected = pixfeed.imread(data, backend="native")[10:50]
        np.testing.assert_array_equal(pixfeed.imread(cut, roi=(0, 10, 200, 40), backend="native"), expected)


@pytest.mark.parametrize("end", [b"\0\0\0\0IEND\xaeB`\x83", b"\0\0\0\4IENDabcdefgh"], ids=["checksum", "length"])
@pytest.mark.parametrize("name", ["png", "png gray", "png 16"])
def test_a_png_with_a_damaged_end(backend, name, end):
    """All pixels are there: OpenCV and Pillow read it, with a warning."""
    damaged = SOURCES[name][:-12] + end
    expected = pixfeed.imread(SOURCES[name], backend=backend)
    np.testing.assert_array_equal(pixfeed.imread(damaged, backend=backend), expected)
    with pytest.raises(ImageError, match=r"corrupt.*IEND"):
        pixfeed.imread(damaged, strict=True, backend=backend)
    for cut in (damaged[:-1], damaged[:-9]):
        with pytest.raises(ImageError, match="truncated"):
            pixfeed.imread(cut, backend=backend)
