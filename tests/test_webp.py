"""WebP: the pixels of OpenCV at every size, in every part, with and without alpha."""

from __future__ import annotations

import cv2
import images
import numpy as np
import pytest

import pixfeed

KINDS = {
    "lossy": {"quality": 80},
    "coarse": {"quality": 5},
    "lossless": {"lossless": True},
}


def noise(height: int, width: int, seed: int, channels: int = 3) -> np.ndarray:
    """Colors far apart, which are cut off at 0 and 255 after a lossy codec."""
    return np.random.default_rng(seed).choice(np.array([0, 1, 128, 254, 255], np.uint8), (height, width, channels))


def by_cv2(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_from_1_on(kind, backend):
    for side in range(1, 34):
        for height, width in ((side, 34 - side), (34 - side, side + 1), (side, side)):
            data = images.pillow(noise(height, width, side), "WEBP", **KINDS[kind])
            assert np.array_equal(pixfeed.imread(data, backend=backend), by_cv2(data)), (height, width)
            gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert np.array_equal(pixfeed.imread(data, channels="gray", backend=backend), gray), (height, width)


@pytest.mark.parametrize("kind", KINDS)
def test_parts(kind, backend):
    """Chroma between its samples depends on what lies beyond a part, but not on what lies beyond the picture."""
    data = images.pillow(noise(61, 75, 3), "WEBP", **KINDS[kind])
    whole = by_cv2(data)
    generator = np.random.default_rng(4)
    for _ in range(60):
        x, y = int(generator.integers(0, 75)), int(generator.integers(0, 61))
        w, h = int(generator.integers(1, 76 - x)), int(generator.integers(1, 62 - y))
        part = pixfeed.imread(data, roi=(x, y, w, h), backend=backend)
        assert np.array_equal(part, whole[y : y + h, x : x + w]), (x, y, w, h)


@pytest.mark.parametrize("lossless", [False, True])
def test_alpha_is_left_out(lossless, backend):
    data = images.pillow(noise(37, 41, 5, 4), "WEBP", lossless=lossless, exact=True)
    assert np.array_equal(pixfeed.imread(data, backend=backend), by_cv2(data))
