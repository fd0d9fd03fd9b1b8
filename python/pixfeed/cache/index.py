"""Where the pictures of a cache lie: the twin of ``csrc/core/cache/index.h``, with the same files.

The slots of ``index-0``, ``index-1``, ... say it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.cache.checksum import checksum

#: One slot of an index file: see ``Entry`` in ``csrc/core/cache/index.h``. It is empty while ``check`` does not hold.
ENTRY = np.dtype(
    [
        ("key", "<u8", 2),
        ("offset", "<u8"),
        ("segment", "<u4"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("source_width", "<i4"),
        ("source_height", "<i4"),
        ("source_bytes", "<u4"),
        ("channels", "u1"),
        ("orientation", "u1"),
        ("format", "u1"),
        ("reserved", "u1"),
        ("sums_check", "<u4"),
        ("check", "<u8"),
    ]
)
_CHECKED = ENTRY.fields["check"][1]  # type: ignore[index]  # bytes of a slot that `check` is of
_TITLE = np.dtype([("magic", "S16"), ("pages", "<u8"), ("check", "<u8")])
_MAGIC = b"pixfeed index 1"
_PAGE = 4096
FIRST_PAGES = 4096  # of the first index file


class Found(NamedTuple):
    """An entry, and where it stands."""

    entry: Any  # a row of ENTRY
    file: int  # which index file
    offset: int  # of the slot in it, in bytes

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return int(self.entry["height"]), int(self.entry["width"]), int(self.entry["channels"])


def is_valid(entry: Any) -> bool:
    return bool(entry["check"] != 0) and int(entry["check"]) == checksum(entry.tobytes()[:_CHECKED])


class Index:
    """The index files. See ``csrc/core/cache/index.h``."""

    def __init__(self, folder: str, first_pages: int):
        self.folder, self.read_only, self.first_pages = folder, False, first_pages
        self._files: list[tuple[int, int]] = []  # descriptor, pages
        self._lock = threading.Lock()
        try:
            self._add()
        except OSError as error:
            self.read_only = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
            if not self.read_only:
                raise
            self._add()
        self._look_for_more()

    def _add(self) -> None:
        """Open the next file, or make it: under another name, so that nobody sees half of one."""
        path = os.path.join(self.folder, f"index-{len(self._files)}")
        flags = (os.O_RDONLY if self.read_only else os.O_RDWR) | os.O_CLOEXEC
        try:
            fd = os.open(path, flags)
        except FileNotFoundError:
            if self.read_only:
                raise
            making = f"{path}.{os.getpid()}.new"
            pages = self.first_pages << len(self._files)
            title = np.zeros((), _TITLE)
            title["magic"], title["pages"] = _MAGIC, pages
            title["check"] = checksum(title.tobytes()[:24])
            try:
                with open(making, "wb") as file:
                    file.write(title.tobytes())
                    file.truncate(_PAGE + pages * _PAGE)
                with contextlib.suppress(FileExistsError):
                    os.link(making, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(making)
            fd = os.open(path, flags)
        title = np.frombuffer(os.pread(fd, _TITLE.itemsize, 0).ljust(_TITLE.itemsize, b"\0"), _TITLE)[0]
        if title["magic"] != _MAGIC or int(title["check"]) != checksum(title.tobytes()[:24]):
            os.close(fd)
            raise OSError(errno.EILSEQ, "it is no index of this version")
        self._files.append((fd, int(title["pages"])))

    def _look_for_more(self) -> None:
        while os.path.exists(os.path.join(self.folder, f"index-{len(self._files)}")):
            self._add()

    def _page(self, file: int, page: int) -> NDArray[np.void] | None:
        data = os.pread(self._files[file][0], _PAGE, _PAGE + page * _PAGE)
        return np.frombuffer(data, ENTRY) if len(data) == _PAGE else None

    def find(self, key: tuple[int, int]) -> Found | None:
        known = len(self._files)
        found = self._find_in(key, range(known - 1, -1, -1))
        if found is None:
            with self._lock:
                self._look_for_more()
            found = self._find_in(key, range(len(self._files) - 1, known - 1, -1))
        return found

    def _find_in(self, key: tuple[int, int], files: range) -> Found | None:
        for file in files:
            page = key[0] % self._files[file][1]
            entries = self._page(file, page)
            if entries is None:
                continue
            for i in np.flatnonzero((entries["key"] == np.array(key, np.uint64)).all(1)).tolist():
                if is_valid(entries[i]):
                    return Found(entries[i], file, _PAGE + page * _PAGE + i * ENTRY.itemsize)
        return None

    def publish(self, entry: NDArray[np.void]) -> None:
        entry["check"] = checksum(entry.tobytes()[:_CHECKED])
        with self._lock:
            while True:
                fd, pages = self._files[-1]
                page = int(entry["key"][0]) % pages
                entries = self._page(len(self._files) - 1, page)
                if entries is None:
                    raise OSError(errno.EIO, "an index file is cut off")
                for i, there in enumerate(entries):
                    if not is_valid(there):
                        os.pwrite(fd, entry.tobytes(), _PAGE + page * _PAGE + i * ENTRY.itemsize)
                        return
                self._add()

    def forget(self, found: Found) -> None:
        if self.read_only:
            return
        fd = self._files[found.file][0]
        with self._lock, contextlib.suppress(OSError):
            if os.pread(fd, ENTRY.itemsize, found.offset) == found.entry.tobytes():
                os.pwrite(fd, bytes(ENTRY.itemsize), found.offset)

    def __iter__(self) -> Iterator[Found]:
        for file, (_, pages) in enumerate(self._files):
            for page in range(pages):
                entries = self._page(file, page)
                if entries is None:
                    raise OSError(errno.EIO, "an index file is cut off")
                for i in np.flatnonzero(entries["check"]).tolist():
                    if is_valid(entries[i]):
                        yield Found(entries[i], file, _PAGE + page * _PAGE + i * ENTRY.itemsize)

    def close(self) -> None:
        for fd, _ in self._files:
            os.close(fd)
