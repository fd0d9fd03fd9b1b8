"""TIFF files are read as cv2.imread reads them, which is not how cv2.imdecode does."""

from __future__ import annotations

import io
import struct

import cv2
import images
import numpy as np
import pytest
from PIL import Image, ImageOps

import pixfeed


def tiled(image: np.ndarray, side: int) -> bytes:
    """An uncompressed TIFF of tiles of ``side`` x ``side`` pixels. Neither OpenCV nor Pillow writes them."""
    height, width, channels = image.shape
    padded = np.pad(image, ((0, -height % side), (0, -width % side), (0, 0)))
    tiles = [
        padded[y : y + side, x : x + side].tobytes() for y in range(0, height, side) for x in range(0, width, side)
    ]
    fields = {256: [width], 257: [height], 258: [8] * channels, 259: [1], 262: [2], 277: [channels]}
    fields |= {322: [side], 323: [side], 324: [0] * len(tiles), 325: [len(tile) for tile in tiles]}
    room = 8 + 2 + 12 * len(fields) + 4
    first = room + sum(4 * len(values) for values in fields.values() if len(values) > 1)
    fields[324] = [first + i * len(tiles[0]) for i in range(len(tiles))]
    directory, more = struct.pack("<H", len(fields)), b""
    for tag, values in fields.items():
        packed = struct.pack(f"<{len(values)}I", *values)
        directory += struct.pack("<HHI", tag, 4, len(values))
        directory += packed if len(values) == 1 else struct.pack("<I", room + len(more))
        more += packed if len(values) > 1 else b""
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + more + b"".join(tiles)


@pytest.mark.parametrize("size", [(37, 53), (64, 64), (16, 16)], ids=str)
def test_tiles(tmp_path, backend, capfd, size):
    path = tmp_path / "a.tif"
    path.write_bytes(tiled(images.picture(*size), 16))
    np.testing.assert_array_equal(images.reference_read(path), images.picture(*size))
    for source in (path, path.read_bytes()):
        for strict in (False, True):
            read = pixfeed.imread(source, backend=backend, strict=strict)
            np.testing.assert_array_equal(read, images.picture(*size))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(backend, capfd, orientation):
    """cv2.imread refuses 5 to 8, after it has turned them."""
    data = images.pillow(images.picture(20, 30), "TIFF", tiffinfo={0x0112: orientation})
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    for strict in (False, True):
        np.testing.assert_array_equal(pixfeed.imread(data, backend=backend, strict=strict), expected)
    assert capfd.readouterr() == ("", "")


def test_opencv_refuses_tiles_in_memory():
    """As long as it does, this file is of use."""
    data = np.frombuffer(tiled(images.picture(37, 53), 16), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR) is None
