"""A folder of decoded pictures in plain Python: the twin of ``csrc/core/cache/store.h``, with the same files."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.cache.index import ENTRY, FIRST_PAGES, Found, Index
from pixfeed.cache.segments import Full, Segments


class Counts(NamedTuple):
    """What has happened in this process.

    Attributes:
        hits, misses: pictures that were found, and that were not.
        stored, bytes: pictures that were kept, and their size.
        damaged: pictures that were found, and whose rows were not what had been written.
    """

    hits: int = 0
    misses: int = 0
    stored: int = 0
    bytes: int = 0
    damaged: int = 0


class Store:
    """One folder, as ``Store`` of ``csrc/core/cache/store.h``. A forked process begins anew."""

    def __init__(self, folder: str, max_bytes: int, free_bytes: int, first_pages: int = FIRST_PAGES):
        self._arguments = folder, max_bytes, free_bytes, first_pages
        self._process = -1
        self._own()
        if self._index is None:
            raise OSError(self._reason)

    def _own(self) -> None:
        if self._process == os.getpid():
            return
        folder, max_bytes, free_bytes, first_pages = self._arguments
        self._lock = threading.Lock()  # another thread of the parent may have had the parent's
        self._index: Index | None = None
        self._reason = ""
        try:
            self._index = Index(folder, first_pages)
        except OSError as error:
            self._reason = error.strerror or str(error)
        self._segments = Segments(folder, max_bytes, free_bytes)
        self._counts = Counts()
        self._process = os.getpid()

    def _count(self, **more: int) -> None:
        with self._lock:
            self._counts = self._counts._replace(**{k: getattr(self._counts, k) + v for k, v in more.items()})

    def find(self, key: tuple[int, int]) -> Found | None:
        self._own()
        if self._index is None:
            return None
        found = self._index.find(key)
        self._count(**{"misses" if found is None else "hits": 1})
        return found

    def picture(self, found: Found) -> NDArray[np.uint8] | None:
        """uint8 ``[H, W, C]``; ``None`` if it is not what was written: it is then forgotten."""
        self._own()
        picture = self._segments.read(found)
        if picture is None:
            self._count(damaged=1)
            if self._index is not None:
                self._index.forget(found)
        return picture

    def read(self, key: tuple[int, int]) -> NDArray[np.uint8] | None:
        """The two together."""
        found = self.find(key)
        return None if found is None else self.picture(found)

    def put(self, key: tuple[int, int], picture: NDArray[np.uint8], source: Sequence[int], size: int) -> None:
        """Keep a picture ``[H, W, C]``. After the first one that cannot be kept none is: see :meth:`why_stopped`.

        Args:
            source: width, height, orientation and format of the encoded picture, as in a HEADER row.
            size: its bytes.
        """
        self._own()
        if self._reason or self._index is None:
            return
        if self._index.read_only:
            self._reason = "its folder is read-only"
            return
        if self._index.find(key) is not None:  # another process has kept it since we looked
            return
        entry = np.zeros((), ENTRY)
        entry["key"] = key
        entry["source_width"], entry["source_height"], entry["orientation"], entry["format"] = source
        entry["source_bytes"] = min(size, 0xFFFFFFFF)
        try:
            self._segments.append(picture, entry)
            self._index.publish(entry)
        except Full:
            self._reason = "it is full (max_bytes or keep_free)"
        except OSError as error:
            self._reason = error.strerror or str(error)
        else:
            self._count(stored=1, bytes=picture.size)

    def why_stopped(self) -> str:
        """Why nothing is kept any more; empty while everything is."""
        self._own()
        return self._reason

    def counts(self) -> Counts:
        self._own()
        return self._counts

    def entries(self) -> bytes:
        """ENTRY rows of all pictures that are there.

        Raises:
            OSError: an index file cannot be read.
        """
        self._own()
        return b"".join(found.entry.tobytes() for found in self._index or ())
