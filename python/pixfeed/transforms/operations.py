"""The operations that policies choose from, as STEP rows: each with one number, for many pictures at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed.plan_steps import NO_STEP, STEPS, no_steps
from pixfeed.transforms.base import Interpolation, interpolation_name
from pixfeed.transforms.stepped import StepRows

#: Kinds of operations. Those of colors are the codes of their steps, with ``values[0]`` as number. The others move
#: pixels, and their numbers are: entries of the matrix from the result to the picture; degrees against the clock.
NOTHING = NO_STEP
SHEAR_X, SHEAR_Y, TRANSLATE_X, TRANSLATE_Y, ROTATE = -1, -2, -3, -4, -5
# Where an operation's number stands in Pillow's data of AFFINE.
_ENTRIES = {SHEAR_X: 1, SHEAR_Y: 3, TRANSLATE_X: 2, TRANSLATE_Y: 5}
_IDENTITY = (1, 0, 0, 0, 1, 0)

#: Pillow's numbers of the interpolations that move pixels.
INTERPOLATIONS = {"nearest": 0, "nearest-exact": 0, "bilinear": 2, "bicubic": 3}

_ROTATE_90, _ROTATE_180, _ROTATE_270 = 2, 3, 4

#: A color as torchvision takes it: ``None`` for black, one number, or R, G and B.
Fill = float | Sequence[float] | None


def interpolation_of(interpolation: Interpolation) -> str:
    """
    Raises:
        ValueError: pixels cannot be moved with it.
    """
    name = interpolation_name(interpolation)
    if name not in INTERPOLATIONS:
        raise ValueError(f"interpolation is {name!r}; pixels are moved with nearest, bilinear or bicubic")
    return name


def checked_fill(fill: Fill) -> Fill:
    """
    Raises:
        TypeError, ValueError: it is no color.
    """
    if fill is None:
        return None
    values = fill if isinstance(fill, Sequence) else (fill,)
    if not all(isinstance(value, (int, float)) for value in values):
        raise TypeError(f"fill is {fill!r}; it must be a number, or one each for R, G and B")
    if len(values) not in (1, 3) or not all(0 <= value <= 255 for value in values):
        raise ValueError(f"fill is {fill!r}; it must be one number from 0 to 255, or one each for R, G and B")
    return tuple(values) if isinstance(fill, Sequence) else fill


def color_of(fill: Fill) -> tuple[int, int, int]:
    """R, G, B; fractions are dropped."""
    values = fill if isinstance(fill, Sequence) else (fill or 0,)
    r, g, b = (int(value) for value in (tuple(values) * 3)[:3])
    return r, g, b


def operation_rows(
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    kind: NDArray[np.int64],
    number: NDArray[np.float64],
    mode: ArrayLike,
    fill: tuple[int, int, int],
) -> StepRows:
    """One operation for each of n pictures.

    Args:
        width, height: their sides, int64 ``[n]``.
        kind: int64 ``[n]``: a code of STEPS, one of the kinds above, or NOTHING.
        number: float64 ``[n]``: its number.
        mode: a number of INTERPOLATIONS, or one for each picture.
        fill: what is shown where the picture is not.
    """
    rows = no_steps(width, height)[:, 0]
    rows["code"] = kind
    rows["values"][:, 0] = number
    rows["values"][:, 1] = np.where(kind == STEPS["solarize_add"], 128, 0)
    moving = kind < 0
    if moving.any():
        values = rows["values"]
        values[moving, :6] = _IDENTITY
        for each, place in _ENTRIES.items():
            those = kind == each
            values[those, place] = number[those]
        rows["code"][moving] = np.where(number[moving] == 0, NO_STEP, STEPS["affine"])
        rows["mode"], rows["fill"] = np.where(moving, mode, 0), np.where(moving[:, None], fill, 0)
        _rotate(rows, np.flatnonzero(kind == ROTATE), number)
    return rows


def _rotate(rows: StepRows, places: NDArray[np.intp], degrees: NDArray[np.float64]) -> None:
    """What Pillow's ``Image.rotate`` does: turns by a multiple of 90 degrees move whole pixels."""
    if not len(places):
        return
    angle = degrees[places] % 360.0
    width, height = rows["width"][places], rows["height"][places]
    right = -_each(math.radians, angle)
    cos, sin = _each(_rounded_cos, right), _each(_rounded_sin, right)
    x, y = width / 2, height / 2
    data = cos, sin, (cos * -x + sin * -y) + x, -sin, cos, (-sin * -x + cos * -y) + y
    rows["values"][places, :6] = np.stack(data, 1)
    square = width == height
    turns = [(angle == 0, None), (angle == 180, _ROTATE_180)]
    turns += [((angle == 90) & square, _ROTATE_90), ((angle == 270) & square, _ROTATE_270)]
    rows["code"][places] = STEPS["affine"]
    for those, mode in turns:
        if those.any():
            rows["code"][places[those]] = NO_STEP if mode is None else STEPS["transpose"]
            rows["mode"][places[those]] = mode or 0


def _rounded_cos(angle: float) -> float:
    return round(math.cos(angle), 15)


def _rounded_sin(angle: float) -> float:
    return round(math.sin(angle), 15)


def _each(function: Callable[[float], float], values: NDArray[Any]) -> NDArray[np.float64]:
    """The C library's functions: NumPy's own differ from them, by CPU."""
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))


def shear(magnitudes: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
    """The numbers of SHEAR_X or SHEAR_Y, as torchvision gets them from magnitudes."""
    one = _shear_x if kind == SHEAR_X else _shear_y
    return _each(one, magnitudes)


def _shear_x(magnitude: float) -> float:
    return math.tan(math.radians(math.degrees(math.atan(magnitude))))


def _shear_y(magnitude: float) -> float:
    angle = math.radians(math.degrees(math.atan(magnitude)))
    return -(math.sin(0.0 - angle) / math.cos(angle))
