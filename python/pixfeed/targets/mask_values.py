"""MaskValues: the class of each number, or color, in the files of masks."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.contract import UNKNOWN
from pixfeed.errors import Origin

#: ``mask_values=`` of :class:`pixfeed.FastTxtDataset`: a number in a file, or a color (r, g, b).
Value = int | tuple[int, int, int]
GivenValues = Sequence[Value] | Mapping[Value, int]


class MaskValues:
    """The class of each number in masks.

    Args:
        given: the numbers of the classes 0, 1, ... in files, or classes by number. All may be colors (r, g, b).

    Attributes:
        are_colors: masks are to be read as colors.

    Raises:
        TypeError, ValueError: they are none.
    """

    _words = ""

    def __init__(self, given: GivenValues):
        words = f"mask_values is {given!r}; it must be the number in files of each class, such as [0, 255], or classes "
        words += "by number, {0: 0, 7: 1, 255: 255}; numbers may be colors (r, g, b)"
        if isinstance(given, str) or not isinstance(given, (Sequence, Mapping, np.ndarray)) or not len(given):
            raise TypeError(words)
        pairs = given.items() if isinstance(given, Mapping) else ((value, i) for i, value in enumerate(given))
        found: dict[int, int] = {}
        self.are_colors = np.ndim(next(iter(given))) == 1
        for value, number in pairs:
            try:
                key = _color(value) if self.are_colors else operator.index(value)  # type: ignore[arg-type]
                number = operator.index(number)
            except TypeError:
                raise TypeError(words) from None
            if key in found:
                raise ValueError(f"mask_values has {value!r} twice")
            found[key] = number
        self._keys = np.array(sorted(found), np.int64)
        self._numbers = np.array([found[key] for key in sorted(found)], np.int64)

    @classmethod
    def of_classes(cls, numbers: Iterable[int], words: str) -> MaskValues:
        """Numbers that are the classes themselves.

        Args:
            words: what others are told, after the numbers that the mask has.
        """
        values = cls({number: number for number in numbers})
        values._words = words
        return values

    @property
    def classes(self) -> list[int]:
        """The classes that there are, in order."""
        return sorted({int(number) for number in self._numbers})

    @property
    def table(self) -> NDArray[np.int64]:
        """The class of each number that a file of 16 bits a pixel may have; UNKNOWN for others."""
        table = np.full(1 << 16, UNKNOWN)
        fits = (self._keys >= 0) & (self._keys < len(table))
        table[self._keys[fits]] = self._numbers[fits]
        return table

    def checked(self, mask: NDArray[Any], origin: Origin) -> NDArray[Any]:
        """The mask, of an integer type.

        Raises:
            RegionError: the mask has other numbers.
        """
        if mask.dtype == np.bool_:  # in memory Pillow's true is 255
            mask = np.where(mask, np.uint8(1), np.uint8(0))
        known = np.isin(np.arange(256), self._keys)[mask] if mask.dtype == np.uint8 else np.isin(mask, self._keys)
        if known.all():
            return mask
        others = np.unique(mask[~known])
        shown = ", ".join(map(self._shown, others[:5].tolist())) + (", ..." if len(others) > 5 else "")
        what = "the color" if self.are_colors else "the number"
        raise origin.region_error(f"the mask has {what}{'s' if len(others) > 1 else ''} {shown}, and {self._allowed()}")

    def _allowed(self) -> str:
        if self._words:
            return self._words
        have = ", ".join(map(self._shown, self._keys[:5].tolist())) + (", ..." if len(self._keys) > 5 else "")
        return (
            f"mask_values are {have}; add what is missing, or say classes by number: mask_values={{number: class, ...}}"
        )

    def classes_of(self, mask: NDArray[Any]) -> NDArray[np.int64]:
        """The classes of numbers that were checked."""
        if mask.dtype == np.uint8:
            table = np.zeros(256, np.int64)
            fits = (self._keys >= 0) & (self._keys < 256)
            table[self._keys[fits]] = self._numbers[fits]
            numbers: NDArray[np.int64] = table[mask]
        else:
            numbers = self._numbers[np.searchsorted(self._keys, mask)]
        return numbers

    def _shown(self, key: int) -> str:
        return str((key >> 16, key >> 8 & 255, key & 255)) if self.are_colors else str(key)


def _color(value: Any) -> int:
    r, g, b = map(operator.index, value) if len(value) == 3 else (-1, -1, -1)
    if not 0 <= min(r, g, b) <= max(r, g, b) <= 255:
        raise ValueError(f"mask_values has {value!r}; a color is three numbers from 0 to 255")
    return r << 16 | g << 8 | b
