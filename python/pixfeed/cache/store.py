"""The store of decoded pictures in plain Python: the twin of ``csrc/core/cache/``, with the same files.

A folder has index files (``index-0``, ``index-1``, ...), whose slots say where pictures lie; segments (``segment-1``,
...), which hold them; and ``granted``, whose length in bytes is the number of megabytes that may have been written.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
_PAGE, _SLOTS, _BLOCK, _GRANT = 4096, 64, 64 << 10, 1 << 20
_LARGEST = 8 << 30  # bytes of a segment
FIRST_PAGES = 4096  # of the first index file


class NoXxhash(ImportError):
    """The package of the checksums is not there."""


def _hashes() -> Any:
    try:
        import xxhash
    except ImportError as error:
        raise NoXxhash("a cache with the opencv backend needs xxhash: pip install xxhash") from error
    return xxhash


def key_of(what: bytes, how: bytes) -> tuple[int, int]:
    """128 bits, low and high, for what a picture is made of and how."""
    xxhash = _hashes()
    number = xxhash.xxh3_128_intdigest(what, seed=xxhash.xxh3_64_intdigest(how))
    return number & 0xFFFFFFFFFFFFFFFF, number >> 64


def _sum(data: Any) -> int:
    number: int = _hashes().xxh3_64_intdigest(data)
    return number


def _sums(rows: memoryview) -> NDArray[np.uint64]:
    return np.array([_sum(rows[at : at + _BLOCK]) for at in range(0, len(rows), _BLOCK)], "<u8")


class Found(NamedTuple):
    """An entry, and where it stands."""

    entry: Any  # a row of ENTRY
    file: int  # which index file
    offset: int  # of the slot in it, in bytes

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return int(self.entry["height"]), int(self.entry["width"]), int(self.entry["channels"])


class Full(Exception):
    """No more may be written."""


def is_valid(entry: Any) -> bool:
    return bool(entry["check"] != 0) and int(entry["check"]) == _sum(entry.tobytes()[:_CHECKED])


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
            title["check"] = _sum(title.tobytes()[:24])
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
        if title["magic"] != _MAGIC or int(title["check"]) != _sum(title.tobytes()[:24]):
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
        entry["check"] = _sum(entry.tobytes()[:_CHECKED])
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
        sums = _sums(rows)
        entry["sums_check"] = _sum(sums) & 0xFFFFFFFF
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
        count = -(-size // _BLOCK)
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
        if _sum(sums) & 0xFFFFFFFF != int(found.entry["sums_check"]) or _sums(memoryview(rows)).tobytes() != sums:
            return None
        return np.frombuffer(rows, np.uint8).reshape(height, width, channels)

    def close(self) -> None:
        for fd in [*self._readers.values(), *([self._writer[1]] if self._writer else [])]:
            os.close(fd)
        if self._granted is not None:
            os.close(self._granted)


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
