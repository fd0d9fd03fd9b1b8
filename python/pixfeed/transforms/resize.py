"""Resize, RandomResizedCrop, ScaleJitter and RandomShortestSize: pictures of another size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import PILLOW, Pixels, interpolation_text, output_size, output_sizes
from pixfeed.transforms.base import (
    Interpolation,
    first_valid,
    interpolation_name,
    interpolation_number,
    interval,
    pair,
)
from pixfeed.transforms.geometry import Geometric, Geometry

#: Filters that make the mirror image of a resized picture from the mirror image of the picture: a flip may come before
#: or after them.
MIRRORED = frozenset(PILLOW[name] for name in ("bilinear", "hamming", "bicubic", "lanczos"))


@dataclass(frozen=True, repr=False)
class Resize(Geometric):
    """Resize the picture, as ``torchvision.transforms.v2.Resize`` resizes a PIL image: bit for bit
    ``PIL.Image.resize``.

    Args:
        size: pixels. One number is the shorter side; the longer one is then ``int(size * long / short)``. Two are
            (height, width). ``None``: ``max_size`` is the longer side, or ``scale`` is given.
        interpolation: one of Pillow's filters: ``"nearest"``, ``"box"``, ``"bilinear"``, ``"hamming"``, ``"bicubic"``
            or ``"lanczos"``; or the same as torchvision's InterpolationMode or Pillow's Resampling. ``"nearest"`` is
            Pillow's NEAREST, not the ``"nearest"`` of :class:`pixfeed.Reading`, which is OpenCV's.
        max_size: the largest length of the longer side in pixels; only with one number as ``size``.
        antialias: ``False`` resizes as OpenCV's INTER_LINEAR (``"bilinear"``) or INTER_CUBIC (``"bicubic"``).
            (torchvision always antialiases PIL images.)
        scale: factor of both sides, in place of ``size``: each becomes ``int(scale * side)``. Not torchvision's.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    size: int | Sequence[int] | None = None
    interpolation: Interpolation = "bilinear"
    max_size: int | None = None
    antialias: bool | None = True
    scale: float | None = None

    def __post_init__(self) -> None:
        size: int | tuple[int, int] | None = None
        if self.scale is not None:
            if self.size is not None or self.max_size is not None:
                raise ValueError("scale goes with no size or max_size")
            if not 0 < self.scale < float("inf"):
                raise ValueError(f"scale is {self.scale!r}; it must be positive")
        elif self.size is None and self.max_size is None:
            raise ValueError("max_size or scale must be given when size is None")
        if self.size is not None:
            both = pair("size", self.size)
            size = both if isinstance(self.size, Sequence) and len(self.size) == 2 else both[0]
        if self.max_size is not None:
            if isinstance(size, tuple):
                raise ValueError("max_size goes with a size of one number, which is the shorter side")
            pair("max_size", self.max_size)
            if size is not None and self.max_size <= size:
                raise ValueError(f"max_size is {self.max_size}; it must be greater than size, {size}")
        self._set(size=size, interpolation=interpolation_name(self.interpolation))
        _ = self.number

    def __repr__(self) -> str:
        return super().__repr__().replace("(size=", "(", 1)

    @property
    def number(self) -> int:
        """The interpolation's number in a PLAN row."""
        return interpolation_number(cast("str", self.interpolation), self.antialias)  # a name since __post_init__

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"resize"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.resize(*self._sides(geometry.width, geometry.height), self.number)

    @property
    def _size(self) -> int | tuple[int, int] | None:
        """``size`` as ``__post_init__`` keeps it."""
        return cast("int | tuple[int, int] | None", self.size)

    def _sides(self, width: Pixels, height: Pixels) -> tuple[Pixels, Pixels]:
        """New width and height."""
        size, most = self._size, self.max_size
        if isinstance(size, tuple):
            return size[1], size[0]
        if self.scale is not None:
            wide, high = (np.maximum(1, (self.scale * np.asarray(side)).astype(np.int64)) for side in (width, height))
            return wide, high
        short, long = np.minimum(width, height), np.maximum(width, height)
        new_short: Pixels
        new_long: Pixels
        if size is None:
            new_short, new_long = (cast("int", most) * short / long).astype(np.int64), cast("int", most)
        else:
            new_short, new_long = size, (size * long / short).astype(np.int64)
            if most is not None:
                fits = new_long <= most
                new_short = np.where(fits, new_short, (most * new_short / new_long).astype(np.int64))
                new_long = np.minimum(new_long, most)
        new_short = np.maximum(new_short, 1)
        upright = width <= height
        return np.where(upright, new_short, new_long), np.where(upright, new_long, new_short)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if isinstance(self._size, tuple) or size is None:
            return self._size if isinstance(self._size, tuple) else None
        width, height = self._sides(np.array(size[1]), np.array(size[0]))
        return int(height), int(width)


@dataclass(frozen=True, repr=False)
class Shrink(Resize):
    """:class:`Resize` of pictures whose shorter side is larger than ``size``, one number. Others stay as they are."""

    def _sides(self, width: Pixels, height: Pixels) -> tuple[Pixels, Pixels]:
        wide, high = super()._sides(width, height)
        is_larger = np.minimum(width, height) > self._size
        return np.where(is_larger, wide, width), np.where(is_larger, high, height)


@dataclass(frozen=True, repr=False)
class ResizeTo(Geometric):
    """The resize of ``FastTxtDataset(resize_height=, resize_width=)`` and ``imread(size=)``. Not public.

    Args:
        height, width: pixels; for ``None`` see :func:`pixfeed.plan.output_size`.
        number: the interpolation's number in a PLAN row.
    """

    height: int | None
    width: int | None
    number: int

    def __repr__(self) -> str:
        if self.height is None and self.width is None:
            return "every size is kept"
        return f"resize to {self.height} x {self.width} (h x w, {interpolation_text(self.number)})"

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"resize"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        height, width = output_sizes(geometry.height, geometry.width, self.height, self.width)
        geometry.resize(width, height, self.number)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        if self.height is not None and self.width is not None:
            return self.height, self.width
        return None if size is None else self.size_of(*size)

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of what it makes of one picture."""
        return output_size(height, width, self.height, self.width)


@dataclass(frozen=True, repr=False)
class RandomResizedCrop(Geometric):
    """Crop a part of random area, shape and place, and resize it, as ``torchvision.transforms.v2.RandomResizedCrop``
    does with a PIL image. Only what the part needs is decoded.

    Args:
        size: size of the result in pixels: one number for both sides, or (height, width).
        scale: (min, max) of the area of the part, as a fraction of the area of the picture.
        ratio: (min, max) of width / height of the part, drawn uniformly on a logarithmic scale. Ten parts are drawn,
            and the first that fits the picture is taken. If none fits, it is the largest central part whose ratio is
            allowed.
        interpolation, antialias: see :class:`Resize`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    size: int | Sequence[int]
    scale: Sequence[float] = (0.08, 1.0)
    ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0)
    interpolation: Interpolation = "bilinear"
    antialias: bool | None = True

    tries: ClassVar[int] = 10  # parts that are drawn before it falls back to the largest part with an allowed ratio
    draws = 2 * tries + 2

    def __post_init__(self) -> None:
        scale, ratio = interval("scale", self.scale), interval("ratio", self.ratio)
        if ratio[0] == 0:
            raise ValueError(f"ratio is {self.ratio!r}; it must be greater than 0")
        name = interpolation_name(self.interpolation)
        self._set(size=pair("size", self.size), scale=scale, ratio=ratio, interpolation=name)
        _ = self.number

    @property
    def number(self) -> int:
        """The interpolation's number in a PLAN row."""
        return interpolation_number(cast("str", self.interpolation), self.antialias)  # a name since __post_init__

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"crop", "resize"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        width, height = (np.broadcast_to(side, len(u)) for side in (geometry.width, geometry.height))
        w, h = self._draw(width, height, u[:, :-2])
        y = (u[:, -2] * (height - h + 1)).astype(np.int64)
        x = (u[:, -1] * (width - w + 1)).astype(np.int64)
        if (w == 0).any():
            middle = w == 0
            w, h = np.where(middle, self._fallback(width, height), (w, h))
            x, y = np.where(middle, (width - w) // 2, x), np.where(middle, (height - h) // 2, y)
        geometry.crop(x, y, w, h)
        size = self._size
        geometry.resize(size[1], size[0], self.number)

    @property
    def _size(self) -> tuple[int, int]:
        """``size`` as ``__post_init__`` keeps it: height, width."""
        return cast("tuple[int, int]", self.size)

    def _draw(
        self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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

    def _try(
        self,
        width: NDArray[np.int64],
        height: NDArray[np.int64],
        for_area: NDArray[np.float64],
        for_ratio: NDArray[np.float64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        low, high = (math.log(r) for r in self.ratio)
        area = width * height * (self.scale[0] + (self.scale[1] - self.scale[0]) * for_area)
        ratio = np.exp(low + (high - low) * for_ratio)
        return np.rint(np.sqrt(area * ratio)).astype(np.int64), np.rint(np.sqrt(area / ratio)).astype(np.int64)

    def _fallback(self, width: NDArray[np.int64], height: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 ``[2, n]``: the largest width and height whose ratio is allowed."""
        least, most = self.ratio
        ratio = width / height
        w = np.where(ratio > most, np.rint(height * most), width)
        h = np.where(ratio < least, np.rint(width / least), height)
        return np.maximum((w, h), 1).astype(np.int64)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return self._size


class RandomSize(Geometric):
    """A transform that resizes the picture by a random factor, the same for both sides."""

    if TYPE_CHECKING:  # fields of the subclasses

        @property
        def interpolation(self) -> Interpolation: ...

        @property
        def antialias(self) -> bool | None: ...

    draws = 1

    @property
    def number(self) -> int:
        """The interpolation's number in a PLAN row."""
        return interpolation_number(interpolation_name(self.interpolation), self.antialias)

    def factors(self, width: Pixels, height: Pixels, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """For pictures of these sides; uniform numbers ``[n]``."""
        raise NotImplementedError

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"resize"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        factor = self.factors(geometry.width, geometry.height, u[:, 0])
        wide, high = (np.maximum(1, (side * factor).astype(np.int64)) for side in (geometry.width, geometry.height))
        geometry.resize(wide, high, self.number)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return None


@dataclass(frozen=True, repr=False)
class ScaleJitter(RandomSize):
    """Resize the picture to a random share of the largest size that fits into ``target_size``, as
    ``torchvision.transforms.v2.ScaleJitter`` does with a PIL image. The aspect ratio is kept.

    Args:
        target_size: two numbers in pixels. As in torchvision the second one is compared with the picture's height, and
            the first one with its width.
        scale_range: (min, max) of the share.
        interpolation, antialias: see :class:`Resize`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    target_size: Sequence[int]
    scale_range: Sequence[float] = (0.1, 2.0)
    interpolation: Interpolation = "bilinear"
    antialias: bool | None = True

    def __post_init__(self) -> None:
        if not isinstance(self.target_size, Sequence) or len(self.target_size) != 2:
            raise TypeError(f"target_size is {self.target_size!r}; it must be two numbers")
        scale = interval("scale_range", self.scale_range)
        name = interpolation_name(self.interpolation)
        self._set(target_size=pair("target_size", self.target_size), scale_range=scale, interpolation=name)
        _ = self.number

    def factors(self, width: Pixels, height: Pixels, u: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = self.scale_range
        for_width, for_height = self.target_size
        factors: NDArray[np.float64] = np.minimum(for_height / height, for_width / width) * (low + (high - low) * u)
        return factors


@dataclass(frozen=True, repr=False)
class RandomShortestSize(RandomSize):
    """Resize the picture so that its shorter side has one of several lengths, as
    ``torchvision.transforms.v2.RandomShortestSize`` does with a PIL image. The aspect ratio is kept.

    Args:
        min_size: lengths of the shorter side in pixels, one of which is drawn; or one number.
        max_size: the largest length of the longer side in pixels.
        interpolation, antialias: see :class:`Resize`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    min_size: int | Sequence[int]
    max_size: int | None = None
    interpolation: Interpolation = "bilinear"
    antialias: bool | None = True

    def __post_init__(self) -> None:
        given = tuple(self.min_size) if isinstance(self.min_size, Sequence) else (self.min_size,)
        if not given:
            raise ValueError("min_size is empty; it must be one number, or several")
        lengths = tuple(pair("min_size", length)[0] for length in given)
        if self.max_size is not None:
            pair("max_size", self.max_size)
        self._set(min_size=lengths, interpolation=interpolation_name(self.interpolation))
        _ = self.number

    def factors(self, width: Pixels, height: Pixels, u: NDArray[np.float64]) -> NDArray[np.float64]:
        lengths = np.array(self.min_size)
        factors: NDArray[np.float64] = lengths[(u * len(lengths)).astype(np.int64)] / np.minimum(width, height)
        return factors if self.max_size is None else np.minimum(factors, self.max_size / np.maximum(width, height))
