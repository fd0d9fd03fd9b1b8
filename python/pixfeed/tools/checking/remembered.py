"""What was found about files, kept between runs: a file whose stamp is the same is not read again."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pixfeed import backends
from pixfeed._version import __version__
from pixfeed.tools.checking.facts import stamp_of

_Facts = TypeVar("_Facts", bound=tuple[Any, ...])
_AT_ONCE = 5000  # names in a query


def folder() -> Path:
    """Where it is kept: ``pixfeed`` in XDG_CACHE_HOME, which is ``~/.cache`` if it is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixfeed"


class Remembered:
    """A small database. If it cannot be had, nothing is remembered.

    Args:
        about: what is remembered: facts of other ways of looking at a file are kept apart.
        enabled: ``False``: nothing is remembered.
    """

    def __init__(self, about: str, enabled: bool = True):
        self._about = f"{about} {__version__} {backends.choose().name} 2"
        self._database: sqlite3.Connection | None = None
        if enabled:
            with contextlib.suppress(sqlite3.Error, OSError, RuntimeError):
                folder().mkdir(parents=True, exist_ok=True)
                self._database = sqlite3.connect(folder() / "check.sqlite", timeout=1, isolation_level=None)
                self._database.executescript(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                    "CREATE TABLE IF NOT EXISTS facts"
                    "(about TEXT, path TEXT, stamp TEXT, facts TEXT, PRIMARY KEY (about, path)) WITHOUT ROWID"
                )

    def of(
        self,
        paths: Sequence[str],
        kind: type[_Facts],
        find: Callable[[Sequence[str], Callable[[int], None]], Iterator[tuple[int, _Facts]]],
        done: Callable[[int], None],
    ) -> list[_Facts]:
        """The facts of files, remembered or found.

        Args:
            paths: n files.
            kind: a NamedTuple, the facts.
            find: finds the facts of files, and gives the number of each with them.
            done: called with the number of files that are done since the last call.
        """
        facts: list[Any] = [None] * len(paths)
        names = [os.path.abspath(path) for path in paths]
        stamps = list(map(stamp_of, paths))
        for i, known in self._known(names, stamps):
            facts[i] = kind(*known)
        new = [i for i, each in enumerate(facts) if each is None]
        done(len(paths) - len(new))
        for place, found in find([paths[i] for i in new], done):
            facts[new[place]] = found
        self._keep((names[i], stamps[i], facts[i]) for i in new if stamps[i])
        return facts

    def _known(self, names: Sequence[str], stamps: Sequence[str]) -> Iterator[tuple[int, list[Any]]]:
        if self._database is None:
            return
        known: dict[str, tuple[str, str]] = {}
        with contextlib.suppress(sqlite3.Error, UnicodeError):
            for at in range(0, len(names), _AT_ONCE):
                some = [self._about, *names[at : at + _AT_ONCE]]
                marks = ",".join("?" * (len(some) - 1))
                query = f"SELECT path, stamp, facts FROM facts WHERE about = ? AND path IN ({marks})"
                known |= {path: (stamp, facts) for path, stamp, facts in self._database.execute(query, some)}
        for i, (name, stamp) in enumerate(zip(names, stamps, strict=True)):
            its, facts = known.get(name, ("", ""))
            if stamp and its == stamp:
                yield i, json.loads(facts)

    def _keep(self, found: Iterable[tuple[str, str, tuple[Any, ...]]]) -> None:
        if self._database is None:
            return
        rows = ((self._about, path, stamp, json.dumps(facts)) for path, stamp, facts in found)
        with contextlib.suppress(sqlite3.Error, UnicodeError):
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
