"""A picture is truncated if it lacks bits of a pixel. Whatever else is missing at its end, or strange, does no harm."""

from __future__ import annotations

import struct

import cv2
import images
import numpy as np
import pytest
import torch
from versions import newer_libpng, turns_webp

import pixfeed
from pixfeed import ImageError
from pixfeed.errors import Status

PICTURE = images.picture(61, 83)
END = b"\xff\xd9"
KINDS = {
    "4:2:0": images.jpeg(PICTURE),
    "4:4:4": images.jpeg(PICTURE, sampling="4:4:4"),
    "gray": images.jpeg(PICTURE[..., 0].copy()),
    "restarts": images.jpeg(PICTURE, restart=3),
    "progressive": images.jpeg(PICTURE, progressive=True),
    "cmyk": images.pillow(PICTURE, "JPEG", "CMYK"),
}


def segment(marker: int, body: bytes = b"", length: int | None = None) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


def own_segment(data: bytes, marker: int) -> bytes:
    """The first one of a JPEG's own."""
    at = data.index(b"\xff" + bytes([marker]))
    return data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]


def assert_read(data: bytes, backend: str, folder, whole: bytes | None = None) -> None:
    """As cv2.imread reads it, and as ``whole`` is read."""
    path = folder / "picture"
    path.write_bytes(data)
    expected = images.reference_read(path)
    if whole is not None:
        path.write_bytes(whole)
        np.testing.assert_array_equal(expected, images.reference_read(path))
    np.testing.assert_array_equal(pixfeed.imread(data, backend=backend), expected)
    path.write_bytes(data)
    np.testing.assert_array_equal(
        pixfeed.imread(path, channels="gray", backend=backend), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    )


def status(data: bytes, backend: str, **reading) -> Status | None:
    try:
        pixfeed.imread(data, backend=backend, **reading)
    except ImageError as error:
        return error.status
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_end_marker(tmp_path, backend, capfd, kind):
    whole = KINDS[kind]
    assert whole.endswith(END)
    for cut in (1, 2):
        assert_read(whole[:-cut], backend, tmp_path, whole)
        assert status(whole[:-cut], backend, strict=True) == Status.TRUNCATED
    capfd.readouterr()  # what cv2.imread says
    assert status(whole[:-2], backend) is None and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_less_is_too_little(backend, kind):
    """Every byte before the end marker has a bit of a pixel."""
    for cut in range(3, 24):
        assert status(KINDS[kind][:-cut], backend) == Status.TRUNCATED, cut


@pytest.mark.parametrize("progressive", [False, True])
def test_wherever_the_last_bit_stands(backend, progressive):
    """In the last byte, after which libjpeg looks for more before it needs it."""
    for seed in range(24):
        whole = images.jpeg(images.picture(17, 25, seed), progressive=progressive)
        expected = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        np.testing.assert_array_equal(pixfeed.imread(whole[:-2], backend=backend), expected)
        assert status(whole[:-3], backend) == Status.TRUNCATED, seed


BEHIND = {
    "second SOI": b"\xff\xd8",
    "second frame header": own_segment(KINDS["4:2:0"], 0xC0),
    "huge frame header": segment(0xC0, b"\x08\xff\xff\xff\xff\x01\x01\x11\x00"),
    "second scan": own_segment(KINDS["4:2:0"], 0xDA),
    "unknown marker": b"\xff\x02",
    "wrong quantization table": segment(0xDB, b"\x55" * 9),
    "long comment": segment(0xFE, b"abc", 9000),
    "short comment": segment(0xFE, b"", 0),
    "restart marker": b"\xff\xd3",
    "bytes": b"abcdefgh",
    "another picture": KINDS["4:4:4"],
}


@pytest.mark.parametrize("what", BEHIND)
@pytest.mark.parametrize("end", [END, b""], ids=["end", "no_end"])
def test_behind_the_last_row(tmp_path, backend, capfd, what, end):
    for kind in ("4:2:0", "gray", "restarts"):
        assert_read(KINDS[kind][:-2] + BEHIND[what] + end, backend, tmp_path, KINDS[kind])
    capfd.readouterr()
    assert status(KINDS["4:2:0"][:-2] + BEHIND[what] + end, backend) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("what", ["second SOI", "second frame header", "second scan", "unknown marker", "bytes"])
def test_strict_minds_what_is_behind_the_last_row(backend, what):
    data = KINDS["4:2:0"][:-2] + BEHIND[what] + END
    assert status(data, backend, strict=True) == Status.CORRUPT


def test_the_first_frame_header_counts(backend):
    """Also for the limit on pixels."""
    data = KINDS["4:2:0"][:-2] + BEHIND["huge frame header"] + END
    assert pixfeed.imread(data, max_pixels=61 * 83, backend=backend).shape == PICTURE.shape


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE5, 0xEE, 0xFE, 0xDC])
def test_segments_that_are_too_short(tmp_path, backend, marker, length):
    """libjpeg takes one of no length for an empty one."""
    data = KINDS["4:2:0"]
    assert_read(data[:2] + segment(marker, b"", length) + data[2:], backend, tmp_path, data)


@pytest.mark.parametrize("marker", [0x02, 0xC4, 0xD8, 0xDB, 0xDD, 0xDE, 0xF0])
def test_segments_that_libjpeg_does_not_pass(backend, marker):
    data = KINDS["4:2:0"]
    wrong = data[:2] + segment(marker, b"", 0) + data[2:]
    assert cv2.imdecode(np.frombuffer(wrong, np.uint8), cv2.IMREAD_COLOR) is None
    assert status(wrong, backend) == Status.CORRUPT


def scans(data: bytes) -> list[int]:
    """Where the scans of a progressive JPEG begin, with their Huffman tables."""
    found, at = [], data.index(b"\xff\xc2")
    while True:
        at = min((i for i in (data.find(b"\xff\xc4", at), data.find(b"\xff\xda", at)) if i >= 0), default=-1)
        if at < 0:
            return found
        found.append(at)
        at = data.index(b"\xff\xda", at) + 10


def test_a_progressive_picture_lacks_scans(backend):
    """Between two scans nothing is cut off but what is to come. With an end marker that is all there is."""
    whole = KINDS["progressive"]
    starts = scans(whole)
    assert len(starts) > 4
    for start in starts[1:]:
        assert status(whole[:start], backend) == Status.TRUNCATED
        expected = cv2.imdecode(np.frombuffer(whole[:start] + END, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(pixfeed.imread(whole[:start] + END, backend=backend), expected[..., ::-1])


def test_incomplete_progressive_pictures_at_full_size(backend):
    """decode="scaled" that does not shrink gives the pixels of cv2.imread, with its smoothing."""
    whole = images.jpeg(images.picture(90, 122, seed=3), quality=60, progressive=True)
    for start in scans(whole)[1:]:
        data = whole[:start] + END
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        for decode in ("exact", "scaled"):
            got = pixfeed.load_batch([data], (90, 122), dtype=torch.uint8, decode=decode, backend=backend)
            np.testing.assert_array_equal(got[0].permute(1, 2, 0), expected, err_msg=decode)


@newer_libpng
def test_a_damaged_palette_that_no_pixel_needs(tmp_path, backend):
    good = images.png(PICTURE)
    for colors in (images.png_chunk(b"PLTE", bytes(30))[:-1] + b"x", images.png_chunk(b"PLTE", bytes(31))):
        assert_read(good[:33] + colors + good[33:], backend, tmp_path, good)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


@turns_webp
def test_webp_with_metadata_before_the_picture(tmp_path, backend):
    simple = images.pillow(images.picture(20, 30), "WEBP")
    header = riff_chunk(b"VP8X", struct.pack("<I", 8) + b"\x1d\0\0\x13\0\0")
    turned = webp(header, riff_chunk(b"EXIF", images.exif(6)), riff_chunk(b"xyza", b"12345"), simple[12:])
    assert_read(turned, backend, tmp_path)
    assert pixfeed.imread(turned, backend=backend).shape == (30, 20, 3)


def test_a_webp_that_is_cut_off_and_whose_sides_are_unknown(backend):
    simple = images.pillow(images.picture(20, 30), "WEBP")
    data = webp(riff_chunk(b"EXIF", images.exif(6)), simple[12:], riff_chunk(b"XMP ", bytes(40)))
    with pytest.raises(ImageError) as caught:
        pixfeed.imread(data[:-10], backend=backend)
    assert caught.value.status == Status.TRUNCATED
