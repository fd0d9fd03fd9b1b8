"""A look at encoded bytes, for what cv2 does not tell: the format, the claimed size, the orientation, whether the end
is there."""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

#: The most pixels that a side may have: of a JPEG, PNG or WebP libpng's limit in OpenCV (of the others it is less); of
#: formats that only OpenCV reads its CV_IO_MAX_IMAGE_WIDTH and _HEIGHT.
MAX_SIDE, MAX_SIDE_OF_OTHERS = 1_000_000, 1 << 20


class Frame(NamedTuple):
    """A sequential JPEG that has its one scan."""

    height_at: int  # where the height stands, two bytes
    height: int
    band: int  # rows of pixels that are coded together


class Look(NamedTuple):
    format: int  # a key of pixfeed.plan.FORMATS
    pixels: float  # as the header claims, 0 if it does not say; see pixels_of()
    ended: bool  # the end marker (EOI, IEND) is there, or something that libjpeg does not get past
    depth: int = 8  # bits per sample of a JPEG
    frame: Frame | None = None
    strange: bool = False  # libjpeg fails at a marker of this JPEG; behind the picture that is no reason to refuse it
    usable: int = 0  # bytes of a JPEG that has not ended, before which an end marker makes sense; 0: there is no scan
    complete: bool = True  # its scans bring all bits, if the last one is whole
    open: int = 0  # where that one begins, if it reaches to the end of the file
    arithmetic: bool = False  # the coder leaves zeros at the end out, which look like bits that are lacking
    hollow: bool = False  # a PNG that cannot have the pixels that its header claims


_MARKER = re.compile(rb"\xff[^\x00\xff]")
# In a scan that has restart markers: looking for one, libjpeg passes over markers that make no sense.
_MARKER_BESIDE_RESTARTS = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_EOI, _SOS, _DRI = 0xD9, 0xDA, 0xDD
_ALONE = {0x01, *range(0xD0, 0xD8)}  # no segment follows
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE, _ARITHMETIC = {0xC2, 0xC6, 0xCA, 0xCE}, {*range(0xC9, 0xD0)}
_PASSED_OVER = {*range(0xE0, 0xF0), 0xFE, 0xDC}  # application data, comments, DNL
_KNOWN = {*_ALONE, *_FRAMES, *_PASSED_OVER, 0xC4, 0xC8, 0xCC, _EOI, _SOS, 0xDB, _DRI}  # to libjpeg


class _Scans:
    """What the scans of a JPEG bring.

    Args:
        process: the marker of its frame header.
        frame: what that says.
    """

    def __init__(self, process: int, frame: bytes):
        self.process = process
        count = frame[5]
        self.sampling = frame[7::3][:count]
        self.lacking = {name: [-1] * 64 for name in frame[6::3][:count]}  # low bits of each coefficient, -1: all
        self.count = 0
        self.single = False  # one scan has everything, and is the only one

    def add(self, scan: bytes) -> None:
        names, selection = scan[1 : 1 + 2 * scan[0] : 2], scan[1 + 2 * scan[0] :]
        self.count += 1
        self.single = self.process not in _PROGRESSIVE and len(names) == len(self.lacking)
        for name in set(names) & set(self.lacking):
            if self.process not in _PROGRESSIVE:
                self.lacking[name] = [0] * 64
            elif len(selection) == 3:
                first, last, bits = selection
                self.lacking[name][first : last + 1] = [bits & 15] * (last + 1 - first)

    def complete(self) -> bool:
        """All bits were announced."""
        return not any(map(any, self.lacking.values()))


def look(data: bytes) -> Look:
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return Look(0, 0, True)


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker segments of a JPEG as libjpeg walks them: the marker, and where the segment's data begin and end.

    The end may be beyond that of the file. The last one is EOI, or one that libjpeg does not know."""
    found, restarts = _MARKER.search(data, 2), False
    while found:
        marker, at = data[found.end() - 1], found.end()
        if marker in _ALONE:
            yield marker, at, at
        else:
            length = int.from_bytes(data[at : at + 2], "big") if at + 2 <= len(data) else len(data)
            yield marker, at + 2, at + max(length, 2)  # 0 and 1 are taken for 2
            if marker == _EOI or marker not in _KNOWN:
                return
            if marker == _DRI:
                restarts = any(data[at + 2 : at + 4])
            at += max(length, 2)
        found = (_MARKER_BESIDE_RESTARTS if marker == _SOS and restarts else _MARKER).search(data, at)


def _jpeg(data: bytes) -> Look:
    pixels, depth, usable, marker, at = 0, 8, len(data), 0, 0
    frame: Frame | None = None
    scans: _Scans | None = None
    for marker, at, end in segments(data):
        if marker == _EOI:
            return Look(1, pixels, True, depth, frame)
        wrong = marker not in _KNOWN or (marker in _FRAMES and scans is not None)
        if marker == _SOS:
            wrong = scans is None or scans.single or data[at : at + 1] != bytes([(end - at - 4) // 2 & 255])
        if wrong:
            return Look(1, pixels, True, depth, frame, strange=True)
        if end > len(data):
            usable = at - 4
            break
        if marker in _FRAMES and end - at >= 6:
            depth, height, width = struct.unpack_from(">BHH", data, at)
            pixels, height_at = width * height, at + 1
            scans = _Scans(marker, data[at:end])
        elif marker == _SOS and end > at and scans is not None:
            scans.add(data[at:end])
            if scans.single and scans.process in (0xC0, 0xC1) and height > 0:
                frame = Frame(height_at, height, 8 * max(v & 15 for v in scans.sampling))
    if scans is None or scans.count == 0:
        return Look(1, pixels, False, depth)
    last = at - 4 if marker == _SOS else 0
    torn = usable < len(data) and marker not in _PASSED_OVER and not scans.single  # tables of a scan to come
    complete, arithmetic = scans.complete() and not torn, scans.process in _ARITHMETIC
    return Look(1, pixels, False, depth, frame, False, usable, complete, 0 if arithmetic else last, arithmetic)


def _webp(data: bytes) -> Look:
    pixels: float = 0
    ended = len(data) >= 8 + int.from_bytes(data[4:8], "little")
    name, head = data[12:16], data[20:30]
    if len(head) == 10 and name == b"VP8X" and int.from_bytes(data[16:20], "little") >= 10:
        pixels = pixels_of(int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1)
    elif len(head) == 10 and name == b"VP8 ":
        pixels = (int.from_bytes(head[6:8], "little") & 0x3FFF) * (int.from_bytes(head[8:10], "little") & 0x3FFF)
    elif len(head) >= 5 and name == b"VP8L":
        sides = int.from_bytes(head[1:5], "little")
        pixels = ((sides & 0x3FFF) + 1) * ((sides >> 14 & 0x3FFF) + 1)
    return Look(3, pixels, ended)


def pixels_of(width: int, height: int) -> float:
    """The pixels of a picture; more than any limit if one side alone is too large."""
    return width * height if max(width, height) <= MAX_SIDE else math.inf


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG up to IEND: the name, and where the data begin and end. Stops at the end of the file."""
    at = 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            return
        yield name, at + 8, at + 8 + size
        if name == b"IEND":
            return
        at += 12 + size


def _is_sound(data: bytes, at: int, end: int) -> bool:
    """Whether the checksum of a chunk is right."""
    return zlib.crc32(data[at - 4 : end]) == int.from_bytes(data[end : end + 4], "big")


_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG's color type


def may_hold(packed: int, head: bytes) -> bool:
    """Whether so many bytes of IDAT chunks may hold the pixels of a PNG whose header is ``head``. Deflate makes at most
    1032 bytes of one (RFC 1951: 258 bytes by two codes of one bit each)."""
    width, height, depth, color = (int(value) for value in struct.unpack_from(">IIBB", head))
    bits = depth * _CHANNELS.get(color, 0)
    return bits == 0 or width * height // 8 <= 1032 * packed // bits


def _png(data: bytes) -> Look:
    pixels: float = 0
    head, packed = b"", 0
    for name, at, end in png_chunks(data):
        if name == b"IHDR" and end - at == 13 and _is_sound(data, at, end):
            width, height = struct.unpack_from(">II", data, at)
            pixels = pixels_of(width, height) if (width | height) >> 31 == 0 else 0
            head = data[at:end]
        packed += end - at if name == b"IDAT" else 0
        if name == b"IEND":
            return Look(2, pixels, True, hollow=bool(head) and not may_hold(packed, head))
    return Look(2, pixels, False)


_OF_PNG, _OF_JPEG = {0: 1, 2: 3, 3: 5, 4: 2, 6: 4}, {1: 1, 3: 3, 4: 6}


def samples_of(data: bytes) -> tuple[int, int]:
    """What the samples of a pixel are, a key of :data:`pixfeed.plan.SAMPLES`, and their bits; 0 where the header does
    not say it."""
    if data[:3] == b"\xff\xd8\xff":
        for marker, at, end in segments(data):
            if marker in _FRAMES and end - at >= 6 and end <= len(data):
                return _OF_JPEG.get(data[at + 5], 0), data[at]
            if marker in _FRAMES or marker == _SOS:
                break
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        name, at, end = next(png_chunks(data), (b"", 0, 0))
        if name == b"IHDR" and end - at == 13 and _is_sound(data, at, end):
            depth, found = data[at + 8], _OF_PNG.get(data[at + 9], 0)
            return (found, depth) if found and depth <= 16 else (0, 0)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP" and _webp(data).pixels:
        alpha = {b"VP8X": data[20], b"VP8L": data[24]}.get(data[12:16], 0) & 0x10
        return (4 if alpha else 3), 8
    return 0, 0


_COLORS = {b"gAMA", b"sRGB", b"sBIT"}


def checksums_are_right(data: bytes) -> bool:
    """Whether those of a PNG's chunks are; other files have none."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return True
    view = memoryview(data)
    return all(
        zlib.crc32(view[at - 4 : end]) == int.from_bytes(data[end : end + 4], "big") for _, at, end in png_chunks(data)
    )


_IEND = b"\0\0\0\0IEND\xaeB`\x82"


def essential(data: bytes, keeps_end: bool) -> bytes:
    """A PNG with nothing but the chunks that pixels depend on, as the extension shows it to libpng: cv2.imdecode may
    crash on an animation, which cv2.imread does not look at, and minds what is wrong with other chunks.

    Args:
        keeps_end: keep an end chunk that is damaged. OpenCV refuses it before 4.12, and warns of it since.
    """
    if data[12:16] != b"IHDR":
        return data
    palette = data[25:26] == b"\3"
    kept, late, begun, ended = [], False, False, False
    for name, at, end in png_chunks(data):
        ended |= begun and name != b"IDAT"
        begun |= name == b"IDAT"
        if ended and name == b"IDAT":  # the data ends with its first run: cv2 may not be shown what ends it
            continue
        if name == b"PLTE":
            late |= (end - at) % 3 == 0 and end - at <= 768  # what tells of colors has to stand before it
        tells = not begun and (name == b"tRNS" or (name in _COLORS and not late))
        if palette if name == b"PLTE" else tells or not name[0] & 0x20:
            kept.append(data[at - 8 : end + 4] if name != b"IEND" or keeps_end else _IEND)
    return data[:8] + b"".join(kept)


# OpenCV gives up at an entry whose value lies beyond the end: text, or so many fractions of 8 bytes.
_TEXT = {0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x8298}
_FRACTIONS = {0x011A: 1, 0x011B: 1, 0x013E: 2, 0x013F: 6, 0x0211: 3, 0x0214: 6}
_SHORTS = {0x0128, 0x0213}


def orientation(data: bytes) -> int:
    """1 to 8, as OpenCV finds it in the EXIF data of a JPEG, PNG or WebP; 1 without."""
    if data[:3] == b"\xff\xd8\xff":
        found = _jpeg_orientation(data)
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        found = _png_orientation(data)
    else:
        found = _webp_orientation(data) if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else 0
    return found or 1


def _jpeg_orientation(data: bytes) -> int:
    """Of the first segment that has one."""
    for marker, at, end in segments(data):
        if marker in (_SOS, _EOI) or end > len(data):
            break
        if marker == 0xE1 and data[at : at + 6] == b"Exif\0\0":
            found = _of_exif(data[at + 6 : end])
            if found:
                return found
    return 0


def _png_orientation(data: bytes) -> int:
    """Of the first eXIf chunk that libpng takes, wherever it stands."""
    for name, at, end in png_chunks(data):
        tiff = data[at:end]
        if name == b"eXIf" and tiff[:4] in (b"II*\0", b"MM\0*") and _is_sound(data, at, end):
            return _of_exif(tiff)
    return 0


_PICTURES = ([b"VP8 "], [b"VP8L"], [b"ALPH", b"VP8 "], [b"VP8 ", b"ALPH"], [b"VP8L", b"ALPH"])


def _webp_orientation(data: bytes) -> int:
    """Of the first EXIF chunk, if libwebp's demuxer finds it: the header announces it, and the container is sound."""
    end = 8 + int.from_bytes(data[4:8], "little")
    at, names, found = 12, [], None
    while at + 8 <= min(end, len(data)):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"EXIF" and found is None:
            found = _of_exif(data[at + 8 : at + 8 + size])
        if name == b"ANIM" and size < 5:  # it has 6 bytes, and the last may be padding
            return 0
        names.append(name)
        at += 8 + size + size % 2
    parts = [i for i, name in enumerate(names) if name in (b"ALPH", b"VP8 ", b"VP8L")]
    picture = [names[i] for i in parts]  # they have to follow one another
    sound = at == end <= len(data) and picture in _PICTURES and parts[-1] - parts[0] < len(parts)
    sound = sound and names.count(b"VP8X") == 1 and b"ANMF" not in names and b"ANIM" not in names[: parts[-1]]
    announced = names[:1] == [b"VP8X"] and data[20:21] != b"" and data[20] & 0xC9 == 8  # and no flags that are reserved
    return found or 0 if sound and announced else 0


def _of_exif(tiff: bytes) -> int:
    """The orientation in a TIFF structure: 1 for a value that makes no sense, 0 if OpenCV does not get to the tag."""
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        magic, at = struct.unpack_from(order + "2xHI", tiff)
        (entries,) = struct.unpack_from(order + "H", tiff, at) if magic == 42 else (0,)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            (tag,) = struct.unpack_from(order + "H", tiff, entry)
            if tag == 0x0112:
                (value,) = struct.unpack_from(order + "H", tiff, entry + 8)
                return value if 1 <= value <= 8 else 1
            if tag in _TEXT:
                (size,) = struct.unpack_from(order + "I", tiff, entry + 4)
                start = 8 if size <= 4 else struct.unpack_from(order + "I", tiff, entry + 8)[0]
                if start + size > len(tiff):
                    return 0
            elif tag in _FRACTIONS:
                (start,) = struct.unpack_from(order + "I", tiff, entry + 8)
                if start + 8 * _FRACTIONS[tag] > len(tiff):
                    return 0
            elif tag in _SHORTS:
                struct.unpack_from(order + "H", tiff, entry + 8)
    except struct.error:
        pass
    return 0
