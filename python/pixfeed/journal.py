"""What could not be read in the course of a run, written down where all of its processes can add to it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
import weakref
from typing import NamedTuple

from pixfeed.errors import ImageError, RegionError, Status


class Failure(NamedTuple):
    """One image (or region of one) that could not be read."""

    path: str | None
    line: int | None  # of the list, counted from 1
    reason: str
    count: int  # how often it was tried
    recovered: bool = False  # it was read as far as it goes


def _recovered(error: ImageError | RegionError) -> bool:
    return isinstance(error, ImageError) and error.status == Status.RECOVERED


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


class Journal:
    """A file of failures, made at the first one and removed with the object that made it.

    Worker processes, forked or spawned, add to the same file: a line each, which the system appends in one piece.
    """

    def __init__(self):
        self._path = os.path.join(tempfile.gettempdir(), f"pixfeed-{uuid.uuid4().hex}.jsonl")
        weakref.finalize(self, _remove, self._path, os.getpid())

    def __reduce__(self):
        return _reopen, (self._path,)

    def add(self, error: ImageError | RegionError) -> None:
        line = json.dumps([error.path, error.line, str(error), _recovered(error)]) + "\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def failures(self) -> list[Failure]:
        """Every image that could not be read, once, by line of the list and path."""
        try:
            with open(self._path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        counts: dict[tuple, int] = {}
        for text in lines:
            key = tuple(json.loads(text))
            counts[key] = counts.get(key, 0) + 1
        ordered = sorted(counts.items(), key=lambda item: (item[0][1] or 0, str(item[0])))
        return [Failure(*key[:3], n, key[3]) for key, n in ordered]


def _reopen(path: str) -> Journal:
    journal = Journal.__new__(Journal)  # its maker removes the file
    journal._path = path
    return journal
