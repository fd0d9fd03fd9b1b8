"""Lists whose lines name a mask, or have the boxes or keypoints of an image, as many as there are."""

from __future__ import annotations

import json
import os
import warnings
from array import array
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from pixfeed import list_parser
from pixfeed.errors import ListError
from pixfeed.lists.loaded import Loaded
from pixfeed.lists.samples import Samples

_SHOWN = 200  # bytes of a line in a message
AnnotationKind = Literal["mask", "boxes", "keypoints"]
#: What a line repeats, and what the same is called in JSON.
COLUMNS: dict[str, tuple[str, ...]] = {"boxes": ("label", "x", "y", "w", "h"), "keypoints": ("x", "y", "v")}


_Json = TypeVar("_Json")


class _Bad(Exception):
    """A line cannot be used; the message says why."""


class Annotations(Loaded, Samples):
    """The names in a list file, and the mask, boxes or keypoints of each.

    The file is UTF-8; blank lines are skipped. Either every line is a JSON object (the first line begins with ``{``),
    or fields are separated by blanks and tabs, or by ``delimiter``. Boxes whose w or h is 0 are left out, with one
    UserWarning that names the line of the first. The file is parsed in Python and kept in memory, in a few arrays.

    =============  ==============================  ==========================================================
    kind           a line                          in JSON
    =============  ==============================  ==========================================================
    ``mask``       ``a.jpg a.png``                 ``{"image": "a.jpg", "mask": "a.png"}``
    ``boxes``      ``a.jpg label x y w h ...``     ``{"image": "a.jpg", "boxes": [[x, y, w, h], ...], "labels": [...]}``
    ``keypoints``  ``a.jpg x y v ...``             ``{"image": "a.jpg", "keypoints": [[x, y, v], ...]}``
    =============  ==============================  ==========================================================

    Args:
        filename: the list file.
        kind: ``"mask"``, ``"boxes"`` or ``"keypoints"``.
        delimiter, header: see :class:`pixfeed.FileList`; not for JSON.

    Attributes:
        labels: int64 ``[n, 1]``: how many boxes or points there are (masks: 1).
        values: float32 ``[m, 4]`` (x, y, w, h) or ``[m, 3]`` (x, y, v) of all pictures, one after the other.
        classes: int64 ``[m]``: the boxes' labels.
        offsets: int64 ``[n + 1]``: where each picture's rows begin.
        masks: the masks' names, as samples.
        extra: empty; other lists of boxes have more columns in it (``iscrowd`` of COCO).

    Arrays are read-only. Pickled are the arguments and a digest of the file, as of a :class:`pixfeed.FileList`.

    Raises:
        FileNotFoundError: there is no such list.
        ListError: a line cannot be used, or there is none. The message names file, line number and line. Of a copy
            that was pickled, when something is first asked of it: the file has changed.
    """

    relative = False  # as those of lists.annotated.Boxed
    extra: ClassVar[dict[str, NDArray[Any]]] = {}
    loaded = Loaded.loaded | {"values", "classes", "offsets", "masks"}
    loaded |= {"_labels", "_names", "_offsets", "_lines"}

    def __init__(
        self, filename: str | os.PathLike[str], kind: AnnotationKind, delimiter: str | None = None, header: bool = False
    ):
        self.kind = kind
        self.filename = os.fspath(filename)
        self.delimiter = list_parser.check_delimiter(delimiter)
        self.header = bool(header)
        self._path = os.path.abspath(self.filename)
        self._load()

    def _load(self) -> None:
        kind, filename, delimiter = self.kind, self.filename, self.delimiter
        data = self._read()
        names: list[bytes] = []
        masks: list[bytes] = []
        numbers, counts = array("q"), array("q")
        values, classes = array("f"), array("q")
        is_json, empty, first = None, 0, 0
        for number, (_, line) in enumerate(list_parser.lines(data), 1):
            text = line.strip(list_parser.BLANKS)
            if not text:
                continue
            if is_json is None:
                is_json = text.startswith(b"{")
                if self.header and not is_json:
                    continue
            try:
                name, found = _from_json(text, kind) if is_json else _from_fields(line, text, kind, delimiter)
                if not name:
                    raise _Bad("there is no name")
                if isinstance(found, bytes):
                    masks.append(found)
                    counts.append(1)
                else:
                    counts.append(_add(found, kind, values, classes))
                    if counts[-1] < len(found):
                        empty, first = empty + len(found) - counts[-1], first or number
            except _Bad as bad:
                shown = text[:_SHOWN].decode("utf-8", "replace") + ("..." if len(text) > _SHOWN else "")
                message = f"{filename}, line {number}: {bad}: {shown!r}"
                raise ListError(message, path=filename, line=number) from None
            names.append(name)
            numbers.append(number)
        if empty:
            warnings.warn(
                f"{filename}: {empty} boxes are empty (w or h is 0), the first one in line {first}; they are left out",
                stacklevel=4,  # the line that makes the dataset
            )
        super().__init__(map(os.fsdecode, names), np.array(counts, np.int64), filename)
        self.masks = Samples(map(os.fsdecode, masks), np.array(counts, np.int64), filename) if masks else None
        self.values = np.array(values, np.float32).reshape(-1, 3 if kind == "keypoints" else 4)
        self.classes = np.array(classes, np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        for array_ in (self.values, self.classes, self.offsets):
            array_.flags.writeable = False
        self._lines = np.array(numbers, np.int64)

    def _read(self) -> bytes:
        """The list."""

        def read(source: int | bytes) -> bytes | None:
            data = list_parser.read(source, 0, size)
            return data if len(data) == size else None

        source, size = self._open()
        try:
            data = self._steadily(source, read)
        finally:
            if isinstance(source, int):
                os.close(source)
        self._source = None if isinstance(source, int) else data
        return data

    def line(self, i: int) -> int:
        """The line of sample ``i``, counted from 1."""
        return int(self._lines[range(len(self))[i]])


def _from_fields(line: bytes, text: bytes, kind: str, delimiter: str | None) -> tuple[bytes, bytes | list[list[Any]]]:
    """The name, and the mask's name or rows of numbers."""
    found = list_parser.split(text if delimiter is None else line, delimiter)
    if isinstance(found, list_parser.Fault):
        raise _Bad("a quoted field does not end properly")
    name, *rest = found
    if kind == "mask":
        if len(rest) != 1 or not rest[0]:
            raise _Bad(f"{len(rest)} fields after the name; there must be one, the mask's")
        return name, rest[0]
    columns = COLUMNS[kind]
    if len(rest) % len(columns):
        raise _Bad(f"{len(rest)} numbers after the name; there must be {len(columns)} ({' '.join(columns)}) each time")
    numbers = [_number(field) for field in rest]
    return name, [numbers[at : at + len(columns)] for at in range(0, len(numbers), len(columns))]


def _number(field: bytes) -> int | float:
    for kind in (int, float) if b"_" not in field else ():  # 1_000 is a number to Python alone
        try:
            return kind(field)
        except ValueError:
            pass
    raise _Bad(f"{field.decode('utf-8', 'replace')!r} is no number")


def _from_json(text: bytes, kind: str) -> tuple[bytes, bytes | list[list[Any]]]:
    """As :func:`_from_fields`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Bad(f"this is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise _Bad("this is no JSON object")
    name = _field(found, "image", str, "a string")
    if kind == "mask":
        return _encoded(name), _encoded(_field(found, "mask", str, "a string"))
    rows = _field(found, kind, list, "a list")
    if kind == "boxes":
        labels = _field(found, "labels", list, "a list")
        if len(labels) != len(rows):
            raise _Bad(f"{len(labels)} labels for {len(rows)} boxes")
        rows = [[label, *_row(row, 4)] for label, row in zip(labels, rows, strict=True)]
    return _encoded(name), [_row(row, len(COLUMNS[kind])) for row in rows]


def _field(found: dict[str, Any], name: str, kind: type[_Json], what: str) -> _Json:
    value = found.get(name)
    if not isinstance(value, kind):
        raise _Bad(f'"{name}" must be there, and be {what}')
    return value


def _encoded(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        raise _Bad(f"{name!r} can be no file's name") from None


def _row(row: object, count: int) -> list[Any]:
    if not isinstance(row, list) or len(row) != count:
        raise _Bad(f"{row!r} must be a list of {count} numbers")
    return row


def _add(rows: Sequence[list[Any]], kind: str, values: array[float], classes: array[int]) -> int:
    """Checks rows of numbers and appends them, but for empty boxes; how many are appended."""
    before = len(values)
    for row in rows:
        if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in row):
            raise _Bad(f"{row} must be numbers")
        if not all(abs(value) < 1e9 for value in row[-4:]):  # not NaN either
            raise _Bad(f"{row} must be pixels")
        if kind == "boxes":
            label, *box = row
            if not isinstance(label, int) or not -(2**63) <= label < 2**63:
                raise _Bad(f"the label {label!r} is no integer of 64 bits")
            if min(box[2:]) < 0:
                raise _Bad(f"the box {box} has a negative w or h; a list has x, y, w, h, (x, y) being the upper left")
            if min(box[2:]) == 0:
                continue
            classes.append(label)
            row = box
        elif row[2] < 0:
            raise _Bad(f"the point {row} (x, y, v) has a negative v; 0 says that it is not there")
        values.extend(row)
    return (len(values) - before) // len(COLUMNS[kind][-4:])
