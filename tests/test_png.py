"""PNG files of every kind, by our own path and by libpng: OpenCV's pixels, and OpenCV's verdict."""

from __future__ import annotations

import resource
import struct
import zlib

import cv2
import images
import numpy as np
import png_files
import pytest
from png_files import KINDS, png
from versions import marked, newer_libpng

import pixfeed
from pixfeed import ImageError
from pixfeed.errors import Status

WAYS = {"rgb": cv2.IMREAD_COLOR_RGB, "gray": cv2.IMREAD_GRAYSCALE}


def assert_as_opencv(data: bytes, backend: str, what: object = "") -> None:
    for channels, flag in WAYS.items():
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
        if expected is None:
            with pytest.raises(ImageError):
                pixfeed.imread(data, channels=channels, backend=backend)
            continue
        found = pixfeed.imread(data, channels=channels, backend=backend)
        np.testing.assert_array_equal(found, expected, err_msg=f"{what} {channels}")


@pytest.mark.parametrize("kind", KINDS, ids="{0[0]}-{0[1]}".format)
def test_sizes_and_filters(backend, kind):
    for side in range(1, 34):
        assert_as_opencv(png(side, 34 - side, *kind), backend, (side, kind))
    for filter in range(5):
        rows = png_files.rows(31, 17, *kind, filter=filter)
        assert_as_opencv(png(31, 17, *kind, rows), backend, (filter, kind))


@pytest.mark.parametrize("kind", KINDS, ids="{0[0]}-{0[1]}".format)
def test_regions_and_chunks(backend, kind):
    """A region may need the upper rows only, which are decoded without the others."""
    data = png(160, 1000, *kind, cut=999)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    for x, y, w, h in ((0, 0, 160, 1), (3, 5, 40, 70), (100, 400, 60, 300), (7, 930, 100, 70), (0, 0, 160, 1000)):
        found = pixfeed.imread(data, roi=(x, y, w, h), backend=backend)
        np.testing.assert_array_equal(found, expected[y : y + h, x : x + w])


@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_region_of_stored_and_packed_data(backend, level):
    """However the data is packed: as it is, with fixed codes, or with tables."""
    rows = b"".join(b"\2" + bytes([y % 7] * 900) for y in range(600))
    packed = zlib.compressobj(level, zlib.DEFLATED, 15, 8, zlib.Z_FIXED if level == 1 else zlib.Z_DEFAULT_STRATEGY)
    data = png(300, 600, 2, 8)
    begin = data.index(b"IDAT") - 4
    chunk = images.png_chunk(b"IDAT", packed.compress(rows) + packed.flush())
    data = data[:begin] + chunk + images.png_chunk(b"IEND", b"")
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    for y in (0, 100, 290, 550):
        found = pixfeed.imread(data, roi=(10, y, 200, 40), backend=backend)
        np.testing.assert_array_equal(found, expected[y : y + 40, 10:210])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[0] in (0, 2, 3)], ids="{0[0]}-{0[1]}".format)
def test_transparency(backend, kind):
    assert_as_opencv(png(29, 13, *kind, chunks=png_files.transparency(*kind)), backend)


@pytest.mark.parametrize("colors", [1, 5, 255])
def test_numbers_outside_the_palette(backend, colors):
    """Black, and no reason to refuse the picture."""
    rows = b"".join(b"\0" + bytes(range(40)) for _ in range(8))
    data = png(40, 8, 3, 8, rows, colors=colors)
    assert_as_opencv(data, backend)
    np.testing.assert_array_equal(
        pixfeed.imread(data, strict=True, backend=backend), pixfeed.imread(data, backend=backend)
    )


BROKEN = {
    "no filter": png(5, 5, 2, 8, b"\5" + png_files.rows(5, 5, 2, 8)[1:]),
    "rows are missing": png(20, 20, 2, 8, png_files.rows(20, 19, 2, 8)),
    "rows too many": png(20, 20, 2, 8, png_files.rows(20, 21, 2, 8)),
    "a byte is missing": png(20, 20, 2, 8, png_files.rows(20, 20, 2, 8)[:-1]),
    "a byte too many": png(20, 20, 2, 8, png_files.rows(20, 20, 2, 8) + b"x"),
    "sum of the data": png_files.with_data(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "no sum": png_files.with_data(lambda data: data[:-4]),
    "data is cut": png_files.with_data(lambda data: data[: len(data) // 2]),
    "data goes on": png_files.with_data(lambda data: data + b"more"),
    "damaged data": png_files.with_data(lambda data: data[:200] + bytes(8) + data[208:]),
    "a small window": png_files.with_data(lambda data: b"\x08\x1d" + data[2:]),
    "a window too large": png_files.with_data(lambda data: b"\x88\x1c" + data[2:]),
    "a dictionary": png_files.with_data(lambda data: b"\x78\xbb" + data[2:]),
    "no zlib": png_files.with_data(lambda data: b"\x79\x9b" + data[2:]),
    "an unknown critical chunk": png(5, 5, 2, 8, chunks=images.png_chunk(b"CRIT", b"x")),
    "no palette": png(5, 5, 3, 8).replace(png_files.images.png_chunk(b"PLTE", png_files.palette(256)), b""),
    "a long palette": png(5, 5, 3, 2, colors=9),
    "an odd palette": png(5, 5, 2, 8, chunks=images.png_chunk(b"PLTE", b"1234")),
    "two palettes": png(5, 5, 3, 8, chunks=images.png_chunk(b"PLTE", bytes(30))),
    "two headers": png(5, 5, 2, 8, chunks=png_files.header(5, 5, 2, 8)),
    "an empty chunk of data": png(5, 5, 2, 8, chunks=images.png_chunk(b"IDAT", b"")),
    "no data": png_files.SIGNATURE + png_files.header(5, 5, 2, 8) + images.png_chunk(b"IEND", b""),
    "an end with data": png(5, 5, 2, 8)[:-12] + images.png_chunk(b"IEND", b"x"),
    "sum of a chunk": png(5, 5, 2, 8)[:-13] + bytes([png(5, 5, 2, 8)[-13] ^ 1]) + png(5, 5, 2, 8)[-12:],
    "sum of the end": png(5, 5, 2, 8)[:-1] + b"x",
    "another method": png(5, 5, 2, 8)[:26] + b"\1" + png(5, 5, 2, 8)[27:],
    "no such depth": png(5, 5, 0, 8)[:24] + b"\3" + png(5, 5, 0, 8)[25:],
    "depth of a palette": png(5, 5, 3, 8)[:24] + b"\x10" + png(5, 5, 3, 8)[25:],
}


def mended(data: bytes) -> bytes:
    """With the header's checksum."""
    return data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]


@pytest.mark.parametrize("name", marked(BROKEN, newer_libpng, ["sum of the end"]))
def test_broken_files(backend, name):
    assert_as_opencv(mended(BROKEN[name]), backend, name)


@pytest.mark.parametrize("flip", range(0, 60, 7))
def test_mutations(backend, flip):
    """Bits of the data, with the checksums of chunks put right."""
    for kind in KINDS:
        good = png(33, 33, *kind)
        begin, end = good.index(b"IDAT") + 4, good.rindex(b"IEND") - 8
        data = bytearray(good[begin:end])
        data[(flip * 997) % len(data)] ^= 1 << flip % 8
        chunk = images.png_chunk(b"IDAT", bytes(data))
        assert_as_opencv(good[: begin - 8] + chunk + good[end + 4 :], backend, (kind, flip))


def test_a_header_that_lies_takes_no_memory(backend):
    """As many pixels as the data might just hold, but does not."""
    packed = zlib.compress(bytes(100_000))
    data = png(2, 2, 2, 8)
    header = png_files.header(10_000, len(packed) * 1000 // 30_000, 2, 8)
    data = data[:8] + header + images.png_chunk(b"IDAT", packed) + images.png_chunk(b"IEND", b"")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError) as caught:
        pixfeed.imread(data, backend=backend)
    assert caught.value.status in (Status.CORRUPT, Status.TRUNCATED)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_libpng_alone_gives_the_same(native, monkeypatch):
    """PIXFEED_PNG=libpng leaves every PNG to libpng."""
    from pixfeed import backends
    from pixfeed.backends.native import backend as make
    from pixfeed.plan import resize_plan

    sources = [png(37, 23, *kind) for kind in KINDS]
    results = []
    for name in ("", "libpng"):
        monkeypatch.setenv("PIXFEED_PNG", name)
        backend = make(lambda: backends.load("opencv"))
        assert backend._libpng == (name == "libpng")
        opened = backend.open(sources, threads=2)
        out = np.zeros((len(sources), 3, 23, 37), np.uint8)
        assert not opened.decode_into(resize_plan(opened.headers, (23, 37)), out, 2).statuses.any()
        results.append(out)
    np.testing.assert_array_equal(*results)
