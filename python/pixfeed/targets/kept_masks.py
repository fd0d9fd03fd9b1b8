"""Masks through a cache: their numbers, or the bytes of their files."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.contract import Caching
from pixfeed.backends.encoded_picture import read as read_bytes
from pixfeed.backends.kept_picture import Keep
from pixfeed.errors import Origin, Status
from pixfeed.targets import mask_files

#: How numbers are kept, by how many bytes each has.
_KEPT: dict[int, np.dtype[Any]] = {1: np.dtype(">u1"), 2: np.dtype(">u2"), 4: np.dtype(">i4")}


def read(
    path: str, origin: Origin, size: tuple[int, int] | None, colors: bool, caching: Caching | None
) -> NDArray[Any]:
    """As :func:`pixfeed.targets.mask_files.read`, which describes the other arguments.

    Args:
        caching: where masks are kept; ``None``: nowhere.
    """
    if caching is not None and not caching.raw:
        how = f" by Pillow {mask_files.pillow().__version__}{' as colors' * colors}"  # there are formats with losses
        caching = caching._replace(how=caching.how + how.encode())
    keep = None if caching is None else Keep.of(caching, 0, path)
    if caching is None or keep is None:
        return mask_files.read(path, origin, size, colors)
    return (_from_bytes if caching.raw else _numbers)(keep, path, origin, size, colors)


def _from_bytes(keep: Keep, path: str, origin: Origin, size: tuple[int, int] | None, colors: bool) -> NDArray[Any]:
    stored = keep.store.read(keep.key)
    if stored is not None:
        return mask_files.read(path, origin, size, colors, stored.tobytes())
    status, _, data = read_bytes(path)
    if status != Status.OK:
        return mask_files.read(path, origin, size, colors)  # says what is wrong
    if keep.is_still(path):
        keep.store.put(keep.key, np.frombuffer(data, np.uint8).reshape(1, -1, 1), (0, 0, 1, 0), len(data))
    return mask_files.read(path, origin, size, colors, data)


def _numbers(keep: Keep, path: str, origin: Origin, size: tuple[int, int] | None, colors: bool) -> NDArray[Any]:
    stored = keep.store.read(keep.key)
    if stored is not None and (size is None or stored.shape[:2] == tuple(size)):
        dtype = _KEPT[stored.shape[2]]
        found: NDArray[Any] = np.ascontiguousarray(stored).view(dtype)[..., 0].astype(dtype.newbyteorder("="))
        return found
    numbers = mask_files.read(path, origin, size, colors)
    as_kept = numbers.astype(_KEPT[min(numbers.dtype.itemsize, 4)])
    if stored is None and np.array_equal(as_kept, numbers) and keep.is_still(path):
        height, width = numbers.shape
        rows = as_kept.reshape(height, width, 1).view(np.uint8)
        keep.store.put(keep.key, rows, (width, height, 1, 0), os.path.getsize(path))
    return numbers
