"""Odd PNGs that libpng reads or refuses: the same verdict and pixels as cv2.imread."""

from __future__ import annotations

import itertools
import re
import struct
import zlib

import cv2
import images
import numpy as np
import pytest
from versions import marked, newer_libpng

from pixfeed import ImageError, imread

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
PICTURE[:7] //= 100  # black, and colors of 1 and 2
PICTURE[7:9] = PICTURE[7:9, :, :1]
COLORS = {0: 1, 2: 3, 4: 2, 6: 4}


def png(
    image: np.ndarray = PICTURE,
    color: int = 2,
    before: bytes = b"",
    cut: float = 0.5,
    between: bytes = b"",
    after: bytes = b"",
    bad_end: bool = False,
) -> bytes:
    """With two IDAT chunks, and chunks before them, between them and after them."""
    height, width = image.shape[:2]
    depth = 8 * image.itemsize
    data = zlib.compress(b"".join(b"\0" + row.astype(f">u{image.itemsize}").tobytes() for row in image))
    at = int(cut * len(data))
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = (data[:at], data[at:]) if cut < 1 else (data, b"")
    first, second = (images.png_chunk(b"IDAT", part) if part else b"" for part in parts)
    end = images.png_chunk(b"IEND", b"")
    end = end[:-1] + bytes([end[-1] ^ 1]) if bad_end else end
    head = images.png_chunk(b"IHDR", head)
    return b"\x89PNG\r\n\x1a\n" + head + before + first + between + second + after + end


def damaged(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


TEXT = images.png_chunk(b"tEXt", b"a\0b")
MORE = images.png_chunk(b"IDAT", b"more")
FILES = {
    "two IDATs": png(),
    "text between them": png(between=TEXT),
    "damaged text between them": png(between=damaged(TEXT)),
    "a private chunk between them": png(between=images.png_chunk(b"prVt", b"x")),
    "a palette between them": png(between=images.png_chunk(b"PLTE", bytes(6))),
    "an orientation between them": png(between=images.png_chunk(b"eXIf", images.exif(1)[6:])),
    "text between them, gray": png(PICTURE[..., :1], 0, between=TEXT),
    "text between them, 16 bits": png(PICTURE.astype(np.uint16) * 251, 2, between=TEXT),
    "text before the last bytes": png(cut=0.999, between=TEXT),
    "text, then more data": png(cut=1, after=TEXT + MORE),
    "more data": png(cut=1, after=MORE),
    "text after the data": png(after=TEXT),
    "a damaged end": png(bad_end=True),
    "a damaged end after text": png(after=TEXT, bad_end=True),
    "a damaged end after text between IDATs": png(between=TEXT, bad_end=True),
    "an unknown critical chunk": png(after=images.png_chunk(b"PRVT", b"")),
    **{
        f"a gamma of {gamma}, color type {color}, {8 * dtype().itemsize} bits": png(
            np.dstack([PICTURE, PICTURE[..., 0]])[..., : COLORS[color]].astype(dtype)
            * (257 if dtype == np.uint16 else 1),
            color,
            before=images.png_chunk(b"gAMA", struct.pack(">I", gamma)),
        )
        for gamma in (0, 1, 2, 4, 5, 45455, 2**31 - 1)
        for color in COLORS
        for dtype in (np.uint8, np.uint16)
    },
}


WAYS = list(itertools.product(FILES, [False, True]))
OTHERWISE = [
    (name, gray)
    for name, gray in WAYS
    if name in ("a damaged end", "a damaged end after text")
    or (gray and re.match(r"a gamma of (5|2147483647), color type [26]", name))
]


@pytest.mark.parametrize(("name", "gray"), marked(WAYS, newer_libpng, OTHERWISE))
def test_the_verdict_of_opencv(name, gray, backend, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(FILES[name])
    expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR_RGB)
    how = {"channels": "gray" if gray else "rgb", "backend": backend}
    if expected is None:
        with pytest.raises(ImageError, match="corrupt"):
            imread(path, **how)
    else:
        assert np.array_equal(imread(path, **how), expected)
