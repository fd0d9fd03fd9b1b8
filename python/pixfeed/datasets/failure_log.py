"""FailureLog: what could not be read during a run, written where all of its processes can add to it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import uuid
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from pixfeed._pread import pread
from pixfeed.datasets.journal import Journal, own
from pixfeed.errors import ImageError, RegionError, Status


class Failure(NamedTuple):
    """An image, or a region of one, that could not be read: an entry of ``dataset.report()``.

    Attributes:
        path: the path of the image (str), ``None`` if it was given as bytes.
        line: its line in the list file (int), counted from 1; ``None`` if it is in no list file.
        reason: the message of the first :class:`pixfeed.ImageError` or :class:`pixfeed.RegionError` with this path,
            line and status; later ones are counted, whatever their words.
        count: how many times it was tried, in all processes together.
        recovered: ``True`` if the image was read nevertheless: a truncated one as far as it goes (see ``min_recovered``
            of :class:`pixfeed.Reading`), or one that the cache had lost, from its file. So is the line that says why a
            cache takes no more pictures; its path is the cache's folder.
    """

    path: str | None
    line: int | None
    reason: str
    count: int  # type: ignore[assignment]  # hides tuple's method
    recovered: bool = False


class _Seen:
    """The part of the file that this process has read, and the failures in it.

    Args:
        prefix: how the log's lines begin.
        begin: bytes in front of the first one.

    Attributes:
        end: bytes that are read.
        places: where each failure's line begins (-1: it is in memory only), by its key.
        failed: how many of them are not recovered.
        own: lines that could not be written, and how often.
    """

    def __init__(self, prefix: bytes, begin: int) -> None:
        self._prefix, self._begin = prefix, begin
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.own: Counter[bytes] = Counter()
        self.end, self.failed = begin, 0
        self.places: dict[int, int] = {}

    def note(self, line: bytes, place: int) -> None:
        key = _key(line)
        if key not in self.places:
            self.failed += not _parsed(line).recovered
            self.places[key] = place
        elif self.places[key] < 0:
            self.places[key] = place

    def read_on(self, file: int) -> None:
        """Read the lines that were appended since last time."""
        data = pread(file, os.fstat(file).st_size - self.end, self.end)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # it is being written
            with contextlib.suppress(ValueError):  # a full disk has cut it off
                if line.startswith(self._prefix):
                    self.note(line, self.end)
            self.end += len(line)


class FailureLog:
    """The failures of one dataset and its copies, in the journal that all datasets share.

    Worker processes, forked or spawned, add to the same file: one line per failure, which the system appends in one
    piece, and which begins with the log's name. A failure that is in the file already is repeated by the number of the
    byte where its line begins. If the file cannot be written, each process remembers its own failures, and warns once.

    Args:
        shared: the journal, the log's name, and where in the journal it begins: another object with the same log.
    """

    def __init__(self, shared: tuple[Journal, str, int] | None = None) -> None:
        if shared is None:
            journal = own()
            shared = (journal, uuid.uuid4().hex, journal.size)
        self._shared = shared
        self._journal, self._name, begin = shared
        self._begin = min(begin, self._journal.size)  # less in a later run, which has a journal of its own
        self._prefix = json.dumps([self._name])[:-1].encode()
        self._seen = _Seen(self._prefix, self._begin)

    def __reduce__(self) -> tuple[Callable[..., FailureLog], tuple[Any, ...]]:
        return FailureLog, (self._shared,)

    def _mine(self) -> _Seen:
        if self._seen.process != os.getpid():  # a forked child: another thread of its parent may have had the lock
            self._seen = _Seen(self._prefix, self._begin)
        return self._seen

    def add(self, error: ImageError | RegionError) -> int:
        """Writes a failure down. How many images could not be read so far, in all processes, but for recovered ones."""
        status = None if not isinstance(error, ImageError) or error.status is None else int(error.status)
        line = json.dumps([self._name, error.path, error.line, status, str(error)]).encode() + b"\n"
        seen, problem = self._mine(), None
        with seen.lock:
            try:
                file = self._journal.file
                seen.read_on(file)
                place = seen.places.get(_key(line), -1)
                short = line if place < 0 else b"%d\n" % place
                if os.write(file, short) < len(short):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                seen.read_on(file)
                seen.note(line, -1)  # if it is not there, because it ends a line that was cut off
            except OSError as reason:
                problem = None if seen.own else reason
                seen.note(line, -1)
                seen.own[line] += 1
            failed = seen.failed
        if problem is not None:
            warnings.warn(
                f"what could not be read cannot be written down ({problem.strerror or problem}). Reading goes on; "
                "report() and max_errors know of this process's failures, not of those of worker processes",
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
        end = self._begin
        with contextlib.suppress(OSError):
            file = self._journal.file
            for line in pread(file, os.fstat(file).st_size - end, end).splitlines(keepends=True):
                begin, end = end, end + len(line)
                if line.startswith(self._prefix):
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


_READ = (Status.RECOVERED, Status.GONE)  # nevertheless


def _parsed(line: bytes) -> Failure:
    _, path, number, status, reason = json.loads(line)
    return Failure(path, number, reason, 1, status in _READ)


def _key(line: bytes) -> int:
    """What makes failures the same: path, line of the list and status, but not the words."""
    return hash(tuple(json.loads(line)[1:4]))
