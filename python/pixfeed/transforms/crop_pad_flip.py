"""Crops, padding and flips: pictures with other borders."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import Pixels
from pixfeed.transforms.base import checked_fill, fill_color, interval, pair, probability
from pixfeed.transforms.geometry import Geometric, Geometry

#: What is around a padded picture: torchvision's names, which are those of numpy.pad as well.
PADDING_MODES = ("constant", "edge", "reflect", "symmetric")
PaddingMode = Literal["constant", "edge", "reflect", "symmetric"]

#: left, top, right, bottom.
Borders = tuple[Pixels, Pixels, Pixels, Pixels]


class Padding(Geometric):
    """A transform with the arguments ``fill`` and ``padding_mode``."""

    if TYPE_CHECKING:  # fields of the subclasses

        @property
        def fill(self) -> int | Sequence[int]: ...

        @property
        def padding_mode(self) -> PaddingMode: ...

    def check_fill(self) -> None:
        """Check ``fill`` and ``padding_mode``.

        Raises:
            TypeError, ValueError: one of them makes no sense.
        """
        self._set(fill=checked_fill(self.fill))
        if self.padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode is {self.padding_mode!r}; it may be one of {', '.join(PADDING_MODES)}")

    @property
    def color(self) -> tuple[int, int, int]:
        """The color of the border: (r, g, b), 0 to 255."""
        return fill_color(self.fill)

    def borders(self, width: Pixels, height: Pixels) -> Borders:
        """How many pixels are added to pictures of that size: left, top, right, bottom."""
        raise NotImplementedError


def four(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """left, top, right, bottom.

    Raises:
        TypeError, ValueError: it is none.
    """
    given = tuple(padding) if isinstance(padding, Sequence) and not isinstance(padding, str) else (padding,)
    if len(given) not in (1, 2, 4):
        raise ValueError(f"padding is {padding!r}; it must be 1, 2 or 4 integers")
    try:
        borders = tuple(operator.index(side) for side in given)
    except TypeError:
        raise TypeError(f"padding is {padding!r}; it must be integers") from None
    if min(borders) < 0:
        raise ValueError(f"padding is {padding!r}; it must not be negative")
    left, top, right, bottom = (borders * 4)[:4]
    return left, top, right, bottom


@dataclass(frozen=True, repr=False)
class CenterCrop(Padding):
    """Keep the centre of the picture, as ``torchvision.transforms.v2.CenterCrop``. A smaller picture is padded with
    black.

    Args:
        size: size of the crop in pixels: one number for both sides, or (height, width).

    Raises:
        TypeError, ValueError: ``size`` is not one or two positive integers.
    """

    size: int | Sequence[int]
    fill = 0
    padding_mode = "constant"

    def __post_init__(self) -> None:
        self._set(size=pair("size", self.size))

    @property
    def _sides(self) -> tuple[int, int]:
        """``size`` as ``__post_init__`` keeps it: height, width."""
        return cast("tuple[int, int]", self.size)

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        height, width = self._sides
        large = size is not None and size[0] >= height and size[1] >= width
        return frozenset({"crop"} if large else {"pad", "crop"})

    def borders(self, width: Pixels, height: Pixels) -> Borders:
        h, w = self._sides
        more_w, more_h = np.maximum(w - width, 0), np.maximum(h - height, 0)
        return more_w // 2, more_h // 2, (more_w + 1) // 2, (more_h + 1) // 2

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        borders = self.borders(geometry.width, geometry.height)
        if any(np.any(side) for side in borders):
            geometry.pad(*borders, self.color)
        h, w = self._sides
        x, y = (
            np.rint((have - want) / 2).astype(np.int64) for have, want in ((geometry.width, w), (geometry.height, h))
        )
        geometry.crop(x, y, w, h)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return self._sides


@dataclass(frozen=True, repr=False)
class RandomCrop(Padding):
    """Crop the picture at a random place, as ``torchvision.transforms.v2.RandomCrop``.

    Args:
        size: size of the crop in pixels: one number for both sides, or (height, width).
        padding: pixels that are added before the crop: one number for all borders; two for left and right, and for top
            and bottom; or four for left, top, right and bottom.
        pad_if_needed: pad pictures that are smaller than ``size``, on both borders by what is missing.
        fill: the color of the padding: an integer from 0 to 255, or three of them for R, G and B.
        padding_mode: ``"constant"`` for ``fill``; or ``"edge"``, ``"reflect"`` or ``"symmetric"`` of ``numpy.pad``.

    Raises:
        TypeError, ValueError: an argument makes no sense.
        RegionError: when a picture is read that is smaller than ``size``, without ``pad_if_needed``.
    """

    size: int | Sequence[int]
    padding: int | Sequence[int] | None = None
    pad_if_needed: bool = False
    fill: int | Sequence[int] = 0
    padding_mode: PaddingMode = "constant"

    draws = 2

    def __post_init__(self) -> None:
        self._set(size=pair("size", self.size), padding=None if self.padding is None else four(self.padding))
        self.check_fill()

    @property
    def _sides(self) -> tuple[int, int]:
        """``size`` as ``__post_init__`` keeps it: height, width."""
        return cast("tuple[int, int]", self.size)

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"pad", "crop"} if self.padding or self.pad_if_needed else {"crop"})

    def borders(self, width: Pixels, height: Pixels) -> Borders:
        left, top, right, bottom = cast("Borders", self.padding or (0, 0, 0, 0))
        if self.pad_if_needed:
            h, w = self._sides
            more_w = np.maximum(w - (width + left + right), 0)
            more_h = np.maximum(h - (height + top + bottom), 0)
            left, top, right, bottom = left + more_w, top + more_h, right + more_w, bottom + more_h
        return left, top, right, bottom

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        if "pad" in self.does(None):
            geometry.pad(*self.borders(geometry.width, geometry.height), self.color, self.padding_mode)
        h, w = self._sides
        free_x, free_y = np.broadcast_arrays(geometry.width - w, geometry.height - h)
        small = np.broadcast_to((free_x < 0) | (free_y < 0), len(u))
        if small.any():
            for i in np.flatnonzero(small).tolist():
                sides = (int(np.broadcast_to(side, len(u))[i]) for side in (geometry.width, geometry.height))
                what = f"{self} is larger than the picture of {' x '.join(map(str, sides))} (w x h) pixels"
                what += "" if self.pad_if_needed else "; pad_if_needed=True pads it"
                geometry.refused.setdefault(i, what)
            missing = np.maximum(-free_x, 0), np.maximum(-free_y, 0)  # so that the row can be carried out
            geometry.pad(0, 0, *missing, self.color, self.padding_mode)
            free_x, free_y = np.maximum(free_x, 0), np.maximum(free_y, 0)
        y, x = (u[:, 0] * (free_y + 1)).astype(np.int64), (u[:, 1] * (free_x + 1)).astype(np.int64)
        geometry.crop(x, y, w, h)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return self._sides


@dataclass(frozen=True, repr=False)
class Pad(Padding):
    """Add pixels around the picture, as ``torchvision.transforms.v2.Pad``.

    Args:
        padding: how many pixels: one number for all borders; two for left and right, and for top and bottom; or four
            for left, top, right and bottom.
        fill, padding_mode: see :class:`RandomCrop`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    padding: int | Sequence[int]
    fill: int | Sequence[int] = 0
    padding_mode: PaddingMode = "constant"

    def __post_init__(self) -> None:
        self._set(padding=four(self.padding))
        self.check_fill()

    @property
    def _borders(self) -> tuple[int, int, int, int]:
        """``padding`` as ``__post_init__`` keeps it."""
        return cast("tuple[int, int, int, int]", self.padding)

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"pad"})

    def borders(self, width: Pixels, height: Pixels) -> Borders:
        return self._borders

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.pad(*self._borders, self.color, self.padding_mode)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        left, top, right, bottom = self._borders
        return None if size is None else (size[0] + top + bottom, size[1] + left + right)


@dataclass(frozen=True, repr=False)
class RandomZoomOut(Padding):
    """Put the picture at a random place of a larger canvas, with a given probability, as
    ``torchvision.transforms.v2.RandomZoomOut``.

    Args:
        fill: the color of the canvas: an integer from 0 to 255, or three of them for R, G and B.
        side_range: (min, max) of the canvas' sides, as multiples of the picture's; 1 or more.
        p: the probability, from 0 to 1.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    fill: int | Sequence[int] = 0
    side_range: Sequence[float] = (1.0, 4.0)
    p: float = 0.5
    padding_mode = "constant"

    draws = 4

    def __post_init__(self) -> None:
        self._set(side_range=interval("side_range", self.side_range, 1.0), p=probability(self.p))
        self.check_fill()

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"pad"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        low, high = self.side_range
        factor = np.where(u[:, 0] < self.p, low + (high - low) * u[:, 1], 1.0)
        more_w, more_h = ((side * factor).astype(np.int64) - side for side in (geometry.width, geometry.height))
        left, top = (more_w * u[:, 2]).astype(np.int64), (more_h * u[:, 3]).astype(np.int64)
        geometry.pad(left, top, more_w - left, more_h - top, self.color)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return None


@dataclass(frozen=True, repr=False)
class _RandomFlip(Geometric):
    """A flip with a given probability."""

    p: float = 0.5

    draws = 1

    def __post_init__(self) -> None:
        self._set(p=probability(self.p))

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"flip"})


@dataclass(frozen=True, repr=False)
class RandomHorizontalFlip(_RandomFlip):
    """Exchange left and right with a given probability, as ``torchvision.transforms.v2.RandomHorizontalFlip``.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.flip(u[:, 0] < self.p, False)


@dataclass(frozen=True, repr=False)
class RandomVerticalFlip(_RandomFlip):
    """Exchange top and bottom with a given probability, as ``torchvision.transforms.v2.RandomVerticalFlip``.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.flip(False, u[:, 0] < self.p)
