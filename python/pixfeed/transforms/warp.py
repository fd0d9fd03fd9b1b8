"""RandomRotation, RandomAffine and RandomPerspective: pictures turned, sheared and distorted, as Pillow does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed.plan_steps import NO_STEP, STEPS
from pixfeed.transforms import matrices
from pixfeed.transforms.base import Interpolation, finite, interval, probability
from pixfeed.transforms.moving import INTERPOLATIONS, Fill, checked_fill, color_of, interpolation_of
from pixfeed.transforms.stepped import Stepped, StepRows, step_rows

Sides = NDArray[np.int64]
Numbers = NDArray[np.float64]
Color = tuple[int, int, int]


def affine_steps(
    width: Sides,
    height: Sides,
    angle: ArrayLike = 0.0,
    translate: tuple[ArrayLike, ArrayLike] = (0.0, 0.0),
    scale: ArrayLike = 1.0,
    shear: tuple[ArrayLike, ArrayLike] = (0.0, 0.0),
    center: Sequence[float] | None = None,
    *,
    mode: int = 0,
    fill: Color = (0, 0, 0),
    where: ArrayLike = True,
) -> StepRows:
    """STEP rows that do what ``torchvision.transforms.functional.affine`` does with PIL images.

    Args:
        width, height: the pictures' sides, ``[n]``.
        angle, translate, scale, shear: see :func:`pixfeed.transforms.matrices.affine`; numbers or ``[n]``.
        center: x and y; ``None``: the picture's.
        mode, fill, where: see :func:`pixfeed.transforms.stepped.step_rows`.
    """
    middle = (width * 0.5, height * 0.5) if center is None else (float(center[0]), float(center[1]))
    matrix = np.broadcast_to(matrices.affine(angle, translate, scale, shear, middle), (len(width), 6))
    return step_rows(width, height, "affine", where, values=_columns(matrix), mode=mode, fill=fill)


def rotation_steps(
    width: Sides,
    height: Sides,
    angle: ArrayLike,
    expand: bool = False,
    center: Sequence[float] | None = None,
    *,
    mode: int = 0,
    fill: Color = (0, 0, 0),
    where: ArrayLike = True,
) -> StepRows:
    """STEP rows that do what ``torchvision.transforms.functional.rotate`` does with PIL images.

    Args:
        angle: in degrees, counterclockwise, a number or ``[n]``.
        width, height, expand, center, mode, fill, where: see :func:`affine_steps`.
    """
    angles = np.broadcast_to(np.asarray(angle, np.float64), width.shape)
    place = None if center is None else (float(center[0]), float(center[1]))
    made = matrices.rotation(angles, width, height, place, expand)
    turned, where = made.turns >= 0, np.broadcast_to(where, width.shape)
    codes = np.where(turned, np.where(made.turns == 0, NO_STEP, STEPS["transpose"]), STEPS["affine"])
    sides = np.where(where, made.width, width), np.where(where, made.height, height)
    values = _columns(np.where(turned[:, None], 0.0, made.matrix))
    return step_rows(*sides, codes, where, values=values, mode=np.where(turned, _TURNS[made.turns], mode), fill=fill)


#: By turns of 90 degrees: Pillow's number of Transpose; ROTATE_90 for one.
_TURNS = np.array([0, 2, 3, 4])


def perspective_steps(
    width: Sides,
    height: Sides,
    coefficients: Numbers,
    *,
    mode: int = 2,
    fill: Color = (0, 0, 0),
    where: ArrayLike = True,
) -> StepRows:
    """STEP rows that do what ``torchvision.transforms.functional.perspective`` does with PIL images.

    Args:
        coefficients: ``[n, 8]``, see :func:`pixfeed.transforms.matrices.perspective`.
        width, height, mode, fill, where: see :func:`affine_steps`.
    """
    return step_rows(width, height, "perspective", where, values=_columns(coefficients), mode=mode, fill=fill)


def _columns(values: Numbers) -> list[Numbers]:
    return list(values.T)


class Warp(Stepped):
    """A transform with the arguments ``interpolation`` and ``fill``."""

    if TYPE_CHECKING:  # fields of the subclasses

        @property
        def interpolation(self) -> Interpolation: ...

        @property
        def fill(self) -> Fill: ...

    def check_pixels(self) -> None:
        """Check ``interpolation`` and ``fill``, and keep them in the form that :attr:`mode` and :attr:`color` need.

        Raises:
            TypeError, ValueError: one of them makes no sense.
        """
        self._set(interpolation=interpolation_of(self.interpolation), fill=checked_fill(self.fill))

    @property
    def mode(self) -> int:
        """The interpolation's number in a STEP row."""
        return INTERPOLATIONS[cast("str", self.interpolation)]

    @property
    def color(self) -> Color:
        """What is outside the picture: (r, g, b), 0 to 255."""
        return color_of(self.fill)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return size


def _degrees(name: str, degrees: float | Sequence[float], counts: tuple[int, ...] = (2,)) -> tuple[float, ...]:
    """(min, max), of one number (-number, number)."""
    if isinstance(degrees, (int, float)):
        if degrees < 0:
            raise ValueError(f"{name} is {degrees!r}; a single number must not be negative")
        return -finite(name, degrees), float(degrees)
    if not isinstance(degrees, Sequence) or len(degrees) not in counts:
        raise TypeError(f"{name} is {degrees!r}; it must be one number, or {' or '.join(map(str, counts))} of them")
    ends = tuple(float(value) for value in degrees)
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        interval(name, (low, high), -float("inf"))
    return ends


def _center(center: Sequence[float] | None) -> tuple[float, float] | None:
    if center is None:
        return None
    if not isinstance(center, Sequence) or len(center) != 2:
        raise TypeError(f"center is {center!r}; it must be x and y")
    return finite("center", center[0]), finite("center", center[1])


def _between(ends: Sequence[float], u: Numbers) -> Numbers:
    return ends[0] + (ends[1] - ends[0]) * u


@dataclass(frozen=True, repr=False)
class RandomRotation(Warp):
    """Turn the picture by a random angle, as ``torchvision.transforms.v2.RandomRotation`` does with a PIL image: bit
    for bit ``PIL.Image.rotate``.

    Args:
        degrees: the range of the angle, in degrees, counterclockwise: one number for (-number, number), or (min, max).
        interpolation: ``"nearest"``, ``"bilinear"`` or ``"bicubic"``; or the same as torchvision's InterpolationMode or
            Pillow's Resampling.
        expand: whether the result has room for the whole picture. Then its size depends on the angle.
        center: x and y that stay where they are, in pixels; ``None``: the middle of the picture.
        fill: the color where the picture is not: a number from 0 to 255, or three of them for R, G and B.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    degrees: float | Sequence[float]
    interpolation: Interpolation = "nearest"
    expand: bool = False
    center: Sequence[float] | None = None
    fill: Fill = 0

    draws = 1

    def __post_init__(self) -> None:
        self._set(degrees=_degrees("degrees", self.degrees), center=_center(self.center), expand=bool(self.expand))
        self.check_pixels()

    def steps(self, width: Sides, height: Sides, u: Numbers) -> list[StepRows]:
        angle = _between(cast("Sequence[float]", self.degrees), u[:, 0])
        return [rotation_steps(width, height, angle, self.expand, self.center, mode=self.mode, fill=self.color)]

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return None if self.expand else size


@dataclass(frozen=True, repr=False)
class Affine(Warp):
    """What :func:`pixfeed.transforms.functional.affine` does. Not public.

    Args:
        angle, translate, scale, shear, center: see :func:`affine_steps`; numbers.
    """

    angle: float
    translate: tuple[float, float]
    scale: float
    shear: tuple[float, float]
    interpolation: Interpolation
    fill: Fill
    center: Sequence[float] | None

    def __post_init__(self) -> None:
        self._set(center=_center(self.center))
        self.check_pixels()

    def steps(self, width: Sides, height: Sides, u: Numbers) -> list[StepRows]:
        moved = self.angle, self.translate, self.scale, self.shear, self.center
        return [affine_steps(width, height, *moved, mode=self.mode, fill=self.color)]


@dataclass(frozen=True, repr=False)
class Perspective(Warp):
    """What :func:`pixfeed.transforms.functional.perspective` does. Not public.

    Args:
        coefficients: eight.
    """

    coefficients: tuple[float, ...]
    interpolation: Interpolation
    fill: Fill

    def __post_init__(self) -> None:
        self.check_pixels()

    def steps(self, width: Sides, height: Sides, u: Numbers) -> list[StepRows]:
        coefficients = np.broadcast_to(self.coefficients, (len(u), 8))
        return [perspective_steps(width, height, coefficients, mode=self.mode, fill=self.color)]


@dataclass(frozen=True, repr=False)
class RandomAffine(Warp):
    """Turn, move, scale and shear the picture at random, as ``torchvision.transforms.v2.RandomAffine`` does with a PIL
    image.

    Args:
        degrees: the range of the angle, in degrees, clockwise: one number for (-number, number), or (min, max).
        translate: how far it moves at most, as fractions of width and height, from 0 to 1; ``None``: not at all. It
            moves by whole pixels.
        scale: (min, max) of the factor; ``None``: 1.
        shear: the range of the angle of shear along x, in degrees: one number for (-number, number), or (min, max); or
            four for x and y.
        interpolation, fill, center: see :class:`RandomRotation`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    degrees: float | Sequence[float]
    translate: Sequence[float] | None = None
    scale: Sequence[float] | None = None
    shear: float | Sequence[float] | None = None
    interpolation: Interpolation = "nearest"
    fill: Fill = 0
    center: Sequence[float] | None = None

    draws = 6

    def __post_init__(self) -> None:
        translate, scale = self.translate, self.scale
        if translate is not None:
            if not isinstance(translate, Sequence) or len(translate) != 2:
                raise TypeError(f"translate is {translate!r}; it must be fractions of width and height")
            translate = float(translate[0]), float(translate[1])
            if not all(0 <= part <= 1 for part in translate):
                raise ValueError(f"translate is {translate!r}; it must be from 0 to 1")
        if scale is not None:
            scale = interval("scale", scale)
            if scale[0] == 0:
                raise ValueError(f"scale is {scale!r}; it must be greater than 0")
        shear = None if self.shear is None else _degrees("shear", self.shear, (2, 4))
        degrees, center = _degrees("degrees", self.degrees), _center(self.center)
        self._set(degrees=degrees, translate=translate, scale=scale, shear=shear, center=center)
        self.check_pixels()

    def steps(self, width: Sides, height: Sides, u: Numbers) -> list[StepRows]:
        angle = _between(cast("Sequence[float]", self.degrees), u[:, 0])
        most = (0.0, 0.0) if self.translate is None else self.translate
        moved = [
            np.rint(_between((-1, 1), u[:, 1 + axis]) * (most[axis] * side)) for axis, side in ((0, width), (1, height))
        ]
        scale = np.ones(len(u)) if self.scale is None else _between(self.scale, u[:, 3])
        shear = (0.0, 0.0, 0.0, 0.0) if self.shear is None else (*cast("Sequence[float]", self.shear), 0.0, 0.0)
        sheared = _between(shear[:2], u[:, 4]), _between(shear[2:4], u[:, 5])
        return [
            affine_steps(
                width,
                height,
                angle,
                (moved[0], moved[1]),
                scale,
                sheared,
                self.center,
                mode=self.mode,
                fill=self.color,
            )
        ]


@dataclass(frozen=True, repr=False)
class RandomPerspective(Warp):
    """Distort the picture with a given probability, as ``torchvision.transforms.v2.RandomPerspective`` does with a PIL
    image: each of its corners moves inwards by a random distance.

    Args:
        distortion_scale: how far at most, as a fraction of half of each side, from 0 to 1.
        p: the probability, from 0 to 1.
        interpolation, fill: see :class:`RandomRotation`.

    Raises:
        TypeError, ValueError: an argument makes no sense.

    Pictures so small that corners coincide stay as they are.
    """

    distortion_scale: float = 0.5
    p: float = 0.5
    interpolation: Interpolation = "bilinear"
    fill: Fill = 0

    draws = 9

    def __post_init__(self) -> None:
        if not 0 <= self.distortion_scale <= 1:
            raise ValueError(f"distortion_scale is {self.distortion_scale!r}; it must be from 0 to 1")
        self._set(distortion_scale=float(self.distortion_scale), p=probability(self.p))
        self.check_pixels()

    def steps(self, width: Sides, height: Sides, u: Numbers) -> list[StepRows]:
        where = u[:, 0] < self.p
        sides = np.stack([width, height], 1)[:, None]
        start = _CORNERS * (sides - 1)
        room = (self.distortion_scale * (sides // 2)).astype(np.int64) + 1
        inwards = (u[:, 1:].reshape(-1, 4, 2) * room).astype(np.int64)
        end = np.where(_CORNERS == 1, sides - room + inwards, inwards)
        coefficients = np.zeros((len(u), 8))
        if where.any():
            coefficients[where] = matrices.perspective(start[where], end[where])
        known = np.isfinite(coefficients).all(1)
        coefficients[~known] = 0
        return [perspective_steps(width, height, coefficients, mode=self.mode, fill=self.color, where=where & known)]


#: x and y of top left, top right, bottom right and bottom left, in sides.
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
