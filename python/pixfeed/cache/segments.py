"""The files that hold the pictures of a cache: the twin of ``csrc/core/cache/segments.h``, with the same files.

Pictures lie in ``segment-1``, ``segment-2``, ...; the length of ``granted`` in bytes is the number of megabytes that
may have been written.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading

import numpy as np
from numpy.typing import NDArray

from pixfeed.cache.checksum import BLOCK, checksum, checksums
from pixfeed.cache.index import Found

_GRANT = 1 << 20
_LARGEST = 8 << 30  # bytes of a segment


class Full(Exception):
    """No more may be written."""


class Segments:
    """The files that hold pictures. See ``csrc/core/cache/segments.h``."""

    def __init__(self, folder: str, max_bytes: int, free_bytes: int):
        self.folder, self.max_bytes, self.free_bytes = folder, max_bytes, free_bytes
        self._lock = threading.Lock()
        self._writer: tuple[int, int] | None = None  # number, descriptor
        self._end = self._left = 0
        self._granted: int | None = None
        self._readers: dict[int, int] = {}

    def _path(self, number: int) -> str:
        return os.path.join(self.folder, f"segment-{number}")

    def _begin(self) -> tuple[int, int]:
        for number in itertools.count(1):
            with contextlib.suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                return number, os.open(self._path(number), flags, 0o666)
        raise AssertionError("the loop has no end")

    def _grant(self, size: int) -> None:
        if self._left >= size:
            return
        if self._granted is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._granted = os.open(os.path.join(self.folder, "granted"), flags, 0o666)
        count = -(-(size - self._left) // _GRANT)
        disk = os.statvfs(self.folder)
        if (os.fstat(self._granted).st_size + count) * _GRANT > self.max_bytes or (
            disk.f_bavail * disk.f_frsize - count * _GRANT < self.free_bytes
        ):
            raise Full
        os.write(self._granted, b"+" * count)
        if os.lseek(self._granted, 0, os.SEEK_CUR) * _GRANT > self.max_bytes:
            raise Full  # somebody else was faster
        self._left += count * _GRANT

    def append(self, picture: NDArray[np.uint8], entry: NDArray[np.void]) -> None:
        entry["height"], entry["width"], entry["channels"] = picture.shape
        rows = np.ascontiguousarray(picture).data.cast("B")
        sums = checksums(rows)
        entry["sums_check"] = checksum(sums) & 0xFFFFFFFF
        size = sums.nbytes + len(rows)
        with self._lock:
            self._grant(size)
            if self._writer is None or self._end + size > _LARGEST:
                self._writer, self._end = self._begin(), 0
            number, fd = self._writer
            entry["segment"], entry["offset"] = number, self._end
            offset = self._end
            self._left -= size
            self._end += -(-size // 64) * 64
        parts = [sums.data.cast("B"), rows]
        written = os.pwritev(fd, parts, offset)
        if written < size:  # hardly ever; both in one piece are a copy
            rest = memoryview(b"".join(parts))
            while written < size:
                written += os.pwrite(fd, rest[written:], offset + written)

    def _reader(self, number: int) -> int:
        with self._lock:
            if self._writer is not None and self._writer[0] == number:
                return self._writer[1]
            if number not in self._readers:
                self._readers[number] = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC)
            return self._readers[number]

    def read(self, found: Found) -> NDArray[np.uint8] | None:
        """``[H, W, C]``, or ``None`` if it is not what was written."""
        height, width, channels = found.shape
        size = height * width * channels
        count = -(-size // BLOCK)
        try:
            fd, offset = self._reader(int(found.entry["segment"])), int(found.entry["offset"])
            sums = os.pread(fd, 8 * count, offset)
            rows = bytearray(size)
            view = memoryview(rows)
            while view:
                got = os.preadv(fd, [view], offset + 8 * count + size - len(view))
                if got == 0:
                    return None
                view = view[got:]
        except OSError:
            return None
        if (
            checksum(sums) & 0xFFFFFFFF != int(found.entry["sums_check"])
            or checksums(memoryview(rows)).tobytes() != sums
        ):
            return None
        return np.frombuffer(rows, np.uint8).reshape(height, width, channels)

    def close(self) -> None:
        for fd in [*self._readers.values(), *([self._writer[1]] if self._writer else [])]:
            os.close(fd)
        if self._granted is not None:
            os.close(self._granted)
