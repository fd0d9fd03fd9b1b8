"""The headers of sound files, read quickly: most files are sound, and need no further look before cv2 decodes them."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import NamedTuple

from pixfeed.backends import foreign
from pixfeed.backends.encoded import may_hold, orientation, samples_of, segments
from pixfeed.plan import JPEG, PNG, WEBP


class Header(NamedTuple):
    """What the header of a file says.

    Attributes:
        format: a key of :data:`pixfeed.plan.FORMATS`.
        width, height: pixels as displayed; 0 if they are not known before the picture is decoded.
        orientation: 1 to 8.
        is_lossless: it is a lossless JPEG. OpenCV's IMREAD_REDUCED_* give only its corner.
        is_plain: OpenCV prints nothing about this file, whatever happens.
        has_others: a PNG has chunks that cv2.imdecode may stumble over, such as an animation; cv2.imread does not.
        samples: a key of :data:`pixfeed.plan.SAMPLES`.
        depth: bits of a sample; 0 if that is not known.
    """

    format: int
    width: int = 0
    height: int = 0
    orientation: int = 1
    is_lossless: bool = False
    is_plain: bool = False
    has_others: bool = False
    samples: int = 0
    depth: int = 0

    @property
    def is_sound(self) -> bool:
        """Nothing irregular was found: the sides are known, and the end is there."""
        return self.width > 0 and self.height > 0

    def displayed(self, width: int, height: int) -> Header:
        """With the sides of a picture that is stored in ``width`` x ``height`` pixels."""
        if self.orientation >= 5:
            width, height = height, width
        return self._replace(width=width, height=height)


_EOI = b"\xff\xd9"
_SOS = 0xDA
# Huffman-coded frames of 8 bits a sample, and segments that any JPEG may have before its first scan: DHT, DQT, DRI,
# APPn, COM.
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
_SEGMENTS = frozenset((0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE))
# Chunks that any PNG may have.
_CHUNKS = frozenset((b"IHDR", b"IDAT", b"gAMA", b"sRGB", b"sBIT", b"tRNS", b"pHYs", b"tEXt", b"tIME", b"eXIf", b"iCCP"))
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))


def header(data: bytes, ignore_orientation: bool) -> Header:
    """The header of a sound file. What is not sound has no sides yet."""
    samples, depth = samples_of(data)
    return _header(data, ignore_orientation)._replace(samples=samples, depth=depth)


def _header(data: bytes, ignore_orientation: bool) -> Header:
    if data[:3] == b"\xff\xd8\xff":
        found = _jpeg(data, ignore_orientation)
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        found = _png(data, ignore_orientation)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = _webp(data, ignore_orientation)
    else:
        sides = foreign.sides(data)
        return Header(0) if sides is None else Header(0, *sides, is_plain=foreign.is_plain(data))
    if not found.is_sound and not ignore_orientation:
        return found._replace(orientation=orientation(data))
    return found.displayed(found.width, found.height)


def _jpeg(data: bytes, ignore_orientation: bool) -> Header:
    at, sides, turned = 2, None, False
    while at + 18 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker in _FRAMES and sides is None and data[at + 4] == 8 and data[at + 9] in (1, 3, 4):
            sides = data[at + 7] << 8 | data[at + 8], data[at + 5] << 8 | data[at + 6]
        elif marker == _SOS and sides is not None:
            if data.rfind(_EOI, at) < 0:
                break
            return Header(JPEG, *sides, orientation(data) if turned else 1)
        elif marker not in _SEGMENTS or size < 2:
            break
        elif marker == 0xE1 and not ignore_orientation and data[at + 4 : at + 10] == b"Exif\0\0":
            turned = True
        at += 2 + size
    return Header(JPEG, is_lossless=_is_lossless(data))


def _is_lossless(data: bytes) -> bool:
    before_scan = itertools.takewhile(lambda marker: marker != _SOS, (marker for marker, *_ in segments(data)))
    return not _LOSSLESS.isdisjoint(before_scan)


def _png(data: bytes, ignore_orientation: bool) -> Header:
    at, turned, others, packed = 8, False, False, 0
    if data[12:16] != b"IHDR" or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33], "big"):
        return Header(PNG)
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name == b"IEND" and size == 0:
            width, height = struct.unpack_from(">ii", data, 16)
            if not may_hold(packed, data[16:29]):
                return Header(PNG)
            return Header(PNG, width, height, orientation(data) if turned else 1, has_others=others)
        others |= name not in _CHUNKS or (packed > 0 and name != b"IDAT")
        packed += size if name == b"IDAT" else 0
        turned |= name == b"eXIf" and not ignore_orientation
        at += 12 + size
    return Header(PNG)


def _webp(data: bytes, ignore_orientation: bool) -> Header:
    name, head = data[12:16], data[20:30]
    if len(head) < 10 or len(data) < 8 + int.from_bytes(data[4:8], "little"):
        return Header(WEBP)
    if name == b"VP8X" and not head[0] & 2:  # no animation
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
        return Header(WEBP, width, height, 1 if ignore_orientation else orientation(data))
    if name == b"VP8 ":
        return Header(WEBP, *(side & 0x3FFF for side in struct.unpack_from("<HH", head, 6)))
    if name == b"VP8L":
        (sides,) = struct.unpack_from("<I", head, 1)
        return Header(WEBP, (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1)
    return Header(WEBP)
