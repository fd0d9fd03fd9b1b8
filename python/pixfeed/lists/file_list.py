"""FileList: a list file, whose lines have a name and labels."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pixfeed import backends, list_parser
from pixfeed.backends import BackendName
from pixfeed.context import num_threads
from pixfeed.errors import ListError, Origin
from pixfeed.list_parser import BOM, Fault, Problem, Table
from pixfeed.lists import classes as _classes
from pixfeed.lists import faults
from pixfeed.lists.loaded import Loaded

#: How many lists a process keeps open. More are opened for each name, which takes half as long again.
KEPT = 64
_kept: set[int] = set()  # those files
# Of a line in a message.
_SHOWN = 200  # bytes

_Found = TypeVar("_Found")


class FileList(Loaded):
    """The samples of a list file.

    A line is a name and one or more labels, ``0.jpg 0 10``, separated by blanks or tabs. The file is UTF-8, with or
    without byte order marks, with any line ending. Blank lines are skipped.

    The file itself is the index. Memory holds the position and the numbers of each line, and no Python object per
    sample; names are read from the file on demand. Its content must stay as it is: a change is an error. (It is not
    memory-mapped, because a process is killed if a mapped file is truncated.) A process keeps the first 64 lists open;
    these may be replaced or deleted. Further lists are opened for each name.

    Args:
        filename: the list file. What can be read only once (a pipe) is kept in memory; a FIFO is waited for until its
            writer has come and closed it, as is one among the images.
        roi_columns: 4 if a region (x, y, w, h), integers in pixels, stands between name and labels, else 0.
        delimiter: one ASCII character that separates fields, for names with blanks: ``","`` for CSV, ``";"``,
            ``"\\t"``. A field may then be quoted (RFC 4180: ``"a ""b"".jpg",0``), on one line. Names are taken with
            the blanks around them. ``None``: blanks and tabs separate.
        label_dtype: ``np.int64``, ``np.float32`` or ``np.float64``; ``None``: there are no labels, and what follows the
            name (and the region) is ignored.
        classes: labels are names of classes, which become their numbers, int64: a list of names, a dict of numbers by
            name, or ``"auto"`` for the names in the list, sorted.
        header: skip the first line that is not blank, and keep its fields as ``columns``.
        backend: ``"native"`` reads the list in C++, ``"opencv"`` in Python; ``None``: see :func:`backends.choose`.

    Attributes:
        filename: as given.
        class_to_idx: the numbers of classes by name; ``None`` without ``classes``.
        labels: ndarray ``[n, L]`` of ``label_dtype`` (L is 0 with ``None``), read-only.
            :meth:`pixfeed.FastTxtDataset.with_labels` takes others.
        rois: int64 ndarray ``[n, roi_columns]``, read-only.
        columns: list of str with ``header=True``, else ``None``.

    Pickled are the arguments and a digest of the file; the copy reads the list again when something is first asked of
    it.

    Raises:
        FileNotFoundError: there is no such list.
        ListError: a label is no number, does not fit or is none of the classes, a line has no label, lines differ in
            their number of labels (they could not be batched), a quote is not closed, or the list is empty. The message
            names file, line number and line. Also later, when something is asked of it: the list has changed, or cannot
            be read.
        ValueError: an argument makes no sense.
    """

    _finds_classes = False
    loaded = Loaded.loaded | {"columns", "_table", "_tables"}
    columns: list[str] | None
    class_to_idx: dict[str, int] | None = None
    _source: int | bytes | None  # the open file, or the list itself; None: it is opened for each name
    _table: Table
    _tables: backends.Tables

    def __init__(
        self,
        filename: str | os.PathLike[str],
        roi_columns: Literal[0, 4] = 0,
        *,
        delimiter: str | None = None,
        label_dtype: DTypeLike | None = np.int64,
        classes: _classes.Given | None = None,
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
        if classes is not None:
            if self.label_dtype != np.int64:
                raise ValueError("classes goes with label_dtype=np.int64: labels are the numbers of classes")
            self.class_to_idx = _classes.checked(classes)
            self._finds_classes = self.class_to_idx is None
        self.backend = backend
        self._path = os.path.abspath(self.filename)
        self._load()

    @property
    def labels(self) -> NDArray[Any]:
        """The labels of all samples: ndarray ``[n, L]`` of ``label_dtype`` (``label_dtype=None``: int64 ``[n, 0]``),
        read-only.

        Raises:
            ListError: this is a copy that was pickled, and the list has changed since or cannot be read.
            FileNotFoundError: the same, and there is no such list any more.
        """
        return self._table.labels

    @property
    def rois(self) -> NDArray[np.int64]:
        """The regions of all samples, (x, y, w, h) in pixels: int64 ndarray ``[n, roi_columns]``, read-only. Raises as
        :attr:`labels` does."""
        return self._table.rois

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
        read, delimiter = self._tables.read_names, self.delimiter
        return self._ask(lambda source: read(source, begins, ends, delimiter, folder))

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
        source, size = self._open()
        close = None
        if isinstance(source, int):
            _kept.add(source)
            close = weakref.finalize(self, _close, source)
            close.atexit = False
        self._tables = backends.choose_tables(self.backend)
        problem, table, columns = self._steadily(source, lambda source: self._parsed(source, size))
        if problem.fault:
            raise self._error(source, problem)
        if len(table.labels) == 0:
            raise ListError(f"{self.filename} is empty: it has no line with a name and a label", path=self.filename)
        table.labels.flags.writeable = table.rois.flags.writeable = False  # copies would not have what is written
        self.columns, self._source, self._table = columns, source, table
        if close is not None and len(_kept) > KEPT:
            close()
            self._source = None

    def _parsed(self, source: int | bytes, size: int) -> tuple[Problem, Table, list[str] | None] | None:
        """What is wrong with the list, its tables, and the header's fields; ``None`` if reading failed."""
        begin, first_line, columns = self._start(source, size)
        if self._finds_classes:
            fault, found = self._tables.collect_words(
                source, begin, size, self.delimiter, self.roi_columns, num_threads()
            )
            if fault:
                return None
            self.class_to_idx = {word.decode("utf-8", "surrogateescape"): i for i, word in enumerate(found)}
        words = None
        if self.class_to_idx is not None:
            words = {name.encode("utf-8", "surrogateescape"): number for name, number in self.class_to_idx.items()}
        problem, table = self._tables.parse_list(
            source, begin, size, first_line, self.delimiter, self.roi_columns, self.label_dtype, num_threads(), words
        )
        return None if problem.fault in (Fault.SHORTER, Fault.UNREADABLE) else (problem, table, columns)

    def _start(self, source: int | bytes, size: int) -> tuple[int, int, list[str] | None]:
        """Where the first line after the header begins, its number, and the header's fields."""
        if not self.header:
            return 0, 1, None
        window = 1 << 16
        while True:
            end = min(size, window)
            found = list_parser.read(source, 0, end).splitlines(keepends=True)
            at = 0
            for number, line in enumerate(found if end == size else found[:-1], 1):
                at += len(line)
                line = line.removeprefix(BOM)
                if line.strip():
                    text = line.rstrip(b"\r\n")
                    columns = list_parser.columns(text, self.delimiter)
                    if isinstance(columns, Fault):
                        raise self._error(source, Problem(columns, number, at - len(line), at - len(line) + len(text)))
                    return at, number + 1, columns
            if end == size:
                return size, 1, []
            window *= 2

    def _ask(self, read: Callable[[int | bytes], _Found | None]) -> _Found:
        """What ``read`` makes of the list; see :meth:`_steadily`."""
        if self._source is not None:
            return self._steadily(self._source, read)
        source = self._open_again()
        try:
            return self._steadily(source, read)
        finally:
            if isinstance(source, int):
                os.close(source)

    def _read(self, begin: int, end: int) -> bytes:
        """Bytes of the list."""

        def read(source: int | bytes) -> bytes | None:
            data = list_parser.read(source, begin, end)
            return data if len(data) == end - begin else None

        return self._ask(read)

    def _error(self, source: int | bytes, problem: Problem) -> ListError:
        label = "" if self.label_dtype is None else self.label_dtype.name
        format = faults.Format(self.roi_columns, self.delimiter, label, self.header, self.class_to_idx)
        what = faults.what_is_wrong(problem, format)
        if problem.line == 0:
            return ListError(f"{self.filename}: {what}", path=self.filename)
        end = min(problem.end, problem.begin + _SHOWN)
        encoding = faults.encoding_of(self._steadily(source, lambda source: list_parser.read(source, 0, 4)))
        if encoding is not None:
            return ListError(f"{self.filename}: this list is {encoding}: save it as UTF-8", path=self.filename)
        line = self._steadily(source, lambda source: list_parser.read(source, problem.begin, end))
        more = "..." if problem.end > problem.begin + _SHOWN else ""
        shown = line.decode("utf-8", "replace").strip()
        return ListError(
            f"{self.filename}, line {problem.line}: {what}: {shown!r}{more}; {faults.remedy(problem, format, line)}",
            path=self.filename,
            line=problem.line,
        )


def _close(file: int) -> None:
    _kept.discard(file)  # first: its number may be another file's right after
    os.close(file)
