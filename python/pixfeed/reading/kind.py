"""What the first bytes of an encoded image say about how its pixels are stored."""

from __future__ import annotations

import os
import struct
from typing import Any, NamedTuple

from pixfeed.backends import Source

# Gammas that differ less from 1 do not count in libpng; numbers are multiplied by 100,000.
_THRESHOLD, _SRGB = 5000, 45455
# Bytes in which most files have what is looked for.
_BEGINNING = 1 << 16


class Kind(NamedTuple):
    """
    Attributes:
        format: ``"jpeg"``, ``"png"``, ``"webp"``, ``"gif"``, or ``""`` for another one.
        channels: that are stored; 0 if that is not known.
        bits: of a channel.
        is_palette: the channel has indices of colors.
        in_color: it is not gray.
        has_alpha: there is an alpha channel.
        gamma: of a PNG, times 100,000; ``None`` if it does not tell, or is about 1.
    """

    format: str
    channels: int = 0
    bits: int = 8
    is_palette: bool = False
    in_color: bool = True
    has_alpha: bool = False
    gamma: int | None = None


def kind_of(source: Source) -> Kind:
    """The kind of a path or of an encoded image. What cannot be read is of another format: who reads it will say so."""
    if isinstance(source, (str, os.PathLike)):
        try:
            with open(source, "rb") as file:
                beginning = file.read(_BEGINNING)
                kind = _kind(beginning)
                if kind.format in ("jpeg", "png") and not (
                    kind.channels if kind.format == "jpeg" else b"IDAT" in beginning
                ):
                    kind = _kind(beginning + file.read())  # long metadata
                return kind
        except OSError:
            return Kind("")
    data: Any = source
    return _kind(bytes(memoryview(data)))


def _kind(data: bytes) -> Kind:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) > 26:
        bits, color = data[24], data[25]
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(color, 0)
        return Kind("png", channels, bits, color == 3, color in (2, 3, 6), color in (4, 6), _png_gamma(data))
    if data[:2] == b"\xff\xd8":
        return Kind("jpeg", _jpeg_channels(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind("webp", has_alpha=_webp_has_alpha(data))
    return Kind("gif" if data[:6] in (b"GIF87a", b"GIF89a") else "")


def _png_gamma(data: bytes) -> int | None:
    gamma, at = None, 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            break
        if name == b"sRGB":
            gamma = _SRGB
            break
        if name == b"gAMA" and size == 4:
            gamma = int.from_bytes(data[at + 8 : at + 12])
        at += 12 + size
    return gamma if gamma and abs(gamma - 100_000) > _THRESHOLD else None


def _jpeg_channels(data: bytes) -> int:
    at = 2
    while at + 10 <= len(data):
        if data[at] != 0xFF:
            return 0
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:  # fill bytes, and markers that stand alone
            at += 1 if marker == 0xFF else 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame
            return data[at + 9]
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0


def _webp_has_alpha(data: bytes) -> bool:
    if data[12:16] == b"VP8X" and len(data) > 20:
        return bool(data[20] & 0x10)
    return data[12:16] == b"VP8L" and len(data) > 24 and bool(data[24] & 0x10)
