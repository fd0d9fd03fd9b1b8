"""IDX files, the format of MNIST: a few big-endian numbers that say dtype and shape, and then the values."""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib

import numpy as np
from numpy.typing import NDArray

from pixfeed.errors import DatasetError

_UINT8 = 8  # the dtype's number
_GZIP = b"\x1f\x8b"
#: A byte of a deflated file cannot stand for more bytes than that.
_MOST = 1032


def read(path: str, ndim: int) -> NDArray[np.uint8]:
    """The values of an IDX file, gzipped or not, whatever its name says.

    Returns:
        uint8, of ``ndim`` dimensions.

    Raises:
        DatasetError: it is no such file, or it is damaged.
        OSError: it cannot be opened.
    """
    size = os.path.getsize(path)

    def error(what: str) -> DatasetError:
        return DatasetError.of(path, f"{what}; fetch the file again", size)

    with open(path, "rb") as raw:
        zipped = raw.read(2) == _GZIP
        raw.seek(0)
        file: io.BufferedIOBase = gzip.GzipFile(fileobj=raw) if zipped else raw
        try:
            head = file.read(4 + 4 * ndim)
            if len(head) < 4:
                raise error("the file ends in its header")
            if head[:2] != b"\0\0" or head[2] not in (8, 9, 11, 12, 13, 14):
                raise error(f"this is no IDX file: it begins with {head[:4].hex()}, not with 000008{ndim:02x}")
            if head[2] != _UINT8 or head[3] != ndim:
                raise error(
                    f"its values are of type {head[2]:#04x} in {head[3]} dimensions, not uint8 (0x08) in {ndim}"
                )
            if len(head) < 4 + 4 * ndim:
                raise error("the file ends in its header")
            shape = np.frombuffer(head, ">u4", ndim, 4).tolist()
            wanted = math.prod(shape)
            if wanted > size * (_MOST if zipped else 1):  # before memory is taken
                raise error(f"the header promises {shape} values, for which the file is too short")
            values = np.empty(wanted, np.uint8)
            there = _fill(file, values)
            if there < wanted:
                raise error(f"the header promises {shape} values, there are {there}")
            if file.read(1):
                raise error(f"the header promises {shape} values, there are more")
        except (EOFError, zlib.error, gzip.BadGzipFile) as reason:
            raise error(f"the gzip file is truncated or damaged ({reason})") from reason
    return values.reshape(shape)


def _fill(file: io.BufferedIOBase, values: NDArray[np.uint8]) -> int:
    """Fill ``values`` from the file. Returns how many bytes there were."""
    view, at = values.data, 0
    while at < len(view) and (n := file.readinto(view[at:])):
        at += n
    return at
