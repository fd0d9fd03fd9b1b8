"""Small files that claim to be large pictures: refused before memory is taken for them."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import images
import pytest

import pixfeed
from pixfeed import ImageError
from pixfeed.errors import Status

PICTURE = images.picture(20, 30)


def png_that_claims(width: int, height: int, data: bytes = b"\0" * 30) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(images.png_chunk(name, body) for name, body in chunks)


def status_of(data: bytes, backend: str, **options) -> Status:
    with pytest.raises(ImageError) as caught:
        pixfeed.imread(data, backend=backend, **options)
    return caught.value.status


@pytest.mark.parametrize("options", [{}, dict(size=(8, 8)), dict(size=(8, 8), decode="scaled")], ids=str)
def test_a_png_whose_data_cannot_hold_its_pixels(backend, options):
    tracemalloc.start()
    try:
        assert status_of(png_that_claims(1_000_000, 1000), backend, **options) == Status.CORRUPT
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def test_a_png_that_is_packed_as_well_as_can_be(backend):
    """Deflate's limit is not reached by a picture that is there."""
    data = png_that_claims(3000, 3000, bytes(3000 * (1 + 3 * 3000)))
    assert not pixfeed.imread(data, backend=backend).any()


@pytest.mark.parametrize("sides", [(1_000_001, 1), (1, 1_000_001), (1 << 25, 9)], ids=str)
def test_sides_that_opencv_refuses(backend, sides):
    data = png_that_claims(*sides, bytes((1 + 3 * sides[0]) * sides[1] if max(sides) < 2_000_000 else 30))
    for options in ({}, dict(size=(8, 8), decode="scaled"), dict(size=(9, None), interpolation="area")):
        assert status_of(data, backend, **options) == Status.TOO_LARGE


def test_the_largest_side(backend):
    data = png_that_claims(1_000_000, 1, bytes(1 + 3_000_000))
    assert pixfeed.imread(data, size=(1, 8), backend=backend).shape == (1, 8, 3)
