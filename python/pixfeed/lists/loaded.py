"""Loaded: the content of a list file, which notices when the file is no longer the same."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from pixfeed import list_parser
from pixfeed.context import num_threads
from pixfeed.errors import ListError

# File times move in steps of up to 10 ms: twice that, and a later change has a later time.
_STEP = 20_000_000  # nanoseconds
# Bytes that are hashed at a time, by each thread.
_PIECE = 1 << 20
# Who finds the list touched so often in a row gives up: somebody writes to it all the time.
_TRIES = 10
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

# Several threads may ask a copy at once. A forked child may find it locked by a thread that it does not have.
_loading = threading.RLock()


def _unlock() -> None:
    global _loading
    _loading = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)

_Found = TypeVar("_Found")


class Stamp(NamedTuple):
    """What the system says of a file. Whoever writes to it changes the last: no program can set it."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, file: int) -> Stamp:
        """The stamp of an open file."""
        info = os.fstat(file)
        return cls(info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)

    @classmethod
    def settled(cls, file: int) -> Stamp:
        """The stamp, waiting until a further write must change it."""
        found = cls.of(file)
        for _ in range(_TRIES):
            if not 0 <= time.time_ns() - found.ctime_ns < _STEP:
                break
            time.sleep(_STEP / 1e9)  # it was written this very moment
            found = cls.of(file)
        return found


class Loaded:
    """The content of a list file.

    The file may be touched, replaced or deleted: the process that has it open goes on with what it has. One rule says
    whether it is the same list: if its stamp (inode, size, mtime, ctime) differs, the digest of all its bytes decides.

    A pickle has the arguments and the digest. The copy reads the list again when something is first asked of it, and
    raises ListError if the digest differs.

    Attributes:
        filename: as given.
        loaded: the names of what ``_load()`` sets, and a pickle does without.
    """

    filename: str
    loaded: frozenset[str] = frozenset({"_stamp", "_source"})
    _path: str
    _digest: bytes | None = None  # of the list; None for what can be read only once
    _stamp: Stamp  # of the file, when its digest was computed last
    _source: int | bytes | None  # a pickle has it, too, if it is a list that can be read only once

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in self.loaded}
        if self._digest is None:
            state["_source"] = self._source
        return state

    def __getattr__(self, name: str) -> Any:
        if name not in self.loaded or "_path" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with _loading:
            if name not in self.__dict__:
                self._load()  # it came out of a pickle
        return self.__dict__[name]

    def _load(self) -> None:
        raise NotImplementedError

    def _open(self) -> tuple[int | bytes, int]:
        """Open the list, which is the same as the one that a copy was pickled from.

        Returns:
            The file's descriptor, which is the caller's to close, or the list itself if it can be read only once; and
            its size in bytes.
        """
        source: int | bytes | None = self.__dict__.get("_source")
        if source is None:
            source = self._open_again()
        if isinstance(source, bytes):
            return source, len(source)
        try:
            stamp = Stamp.settled(source)
            digest = digest_of(source, stamp.size)
            if self._digest not in (None, digest):
                raise self._changed()
        except BaseException as error:
            os.close(source)
            if isinstance(error, OSError):
                raise self._unreadable(error) from error
            raise
        self._stamp, self._digest = stamp, digest
        return source, stamp.size

    def _open_again(self) -> int | bytes:
        """What :func:`open_list` gives."""
        try:
            return open_list(self._path)
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError):
            raise  # they say it themselves
        except OSError as error:
            raise self._unreadable(error) from error

    def _steadily(self, source: int | bytes, read: Callable[[int | bytes], _Found | None]) -> _Found:
        """The result of ``read(source)``, of the list as it was when it was opened.

        Args:
            source: a file's descriptor, or the list itself.
            read: reads from it; ``None`` says that it could not.

        Raises:
            ListError: the list has changed, or cannot be read.
        """
        try:
            for _ in range(_TRIES):
                found = read(source)
                if found is not None and (isinstance(source, bytes) or Stamp.of(source) == self._stamp):
                    return found  # who writes sets the time first, so it was compared after reading
                if isinstance(source, int):
                    self._compare(source, read_fails=found is None)
        except OSError as error:
            raise self._unreadable(error) from error
        raise ListError(f"{self.filename}: the list is written to again and again; leave it alone", path=self.filename)

    def _compare(self, source: int, read_fails: bool) -> None:
        """Compare the digest, unless another thread has done so. Computing it also tells why reading fails.

        Raises:
            ListError: the list has changed.
        """
        with _loading:
            stamp = Stamp.settled(source)
            if stamp == self._stamp and not read_fails:
                return
            if stamp.size != self._stamp.size or digest_of(source, stamp.size) != self._digest:
                raise self._changed()
            self._stamp = stamp

    def _changed(self) -> ListError:
        return ListError(
            f"{self.filename}: the list has changed since it was opened; make a new dataset from it", path=self.filename
        )

    def _unreadable(self, error: OSError) -> ListError:
        return ListError(
            f"{self.filename}: the list cannot be read ({error.strerror or error}); check the disk or the network, and "
            "make a new dataset",
            path=self.filename,
        )


def open_list(path: str) -> int | bytes:
    """The open file; what can be read only once (a pipe), as bytes."""
    file = os.open(path, _READ)
    try:
        mode = os.fstat(file).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if stat.S_ISREG(mode):
            return file
        with os.fdopen(os.dup(file), "rb") as stream:
            data = stream.read()
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return data


def digest_of(file: int, size: int) -> bytes:
    """The digest of the first ``size`` bytes of a file: SHA-256 of the SHA-256 of its pieces, which several threads
    compute."""

    def of_piece(begin: int) -> bytes:
        data = list_parser.read(file, begin, min(size, begin + _PIECE))
        return hashlib.sha256(data, usedforsecurity=False).digest()

    begins = range(0, size, _PIECE)
    threads = min(num_threads(), len(begins))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            pieces = list(pool.map(of_piece, begins))
    else:
        pieces = list(map(of_piece, begins))
    return hashlib.sha256(b"".join(pieces), usedforsecurity=False).digest()
