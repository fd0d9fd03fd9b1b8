"""Resize, crop, pad, flip: each says what becomes of many pictures at once, in numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pixfeed.plan import ADJUST, OPENCV, PILLOW, PLAN
from pixfeed.transforms.base import (
    Transform,
    first_valid,
    interpolation_name,
    interpolation_number,
    interval,
    pair,
    probability,
)

#: Fillers of what lies outside a padded picture, by torchvision's names, and what numpy.pad calls them.
PADDING_MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}


class Geometry:
    """What is to be done with each of n pictures: a crop is resized, a window of that is kept, adjusted and flipped.

    Every attribute is an int64 array ``[n]`` (or a number, where it is the same for all), in pixels.

    Args:
        width, height: the pictures' sides.
        refuse: called with a row and what is wrong with it, for a picture that does not go through the transforms; if
            it returns, the row can be carried out, but is not what was asked for.
    """

    def __init__(self, width: np.ndarray, height: np.ndarray, refuse: Callable[[int, str], None]):
        self.refuse = refuse
        self.x = self.y = 0  # the crop
        self.w, self.h = width, height
        self.resize_w = self.resize_h = None  # None: as the crop
        self.interpolation = OPENCV["linear"]
        self.left = self.top = 0  # the window, in the resized crop
        self.width, self.height = width, height  # of the window, which is the picture as the next step sees it
        self.padded = False
        self.fill = (0, 0, 0)
        self.flip_h = self.flip_v = False
        self.adjust: list[tuple] = []  # (numbers of ADJUST, factors)

    def crop(self, x, y, w, h) -> None:
        """Keep these pixels of the picture as it is now; they lie inside."""
        if self.flip_h is not False:
            x = np.where(self.flip_h, self.width - w - x, x)
        if self.flip_v is not False:
            y = np.where(self.flip_v, self.height - h - y, y)
        if self.resize_w is None and not self.padded:
            self.x, self.y, self.w, self.h = self.x + x, self.y + y, w, h
        else:
            self.left, self.top = self.left + x, self.top + y
        self.width, self.height = w, h

    def pad(self, left, top, right, bottom, fill: tuple[int, int, int]) -> None:
        self.width, self.height = self.width + left + right, self.height + top + bottom
        self.left = self.left - (left if self.flip_h is False else np.where(self.flip_h, right, left))
        self.top = self.top - (top if self.flip_v is False else np.where(self.flip_v, bottom, top))
        self.padded, self.fill = True, fill

    def resize(self, w, h, interpolation: int) -> None:
        self.resize_w, self.resize_h, self.interpolation = w, h, interpolation
        self.width, self.height = w, h

    def flip(self, horizontally: np.ndarray | bool, vertically: np.ndarray | bool) -> None:
        self.flip_h = self.flip_h ^ horizontally
        self.flip_v = self.flip_v ^ vertically

    def rows(self, n: int) -> np.ndarray:
        """PLAN rows ``[n]``; sources are counted, mean and std those of no normalization."""
        rows = np.zeros(n, PLAN)
        rows["source"] = np.arange(n)
        rows["reduced"] = rows["std"] = 1
        rows["crop_x"], rows["crop_y"], rows["crop_w"], rows["crop_h"] = self.x, self.y, self.w, self.h
        rows["resize_w"] = self.w if self.resize_w is None else self.resize_w
        rows["resize_h"] = self.h if self.resize_h is None else self.resize_h
        rows["interpolation"] = self.interpolation
        rows["box"][:, 2], rows["box"][:, 3] = self.w, self.h
        rows["window_x"], rows["window_y"] = self.left, self.top
        rows["flip_horizontal"], rows["flip_vertical"] = self.flip_h, self.flip_v
        if self.padded:
            rows["framed"], rows["fill"] = 1, self.fill
        for i, (number, factor) in enumerate(self.adjust):
            rows["adjust"][:, i], rows["factor"][:, i] = number, factor
        return rows


class Geometric(Transform):
    """A transform that is a change of a :class:`Geometry`."""

    #: What it does, of "resize", "pad", "crop", "flip" and "adjust"; what the pictures' size is when it is known.
    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        raise NotImplementedError

    def change(self, geometry: Geometry, u: np.ndarray) -> None:
        """``u``: uniform numbers ``[n, draws]``."""
        raise NotImplementedError

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """(height, width) of what it makes of pictures of that size; ``None`` where that depends on the picture."""
        return size


class Padding(Geometric):
    """A transform with the arguments ``fill`` and ``padding_mode``."""

    def check_fill(self) -> None:
        fill = tuple(self.fill) if isinstance(self.fill, Sequence) else (self.fill,)
        if len(fill) not in (1, 3):
            raise ValueError(f"fill is {self.fill!r}; it must be one number, or one each for R, G and B")
        if not all(isinstance(value, (int, float)) and 0 <= value <= 255 and int(value) == value for value in fill):
            raise ValueError(f"fill is {self.fill!r}; it must be integers from 0 to 255")
        if self.padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode is {self.padding_mode!r}; it may be one of {', '.join(PADDING_MODES)}")

    @property
    def color(self) -> tuple[int, int, int]:
        fill = self.fill if isinstance(self.fill, Sequence) else (self.fill,)
        return tuple(int(value) for value in (tuple(fill) * 3)[:3])

    def borders(self, width, height) -> tuple:
        """left, top, right, bottom: how many pixels are added to pictures of that size."""
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
    return (borders * 4)[:4]


@dataclass(frozen=True, repr=False)
class Resize(Geometric):
    """Resize to ``size``, as ``torchvision.transforms.v2.Resize`` resizes a PIL image: bit for bit
    ``PIL.Image.resize``.

    Args:
        size: the shorter side as one number (the longer one is ``int(size * long / short)``), or (height, width); or
            ``None``: ``max_size`` is the longer side.
        interpolation: ``"nearest"``, ``"box"``, ``"bilinear"``, ``"hamming"``, ``"bicubic"`` or ``"lanczos"``; also
            torchvision's InterpolationMode and Pillow's Resampling. "nearest" is Pillow's.
        max_size: the longer side is at most this; with one number only.
        antialias: ``False`` is OpenCV's ``linear`` or ``cubic`` (torchvision always antialiases PIL images).

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    size: int | Sequence[int] | None
    interpolation: object = "bilinear"
    max_size: int | None = None
    antialias: bool | None = True

    def __post_init__(self):
        size = self.size
        if size is None and self.max_size is None:
            raise ValueError("max_size must be given when size is None")
        if size is not None:
            both = pair("size", size)
            size = both if isinstance(size, Sequence) and len(size) == 2 else both[0]
        if self.max_size is not None:
            if isinstance(size, tuple):
                raise ValueError("max_size goes with a size of one number, which is the shorter side")
            pair("max_size", self.max_size)
            if size is not None and self.max_size <= size:
                raise ValueError(f"max_size is {self.max_size}; it must be greater than size, {size}")
        self._set(size=size, interpolation=interpolation_name(self.interpolation))
        _ = self.number

    @property
    def number(self) -> int:
        return interpolation_number(self.interpolation, self.antialias)

    def does(self, size):
        return frozenset({"resize"})

    def change(self, geometry, u):
        geometry.resize(*self._sides(geometry.width, geometry.height), self.number)

    def _sides(self, width, height) -> tuple:
        """New width and height."""
        if isinstance(self.size, tuple):
            return self.size[1], self.size[0]
        short, long = np.minimum(width, height), np.maximum(width, height)
        if self.size is None:
            new_short, new_long = (self.max_size * short / long).astype(np.int64), self.max_size
        else:
            new_short, new_long = self.size, (self.size * long / short).astype(np.int64)
            if self.max_size is not None:
                fits = new_long <= self.max_size
                new_short = np.where(fits, new_short, (self.max_size * new_short / new_long).astype(np.int64))
                new_long = np.minimum(new_long, self.max_size)
        new_short = np.maximum(new_short, 1)
        upright = width <= height
        return np.where(upright, new_short, new_long), np.where(upright, new_long, new_short)

    def size_after(self, size):
        if isinstance(self.size, tuple) or size is None:
            return self.size if isinstance(self.size, tuple) else None
        width, height = self._sides(np.array(size[1]), np.array(size[0]))
        return int(height), int(width)


@dataclass(frozen=True, repr=False)
class CenterCrop(Padding):
    """The middle of the picture, as ``torchvision.transforms.v2.CenterCrop``; a smaller one is padded with black.

    Args:
        size: pixels: one number, or (height, width).
    """

    size: int | Sequence[int]
    fill = 0
    padding_mode = "constant"

    def __post_init__(self):
        self._set(size=pair("size", self.size))

    def does(self, size):
        large = size is not None and size[0] >= self.size[0] and size[1] >= self.size[1]
        return frozenset({"crop"} if large else {"pad", "crop"})

    def borders(self, width, height):
        h, w = self.size
        more_w, more_h = np.maximum(w - width, 0), np.maximum(h - height, 0)
        return more_w // 2, more_h // 2, (more_w + 1) // 2, (more_h + 1) // 2

    def change(self, geometry, u):
        borders = self.borders(geometry.width, geometry.height)
        if any(side.any() for side in borders):
            geometry.pad(*borders, self.color)
        h, w = self.size
        x, y = (np.rint((have - want) / 2).astype(np.int64) for have, want in ((geometry.width, w), (geometry.height, h)))
        geometry.crop(x, y, w, h)

    def size_after(self, size):
        return self.size


@dataclass(frozen=True, repr=False)
class RandomCrop(Padding):
    """A part of the picture at a random place, as ``torchvision.transforms.v2.RandomCrop``.

    Args:
        size: pixels: one number, or (height, width).
        padding: pixels that are added before: for all sides; left and right, top and bottom; or left, top, right,
            bottom.
        pad_if_needed: a picture that is smaller is padded, on both sides by what is missing. Otherwise it is an error
            of that picture (:class:`pixfeed.RegionError`).
        fill: the padding's color, an integer from 0 to 255 or three.
        padding_mode: ``"constant"``; ``"edge"``, ``"reflect"`` or ``"symmetric"``, which are done after decoding.
    """

    size: int | Sequence[int]
    padding: int | Sequence[int] | None = None
    pad_if_needed: bool = False
    fill: int | Sequence[int] = 0
    padding_mode: str = "constant"

    draws = 2

    def __post_init__(self):
        self._set(size=pair("size", self.size), padding=None if self.padding is None else four(self.padding))
        self.check_fill()

    def does(self, size):
        return frozenset({"pad", "crop"} if self.padding or self.pad_if_needed else {"crop"})

    def borders(self, width, height):
        left, top, right, bottom = self.padding or (0, 0, 0, 0)
        if self.pad_if_needed:
            more_w = np.maximum(self.size[1] - (width + left + right), 0)
            more_h = np.maximum(self.size[0] - (height + top + bottom), 0)
            left, top, right, bottom = left + more_w, top + more_h, right + more_w, bottom + more_h
        return left, top, right, bottom

    def change(self, geometry, u):
        if self.padding_mode == "constant" and "pad" in self.does(None):
            geometry.pad(*self.borders(geometry.width, geometry.height), self.color)
        h, w = self.size
        free_x, free_y = np.broadcast_arrays(geometry.width - w, geometry.height - h)
        small = np.broadcast_to((free_x < 0) | (free_y < 0), len(u))
        if small.any():
            for i in np.flatnonzero(small).tolist():
                sides = (int(np.broadcast_to(side, len(u))[i]) for side in (geometry.width, geometry.height))
                geometry.refuse(i, f"{self} is larger than the picture of {' x '.join(map(str, sides))} (w x h) pixels")
            missing = np.maximum(-free_x, 0), np.maximum(-free_y, 0)  # so that the row can be carried out
            geometry.pad(0, 0, *missing, self.color)
            free_x, free_y = np.maximum(free_x, 0), np.maximum(free_y, 0)
        y, x = (u[:, 0] * (free_y + 1)).astype(np.int64), (u[:, 1] * (free_x + 1)).astype(np.int64)
        geometry.crop(x, y, w, h)

    def size_after(self, size):
        return self.size


@dataclass(frozen=True, repr=False)
class RandomResizedCrop(Geometric):
    """A part of random area, shape and place, resized: ``torchvision.transforms.v2.RandomResizedCrop`` on a PIL image.
    Only what the part needs is decoded.

    Args:
        size: pixels: one number, or (height, width).
        scale: (min, max) of the part's area, as a fraction of the picture's.
        ratio: (min, max) of its width / height, drawn evenly on a logarithmic scale. Where ten tries do not fit the
            picture, it is the largest part in its middle whose shape is allowed.
        interpolation, antialias: see :class:`Resize`.
    """

    size: int | Sequence[int]
    scale: Sequence[float] = (0.08, 1.0)
    ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0)
    interpolation: object = "bilinear"
    antialias: bool | None = True

    tries = 10
    draws = 2 * tries + 2

    def __post_init__(self):
        scale, ratio = interval("scale", self.scale), interval("ratio", self.ratio)
        if ratio[0] == 0:
            raise ValueError(f"ratio is {self.ratio!r}; it must be greater than 0")
        name = interpolation_name(self.interpolation)
        self._set(size=pair("size", self.size), scale=scale, ratio=ratio, interpolation=name)
        _ = self.number

    @property
    def number(self) -> int:
        return interpolation_number(self.interpolation, self.antialias)

    def does(self, size):
        return frozenset({"crop", "resize"})

    def change(self, geometry, u):
        width, height = (np.broadcast_to(side, len(u)) for side in (geometry.width, geometry.height))
        w, h = self._draw(width, height, u[:, :-2])
        y = (u[:, -2] * (height - h + 1)).astype(np.int64)
        x = (u[:, -1] * (width - w + 1)).astype(np.int64)
        if (w == 0).any():
            middle = w == 0
            w, h = np.where(middle, self._fallback(width, height), (w, h))
            x, y = np.where(middle, (width - w) // 2, x), np.where(middle, (height - h) // 2, y)
        geometry.crop(x, y, w, h)
        geometry.resize(self.size[1], self.size[0], self.number)

    def _draw(self, width: np.ndarray, height: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Width and height of the part; 0 where no try fits."""
        w, h = self._try(width, height, u[:, 0], u[:, self.tries])
        good = (w > 0) & (w <= width) & (h > 0) & (h <= height)
        if not good.all():  # hardly ever more than a few
            again = np.flatnonzero(~good)
            sides = width[again, None], height[again, None]
            each = self._try(*sides, u[again, : self.tries], u[again, self.tries :])
            valid = (each[0] > 0) & (each[0] <= sides[0]) & (each[1] > 0) & (each[1] <= sides[1])
            for side, found in zip((w, h), first_valid(valid, *each), strict=True):
                side[again] = np.where(valid.any(1), found, 0)
        return w, h

    def _try(self, width, height, for_area, for_ratio) -> tuple[np.ndarray, np.ndarray]:
        low, high = (math.log(r) for r in self.ratio)
        area = width * height * (self.scale[0] + (self.scale[1] - self.scale[0]) * for_area)
        ratio = np.exp(low + (high - low) * for_ratio)
        return np.rint(np.sqrt(area * ratio)).astype(np.int64), np.rint(np.sqrt(area / ratio)).astype(np.int64)

    def _fallback(self, width, height) -> np.ndarray:
        """int64 ``[2, n]``: the largest width and height whose ratio is allowed."""
        least, most = self.ratio
        ratio = width / height
        w = np.where(ratio > most, np.rint(height * most), width)
        h = np.where(ratio < least, np.rint(width / least), height)
        return np.maximum((w, h), 1).astype(np.int64)

    def size_after(self, size):
        return self.size


@dataclass(frozen=True, repr=False)
class RandomHorizontalFlip(Geometric):
    """Left and right exchanged with probability ``p``, as ``torchvision.transforms.v2.RandomHorizontalFlip``."""

    p: float = 0.5

    draws = 1

    def __post_init__(self):
        self._set(p=probability(self.p))

    def does(self, size):
        return frozenset({"flip"})

    def change(self, geometry, u):
        geometry.flip(u[:, 0] < self.p, False)


@dataclass(frozen=True, repr=False)
class RandomVerticalFlip(Geometric):
    """Top and bottom exchanged with probability ``p``, as ``torchvision.transforms.v2.RandomVerticalFlip``."""

    p: float = 0.5

    draws = 1

    def __post_init__(self):
        self._set(p=probability(self.p))

    def does(self, size):
        return frozenset({"flip"})

    def change(self, geometry, u):
        geometry.flip(False, u[:, 0] < self.p)


@dataclass(frozen=True, repr=False)
class Pad(Padding):
    """Pixels added around the picture, as ``torchvision.transforms.v2.Pad``.

    Args:
        padding: how many: for all sides; left and right, top and bottom; or left, top, right, bottom.
        fill, padding_mode: see :class:`RandomCrop`.
    """

    padding: int | Sequence[int]
    fill: int | Sequence[int] = 0
    padding_mode: str = "constant"

    def __post_init__(self):
        self._set(padding=four(self.padding))
        self.check_fill()

    def does(self, size):
        return frozenset({"pad"})

    def borders(self, width, height):
        return self.padding

    def change(self, geometry, u):
        if self.padding_mode == "constant":
            geometry.pad(*self.padding, self.color)

    def size_after(self, size):
        left, top, right, bottom = self.padding
        return None if size is None else (size[0] + top + bottom, size[1] + left + right)


#: Filters that give the mirror image's pixels mirrored: a flip may be done after them as well as before.
MIRRORED = frozenset(PILLOW[name] for name in ("bilinear", "hamming", "bicubic", "lanczos"))

#: Steps of color that fit in one PLAN row.
MOST_ADJUSTMENTS = PLAN["adjust"].shape[0]
assert len(ADJUST) <= MOST_ADJUSTMENTS
