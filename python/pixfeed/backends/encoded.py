"""A look at encoded bytes, for what cv2 does not tell: the format, the claimed size, the orientation, whether the end
is there."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple


class Frame(NamedTuple):
    """A sequential JPEG that has its one scan."""

    height_at: int  # where the height stands, two bytes
    height: int
    band: int  # rows of pixels that are coded together


class Look(NamedTuple):
    format: int  # a key of pixfeed.plan.FORMATS
    pixels: int  # width * height as the header claims, 0 if it does not say
    progressive: bool
    ended: bool  # the end marker (EOI, IEND) is there
    depth: int = 8  # bits per sample of a JPEG
    frame: Frame | None = None


# In entropy-coded data: a marker, not a stuffed 0xFF, not a restart marker, not a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def look(data: bytes) -> Look:
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return Look(0, 0, False, True)


def _jpeg(data: bytes) -> Look:
    pixels, progressive, depth = 0, False, 8
    frame, components = None, 0  # of the frame while there is no scan
    scan = None
    found = _MARKER.search(data, 2)
    while found:
        marker, at = data[found.start() + 1], found.end()
        if marker == 0xD9:
            return Look(1, pixels, progressive, True, depth, scan)
        if marker in (0x01, 0xD8):
            found = _MARKER.search(data, at)
            continue
        if at + 2 > len(data):
            break
        if marker in _FRAMES and at + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 3)
            pixels, progressive, depth = width * height, marker in (0xC2, 0xCA), data[at + 2]
            components = data[at + 7] if at + 8 <= len(data) else 0
            sampling = data[at + 9 : at + 8 + 3 * components : 3]
            sequential = marker in (0xC0, 0xC1) and len(sampling) == components > 0 and height > 0
            frame = Frame(at + 3, height, 8 * max(v & 15 for v in sampling)) if sequential else None
        if marker == 0xDA and scan is None and frame is not None and data[at + 2 : at + 3] == bytes([components]):
            scan = frame
        found = _MARKER.search(data, at + struct.unpack_from(">H", data, at)[0])
    return Look(1, pixels, progressive, False, depth, scan)


def _webp(data: bytes) -> Look:
    pixels, ended = 0, len(data) >= 8 + int.from_bytes(data[4:8], "little")
    name, head = data[12:16], data[20:30]
    if len(head) == 10 and name == b"VP8X":
        pixels = (int.from_bytes(head[4:7], "little") + 1) * (int.from_bytes(head[7:10], "little") + 1)
    elif len(head) == 10 and name == b"VP8 ":
        pixels = (int.from_bytes(head[6:8], "little") & 0x3FFF) * (int.from_bytes(head[8:10], "little") & 0x3FFF)
    elif len(head) >= 5 and name == b"VP8L":
        sides = int.from_bytes(head[1:5], "little")
        pixels = ((sides & 0x3FFF) + 1) * ((sides >> 14 & 0x3FFF) + 1)
    return Look(3, pixels, False, ended)


def _png(data: bytes) -> Look:
    pixels, at = 0, 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            break
        if name == b"IHDR" and size == 13:
            width, height = struct.unpack_from(">II", data, at + 8)
            pixels = width * height
        if name == b"IEND":
            return Look(2, pixels, False, True)
        at += 12 + size
    return Look(2, pixels, False, False)


def orientation(data: bytes) -> int:
    """1 to 8, as the first EXIF data of a JPEG, PNG or WebP says; 1 without."""
    at = 8 if data[:8] == b"\x89PNG\r\n\x1a\n" else 12
    if data[:3] == b"\xff\xd8\xff":
        found = _MARKER.search(data, 2)
        while found and data[found.end() - 1] not in (0xD9, 0xDA):
            at = found.end()
            alone = data[at - 1] in (0x01, 0xD8)
            size = 0 if alone else int.from_bytes(data[at : at + 2], "big")
            if data[at - 1] == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
                return _of_exif(data[at + 8 : at + size])
            found = _MARKER.search(data, at + size)
    elif at == 8:
        while at + 12 <= len(data) and data[at + 4 : at + 8] != b"IEND":
            size = int.from_bytes(data[at : at + 4], "big")
            if data[at + 4 : at + 8] == b"eXIf":
                return _of_exif(data[at + 8 : at + 8 + size])
            at += 12 + size
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        while at + 8 <= len(data):
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            if data[at : at + 4] == b"EXIF":
                return _of_exif(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
            at += 8 + size + size % 2
    return 1


def _of_exif(tiff: bytes) -> int:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    entries = tiff[at + 2 :][: 12 * struct.unpack_from(order + "H", tiff, at)[0]] if at + 2 <= len(tiff) else b""
    for tag, value in struct.iter_unpack(order + "H6xH2x", entries[: len(entries) // 12 * 12]):
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 1
    return 1
