"""List files from what people have: folders of classes, COCO's JSON, YOLO's text files, tables."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from pixfeed import backends
from pixfeed.errors import DatasetError, FilesNotFoundError, Status
from pixfeed.lists import coco, yolo
from pixfeed.lists.folder import SUFFIXES, find

Form = Literal["folders", "coco", "yolo", "csv"]
# Headers that are read at a time.
_AT_ONCE = 256
_NAMES = ("image", "file", "filename", "file_name", "path", "image_path", "filepath", "name", "image_id", "id")
_LABELS = ("label", "class", "target", "category", "y", "class_name", "label_name")


@dataclass
class Made:
    """A list.

    Attributes:
        form: what it was made from.
        folder: what its names are relative to.
        lines: without their ends.
        classes: their names, in the order of their numbers; empty if they are not known.
        delimiter: that has to be said to read it; ``None``: none.
        notes: what was left out, and the like.
    """

    form: Form
    folder: Path
    lines: list[str]
    classes: list[str] = field(default_factory=list)
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)


def form_of(path: Path) -> Form:
    """What a folder or a file looks like.

    Raises:
        DatasetError: like nothing that is known here.
        FileNotFoundError: there is no such file.
    """
    if path.is_dir():
        labels = next((each for each in path.rglob("labels") if each.is_dir()), None)
        is_yolo = (path / "data.yaml").exists() or (labels is not None and next(labels.rglob("*.txt"), None))
        return "yolo" if is_yolo else "folders"
    if not path.exists():
        raise FilesNotFoundError(f"{path}: there is no such file or folder", path=os.fspath(path))
    if path.suffix.lower() == ".json":
        return "coco"
    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    if path.suffix.lower() == ".txt":
        what = "a .txt file is a list already, or belongs to a YOLO folder: give the folder, with data.yaml or labels/"
        raise DatasetError.of(os.fspath(path), what)
    raise DatasetError.of(os.fspath(path), "neither a folder, nor a .json, .csv or .tsv file; say --from")


def of_folders(path: Path) -> Made:
    """A sub-folder per class, as :meth:`pixfeed.FastTxtDataset.from_folder` numbers them; or a folder of images, whose
    labels are all 0."""
    flat = sorted(each.name for each in path.iterdir() if each.is_file() and each.name.lower().endswith(SUFFIXES))
    if flat and not any(each.is_dir() for each in path.iterdir()):
        note = "there are no sub-folders, that is no classes: every label is 0"
        return _labelled("folders", path, [(name, [0]) for name in flat], [], [note])
    classes, samples = find(path, allow_empty=True)
    rows = [(name, [label]) for name, label in zip(samples.names(), samples.labels[:, 0].tolist(), strict=True)]
    full = {row[1][0] for row in rows}
    empty = [name for number, name in enumerate(classes) if number not in full]
    notes = [f"no image in {', '.join(empty)}"] if empty else []
    if flat:
        notes.append(f"{len(flat):,} images beside the sub-folders are in no class, and left out")
    return _labelled("folders", path, rows, classes, notes)


def of_csv(path: Path, name: str | None, label: str | None) -> Made:
    """A table with a header.

    Args:
        name, label: its columns; ``None``: what they are usually called, or the first and the last.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        reader = csv.DictReader(file, delimiter=delimiter)
        columns = list(reader.fieldnames or ())
        if len(columns) < 2:
            raise DatasetError.of(os.fspath(path), f"its header {columns} has no two columns")
        name, label = (
            _column(path, columns, given, known) or default
            for given, known, default in ((name, _NAMES, columns[0]), (label, _LABELS, columns[-1]))
        )
        rows = [(row[name] or "", (row[label] or "").strip()) for row in reader]
    if not rows:
        raise DatasetError.of(os.fspath(path), "it has no row")
    values = {value for _, value in rows}
    notes = [f"names are in the column {name!r}, labels in {label!r}"]
    if others := [column for column in columns if column not in (name, label)]:
        notes.append(
            f"left out: the columns {', '.join(map(repr, others))}; --label-column takes another one for labels"
        )
    if all(re.fullmatch(r"-?\d+", value) for value in values):
        return _labelled("csv", path.parent, [(name, [int(value)]) for name, value in rows], [], notes)
    classes = sorted(values)
    numbers = {value: number for number, value in enumerate(classes)}
    return _labelled("csv", path.parent, [(name, [numbers[value]]) for name, value in rows], classes, notes)


def _column(path: Path, columns: Sequence[str], given: str | None, known: Iterable[str]) -> str | None:
    if given is not None:
        if given not in columns:
            raise DatasetError.of(os.fspath(path), f"there is no column {given!r}; there are {', '.join(columns)}")
        return given
    lower = {column.strip().lower(): column for column in columns}
    return next((lower[each] for each in known if each in lower), None)


def of_coco(path: Path, folder: Path | None, keypoints: bool) -> Made:
    """COCO's annotations: boxes, or keypoints. Categories are numbered from 0 in the order of their ids."""
    if keypoints:
        points, classes = coco.read_keypoints(path)
        lines = [_json_line(name, keypoints=its) for name, its in points]
        return Made("coco", folder or path.parent, lines, classes)
    notes: list[str] = []
    with _warnings_in(notes):
        found = coco.read(path, "keep", True)
    boxes = found.boxes
    crowds = boxes.extra["iscrowd"] != 0
    lines = []
    for i, name in enumerate(boxes.names()):
        at = np.arange(boxes.offsets[i], boxes.offsets[i + 1])
        at = at[~crowds[at]]
        rows = [[_short(value) for value in row] for row in boxes.values[at]]
        lines.append(_json_line(name, boxes=rows, labels=boxes.classes[at].tolist()))
    if crowds.any():
        notes.append(f"{crowds.sum():,} annotations of crowds are left out")
    return Made("coco", folder or path.parent, lines, found.classes, None, notes)


def of_yolo(path: Path) -> Made:
    """YOLO's text files: ``class x y w h`` in shares of the image's sides, beside the images or in ``labels``."""
    classes = _yolo_classes(path)
    notes: list[str] = []
    with _warnings_in(notes):
        found, root = yolo.read(path, None, path, len(classes) or None)
    names = list(found.names())
    lines, unread, empty = [], 0, 0
    for i, (name, size) in enumerate(zip(names, _sizes([Path(root, name) for name in names]), strict=True)):
        if size is None:
            unread += 1
            continue
        at = slice(found.offsets[i], found.offsets[i + 1])
        centers, sides = found.values[at, :2].astype(np.float64) * size, found.values[at, 2:].astype(np.float64) * size
        rows = np.concatenate([centers - sides / 2, sides], 1).round(2).tolist()
        empty += not rows
        lines.append(_json_line(name, boxes=rows, labels=found.classes[at].tolist()))
    notes += [f"{unread:,} images cannot be read, and are left out"] if unread else []
    notes += [f"{empty:,} images have no boxes: no text file, or an empty one"] if empty else []
    return Made("yolo", path, lines, classes, None, notes)


def _json_line(name: str, **target: object) -> str:
    return json.dumps({"image": name, **target}, ensure_ascii=False)


def _short(value: np.float32) -> int | float:
    """A number of 32 bits, in as few digits as say which."""
    return int(value) if value.is_integer() else float(str(value))


@contextlib.contextmanager
def _warnings_in(notes: list[str]) -> Iterator[None]:
    """The warnings of the block become notes."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    notes += [str(each.message).rpartition(": ")[2] for each in found]


def _yolo_classes(path: Path) -> list[str]:
    """``names`` of data.yaml, as they are usually written, or the lines of classes.txt."""
    for name in ("data.yaml", "../data.yaml"):
        if (path / name).exists():
            text = (path / name).read_text()
            if inline := re.search(r"^names:\s*\[(.*?)\]", text, re.M | re.S):
                return [each.strip(" '\"\n") for each in inline[1].split(",") if each.strip()]
            if block := re.search(r"^names:\s*\n((?:[ \t-].*\n?)+)", text, re.M):
                return [each.strip(" '\"") for each in re.findall(r"^\s*(?:-|\d+:)\s*(.+?)\s*$", block[1], re.M)]
    if (path / "classes.txt").exists():
        return (path / "classes.txt").read_text().split("\n")[:-1]
    return []


def _sizes(paths: Sequence[Path]) -> Iterable[tuple[int, int] | None]:
    """(width, height) as displayed; ``None`` if it cannot be read."""
    backend = backends.choose()
    for at in range(0, len(paths), _AT_ONCE):
        for header in backend.open(list(paths[at : at + _AT_ONCE])).headers:
            known = header["status"] == Status.OK
            yield (int(header["width"]), int(header["height"])) if known else None


def _labelled(
    form: Form, folder: Path, rows: Sequence[tuple[str, Sequence[int]]], classes: list[str], notes: list[str]
) -> Made:
    """A list of labels. Where a name has blanks, commas separate the fields."""
    delimiter = "," if any(re.search(r'[\s"]|^\{', name) for name, _ in rows) else None
    lines = []
    for name, labels in rows:
        if "\n" in name or "\r" in name:
            raise DatasetError.of(os.fspath(folder), f"a line cannot have the name {name!r}; rename the file")
        if delimiter and re.search(r'[,"]', name):
            name = '"' + name.replace('"', '""') + '"'
        lines.append((delimiter or " ").join([name, *map(str, labels)]))
    return Made(form, folder, lines, classes, delimiter, notes)
