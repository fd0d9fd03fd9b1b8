"""Boxes as YOLO projects keep them: a text file per picture, with ``class cx cy w h`` a line."""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Iterable, Sequence
from typing import NoReturn

import numpy as np

from pixfeed.errors import FilesNotFoundError, ListError
from pixfeed.lists.annotated import Boxed
from pixfeed.lists.faults import encoding_of
from pixfeed.lists.folder import SUFFIXES, walk

_BOM = b"\xef\xbb\xbf"
# Numbers a little above 1 come of rounding.
_MOST = 1.01

#: What ``YoloDetection`` takes: a folder, a list file, or paths.
Images = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def read(
    images: Images,
    label_dir: str | os.PathLike[str] | None,
    image_dir: str | os.PathLike[str],
    classes: int | None,
) -> tuple[Boxed, str]:
    """Pictures and their boxes; the arguments are those of :class:`pixfeed.datasets.YoloDetection`.

    Args:
        classes: how many there are, if that is known.

    Returns:
        The samples, and the folder that their names are relative to.

    Raises:
        FileNotFoundError: there are no images, or no label file.
        ListError: a line of a label file cannot be used.
    """
    names, root, filename = _pictures(images, os.fsdecode(image_dir))
    if not names:
        raise FilesNotFoundError(f"{filename}: there are no images in it", path=filename)
    labels = [_label_file(name, root, label_dir, filename == root) for name in names]
    of_label: dict[str, str] = {}
    for name, label in zip(names, labels, strict=True):
        stem = os.path.splitext(name)[0]
        if of_label.setdefault(label, stem) != stem:
            raise ValueError(
                f"{of_label[label]} and {stem} would both have the label file {label}: with label_dir the names of "
                "images must differ. Without it, label files are looked for where 'images' in the path is 'labels'"
            )
    counts, values, numbers = array("q"), array("f"), array("q")
    missing = empty = 0
    for path in labels:
        before = len(numbers)
        try:
            with open(path, "rb") as file:
                lines = file.read().removeprefix(_BOM).splitlines()
        except FileNotFoundError:
            lines, missing = [], missing + 1
        for line, text in enumerate(lines, 1):
            fields = text.split()
            if not fields:
                continue
            try:
                number, cx, cy, w, h = map(float, fields)
            except ValueError:
                _refuse(path, line, text, f"{len(fields)} fields; there must be 5 numbers, class cx cy w h")
            if not all(0 <= share <= _MOST for share in (cx, cy, w, h)):
                _refuse(path, line, text, "cx cy w h must be shares of the image's sides, from 0 to 1")
            if not (0 <= number < 1 << 31 and number.is_integer()):
                _refuse(path, line, text, "the class must be an integer, at least 0")
            if classes is not None and number >= classes:
                _refuse(path, line, text, f"there are {classes} class names, so the class is at most {classes - 1}")
            if w == 0 or h == 0:
                empty += 1
                continue
            numbers.append(int(number))
            values.extend((cx, cy, w, h))
        counts.append(len(numbers) - before)
    if missing == len(labels):
        raise FilesNotFoundError(
            f"{labels[0]}: there is no such label file, nor one of another image; label files are looked for where "
            "'images' in the path is 'labels', or in label_dir",
            path=labels[0],
        )
    if empty:
        warnings.warn(f"{filename}: {empty} boxes are empty (w or h is 0); they are left out", stacklevel=3)
    boxes = np.array(values, np.float32).reshape(-1, 4)
    return Boxed(names, np.array(counts, np.int64), boxes, np.array(numbers, np.int64), filename, relative=True), root


def _pictures(images: Images, image_dir: str) -> tuple[list[str], str, str]:
    """The names of pictures, the folder that they are relative to, and what to call them in messages."""
    if not isinstance(images, (str, os.PathLike)):
        return [os.fsdecode(path) for path in images], image_dir, "samples"
    path = os.fspath(images)
    if path.lower().endswith((".yaml", ".yml")):
        raise ValueError(f"{path} is no list of images: give the folder or the list that its 'train' or 'val' names")
    if os.path.isdir(path):
        inside = len(os.path.join(path, ""))
        found = [
            os.path.join(folder, file)[inside:]
            for folder, _, files in sorted(walk(path, path))
            for file in sorted(files)
            if file.lower().endswith(SUFFIXES)
        ]
        if not found:
            raise FilesNotFoundError(
                f"{path}: there is no image in it; known suffixes: {' '.join(SUFFIXES)}", path=path
            )
        return found, path, path
    with open(path, "rb") as file:
        data = file.read()
    if (encoding := encoding_of(data[:4])) is not None:
        raise ListError(f"{path}: this list is {encoding}: save it as UTF-8", path=path)
    lines = [os.fsdecode(line.removeprefix(_BOM).strip()) for line in data.splitlines()]
    beside = os.path.dirname(path)
    names = [os.path.join(beside, line[2:]) if line.startswith("./") else line for line in lines if line]
    return names, image_dir, path


def _label_file(name: str, root: str, label_dir: str | os.PathLike[str] | None, keeps_folders: bool) -> str:
    """The file with the boxes of a picture."""
    if label_dir is not None:
        path = os.path.join(os.fspath(label_dir), name if keeps_folders else os.path.basename(name))
    else:
        parts = os.path.join(root, name).split(os.sep)
        folders = [i for i, part in enumerate(parts[:-1]) if part == "images"]
        if folders:
            parts[folders[-1]] = "labels"
        path = os.sep.join(parts)
    return os.path.splitext(path)[0] + ".txt"


def _refuse(path: str, line: int, text: bytes, what: str) -> NoReturn:
    shown = text.decode("utf-8", "replace").strip()
    raise ListError(f"{path}, line {line}: {shown!r}: {what}", path=path, line=line) from None


def class_names(names: Sequence[str] | dict[int, str] | str | os.PathLike[str]) -> list[str]:
    """The names of classes: given in order or by number, or the lines of a file.

    Raises:
        ValueError: the numbers are not 0, 1, ...
    """
    if isinstance(names, (str, os.PathLike)):
        with open(names, encoding="utf-8-sig") as file:
            return [line.strip() for line in file if line.strip()]
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise ValueError(f"names has the numbers {sorted(names)[:5]}; they must be 0, 1, ..., {len(names) - 1}")
        return [names[number] for number in range(len(names))]
    return list(names)
