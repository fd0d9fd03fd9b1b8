"""Classes: the words that labels may be, and their numbers."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed.errors import ListError

#: ``classes=`` of :class:`pixfeed.FastTxtDataset`: names by number, numbers by name, or the words that are there; for
#: masks also how many there are.
Given = Sequence[str] | Mapping[str, int] | Literal["auto"] | int


def checked(classes: Given | None) -> dict[str, int] | None:
    """The numbers of classes by name; ``None`` if they follow from the list.

    Raises:
        ValueError, TypeError: these are no classes.
    """
    if classes is None or classes == "auto":
        return None
    allowed = "it may be a list of names, a dict of numbers by name (class_to_idx), or 'auto'"
    if isinstance(classes, (str, bytes)) or not isinstance(classes, Iterable):
        raise TypeError(f"classes is {classes!r}; {allowed}")
    numbers = dict(classes) if isinstance(classes, Mapping) else {name: i for i, name in enumerate(classes)}
    for name, number in numbers.items():
        if not isinstance(name, str):
            raise TypeError(f"classes has {name!r}; {allowed}")
        if not name.strip():
            raise ValueError("a class has an empty name")
        numbers[name] = operator.index(number)
    if not numbers:
        raise ValueError(f"classes is empty; {allowed}")
    if len(numbers) < len(classes):
        twice = next(name for i, name in enumerate(classes) if numbers[name] != i)
        raise ValueError(f"classes has {twice!r} twice")
    return numbers


def names_of(class_to_idx: Mapping[str, int]) -> list[str]:
    """The names of classes, in the order of their numbers."""
    return sorted(class_to_idx, key=lambda name: class_to_idx[name])


def remedy(word: str, class_to_idx: Iterable[str]) -> str:
    """What to do about a word that is none of the classes."""
    known = list(class_to_idx)
    near = difflib.get_close_matches(word, known, 1, 0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join([*map(repr, known[:5]), *(["..."] if len(known) > 5 else [])])
    return f"the classes are {shown}: add it, or say classes='auto'"


def numbers_of(
    words: Any, class_to_idx: dict[str, int] | None, filename: str
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """The numbers of labels that are words.

    Args:
        words: n words, or n rows of L words.
        class_to_idx: the numbers by name; ``None``: the sorted words have the numbers 0, 1, ...
        filename: the name of the samples in messages.

    Returns:
        int64 ``[n]`` or ``[n, L]``, and the numbers by name.

    Raises:
        ListError: a word is none of the classes.
        TypeError, ValueError: these are no words, or rows of different lengths.
    """
    rows = words if isinstance(words, Sequence) else list(words)
    is_flat = not rows or isinstance(rows[0], str)
    count = 1 if is_flat or not isinstance(rows[0], Collection) else len(rows[0])
    for i, row in enumerate(rows):
        found = [row] if is_flat or not isinstance(row, Collection) else row
        if not all(isinstance(word, str) for word in found):
            raise TypeError(f"with classes, labels are names of classes, str; that of sample {i} is {row!r}")
        if len(found) != count:
            raise ValueError(f"sample {i} has {len(found)} labels, the first one {count}; they cannot be batched")
    flat: Iterable[str] = rows if is_flat else (word for row in rows for word in row)
    if class_to_idx is None:
        class_to_idx = {word: i for i, word in enumerate(sorted(set(flat)))}
        flat = rows if is_flat else (word for row in rows for word in row)
    try:
        numbers = np.fromiter(map(class_to_idx.__getitem__, flat), np.int64, len(rows) * count)
    except KeyError as error:
        word = error.args[0]
        i = next(i for i, row in enumerate(rows) if word in ([row] if is_flat else row))
        raise ListError(
            f"{filename}: the label of sample {i}, {word!r}, is none of the classes; {remedy(word, class_to_idx)}",
            path=filename,
        ) from None
    return numbers if is_flat else numbers.reshape(len(rows), count), class_to_idx


def of_folders(root: str, folders: Sequence[str], classes: Given | None) -> dict[str, int]:
    """The numbers of classes by name, of sub-folders that are named after them.

    Raises:
        ListError: a sub-folder is none of the ``classes``.
    """
    known = checked(classes)
    if known is None:
        return {name: i for i, name in enumerate(folders)}
    for name in folders:
        if name not in known:
            raise ListError(f"{root}: the folder {name!r} is none of the classes; {remedy(name, known)}", path=root)
    return known
