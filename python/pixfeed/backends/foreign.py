"""Files that are no JPEG, PNG or WebP: what they are by their first bytes, how large the picture is, and why it cannot
be read."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from pixfeed.errors import Status


class Kind(NamedTuple):
    """What begins with certain bytes.

    Attributes:
        name: what it is called.
        suffix: of the files for which OpenCV has a codec, if it was built with that; empty if it never has.
        status: what a file is that OpenCV cannot read.
        hint: what else is to be said of it.
    """

    name: str
    suffix: str = ""
    status: Status = Status.NOT_AN_IMAGE
    hint: str = ""


def _foreign(name: str) -> Kind:
    return Kind(name, "", Status.UNSUPPORTED)


_HEIC, _TIFF, _PNM = _foreign("HEIC"), Kind("TIFF", ".tiff"), Kind("PNM", ".ppm")
_AVIF, _J2K, _HDR = Kind("AVIF", ".avif"), Kind("JPEG 2000", ".jp2"), Kind("HDR", ".hdr")
_XL, _VIDEO = _foreign("JPEG XL"), Kind("a video")

# Where bytes stand, the bytes, what they mean. The first that fits counts.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (8, b"WEBP", Kind("animated WebP", ".webp")),
    (0, b"BM", Kind("BMP", ".bmp")),
    (0, b"GIF8", Kind("GIF", ".gif")),
    *((0, magic, _TIFF) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((0, b"P%d" % i + space, _PNM) for i in range(1, 8) for space in (b"\n", b" ", b"\t", b"\r", b"#")),
    *((4, b"ftyp" + brand, _AVIF) for brand in (b"avif", b"avis")),
    *((4, b"ftyp" + brand, _HEIC) for brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")),
    (4, b"ftyp", _VIDEO),
    (0, b"\0\0\0\x0cjP  ", _J2K),
    (0, b"\xff\x4f\xff\x51", _J2K),
    (0, b"#?RADIANCE", _HDR),
    (0, b"#?RGBE", _HDR),
    (0, b"\x76\x2f\x31\x01", Kind("OpenEXR", ".exr", hint="OPENCV_IO_ENABLE_OPENEXR=1 switches it on")),
    (0, b"\x59\xa6\x6a\x95", Kind("Sun raster", ".ras")),
    (0, b"\xff\x0a", _XL),
    (0, b"\0\0\0\x0cJXL ", _XL),
    (0, b"8BPS", _foreign("Photoshop (PSD)")),
    (0, b"\0\0\1\0", _foreign("ICO")),
    (128, b"DICM", _foreign("DICOM")),
    (0, b"version https://git-lfs", Kind("a git-lfs pointer", hint="git lfs pull")),
    (0, b"%PDF", Kind("PDF")),
    (0, b"PK\3\4", Kind("a ZIP archive")),
    (0, b"\x1f\x8b", Kind("gzip")),
    (0, b"\x1a\x45\xdf\xa3", _VIDEO),
)
_TEXTS = ((re.compile(rb"\s*<(!doctype html|html|head|body)", re.I), "HTML"), (re.compile(rb"\s*<(\?xml|svg)"), "XML"))
#: Bytes at the beginning of a file that :func:`kind` looks at.
HEAD = 132


def kind(data: bytes) -> Kind | None:
    """What the bytes are, by their beginning; ``None`` if that is not known."""
    for at, magic, found in _MAGIC:
        if data.startswith(magic, at):
            return found
    for pattern, name in _TEXTS:
        if pattern.match(data[:HEAD]):
            return Kind(name)
    return Kind("nothing but zero bytes") if data and not any(data[:HEAD]) else None


def refusal_without_opencv(data: bytes) -> tuple[Status, str]:
    """The status and the reason of a file that the extension does not read, where OpenCV is not installed.

    Args:
        data: the beginning of the file, :data:`HEAD` bytes or more.
    """
    what = kind(data)
    if what is not None and what.suffix:
        return Status.UNSUPPORTED, f"{what.name}: OpenCV reads it, pip install opencv-python-headless"
    return refusal(what, cut_off=False, is_built_in=False)


def refusal(what: Kind | None, cut_off: bool, is_built_in: bool) -> tuple[Status, str]:
    """The status and the reason of a file that OpenCV does not read.

    Args:
        what: what :func:`kind` says of it.
        cut_off: what :func:`is_cut_off` says of it.
        is_built_in: whether this OpenCV has a codec for it.
    """
    if what is None:
        return Status.NOT_AN_IMAGE, ""
    hint = f": {what.hint}" if what.hint else ""
    if what.suffix == "":
        return what.status, what.name + (": not supported" if what.status == Status.UNSUPPORTED else hint)
    if not is_built_in:
        return Status.UNSUPPORTED, f"{what.name}: not supported by this OpenCV{hint}"
    if cut_off:
        return Status.TRUNCATED, f"{what.name}, cut off"
    return Status.CORRUPT, f"{what.name} that OpenCV cannot read{hint}"


_PNM_SIDES = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_PNM_BYTES = re.compile(rb"P[56](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,5})\s")
_PAM_SIDES = re.compile(rb"P7\s(?:.*\n)*?WIDTH (\d{1,9})\n(?:.*\n)*?HEIGHT (\d{1,9})\n")
_SHORT = 3


def sides(data: bytes) -> tuple[int, int] | None:
    """(width, height) of the picture that OpenCV reads, if they are easily found; ``None`` if not."""
    if data[:2] == b"BM" and len(data) >= 26:
        if data[14:18] == b"\x0c\0\0\0":
            return struct.unpack_from("<HH", data, 18)
        width, height = struct.unpack_from("<ii", data, 18)
        return width, abs(height)
    if data[:4] == b"GIF8" and len(data) >= 10:
        return struct.unpack_from("<HH", data, 6)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_sides(data)
    if data[:1] == b"P":
        found = _PNM_SIDES.match(data[:1000]) or _PAM_SIDES.match(data[:1000])
        return (int(found[1]), int(found[2])) if found else None
    if data[4:12] == b"ftypavif":
        return _avif_sides(data[:8192])
    return None


def is_plain(data: bytes) -> bool:
    """Whether nothing about it can be wrong: a BMP or a binary PNM of ordinary pixels, all of them there. OpenCV has
    nothing to say of such a file."""
    if data[:2] == b"BM" and len(data) >= 54:
        header_size, _, _, planes, bits, compression = struct.unpack_from("<IiiHHI", data, 14)
        if header_size != 40 or planes != 1 or bits not in (24, 32) or compression != 0:
            return False
    elif not _PNM_BYTES.match(data[:1000]):
        return False
    return sides(data) is not None and not is_cut_off(data)


def _tiff_tags(data: bytes) -> dict[int, int]:
    """The numbers of the first directory: those that stand in it, by tag."""
    order = "<" if data[:1] == b"I" else ">"
    if len(data) < 8:
        return {}
    (at,) = struct.unpack_from(order + "I", data, 4)
    if at + 2 > len(data):
        return {}
    (count,) = struct.unpack_from(order + "H", data, at)
    tags = {}
    for entry in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
        tag, type_, n, value = struct.unpack_from(order + "HHII", data, entry)
        if n == 1:
            tags[tag] = struct.unpack_from(order + "H", data, entry + 8)[0] if type_ == _SHORT else value
    return tags


def _tiff_sides(data: bytes) -> tuple[int, int] | None:
    tags = _tiff_tags(data)
    if 256 not in tags or 257 not in tags:
        return None
    turned = tags.get(274, 1) in (5, 6, 7, 8)
    return (tags[257], tags[256]) if turned else (tags[256], tags[257])


def _avif_sides(head: bytes) -> tuple[int, int] | None:
    """Unless several pictures are in it, or it is turned."""
    found = {head[at.end() + 4 : at.end() + 12] for at in re.finditer(b"ispe", head)}
    if len(found) != 1 or b"Exif" in head or len(next(iter(found))) < 8:
        return None
    return struct.unpack(">II", found.pop())


def is_cut_off(data: bytes) -> bool:
    """Whether a file that cannot be read ends before its picture does, as far as its header tells."""
    if data[:2] == b"BM":
        if len(data) < 26:
            return True
        size = sides(data)
        bits = struct.unpack_from("<H", data, 28)[0] if len(data) >= 30 else 24
        compressed = len(data) >= 34 and struct.unpack_from("<I", data, 30)[0] in (1, 2)
        begin = struct.unpack_from("<I", data, 10)[0]
        return not compressed and size is not None and begin + (size[0] * bits + 31) // 32 * 4 * size[1] > len(data)
    if data[:4] == b"GIF8":
        return not data.rstrip(b"\0").endswith(b";")
    if data[:4] in (b"II*\0", b"MM\0*"):
        tags = _tiff_tags(data)
        begin, size_ = tags.get(273, 0), tags.get(279, 0)
        return not tags or begin + size_ > len(data)
    if data[4:8] in (b"ftyp", b"jP  "):
        at = 0
        while at + 8 <= len(data):
            size_ = int.from_bytes(data[at : at + 4], "big")
            if size_ < 8:
                return False
            at += size_
        return at > len(data)
    if data[:4] == b"\xff\x4f\xff\x51":
        return not data.endswith(b"\xff\xd9")
    found = _PNM_BYTES.match(data[:1000])
    if found is None:
        return False
    row = int(found[1]) * (3 if data[1:2] == b"6" else 1) * (2 if int(found[3]) > 255 else 1)
    return len(data) - found.end() < row * int(found[2])
