"""FailureLog: what could not be read during a run, written where all of its processes can add to it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import threading
import uuid
import warnings
import weakref
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from pixfeed.errors import ImageError, RegionError, Status


class Failure(NamedTuple):
    """An image, or a region of one, that could not be read: an entry of ``dataset.report()``.

    Attributes:
        path: the path of the image (str), ``None`` if it was given as bytes.
        line: its line in the list file (int), counted from 1; ``None`` if it is in no list file.
        reason: the message of the first :class:`pixfeed.ImageError` or :class:`pixfeed.RegionError` with this path,
            line and status; later ones are counted, whatever their words.
        count: how many times it was tried, in all processes together.
        recovered: ``True`` if the image is truncated and was read as far as it goes; see ``min_recovered`` of
            :class:`pixfeed.Reading`.
    """

    path: str | None
    line: int | None
    reason: str
    count: int  # type: ignore[assignment]  # hides tuple's method
    recovered: bool = False


def _temporary_folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:  # there is none that can be written
        return "/tmp"


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:
        with contextlib.suppress(OSError):
            os.unlink(path)


class _Seen:
    """The part of the file that this process has read, and the failures in it.

    Attributes:
        end: bytes that are read.
        places: where each failure's line begins (-1: it is in memory only), by its key.
        failed: how many of them are not recovered.
        own: lines that could not be written, and how often.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.own: Counter[bytes] = Counter()
        self._start()

    def _start(self) -> None:
        self.end = self.failed = 0
        self.places: dict[int, int] = {}
        for line in self.own:
            self.note(line, -1)

    def note(self, line: bytes, place: int) -> None:
        key = _key(line)
        if key not in self.places:
            self.failed += not _parsed(line).recovered
            self.places[key] = place
        elif self.places[key] < 0:
            self.places[key] = place

    def read_on(self, file: int) -> None:
        """Read the lines that were appended since last time."""
        size = os.fstat(file).st_size
        if size < self.end:  # the file was removed, and this is a new one
            self._start()
        data = os.pread(file, size - self.end, self.end)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # it is being written
            with contextlib.suppress(ValueError):  # a full disk has cut it off
                if line.startswith(b"["):
                    self.note(line, self.end)
            self.end += len(line)


class FailureLog:
    """A file of failures, made at the first one and removed with the object that made it.

    Worker processes, forked or spawned, add to the same file: one line per failure, which the system appends in one
    piece. A failure that is in the file already is repeated by the number of the byte where its line begins. If the
    file cannot be written, each process remembers its own failures, and warns once.
    """

    def __init__(self) -> None:
        self._path = os.path.join(_temporary_folder(), f"pixfeed-{uuid.uuid4().hex}.jsonl")
        self._seen = _Seen()
        weakref.finalize(self, _remove, self._path, os.getpid())

    def __reduce__(self) -> tuple[Callable[[str], FailureLog], tuple[str]]:
        return _reopen, (self._path,)

    def _mine(self) -> _Seen:
        if self._seen.process != os.getpid():  # a forked child: another thread of its parent may have had the lock
            self._seen = _Seen()
        return self._seen

    def add(self, error: ImageError | RegionError) -> int:
        """Writes a failure down. How many images could not be read so far, in all processes, but for recovered ones."""
        status = None if not isinstance(error, ImageError) or error.status is None else int(error.status)
        line = json.dumps([error.path, error.line, status, str(error)]).encode() + b"\n"
        seen, problem = self._mine(), None
        with seen.lock:
            try:
                file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    seen.read_on(file)
                    place = seen.places.get(_key(line), -1)
                    short = line if place < 0 else b"%d\n" % place
                    if os.write(file, short) < len(short):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    seen.read_on(file)
                    seen.note(line, -1)  # if it is not there, because it ends a line that was cut off
                finally:
                    os.close(file)
            except OSError as reason:
                problem = None if seen.own else reason
                seen.note(line, -1)
                seen.own[line] += 1
            failed = seen.failed
        if problem is not None:
            warnings.warn(
                f"{self._path}: what could not be read cannot be written down ({problem.strerror or problem}). Reading "
                "goes on; report() and max_errors know of this process's failures, not of those of worker processes. "
                "TMPDIR names another folder",
                RuntimeWarning,
                stacklevel=2,
            )
        return failed

    def failures(self) -> list[Failure]:
        """Every image that could not be read, once, by line of the list and path."""
        seen = self._mine()
        with seen.lock:
            counts = Counter(seen.own)
        lines: dict[int, bytes] = {}
        end = 0
        with contextlib.suppress(OSError), open(self._path, "rb") as file:
            for line in file:
                begin, end = end, end + len(line)
                if line.startswith(b"["):
                    lines[begin] = line
                elif line.strip().isdigit():
                    begin = int(line)
                if begin in lines:
                    counts[lines[begin]] += 1
        found: dict[int, Failure] = {}
        for line, count in counts.items():
            with contextlib.suppress(ValueError):
                failure = found.setdefault(_key(line), _parsed(line)._replace(count=0))
                found[_key(line)] = failure._replace(count=failure.count + count)
        return sorted(found.values(), key=lambda failure: (failure.line or 0, str(failure)))


def _parsed(line: bytes) -> Failure:
    path, number, status, reason = json.loads(line)
    return Failure(path, number, reason, 1, status == Status.RECOVERED)


def _key(line: bytes) -> int:
    """What makes failures the same: path, line of the list and status, but not the words."""
    return hash(tuple(json.loads(line)[:3]))


def _reopen(path: str) -> FailureLog:
    log = FailureLog.__new__(FailureLog)  # its maker removes the file
    log._path, log._seen = path, _Seen()
    return log
