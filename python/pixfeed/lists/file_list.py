"""FileList: a list file, whose lines have a name and labels."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pixfeed import backends, list_parser
from pixfeed.backends import BackendName
from pixfeed.context import num_threads
from pixfeed.errors import ListError, Origin
from pixfeed.list_parser import Fault, Problem, Table

_BOM = b"\xef\xbb\xbf"
# File times move in steps of up to 10 ms: twice that, and a later change has a later time.
_STEP = 20_000_000  # nanoseconds
#: How many lists a process keeps open. More are opened for each name, which takes half as long again.
KEPT = 64
_kept: set[int] = set()  # those files
# Of a line in a message.
_SHOWN = 200  # bytes


# Several threads may ask a copy at once. A forked child may find it locked by a thread that it does not have.
_loading = threading.RLock()


def _unlock() -> None:
    global _loading
    _loading = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


class Loaded:
    """The content of a list file. A pickle has the arguments, and the file's size and time; the copy reads the list
    again when something is first asked of it, and raises ListError if it has changed.

    Attributes:
        filename: as given.
        loaded: the names of what ``_load()`` sets, and a pickle does without.
    """

    filename: str
    loaded: frozenset[str] = frozenset()
    _path: str
    _stamp: tuple[int, int] | None  # size and time of the file; None before it is read, and for what is no plain file
    _source: int | bytes | None  # one of what is loaded: the list itself, where it cannot be read again

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in self.loaded}
        if self._stamp is None:
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

    def _changed(self) -> ListError:
        return ListError(
            f"{self.filename}: the list has changed since it was opened; make a new dataset from it", path=self.filename
        )


class FileList(Loaded):
    """The samples of a list file.

    A line is a name and one or more labels, ``0.jpg 0 10``, separated by blanks or tabs. The file is UTF-8, with or
    without a byte order mark, with any line ending. Blank lines are skipped.

    The file itself is the index. Memory holds the position and the numbers of each line, and no Python object per
    sample; names are read from the file on demand. The file must stay as it is: a change is noticed by its size and
    time. (It is not memory-mapped, because a process is killed if a mapped file is truncated.) A process keeps the
    first 64 lists open; these may be deleted. Further lists are opened for each name.

    Args:
        filename: the list file. What can be read only once (a pipe) is kept in memory.
        roi_columns: 4 if a region (x, y, w, h), integers in pixels, stands between name and labels, else 0.
        delimiter: one ASCII character that separates fields, for names with blanks: ``","`` for CSV, ``";"``,
            ``"\\t"``. A field may then be quoted (RFC 4180: ``"a ""b"".jpg",0``), on one line. Names are taken with
            the blanks around them. ``None``: blanks and tabs separate.
        label_dtype: ``np.int64``, ``np.float32`` or ``np.float64``.
        header: skip the first line that is not blank, and keep its fields as ``columns``.
        backend: ``"native"`` reads the list in C++, ``"opencv"`` in Python; ``None``: see :func:`backends.choose`.

    Attributes:
        filename: as given.
        labels: ndarray ``[n, L]`` of ``label_dtype``.
        rois: int64 ndarray ``[n, roi_columns]``.
        columns: list of str with ``header=True``, else ``None``.

    Pickled are the arguments only; the copy reads the list again when something is first asked of it.

    Raises:
        FileNotFoundError: there is no such list.
        ListError: a label is no number or does not fit, a line has no label, lines differ in their number of labels
            (they could not be batched), a quote is not closed, or the list is empty. The message names file, line
            number and line. Later, when something is asked of it: the file has changed.
        ValueError: an argument makes no sense.
    """

    loaded = frozenset({"columns", "labels", "rois", "_source", "_table", "_tables"})
    columns: list[str] | None
    labels: NDArray[Any]
    rois: NDArray[np.int64]
    _source: int | bytes | None  # the open file, or the list itself; None: it is opened for each name
    _table: Table
    _tables: backends.Tables

    def __init__(
        self,
        filename: str | os.PathLike[str],
        roi_columns: Literal[0, 4] = 0,
        *,
        delimiter: str | None = None,
        label_dtype: DTypeLike = np.int64,
        header: bool = False,
        backend: BackendName | None = None,
    ):
        if roi_columns not in (0, 4):
            raise ValueError(f"roi_columns is {roi_columns!r}; it may be 4 (x, y, w, h) or 0")
        self.filename = os.fspath(filename)
        self.roi_columns: int = roi_columns
        self.delimiter = list_parser.check_delimiter(delimiter)
        self.label_dtype = list_parser.check_label_dtype(label_dtype)
        self.header = bool(header)
        self.backend = backend
        self._path = os.path.abspath(self.filename)
        self._stamp = None
        self._load()

    def __len__(self) -> int:
        return len(self._table.offsets) - 1

    def name(self, i: int) -> str:
        """The name of sample ``i``, as it stands in the list.

        Raises:
            ListError: the list has changed.
            IndexError: there is no such sample.
        """
        return self.paths([range(len(self))[i]], "")[0]

    def paths(self, rows: Sequence[int] | NDArray[np.int64], folder: str) -> list[str]:
        """The names of these samples, joined with ``folder`` unless they are absolute, in one call.

        Args:
            rows: integers ``[n]``, 0 or more.
            folder: the folder that names are relative to.

        Raises:
            ListError: the list has changed.
        """
        offsets = self._table.offsets
        if len(rows) == 1:
            row = int(rows[0])
            begins, ends = [offsets.item(row)], [offsets.item(row + 1)]
        else:
            places = np.asarray(rows)
            begins, ends = offsets[places].tolist(), offsets[places + 1].tolist()
        if self._source is None:
            with self._opened() as source:
                return self._paths(source, begins, ends, folder)
        return self._paths(self._source, begins, ends, folder)

    def _paths(self, source: int | bytes, begins: list[int], ends: list[int], folder: str) -> list[str]:
        paths = self._tables.read_names(source, begins, ends, self.delimiter, folder)
        if paths is None:
            raise self._changed()
        self._check_stamp(source)
        return paths

    def origin(self, i: int, folder: str) -> Origin:
        """The origin of sample ``i``, for errors."""
        return Origin(os.path.join(folder, self.name(i)), self.filename, self.line(i))

    def names(self) -> Iterator[str]:
        """All names, one after the other."""
        return (self.name(i) for i in range(len(self)))

    def line(self, i: int) -> int:
        """The line of sample ``i``, counted from 1."""
        i = range(len(self))[i]
        known = self._table.lines
        if known[-1] - known[0] == len(self) - 1:  # no blank lines in between
            return int(known[0]) + i
        start = i // list_parser.STRIDE
        between = self._read(*self._table.offsets[[start * list_parser.STRIDE, i]].tolist())
        return int(known[start]) + between.count(b"\n") + between.count(b"\r") - between.count(b"\r\n")

    def _load(self) -> None:
        source: int | bytes | None = self.__dict__.get("_source")
        stamp: tuple[int, int] | None = None
        size, close = 0, None
        if source is None:
            source, stamp, size = open_list(self._path)
        if isinstance(source, int):
            _kept.add(source)
            close = weakref.finalize(self, _close, source)
            close.atexit = False
        else:
            size = len(source)
        if self._stamp not in (None, stamp):
            raise self._changed()
        begin, first_line, columns = self._start(source, size)
        self._tables = backends.choose_tables(self.backend)
        problem, table = self._tables.parse_list(
            source, begin, size, first_line, self.delimiter, self.roi_columns, self.label_dtype, num_threads()
        )
        if isinstance(source, int) and stamp is not None and stamp_of(os.fstat(source)) != stamp:
            raise self._changed()
        if problem.fault:
            raise self._error(source, problem)
        if len(table.labels) == 0:
            raise ListError(f"{self.filename} is empty: it has no line with a name and a label", path=self.filename)
        if close is not None and len(_kept) > KEPT:
            close()
            source = None
        self._stamp, self._source, self._table = stamp, source, table
        self.columns, self.rois, self.labels = columns, table.rois, table.labels

    def _start(self, source: int | bytes, size: int) -> tuple[int, int, list[str] | None]:
        """Where the first line after byte order mark and header begins, its number, and the header's fields."""
        begin = len(_BOM) if list_parser.read(source, 0, min(size, len(_BOM))) == _BOM else 0
        if not self.header:
            return begin, 1, None
        window = 1 << 16
        while True:
            end = min(size, begin + window)
            found = list_parser.read(source, begin, end).splitlines(keepends=True)
            at = begin
            for number, line in enumerate(found if end == size else found[:-1], 1):
                at += len(line)
                if line.strip():
                    text = line.rstrip(b"\r\n")
                    columns = list_parser.columns(text, self.delimiter)
                    if isinstance(columns, Fault):
                        raise self._error(source, Problem(columns, number, at - len(line), at - len(line) + len(text)))
                    return at, number + 1, columns
            if end == size:
                return size, 1, []
            window *= 2

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int | bytes]:
        """The list: an open file, or what could be read only once."""
        if self._source is not None:
            yield self._source
            return
        file = os.open(self._path, _READ)
        try:
            yield file
        finally:
            os.close(file)

    def _read(self, begin: int, end: int) -> bytes:
        """Bytes of the list, as they were when it was opened."""
        with self._opened() as source:
            data = list_parser.read(source, begin, end)
            self._check_stamp(source)
        if len(data) < end - begin:
            raise self._changed()
        return data

    def _check_stamp(self, source: int | bytes) -> None:
        """To be called after reading: who writes sets the time first. The name is looked at as well, because a file may
        be replaced.

        Raises:
            ListError: the list has changed.
        """
        if self._stamp is None or not isinstance(source, int):
            return
        try:
            info = os.stat(self._path)
        except OSError:  # deleted, but still open here
            info = os.fstat(source)
        if stamp_of(info) != self._stamp:
            raise self._changed()

    def _error(self, source: int | bytes, problem: Problem) -> ListError:
        region, after = "a label", "name"
        if self.roi_columns:
            region, after = "a number of the region or a label", "four numbers of the region"
        floats = self.label_dtype.kind == "f"
        what = {
            Fault.SHORTER: "the list changed while it was read",
            Fault.UNREADABLE: "the list cannot be read; check the disk",
            Fault.OUT_OF_MEMORY: "there is not enough memory to read the list; is it a text file?",
            Fault.NO_NAME: "there is no name",
            Fault.OPEN_QUOTE: "a quoted field does not end on its line",
            Fault.AFTER_QUOTE: "a quoted field goes on after its closing quote",
            Fault.NO_INTEGER: f"{'a number of the region' if floats else region} is no integer",
            Fault.NO_NUMBER: "a label is no number",
            Fault.TOO_LARGE: f"{region} does not fit {self.label_dtype.name if floats else '64 bits'}",
            Fault.NO_LABEL: f"there is no label after the {after}",
            Fault.OTHER_COUNT: f"{problem.labels} labels, but line {problem.first_line} has {problem.first_labels}; "
            "they cannot be batched",
        }[Fault(problem.fault)]
        if problem.line == 0:
            return ListError(f"{self.filename}: {what}", path=self.filename)
        line = list_parser.read(source, problem.begin, min(problem.end, problem.begin + _SHOWN))
        more = "..." if problem.end > problem.begin + _SHOWN else ""
        shown = line.decode("utf-8", "replace").strip()
        return ListError(
            f"{self.filename}, line {problem.line}: {what}: {shown!r}{more}", path=self.filename, line=problem.line
        )


_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)


def _close(file: int) -> None:
    _kept.discard(file)  # first: its number may be another file's right after
    os.close(file)


def stamp_of(info: os.stat_result) -> tuple[int, int]:
    """Size and time."""
    return info.st_size, info.st_mtime_ns


def open_list(path: str) -> tuple[int | bytes, tuple[int, int] | None, int]:
    """The open file, its stamp and its size; or what can be read only once as bytes, without a stamp."""
    file = os.open(path, _READ)
    try:
        info = os.fstat(file)
        if stat.S_ISDIR(info.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(info.st_mode):
            with os.fdopen(os.dup(file), "rb") as stream:
                data = stream.read()
            os.close(file)
            return data, None, len(data)
        if 0 <= time.time_ns() - info.st_mtime_ns < _STEP:  # written this very moment
            time.sleep(_STEP / 1e9)
            info = os.fstat(file)
    except BaseException:
        os.close(file)
        raise
    return file, stamp_of(info), info.st_size
