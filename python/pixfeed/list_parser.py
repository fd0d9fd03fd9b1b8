"""The lines of a list: fields, numbers, what can be wrong with them; and :func:`parse`, the plain twin of
``csrc/core/list.h``, for where the extension was not built."""

from __future__ import annotations

import contextlib
import math
import re
from array import array
from collections.abc import Iterator, Mapping
from enum import IntEnum
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed._pread import pread

#: A byte order mark: at the beginning of a file, and of a line where files were joined.
BOM = b"\xef\xbb\xbf"
#: What may stand between fields, and around numbers.
BLANKS = b" \t\v\f"
#: A line number is kept for every sample that is a multiple of this.
STRIDE = 256
_DELIMITER = re.compile(r"(?![\w\r\n\"+.-])[\x01-\x7f]", re.ASCII)  # no part of a number or of a quote
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"(?!")')
_INTEGER = re.compile(rb"[+-]?[0-9]+")
_NUMBER = re.compile(rb"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
_LARGEST = {"float32": float.fromhex("0x1.ffffffp127"), "float64": math.inf}  # what rounds to infinity


class Fault(IntEnum):
    """The numbers of ``csrc/core/list.h``."""

    NONE = 0
    SHORTER = 1
    UNREADABLE = 2
    OUT_OF_MEMORY = 3
    NO_NAME = 4
    OPEN_QUOTE = 5
    AFTER_QUOTE = 6
    NO_INTEGER = 7
    NO_NUMBER = 8
    TOO_LARGE = 9
    NO_LABEL = 10
    OTHER_COUNT = 11
    UNKNOWN_WORD = 12


class Problem(NamedTuple):
    """The first error in a list: its line, where the bytes of the line are; and, if it has another number of labels
    than the first line, both numbers."""

    fault: int
    line: int = 0
    begin: int = 0
    end: int = 0
    labels: int = 0
    first_line: int = 0
    first_labels: int = 0


class Table(NamedTuple):
    """The content of a list: n samples with L labels each; L is 0 if labels are not read.

    Attributes:
        offsets: uint32 (int64 for lists of 4 GiB or more) ``[n + 1]``: where each sample's line begins (its name, if
            blanks separate fields), and where the list ends.
        rois: int64 ``[n, roi_columns]``.
        labels: int64, float32 or float64 ``[n, L]``.
        lines: int64 ``[ceil(n / STRIDE) + 1]``: the line of every STRIDE-th sample, and of the last one.
    """

    offsets: NDArray[np.uint32] | NDArray[np.int64]
    rois: NDArray[np.int64]
    labels: NDArray[Any]
    lines: NDArray[np.int64]


class _Bad(Exception):
    """A line cannot be used."""

    def __init__(self, fault: Fault, labels: int = 0):
        super().__init__(fault)
        self.fault = fault
        self.labels = labels


def check_delimiter(delimiter: str | None) -> str | None:
    """Raises:
    ValueError: it cannot stand between fields.
    """
    if delimiter is None or (isinstance(delimiter, str) and _DELIMITER.fullmatch(delimiter)):
        return delimiter
    raise ValueError(f"delimiter is {delimiter!r}; it may be one ASCII character such as ',', ';' or '\\t', or None")


def check_label_dtype(dtype: object) -> np.dtype[Any] | None:
    """Raises:
    ValueError: labels cannot be of that type.
    """
    if dtype is None:
        return None
    for known in (np.int64, np.float32, np.float64):
        if dtype == np.dtype(known):
            return np.dtype(known)
    raise ValueError(f"label_dtype is {dtype!r}; it may be np.int64, np.float32, np.float64, or None for no labels")


def read(source: int | bytes, begin: int, end: int) -> bytes:
    """The bytes from ``begin`` to ``end`` of an open file or of memory; fewer if it ends before that."""
    if not isinstance(source, int):
        return source[begin:end]
    data = pread(source, end - begin, begin)
    while len(data) < end - begin:  # one call gives 2 GiB at most
        more = pread(source, end - begin - len(data), begin + len(data))
        if not more:
            break
        data += more
    return data


def fields(line: bytes, delimiter: str | None) -> Iterator[bytes]:
    """The fields of a line: what stands between blanks and tabs, or between delimiters; then a field may be quoted, as
    RFC 4180 has it.

    Raises:
        _Bad: when it comes to a quoted field that does not end properly.
    """
    if delimiter is None:
        return iter(line.split())
    if b'"' not in line:
        return iter(line.split(delimiter.encode()))
    return _quoted_fields(line, delimiter.encode())


def _quoted_fields(line: bytes, delimiter: bytes) -> Iterator[bytes]:
    at = 0
    while at <= len(line):
        if line[at : at + 1] == b'"':
            quoted = _QUOTED.match(line, at)
            if not quoted:
                raise _Bad(Fault.OPEN_QUOTE)
            at = quoted.end()
            if line[at : at + 1] not in (delimiter, b""):
                raise _Bad(Fault.AFTER_QUOTE)
            yield quoted[1].replace(b'""', b'"')
        else:
            start, at = at, line.find(delimiter, at)
            at = len(line) if at < 0 else at
            yield line[start:at]
        at += 1  # after a delimiter there is one more field, which may be empty


def first_field(data: bytes, delimiter: str | None) -> bytes:
    """The name in bytes that start with a sound line."""
    if delimiter is None:
        return data.split(None, 1)[0]
    return next(fields(re.split(rb"[\r\n]", data, maxsplit=1)[0], delimiter))


def split(line: bytes, delimiter: str | None) -> list[bytes] | Fault:
    """All fields of a line, or what is wrong with it."""
    try:
        return list(fields(line, delimiter))
    except _Bad as bad:
        return bad.fault


def columns(line: bytes, delimiter: str | None) -> list[str] | Fault:
    """The fields of a header."""
    found = split(line, delimiter)
    return found if isinstance(found, Fault) else [field.decode("utf-8", "replace") for field in found]


def _integer(field: bytes) -> int:
    field = field.strip(BLANKS)
    if not _INTEGER.fullmatch(field):
        raise _Bad(Fault.NO_INTEGER)
    digits = field.lstrip(b"+-0") or b"0"
    value = int(digits) if len(digits) < 20 else 1 << 64  # int() refuses thousands of digits
    if field.startswith(b"-"):
        value = -value
    if not -(2**63) <= value < 2**63:
        raise _Bad(Fault.TOO_LARGE)
    return value


def _number(field: bytes, largest: float) -> float:
    field = field.strip(BLANKS)
    if not _NUMBER.fullmatch(field):
        raise _Bad(Fault.NO_NUMBER)
    value = float(field)
    finite = not math.isinf(value) or re.search(rb"[0-9]", field) is not None
    if finite and abs(value) >= largest:
        raise _Bad(Fault.TOO_LARGE)
    return value


def word_in(field: bytes) -> bytes:
    """The name of a class that stands in a field."""
    return field.strip(BLANKS)


def _class_number(field: bytes, words: Mapping[bytes, int]) -> int:
    word = word_in(field)
    if not word:
        raise _Bad(Fault.NO_LABEL)
    if word not in words:
        raise _Bad(Fault.UNKNOWN_WORD)
    return words[word]


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each line begins, and its bytes without its end; both without a byte order mark."""
    start = 0
    for line in data.splitlines(keepends=True):
        mark = len(BOM) if line.startswith(BOM) else 0
        yield start + mark, line[mark:].rstrip(b"\r\n")
        start += len(line)


def collect_words(
    source: int | bytes, begin: int, end: int, delimiter: str | None, roi_columns: int
) -> tuple[int, list[bytes]]:
    """All words that stand where labels are.

    Args:
        source, begin, end, delimiter, roi_columns: see :func:`parse`.

    Returns:
        ``Fault.SHORTER`` or ``UNREADABLE`` if the list could not be read, else 0; and the words, sorted.
    """
    try:
        data = read(source, begin, end)
    except OSError:
        return Fault.UNREADABLE, []
    if len(data) < end - begin:
        return Fault.SHORTER, []
    words: set[bytes] = set()
    for _, line in lines(data):
        if line.lstrip(BLANKS):
            with contextlib.suppress(_Bad):  # parse() will say so
                words.update(map(word_in, islice(fields(line, delimiter), 1 + roi_columns, None)))
    return Fault.NONE, sorted(words - {b""})


def _offsets(offsets: array[int], end: int) -> NDArray[np.uint32] | NDArray[np.int64]:
    return np.array(offsets, np.int64) if end >= 1 << 32 else np.array(offsets, np.uint32)


def parse(
    source: int | bytes,
    begin: int,
    end: int,
    first_line: int,
    delimiter: str | None,
    roi_columns: int,
    label_dtype: np.dtype[Any] | None,
    words: Mapping[bytes, int] | None = None,
) -> tuple[Problem, Table]:
    """Read a list.

    Args:
        source: a file's descriptor, or the list itself.
        begin, end: its bytes without byte order mark and header.
        first_line: the number of the line at ``begin``.
        delimiter, roi_columns, label_dtype: see :class:`pixfeed.FileList`.
        words: what labels may be, if they are no numbers, and the number of each.

    Returns:
        What is wrong with the first line that has something wrong, and the table, which then is undefined.
    """
    offsets, numbers, rois = array("q"), array("q"), array("q")
    dtype = np.dtype(np.int64) if label_dtype is None else label_dtype
    labels: array[Any] = array({"int64": "q", "float32": "f", "float64": "d"}[dtype.name])
    largest = _LARGEST.get(dtype.name)
    n_labels = 0

    def row(text: bytes) -> None:
        found = fields(text, delimiter)
        if not next(found):
            raise _Bad(Fault.NO_NAME)
        region, at = len(rois), len(labels)
        rois.extend(map(_integer, islice(found, roi_columns)))
        if label_dtype is None:
            if len(rois) - region < roi_columns:
                raise _Bad(Fault.NO_LABEL)
            return
        for field in found:
            if words is not None:
                labels.append(_class_number(field, words))
            else:
                labels.append(_integer(field) if largest is None else _number(field, largest))
        if len(labels) == at:
            raise _Bad(Fault.NO_LABEL)
        if offsets and len(labels) - at != n_labels:
            raise _Bad(Fault.OTHER_COUNT, len(labels) - at)

    problem = Problem(Fault.NONE)
    try:
        data = read(source, begin, end)
    except OSError:
        data, problem = b"", Problem(Fault.UNREADABLE)
    if not problem.fault and len(data) < end - begin:
        data, problem = b"", Problem(Fault.SHORTER)
    for number, (place, line) in enumerate(lines(data), first_line):
        line_begin = begin + place
        text = line.lstrip(BLANKS)
        if not text:
            continue
        try:
            row(text if delimiter is None else line)
        except _Bad as bad:
            problem = Problem(bad.fault, number, line_begin, line_begin + len(line))
            if bad.fault == Fault.OTHER_COUNT:
                problem = problem._replace(labels=bad.labels, first_line=numbers[0], first_labels=n_labels)
            break
        n_labels = n_labels or len(labels)
        offsets.append(line_begin + (len(line) - len(text) if delimiter is None else 0))
        numbers.append(number)
    n = 0 if problem.fault else len(offsets)
    offsets.append(end)
    return problem, Table(
        _offsets(offsets[:n] + offsets[-1:], end),
        np.array(rois[: n * roi_columns], np.int64).reshape(n, roi_columns),
        np.array(labels[: n * n_labels], dtype).reshape(n, n_labels),
        np.array(numbers[:n:STRIDE] + numbers[n - 1 : n], np.int64),
    )
