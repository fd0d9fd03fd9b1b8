"""EXIF orientations in odd places: pixels are turned as cv2.imread turns them, and the header says the same."""

from __future__ import annotations

import struct

import cv2
import images
import numpy as np
import pytest
from versions import OPENCV

import pixfeed
from pixfeed import backends

PICTURE = images.picture(16, 24)
JPEG = images.jpeg(PICTURE)
PNG = images.png(PICTURE)
WEBP = images.pillow(PICTURE, "WEBP")[12:]  # the picture's chunk
END = PNG.rindex(b"IEND") - 4
ORIENTATION, MAKE, RESOLUTION = 0x0112, 0x010F, 0x011A


def tiff(
    *entries: tuple[int, int, int, int], order: bytes = b"II", count: int | None = None, more: bytes = b""
) -> bytes:
    """A TIFF structure with one directory of (tag, type, count, value)."""
    sign = "<" if order == b"II" else ">"
    body = struct.pack(sign + "HIH", 42, 8, len(entries) if count is None else count)
    for tag, kind, n, value in entries:
        short = kind == 3
        body += struct.pack(sign + ("HHIHxx" if short else "HHII"), tag, kind, n, value)
    return order + body + more


def turned(value: int = 6) -> tuple[int, int, int, int]:
    return ORIENTATION, 3, 1, value


def exif(data: bytes) -> bytes:
    body = b"Exif\0\0" + data
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def chunk(data: bytes, sound: bool = True) -> bytes:
    made = images.png_chunk(b"eXIf", data)
    return made if sound else made[:-1] + bytes([made[-1] ^ 1])


def riff(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp(*chunks: bytes, flags: int = 8, behind: bytes = b"") -> bytes:
    header = riff(b"VP8X", struct.pack("<I", flags) + b"\x17\0\0\x0f\0\0")
    body = b"WEBP" + header + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


PLAIN = tiff(turned(), more=bytes(4))
FILES = {
    # JPEG: the first segment that has the tag
    "empty segment first": jpeg(exif(b""), exif(PLAIN)),
    "segment without the tag first": jpeg(exif(tiff((0x0128, 3, 1, 2))), exif(PLAIN)),
    "segment that is no TIFF first": jpeg(exif(b"XX" + PLAIN[2:]), exif(PLAIN)),
    "two segments": jpeg(exif(tiff(turned(3))), exif(PLAIN)),
    "upright first": jpeg(exif(tiff(turned(1))), exif(PLAIN)),
    "nonsense first": jpeg(exif(tiff(turned(9))), exif(PLAIN)),
    "XMP first": jpeg(b"\xff\xe1\0\x20http://ns.adobe.com/xap/1.0/\0\0", exif(PLAIN)),
    "behind the frame header": JPEG[: JPEG.index(b"\xff\xda")] + exif(PLAIN) + JPEG[JPEG.index(b"\xff\xda") :],
    "behind the picture": JPEG[:-2] + exif(PLAIN) + JPEG[-2:],
    "other bytes than Exif 0 0": jpeg(exif(PLAIN).replace(b"Exif\0\0", b"Exif\0\1")),
    # the directory
    **{f"directory cut off by {n}": jpeg(exif(tiff(turned())[:-n])) for n in (1, 2, 3, 5, 12)},
    "more entries claimed": jpeg(exif(tiff(turned(), count=99))),
    "no entries claimed": jpeg(exif(tiff(turned(), count=0))),
    "twice in a directory": jpeg(exif(tiff(turned(1), turned(6)))),
    "maker's name": jpeg(exif(tiff((MAKE, 2, 5, 38), turned(), more=b"Maker\0"))),
    "maker's name beyond the end": jpeg(exif(tiff((MAKE, 2, 50, 38), turned(), more=b"Maker\0"))),
    "resolution beyond the end": jpeg(exif(tiff((RESOLUTION, 5, 1, 5000), turned()))),
    "resolution beyond the end, afterwards": jpeg(exif(tiff(turned(), (RESOLUTION, 5, 1, 5000)))),
    "other text beyond the end": jpeg(exif(tiff((0x9003, 2, 50, 5000), turned()))),
    "long number": jpeg(exif(tiff((ORIENTATION, 4, 1, 6)))),
    "long number, high byte first": jpeg(exif(tiff((ORIENTATION, 4, 1, 6), order=b"MM"))),
    "unknown order of bytes": jpeg(exif(tiff(turned(), order=b"XX"))),
    "BigTIFF": jpeg(exif(PLAIN[:2] + b"+" + PLAIN[3:])),
    # PNG: the first chunk that libpng takes
    "chunk behind the picture": PNG[:END] + chunk(PLAIN) + PNG[END:],
    "chunk with a wrong checksum": PNG[:33] + chunk(PLAIN, sound=False) + PNG[33:],
    "sound chunk after a wrong one": PNG[:33] + chunk(tiff(turned(3)), sound=False) + chunk(PLAIN) + PNG[33:],
    "sound chunk behind the picture": PNG[:33]
    + chunk(tiff(turned(3)), sound=False)
    + PNG[33:END]
    + chunk(PLAIN)
    + PNG[END:],
    "two chunks": PNG[:33] + chunk(tiff(turned(3), more=bytes(4))) + PNG[33:END] + chunk(PLAIN) + PNG[END:],
    "chunk without the tag first": PNG[:33] + chunk(tiff((0x0128, 3, 1, 2))) + chunk(PLAIN) + PNG[33:],
    "chunk that is no TIFF first": PNG[:33] + chunk(b"Exif\0\0" + PLAIN) + chunk(PLAIN) + PNG[33:],
    "short chunk first": PNG[:33] + chunk(b"II") + chunk(PLAIN) + PNG[33:],
    "chunk after the end": PNG + chunk(PLAIN),
    # WebP: what libwebp's demuxer finds
    "WebP": webp(WEBP, riff(b"EXIF", PLAIN)),
    "WebP before the picture": webp(riff(b"EXIF", PLAIN), WEBP),
    "WebP that does not announce it": webp(WEBP, riff(b"EXIF", PLAIN), flags=0),
    "WebP without VP8X": b"RIFF"
    + struct.pack("<I", 4 + len(WEBP + riff(b"EXIF", PLAIN)))
    + b"WEBP"
    + WEBP
    + riff(b"EXIF", PLAIN),
    "WebP with Exif 0 0": webp(WEBP, riff(b"EXIF", b"Exif\0\0" + PLAIN)),
    "WebP with two": webp(WEBP, riff(b"EXIF", tiff(turned(3))), riff(b"EXIF", PLAIN)),
    "WebP with two, the first without the tag": webp(
        WEBP, riff(b"EXIF", tiff((0x0128, 3, 1, 2))), riff(b"EXIF", PLAIN)
    ),
    "WebP with bytes behind": webp(WEBP, riff(b"EXIF", PLAIN), behind=b"xyz"),
    "WebP with bytes behind, inside": webp(WEBP, riff(b"EXIF", PLAIN), b"xyz"),
    "WebP with a chunk that is too long": webp(WEBP, riff(b"EXIF", PLAIN), b"abcd\xff\0\0\0xyzu"),
    "WebP with two pictures": webp(WEBP, WEBP, riff(b"EXIF", PLAIN)),
    "WebP with two headers": webp(WEBP, webp()[12:], riff(b"EXIF", PLAIN)),
    "WebP with other chunks": webp(riff(b"abcd", b"123"), WEBP, riff(b"efgh", b"1"), riff(b"EXIF", PLAIN)),
    "WebP with alpha behind": webp(WEBP, riff(b"ALPH", b"123"), riff(b"EXIF", PLAIN)),
    "WebP with a reserved flag": webp(WEBP, riff(b"EXIF", PLAIN), flags=0x48),
    "WebP with a short header of an animation": webp(WEBP, riff(b"ANIM", bytes(4)), riff(b"EXIF", PLAIN)),
    "WebP with a frame": webp(WEBP, riff(b"ANMF", bytes(16)), riff(b"EXIF", PLAIN)),
    "WebP with an animation's header": webp(riff(b"ANIM", bytes(6)), WEBP, riff(b"EXIF", PLAIN)),
    "WebP with an animation's header behind": webp(WEBP, riff(b"ANIM", bytes(6)), riff(b"EXIF", PLAIN)),
    "WebP with alpha apart": webp(WEBP, riff(b"EXIF", PLAIN), riff(b"ALPH", b"123")),
}


# Where an older OpenCV turns otherwise: the first one that does not, and the orientation that it finds. pixfeed finds
# it beside any OpenCV.
SINCE = {
    "empty segment first": (4, 13, 6),
    "segment without the tag first": (4, 13, 6),
    "segment that is no TIFF first": (4, 13, 6),
    "XMP first": (4, 13, 6),
    "other bytes than Exif 0 0": (4, 13, 1),
    "short chunk first": (4, 12, 6),
    "WebP": (4, 13, 6),
    "WebP before the picture": (4, 13, 6),
    "WebP with two": (4, 13, 3),
    "WebP with bytes behind": (4, 13, 6),
    "WebP with other chunks": (4, 13, 6),
    "WebP with alpha behind": (4, 13, 6),
    "WebP with an animation's header behind": (4, 13, 6),
}
ROTATIONS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE}


def by_cv2(path, name: str, flag: int) -> np.ndarray:
    *since, orientation = SINCE.get(name, (0, 0, 1))
    if tuple(since) <= OPENCV:
        return cv2.imread(str(path), flag)
    stored = cv2.imread(str(path), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if flag & cv2.IMREAD_IGNORE_ORIENTATION or orientation == 1:
        return stored
    return cv2.rotate(stored, ROTATIONS[orientation])


@pytest.mark.parametrize("name", FILES)
def test_as_opencv_turns_it(tmp_path, backend, capfd, name):
    path = tmp_path / "picture"
    path.write_bytes(FILES[name])
    for flag, reading in (
        (cv2.IMREAD_COLOR_RGB, {}),
        (cv2.IMREAD_GRAYSCALE, {"channels": "gray"}),
        (cv2.IMREAD_REDUCED_GRAYSCALE_2, {"channels": "gray", "reduced": 2}),
        (cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION, {"ignore_orientation": True}),
    ):
        expected = by_cv2(path, name, flag)
        np.testing.assert_array_equal(pixfeed.imread(path, backend=backend, **reading), expected)
    header = backends.load(backend).open([path]).headers[0]
    stored = pixfeed.imread(path, ignore_orientation=True, backend=backend)
    np.testing.assert_array_equal(images.stored(pixfeed.imread(path, backend=backend), header["orientation"]), stored)
    assert (header["height"], header["width"]) == pixfeed.imread(path, backend=backend).shape[:2]


def test_the_list_is_of_both_kinds():
    """Of what is turned, and of what is not."""
    shapes = [pixfeed.imread(data, backend="opencv").shape for data in FILES.values()]
    assert min(shapes.count((16, 24, 3)), shapes.count((24, 16, 3))) > 10


def test_a_container_that_claims_gigabytes(backend):
    """Takes no longer than any other that is cut off."""
    data = webp(WEBP, riff(b"EXIF", PLAIN))
    with pytest.raises(pixfeed.ImageError, match="truncated"):
        pixfeed.imread(data[:4] + b"\0\0\0\xf0" + data[8:], backend=backend)


@pytest.mark.parametrize("name", ["two segments", "two chunks", "WebP before the picture", "WebP with alpha behind"])
def test_wherever_the_file_is_cut_off(backend, name):
    for end in range(1, min(len(FILES[name]), 500)):
        with pytest.raises(pixfeed.ImageError):
            pixfeed.imread(FILES[name][:end], backend=backend)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("seed", range(4))
def test_both_backends_find_the_same(seed):
    """In directories that are damaged anywhere."""
    rng = np.random.default_rng(seed)
    entries = [(MAKE, 2, 5, 62), (0x0110, 2, 5, 62), turned(7), (RESOLUTION, 5, 1, 62), (0x0128, 3, 1, 2)]
    for _ in range(150):
        data = bytearray(
            tiff(*rng.permuted(entries, axis=0).tolist(), order=(b"II", b"MM")[rng.integers(2)], more=bytes(16))
        )
        for at in rng.integers(0, len(data), rng.integers(0, 4)):
            data[at] = rng.choice([0, 1, 6, 255, rng.integers(256)])
        file = jpeg(exif(bytes(data[: len(data) - rng.integers(0, 20)])))
        found = {name: backends.load(name).open([file]).headers["orientation"][0] for name in backends.NAMES}
        assert len(set(found.values())) == 1, (found, bytes(data))
        expected = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB)
        np.testing.assert_array_equal(pixfeed.imread(file, backend="native"), expected)
