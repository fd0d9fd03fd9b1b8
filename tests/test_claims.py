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


def bmp_that_claims(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 1, 0, 300, 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", 357, 0, 0, 62) + info + b"\0" * 4 + b"\xff" * 4 + bytes(300)


def tiff_that_claims(width: int, height: int) -> bytes:
    data = bytearray(images.pillow(PICTURE, "TIFF"))
    for tag, value in ((256, width), (257, height)):
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        data[at + 8 : at + 12] = struct.pack("<I", value)
    return bytes(data)


OTHERS = {
    "bmp": bmp_that_claims,
    "pnm": lambda width, height: b"P5\n%d %d\n255\n" % (width, height) + bytes(100),
    "tiff": tiff_that_claims,
}


@pytest.mark.parametrize("format", OTHERS)
@pytest.mark.parametrize("side", [1_048_577, 16_777_217, 16_777_253, (1 << 31) - 1])
def test_sides_of_other_formats(backend, format, side):
    for sides in ((53, side), (side, 53)):
        for options in ({}, dict(size=(8, 8)), dict(channels="gray", size=(8, None))):
            assert status_of(OTHERS[format](*sides), backend, **options) == Status.TOO_LARGE


def test_a_height_that_has_no_absolute_value(backend):
    assert status_of(bmp_that_claims(53, -(1 << 31)), backend) == Status.TOO_LARGE
    assert status_of(tiff_that_claims(53, 1 << 31), backend) == Status.TOO_LARGE
