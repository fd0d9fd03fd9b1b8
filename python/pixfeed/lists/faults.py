"""What is wrong with a line of a list, and what can be done about it, in words."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from pixfeed.list_parser import BOM, Fault, Problem, split, word_in
from pixfeed.lists import classes
from pixfeed.lists.folder import SUFFIXES

# Byte order marks, the longest first: those of UTF-32 begin with those of UTF-16.
_MARKS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_SEPARATORS = b",;|\t"
_FIRST = (
    "the name of the image must be the first field: `pixfeed make-list TABLE.csv --name-column COLUMN "
    "--label-column COLUMN` reorders a table"
)


class Format(NamedTuple):
    """How the list was to be read: the arguments of :class:`pixfeed.FileList`.

    Attributes:
        label: the name of the labels' dtype, empty if there are none.
        class_to_idx: the numbers of classes by name.
    """

    roi_columns: int
    delimiter: str | None
    label: str
    header: bool
    class_to_idx: Mapping[str, int] | None

    @property
    def floats(self) -> bool:
        return self.label.startswith("float")


def encoding_of(beginning: bytes) -> str | None:
    """The encoding of a list that is not UTF-8, as its first bytes say."""
    found = next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), None)
    return "UTF-16 or UTF-32" if found is None and b"\0" in beginning else found


def what_is_wrong(problem: Problem, format: Format) -> str:
    """In a few words."""
    region, after = "a label", "name"
    if format.roi_columns:
        region, after = "a number of the region or a label", "four numbers of the region"
    return {
        Fault.OUT_OF_MEMORY: "there is not enough memory to read the list; is it a text file?",
        Fault.NO_NAME: "there is no name",
        Fault.OPEN_QUOTE: "a quoted field does not end on its line",
        Fault.AFTER_QUOTE: "a quoted field goes on after its closing quote",
        Fault.NO_INTEGER: f"{'a number of the region' if format.floats else region} is no integer",
        Fault.NO_NUMBER: "a label is no number",
        Fault.TOO_LARGE: f"{region} does not fit {format.label if format.floats else '64 bits'}",
        Fault.NO_LABEL: f"there is no label after the {after}" if format.label else "the region has not four numbers",
        Fault.UNKNOWN_WORD: "a label is none of the classes",
        Fault.OTHER_COUNT: f"{problem.labels} labels, but line {problem.first_line} has {problem.first_labels}; "
        "they cannot be batched",
    }[Fault(problem.fault)]


def remedy(problem: Problem, format: Format, line: bytes) -> str:
    """What to do about a line with a fault.

    Args:
        line: the line, or its beginning.
    """
    numbers = problem.fault in (Fault.NO_INTEGER, Fault.NO_NUMBER)
    if BOM in line:
        return "a byte order mark stands within it: where files are joined, the first must end with a line end"
    if problem.fault == Fault.UNKNOWN_WORD and format.class_to_idx:
        return _remedy_of_word(format, line)
    if format.delimiter is None and (numbers or problem.fault == Fault.NO_LABEL):
        for separator in map(chr, _SEPARATORS):
            if separator.encode() in line:
                words = f"if its fields are separated by {separator!r}, say delimiter={separator!r}"
                return f"{words}; {_FIRST}" if _names_file_later(line, separator) else words
    if numbers and not format.roi_columns and _names_file_later(line, format.delimiter):
        return _FIRST
    if numbers and not format.roi_columns and not _has_number(line, format.delimiter):
        first = problem.line == 1 and not format.header
        words = "if labels are names of classes, say classes='auto'"
        return f"{words}; if this line names the columns, say header=True" if first else words
    if problem.fault == Fault.NO_INTEGER and not format.roi_columns and _is_number(line, format.delimiter):
        return "for labels with a fraction say label_dtype=np.float32"
    if numbers and not format.delimiter and _has_number(line, None):
        return "a name with blanks needs a list with another delimiter, and delimiter='\\t' for example"
    if problem.fault in (Fault.OPEN_QUOTE, Fault.AFTER_QUOTE):
        return 'close the quote; a quote inside a quoted field is written twice: ""'
    if problem.fault == Fault.NO_LABEL and format.label:
        return "add one, or say labels=False (label_dtype=None of FileList) for a list without labels"
    return "mend this line or take it off the list"


def _remedy_of_word(format: Format, line: bytes) -> str:
    known, found = format.class_to_idx or {}, split(line, format.delimiter)
    words = [] if isinstance(found, Fault) else [word_in(field).decode("utf-8", "surrogateescape") for field in found]
    unknown = next((word for word in words[1 + format.roi_columns :] if word and word not in known), "")
    more = (
        ""
        if format.delimiter
        else "; names with blanks need a delimiter between fields, and delimiter='\\t' for example"
    )
    return classes.remedy(unknown, known) + more * any(" " in name for name in known)


def _is_number(line: bytes, delimiter: str | None) -> bool:
    """Whether all fields after the first are numbers."""
    fields = line.decode("utf-8", "replace").split(delimiter or None)[1:]
    return bool(fields) and all(map(_float, fields))


def _has_number(line: bytes, delimiter: str | None) -> bool:
    """Whether the last field is a number: a line that names the columns has none there."""
    fields = line.decode("utf-8", "replace").split(delimiter or None)[1:]
    return bool(fields) and _float(fields[-1])


def _names_file_later(line: bytes, delimiter: str | None) -> bool:
    """Whether a field after the first is the name of an image, and the first is none. Blanks may be those of a name:
    then the first must be a number, and the name the last."""
    fields = [field.strip(' \t\r\n"').lower() for field in line.decode("utf-8", "replace").split(delimiter or None)]
    if len(fields) < 2 or fields[0].endswith(SUFFIXES):
        return False
    if not delimiter:
        return _float(fields[0]) and fields[-1].endswith(SUFFIXES)
    return any(field.endswith(SUFFIXES) for field in fields)


def _float(field: str) -> bool:
    with contextlib.suppress(ValueError):
        float(field)
        return True
    return False
