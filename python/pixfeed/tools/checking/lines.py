"""The lines of a list, each by itself: one that cannot be used does not hide the others."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pixfeed import list_parser
from pixfeed.errors import ListError
from pixfeed.lists.annotations import COLUMNS
from pixfeed.lists.faults import encoding_of
from pixfeed.tools.checking.rules import SUFFIXES

Kind = Literal["labels", "mask", "boxes", "keypoints", "none"]
Number = int | float
_BOM = b"\xef\xbb\xbf"
# As os.fsdecode has them, which takes longer than splitting a line.
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


class Unusable(Exception):
    """A line cannot be used; the message says why, and what to do."""


@dataclass(slots=True)
class Line:
    """One line of a list.

    Attributes:
        number: counted from 1.
        text: its bytes, with the line's end.
        name: the image's; empty if the line cannot be used.
        target: what is to be learned: numbers, or names of classes; the name of a mask in a tuple; rows of label, x, y,
            w, h or of x, y, v.
        problem: why the line cannot be used; else empty.
    """

    number: int
    text: bytes
    name: str = ""
    target: tuple[Any, ...] = ()
    problem: str = ""


class Lines(NamedTuple):
    """A list.

    Attributes:
        filename: as given.
        kind: what follows the names; ``"none"``: nothing, as in a list for prediction.
        lines: without blank ones.
        head: bytes before the first of them: a byte order mark, the names of the columns.
        named: the labels are names of classes, which ``classes="auto"`` of :class:`pixfeed.FileList` reads.
    """

    filename: str
    kind: Kind
    lines: list[Line]
    head: bytes
    named: bool = False

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The numbers of named classes, as ``classes="auto"`` gives them."""
        words = {word for line in self.lines for word in line.target} if self.named else ()
        return {word: number for number, word in enumerate(sorted(words))}


def read(path: Path, kind: Kind | None = None, delimiter: str | None = None, header: bool = False) -> Lines:
    """Read a list.

    Args:
        path: a text file: see :class:`pixfeed.FileList` and :class:`pixfeed.Annotations`.
        kind: what follows the names; ``None``: as the lines look.
        delimiter, header: see :class:`pixfeed.FileList`.

    Raises:
        OSError: it cannot be read.
        ListError: it is no UTF-8, empty, or seems to have another delimiter.
    """
    filename = os.fspath(path)
    if path.exists() and not path.is_file():
        raise ListError(f"{filename} is no file", path=filename)
    data = path.read_bytes()
    if (encoding := encoding_of(data[:4])) is not None:
        raise ListError(f"{filename}: this list is {encoding}: save it as UTF-8", path=filename)
    head = data[: len(_BOM)] if data.startswith(_BOM) else b""
    found: list[Line] = []
    for number, text in enumerate(data[len(head) :].splitlines(keepends=True), 1):
        if not text.strip(list_parser.BLANKS + b"\r\n"):
            continue
        if header and not found and not text.lstrip().startswith(b"{"):
            head, header = head + text, False
            continue
        found.append(Line(number, text))
    if not found:
        raise ListError(f"{filename} is empty: it has no line with a name", path=filename)
    if delimiter is None and kind is None and (separator := _separator(found)):
        raise ListError(
            f"{filename}: its fields seem to be separated by {separator!r}: say --delimiter {separator!r}, and "
            "--header if the first line has the names of the columns",
            path=filename,
        )
    fields = [_fields(line, delimiter) for line in found]
    guessed = _guess(fields)
    named = guessed == "words" and kind in (None, "labels")
    kind = kind or ("labels" if guessed == "words" else guessed)
    for line, its in zip(found, fields, strict=True):
        try:
            if isinstance(its, Exception):
                raise its
            if named:
                line.name, line.target = _with_words(its)
            else:
                line.name, line.target = _from_json(its, kind) if isinstance(its, dict) else _from_fields(its, kind)
        except Unusable as error:
            line.name, line.problem = "", str(error)
    if kind == "labels":
        _same_count(found)
    return Lines(filename, kind, found, head, named)


def _separator(lines: Sequence[Line]) -> str:
    """What separates the fields of several lines, if it is no blank: each but the first, which may name the columns,
    ends with it and a number, or begins with the name of an image and it."""
    texts = [line.text.strip(list_parser.BLANKS + b"\r\n").decode("utf-8", "replace") for line in lines]
    for separator in (",", ";"):
        ends = [text.rpartition(separator) for text in texts[1:]]
        if ends and all(before and _is_number(number) for before, _, number in ends):
            return separator
        begins = [text.partition(separator) for text in texts[1:] or texts]
        if all(after and _is_file(name.strip('"')) for name, _, after in begins) and not texts[-1].startswith("{"):
            return separator
    return ""


def _is_file(field: str) -> bool:
    """Whether this looks like the name of an image."""
    return os.path.splitext(field)[1].lower() in SUFFIXES


_Fields = list[str] | dict[str, Any] | Unusable


def _fields(line: Line, delimiter: str | None) -> _Fields:
    text = line.text.strip(list_parser.BLANKS + b"\r\n")
    if text.startswith(b"{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            return Unusable(f"this is no JSON ({error})")
        return found if isinstance(found, dict) else Unusable("this is no JSON object")
    fields = list_parser.split(text if delimiter is None else line.text.rstrip(b"\r\n"), delimiter)
    if isinstance(fields, list_parser.Fault):
        return Unusable("a quoted field does not end properly")
    return [field.decode(_ENCODING, _ERRORS) for field in fields] if fields[0] else Unusable("there is no name")


def _guess(lines: Iterable[_Fields]) -> Kind | Literal["words"]:
    """The kind of a list, as most of its lines look. ``"words"``: labels that are names of classes."""
    kinds: dict[Kind | Literal["words"], int] = dict.fromkeys(("labels", "mask", "words", "boxes", "keypoints"), 0)
    counts, names = set(), 0
    for fields in lines:
        if isinstance(fields, dict):
            kinds["mask" if "mask" in fields else "keypoints" if "keypoints" in fields else "boxes"] += 1
        elif isinstance(fields, list) and len(fields) == 1:
            names += 1
        elif isinstance(fields, list) and len(fields) > 1:
            kinds[_guess_of(fields[1:])] += 1
            counts.add(len(fields) - 1)
    if names and not any(kinds.values()):
        return "none"
    kind = max(kinds, key=kinds.__getitem__)
    if kind == "labels" and len(counts) > 1 and all(count % 5 == 0 for count in counts):
        return "boxes"
    return kind


def _guess_of(rest: Sequence[str]) -> Literal["labels", "mask", "words"]:
    """What the fields after a name look like."""
    if any(map(_is_number, rest)):
        return "labels"
    if any(map(_is_file, rest)):
        # Several fields are a name with blanks and no label, which reading it as labels reports.
        return "mask" if len(rest) == 1 else "labels"
    return "words" if all(map(_is_word, rest)) else "labels"


def _is_word(field: str) -> bool:
    """Whether this may be the name of a class: it is not meant as a number."""
    try:
        float(field)
    except ValueError:
        return bool(field.strip())
    return False


def _is_number(field: str) -> bool:
    try:
        _number(field)
    except Unusable:
        return False
    return True


def _number(field: object) -> Number:
    if type(field) is str and len(field) < 19 and field.isascii() and field.isdecimal():  # nearly all are
        return int(field)
    if isinstance(field, str) and "_" not in field:  # 1_000 is a number to Python alone
        for kind in (int, float):
            try:
                return _number(kind(field))
            except ValueError:
                pass
    if isinstance(field, (int, float)) and not isinstance(field, bool):
        if math.isnan(field):
            raise Unusable("a number is NaN")
        if isinstance(field, int) and not -(2**63) <= field < 2**63:
            raise Unusable(f"{field} does not fit 64 bits")
        return field
    if isinstance(field, str) and _is_file(field):
        raise Unusable(
            f"{field!r} is no number; if it is the image, it must be the first field: `pixfeed make-list TABLE.csv "
            "--name-column COLUMN` reorders a table"
        )
    raise Unusable(f"{field!r} is no number; if it is a class, `pixfeed make-list` writes its number")


def _with_words(fields: list[str] | dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The name, and names of classes."""
    if isinstance(fields, dict):
        raise Unusable("this is JSON, and most lines have names of classes")
    name, *words = [fields[0], *(field.strip(" \t") for field in fields[1:])]
    if not words or not all(words):
        raise Unusable("there is no label after the name")
    return name, tuple(words)


def _from_fields(fields: list[str], kind: Kind) -> tuple[str, tuple[Any, ...]]:
    name, *rest = fields
    if kind == "none":
        return name, ()
    if kind == "mask":
        if len(rest) != 1 or not rest[0]:
            raise Unusable(f"{len(rest)} fields after the name; there must be one, the mask's")
        return name, (rest[0],)
    if kind == "labels":
        if not rest:
            raise Unusable("there is no label after the name")
        return name, tuple(map(_number, rest))
    columns = COLUMNS[kind]
    if len(rest) % len(columns):
        raise Unusable(f"{len(rest)} numbers after the name; there must be {len(columns)} each time ({columns})")
    numbers = tuple(map(_number, rest))
    return name, _rows([numbers[at : at + len(columns)] for at in range(0, len(numbers), len(columns))], kind)


def _from_json(found: dict[str, Any], kind: Kind) -> tuple[str, tuple[Any, ...]]:
    name = found.get("image")
    if not isinstance(name, str) or not name:
        raise Unusable('"image" must be there, and be a string')
    if kind == "none":
        return name, ()
    if kind == "labels":
        labels = found.get("labels", found.get("label"))
        return name, tuple(map(_number, labels if isinstance(labels, list) else [labels]))
    target = found.get(kind)
    if kind == "mask":
        if not isinstance(target, str):
            raise Unusable('"mask" must be there, and be a string')
        return name, (target,)
    if not isinstance(target, list) or not all(isinstance(row, list) for row in target):
        raise Unusable(f'"{kind}" must be there, and be a list of lists')
    if kind == "boxes":
        labels = found.get("labels")
        if not isinstance(labels, list) or len(labels) != len(target):
            raise Unusable(f'"labels" must be there, and have {len(target)} numbers, one for each box')
        target = [[label, *row] for label, row in zip(labels, target, strict=True)]
    return name, _rows([tuple(map(_number, row)) for row in target], kind)


def _rows(rows: Sequence[tuple[Number, ...]], kind: Kind) -> tuple[tuple[Number, ...], ...]:
    for row in rows:
        if len(row) != len(COLUMNS[kind]):
            raise Unusable(f"{row} must be {len(COLUMNS[kind])} numbers ({' '.join(COLUMNS[kind])})")
        if kind == "boxes" and not isinstance(row[0], int):
            raise Unusable(f"the label {row[0]} of a box is no integer")
    return tuple(rows)


def _same_count(lines: list[Line]) -> None:
    """Lines that have another number of labels than most cannot be batched with them."""
    counts: dict[int, int] = {}
    for line in lines:
        if not line.problem:
            counts[len(line.target)] = counts.get(len(line.target), 0) + 1
    usual = max(counts, key=counts.__getitem__, default=0)
    for line in lines:
        if not line.problem and len(line.target) != usual:
            line.problem = f"{len(line.target)} labels, and most lines have {usual}; they cannot be batched"
            line.name = ""
