"""HEADER rows tell what the samples of a stored pixel are, and their bits."""

from __future__ import annotations

import zlib

import cv2
import images
import numpy as np
import pytest

from pixfeed import backends
from pixfeed.plan import SAMPLES

PICTURE = images.picture(9, 14)
ALPHA = np.dstack([PICTURE, PICTURE[..., 0]])


def png(color: int, depth: int) -> bytes:
    """A PNG of zeros, 8 x 8 pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    head = (8).to_bytes(4, "big") * 2 + bytes([depth, color, 0, 0, 0])
    palette = images.png_chunk(b"PLTE", bytes(6)) if color == 3 else b""
    data = zlib.compress(bytes((1 + depth * channels) * 8))
    chunks = images.png_chunk(b"IHDR", head) + palette + images.png_chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + chunks + images.png_chunk(b"IEND", b"")


FILES = {
    **{
        f"png {color} {depth}": (png(color, depth), name, depth)
        for color, name, depths in (
            (0, "gray", (1, 2, 4, 8, 16)),
            (2, "rgb", (8, 16)),
            (3, "palette", (1, 2, 4, 8)),
            (4, "gray and alpha", (8, 16)),
            (6, "rgb and alpha", (8, 16)),
        )
        for depth in depths
    },
    "jpeg": (images.jpeg(PICTURE), "rgb", 8),
    "jpeg gray": (images.pillow(PICTURE, "JPEG", "L"), "gray", 8),
    "jpeg cmyk": (images.pillow(PICTURE, "JPEG", "CMYK"), "cmyk", 8),
    "jpeg progressive": (images.jpeg(PICTURE, progressive=True), "rgb", 8),
    "webp": (images.pillow(PICTURE, "WEBP"), "rgb", 8),
    "webp lossless": (images.pillow(PICTURE, "WEBP", lossless=True), "rgb", 8),
    "webp alpha": (images.pillow(ALPHA, "WEBP"), "rgb and alpha", 8),
    "webp alpha, lossless": (images.pillow(ALPHA, "WEBP", lossless=True), "rgb and alpha", 8),
    "bmp": (cv2.imencode(".bmp", PICTURE)[1].tobytes(), "", 0),
    "nothing": (b"", "", 0),
    "png, cut off": (png(2, 16)[:40], "rgb", 16),
    "jpeg, cut off": (images.jpeg(PICTURE)[:-40], "rgb", 8),
    "jpeg without a frame": (images.jpeg(PICTURE)[:20], "", 0),
}


@pytest.mark.parametrize("name", FILES)
def test_samples_and_depth(name, backend):
    data, samples, depth = FILES[name]
    header = backends.load(backend).open([data]).headers[0]
    assert (SAMPLES[int(header["samples"])], int(header["depth"])) == (samples, depth)
