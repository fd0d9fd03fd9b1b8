"""Interlaced PNGs, of sizes that leave passes without pixels and of others: OpenCV's pixels, and OpenCV's verdict."""

from __future__ import annotations

import cv2
import numpy as np
import png_files
import pytest
from png_files import KINDS, interlaced
from test_png import assert_as_opencv

import pixfeed

SIZES = [(1, 1), (1, 23), (17, 1), (2, 2), (3, 5), (4, 4), (5, 3), (8, 8), (9, 7), (16, 24), (17, 23), (33, 31)]
kinds = pytest.mark.parametrize("kind", KINDS, ids="{0[0]}-{0[1]}".format)


@kinds
def test_sizes(kind, backend):
    for size in SIZES:
        assert_as_opencv(interlaced(*size, *kind), backend, size)


@kinds
def test_data_in_many_chunks(kind, backend):
    assert_as_opencv(interlaced(17, 23, *kind, cut=7), backend)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[0] in (0, 2, 3)], ids="{0[0]}-{0[1]}".format)
def test_transparency(kind, backend):
    assert_as_opencv(interlaced(17, 23, *kind, chunks=png_files.transparency(*kind)), backend)


@kinds
def test_regions_and_sizes(kind, backend):
    """Of a region all seven passes are needed."""
    data = interlaced(33, 31, *kind)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    for x, y, w, h in ((0, 0, 33, 1), (5, 3, 11, 9), (32, 30, 1, 1)):
        found = pixfeed.imread(data, roi=(x, y, w, h), backend=backend)
        np.testing.assert_array_equal(found, whole[y : y + h, x : x + w])
    found = pixfeed.imread(data, size=(16, 12), interpolation="nearest", backend=backend)
    np.testing.assert_array_equal(found, cv2.resize(whole, (12, 16), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize("color", [0, 2, 4, 6])
def test_16_bits(color, backend):
    for size in SIZES:
        data = interlaced(*size, color, 16)
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR_RGB)
        found = pixfeed.imread(data, depth=16, backend=backend)
        assert found.dtype == np.uint16
        np.testing.assert_array_equal(found, expected, err_msg=str(size))


@kinds
@pytest.mark.parametrize("change", ["a byte less", "a byte more", "no last pass", "no filter"])
def test_broken_files(kind, change, backend):
    sizes = [(len(range(x, 17, dx)), len(range(y, 23, dy))) for x, y, dx, dy in png_files.PASSES]
    passes = [png_files.rows(w, h, *kind, seed=i) for i, (w, h) in enumerate(sizes)]
    data = {
        "a byte less": b"".join(passes)[:-1],
        "a byte more": b"".join(passes) + b"x",
        "no last pass": b"".join(passes[:-1]),
        "no filter": b"".join(passes[:-1]) + b"\5" + passes[-1][1:],
    }[change]
    assert_as_opencv(png_files.png(17, 23, *kind, data, interlaced=1), backend, change)
