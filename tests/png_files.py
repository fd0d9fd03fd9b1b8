"""PNG files of every kind that PngSuite covers: color types, depths, filters, transparency, odd sizes, broken ones."""

from __future__ import annotations

import struct
import zlib

import images
import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: (color type, bits per sample), PNG specification, table 11.1.
KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8)]
KINDS += [(4, 8), (4, 16), (6, 8), (6, 16)]


def row_bytes(width: int, color: int, depth: int) -> int:
    return (width * CHANNELS[color] * depth + 7) // 8


def rows(width: int, height: int, color: int, depth: int, filter: int | None = None, seed: int = 0) -> bytes:
    """Random filtered rows; without ``filter`` another one each."""
    rng = np.random.default_rng([seed, width, height, color, depth])
    made = rng.integers(0, 256, (height, 1 + row_bytes(width, color, depth)), np.uint8)
    made[:, 0] = rng.integers(0, 5, height) if filter is None else filter
    return made.tobytes()


#: Of each pass of an interlaced picture: the first column and row, and from one to the next (PNG specification, 8.2).
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def interlaced(width: int, height: int, color: int, depth: int, **options) -> bytes:
    """A file of seven passes of random rows; a pass without pixels has none."""
    sizes = [(len(range(x, width, dx)), len(range(y, height, dy))) for x, y, dx, dy in PASSES]
    made = (rows(w, h, color, depth, seed=i) for i, (w, h) in enumerate(sizes) if w and h)
    return png(width, height, color, depth, b"".join(made), interlaced=1, **options)


def palette(colors: int) -> bytes:
    return bytes(37 * i % 256 for i in range(3 * colors))


def header(width: int, height: int, color: int, depth: int, interlaced: int = 0) -> bytes:
    return images.png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))


def png(
    width: int,
    height: int,
    color: int,
    depth: int,
    data: bytes | None = None,
    *,
    chunks: bytes = b"",
    colors: int | None = None,
    cut: int = 1 << 20,
    interlaced: int = 0,
) -> bytes:
    """A file of these rows, which are filtered already (random ones without); ``chunks`` stand before the pixels, which
    are cut into chunks of ``cut`` bytes."""
    data = rows(width, height, color, depth) if data is None else data
    packed = zlib.compress(data)
    out = SIGNATURE + header(width, height, color, depth, interlaced)
    if color == 3:
        out += images.png_chunk(b"PLTE", palette(1 << depth if colors is None else colors))
    out += chunks + b"".join(images.png_chunk(b"IDAT", packed[i : i + cut]) for i in range(0, len(packed), cut))
    return out + images.png_chunk(b"IEND", b"")


def transparency(color: int, depth: int) -> bytes:
    """A tRNS chunk."""
    body = {0: struct.pack(">H", 1), 2: struct.pack(">HHH", 1, 2, 3), 3: bytes(range(0, 250, 60))[: 1 << depth]}
    return images.png_chunk(b"tRNS", body[color])


def with_data(change) -> bytes:
    """An RGB file of 20 x 20 pixels whose compressed data is changed; checksums of chunks are right."""
    good = png(20, 20, 2, 8)
    begin, end = good.index(b"IDAT") + 4, good.rindex(b"IEND") - 8
    return good[: begin - 8] + images.png_chunk(b"IDAT", change(good[begin:end])) + good[end + 4 :]
