"""Boxes as COCO keeps them: one JSON file for all pictures."""

from __future__ import annotations

import json
import os
import warnings
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pixfeed.errors import ListError
from pixfeed.lists.annotated import Boxed


class Coco(NamedTuple):
    """What is in a file.

    Attributes:
        boxes: pictures in the order of their ids, and their boxes.
        ids: of the pictures.
        category_ids: the ids of the classes 0, 1, ...
        classes: their names.
    """

    boxes: Boxed
    ids: list[int]
    category_ids: list[int]
    classes: list[str]


class _Annotations:
    """Takes the annotations out of a file while it is parsed: neither objects nor polygons stay."""

    def __init__(self) -> None:
        self.images, self.categories, self.values, self.crowds = array("q"), array("q"), array("f"), array("b")

    def take(self, found: dict[str, Any]) -> dict[str, Any] | None:
        """An object of the file, ``None`` in place of an annotation.

        Raises:
            TypeError, ValueError, OverflowError: it is an annotation that cannot be used.
        """
        if "image_id" not in found or "bbox" not in found:
            return found
        x, y, w, h = found["bbox"]
        if not all(abs(number) < 1e9 for number in (x, y, w, h)):  # nor not a number
            raise ValueError("they must be pixels")
        self.images.append(found["image_id"])
        self.categories.append(found["category_id"])
        self.values.extend((x, y, w, h))
        self.crowds.append(bool(found.get("iscrowd", 0)))
        return None


def read(path: str | os.PathLike[str], crowd: str, contiguous: bool) -> Coco:
    """The pictures and boxes of a file; the arguments are those of :class:`pixfeed.datasets.CocoDetection`.

    Raises:
        FileNotFoundError: there is no such file.
        ListError: it is none of COCO's.
    """
    filename, taken = os.fspath(path), _Annotations()

    def take(found: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return taken.take(found)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            shown = {name: found[name] for name in ("id", "image_id", "category_id", "bbox") if name in found}
            raise _error(
                filename, f"the annotation {shown} is none with image_id, category_id and bbox x y w h"
            ) from error

    top = _parsed(filename, take)
    if any(annotation is not None for annotation in top.get("annotations") or ()):
        raise _error(filename, "there are annotations without a bbox; it must be a file of instances")
    pictures, names = _pictures_and_classes(filename, top)
    ids = np.array([number for number, _ in pictures], np.int64)
    categories = np.array(taken.categories, np.int64)
    known = np.array(sorted(names), np.int64) if names else np.unique(categories)
    strange = np.setdiff1d(categories, known)
    if len(strange):
        raise _error(filename, f"an annotation has category_id {strange[0]}, which 'categories' does not have")
    classes = np.searchsorted(known, categories) if contiguous else categories
    boxes = _boxed([name for _, name in pictures], ids, taken, classes, filename, crowd)
    category_ids = known.tolist()
    return Coco(boxes, ids.tolist(), category_ids, [str(names.get(number, number)) for number in category_ids])


def read_keypoints(path: str | os.PathLike[str]) -> tuple[list[tuple[str, list[list[float]]]], list[str]]:
    """Each picture's name and its keypoints x, y, v, those of all objects one after the other; the names of classes.

    Raises:
        FileNotFoundError: there is no such file.
        ListError: it is none of COCO's.
    """
    filename = os.fspath(path)
    top = _parsed(filename, None)
    pictures, names = _pictures_and_classes(filename, top)
    found: dict[int, list[list[float]]] = {number: [] for number, _ in pictures}
    for annotation in top.get("annotations") or ():
        try:
            if annotation.get("iscrowd") or not annotation.get("num_keypoints", 1):
                continue
            flat = annotation["keypoints"]
            if len(flat) % 3 or not all(abs(number) < 1e9 for number in flat):  # nor not a number
                raise ValueError("they must be x y v, in pixels")
            points = found.get(annotation["image_id"], [])  # others are of no picture in the file
            points.extend(flat[at : at + 3] for at in range(0, len(flat), 3))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _error(
                filename, f"the annotation {str(annotation)[:200]} is none with image_id and keypoints x y v"
            ) from error
    return [(name, found[number]) for number, name in pictures], [str(names[number]) for number in sorted(names)]


def _parsed(filename: str, take: Callable[[dict[str, Any]], Any] | None) -> dict[str, Any]:
    with open(filename, encoding="utf-8-sig") as file:
        try:
            top = json.load(file, object_hook=take)
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _error(filename, f"this is no JSON ({error})") from None
    if not isinstance(top, dict) or not isinstance(top.get("images"), list):
        raise _error(filename, "there are no images; it must be a file with 'images', 'annotations' and 'categories'")
    return top


def _pictures_and_classes(filename: str, top: dict[str, Any]) -> tuple[list[tuple[int, str]], dict[int, Any]]:
    """Id and name of each picture, in the order of the ids; the names of classes by id."""
    try:
        pictures = sorted({image["id"]: image["file_name"] for image in top["images"]}.items())
        names = {category["id"]: category["name"] for category in top.get("categories") or ()}
        if not all(isinstance(name, str) for _, name in pictures):
            raise ValueError("file_name that is text")
        np.array([*names, *(number for number, _ in pictures)], np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise _error(filename, f"an image or a category has no {error}") from None
    return pictures, names


def _boxed(names: list[str], ids: Any, taken: _Annotations, classes: Any, filename: str, crowd: str) -> Boxed:
    """The boxes by picture, in the order of the file."""
    images, values = np.array(taken.images, np.int64), np.array(taken.values, np.float32).reshape(-1, 4)
    crowds = np.array(taken.crowds, np.int64)
    rows = np.minimum(np.searchsorted(ids, images), max(len(ids) - 1, 0))
    kept = (ids[rows] == images) if len(ids) else np.zeros(len(images), bool)  # others are of no picture in the file
    kept &= crowds == 0 if crowd == "drop" else True
    empty = kept & ~(values[:, 2:] > 0).all(1)
    if empty.any():
        text = f"{filename}: {empty.sum()} boxes are empty (w or h is 0); they are left out"
        warnings.warn(text, stacklevel=4)
        kept &= ~empty
    order = np.flatnonzero(kept)[np.argsort(rows[kept], kind="stable")]
    counts = np.bincount(rows[order], minlength=len(ids))
    extra = {"iscrowd": crowds[order]} if crowd == "keep" else {}
    return Boxed(names, counts, values[order], classes[order].astype(np.int64), filename, extra=extra)


def _error(filename: str, what: str) -> ListError:
    return ListError(f"{filename}: {what}", path=filename)
