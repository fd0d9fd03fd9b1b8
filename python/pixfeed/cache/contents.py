"""What a cache's folder holds: info, verify, clear."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pixfeed.cache.index import ENTRY
from pixfeed.cache.settings import VERSION, Cache
from pixfeed.cache.store import Counts


class Store(Protocol):
    """An open folder, by either backend."""

    def read(self, key: tuple[int, int]) -> NDArray[np.uint8] | None:
        """uint8 ``[H, W, C]``; ``None`` if it is not there, or is not what was written: it is then forgotten."""

    def put(self, key: tuple[int, int], picture: NDArray[np.uint8], source: Sequence[int], size: int) -> None:
        """Keep a picture ``[H, W, C]``. After the first one that cannot be kept none is: see :meth:`why_stopped`."""

    def entries(self) -> bytes:
        """ENTRY rows of all pictures that are there."""

    def why_stopped(self) -> str:
        """Why nothing is kept any more; empty while everything is."""

    def counts(self) -> Counts | tuple[int, int, int, int, int]:
        """What has happened in this process."""


class Info(NamedTuple):
    """What a folder holds.

    Attributes:
        pictures: how many.
        bytes: of their pixels.
        segments: bytes of the files that hold them. Pictures that were replaced, and what killed processes left
            behind, take the rest.
        index_bytes: bytes of the index files on the disk.
        files: how many files there are.
        encoded: bytes of the encoded pictures that they were made of.
    """

    pictures: int
    bytes: int
    segments: int
    index_bytes: int
    files: int
    encoded: int


class Verified(NamedTuple):
    """The result of :func:`verify`.

    Attributes:
        pictures: how many are right.
        damaged: how many were not, and are forgotten.
    """

    pictures: int
    damaged: int


def _rows(store: Store) -> NDArray[np.void]:
    return np.frombuffer(store.entries(), ENTRY)


def info(cache: Cache, store: Store) -> Info:
    rows = _rows(store)
    pixels = rows["width"].astype(np.int64) * rows["height"] * rows["channels"]
    segments = index = files = 0
    for entry in os.scandir(cache.files):
        files += 1
        stat = entry.stat()
        if entry.name.startswith("segment-"):
            segments += stat.st_size
        elif entry.name.startswith("index-"):
            index += stat.st_blocks * 512
    return Info(len(rows), int(pixels.sum()), segments, index, files, int(rows["source_bytes"].sum(dtype=np.int64)))


def verify(store: Store, progress: Callable[[int], None] = lambda count: None) -> Verified:
    """Read every picture and compare it with its checksums.

    Args:
        progress: called with 1 after each picture.
    """
    good = bad = 0
    for low, high in _rows(store)["key"].tolist():
        if store.read((low, high)) is None:
            bad += 1
        else:
            good += 1
        progress(1)
    return Verified(good, bad)


def clear(cache: Cache) -> None:
    """Remove the files. Processes that use them go on, and the space is free when they have ended.

    Raises:
        OSError: a file cannot be removed.
        ValueError: the folder holds something else as well.
    """
    if not os.path.isdir(cache.files):
        return
    strange = [name for name in os.listdir(cache.files) if not name.startswith(("segment-", "index-", "granted"))]
    if strange:
        raise ValueError(f"{cache.files!r} holds what no cache writes ({strange[0]!r}); remove it yourself")
    shutil.rmtree(cache.files)
    if os.listdir(cache.folder) == []:
        os.rmdir(cache.folder)


__all__ = ["VERSION", "Info", "Store", "Verified", "clear", "info", "verify"]
