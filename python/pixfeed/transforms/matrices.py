"""Matrices of affine and perspective transforms, for many pictures at once: to the bit torchvision's and Pillow's.

All of them say where a pixel of the result comes from, as Pillow's ``Image.transform`` takes them. Points are in
pixels; (0, 0) is the corner of the first one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed._stand_in import torch

Numbers = NDArray[np.float64]
Sides = NDArray[np.int64]


def each(function: Callable[[float], float], values: Numbers) -> Numbers:
    """A function of :mod:`math`. NumPy's own ones differ in the last bit, depending on the CPU."""
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))


def affine(
    angle: ArrayLike,
    translate: tuple[ArrayLike, ArrayLike],
    scale: ArrayLike,
    shear: tuple[ArrayLike, ArrayLike],
    center: tuple[ArrayLike, ArrayLike],
) -> Numbers:
    """torchvision's matrices of ``functional.affine``.

    Args:
        angle, shear: in degrees, clockwise; shear for x and y. All arguments are numbers or ``[n]``.
        translate, center: x and y, in pixels.
        scale: factor.

    Returns:
        float64 ``[n, 6]``.
    """
    given = [np.atleast_1d(np.asarray(one, np.float64)) for one in (angle, *translate, scale, *shear, *center)]
    angles, t_x, t_y, factor, *shears, c_x, c_y = np.broadcast_arrays(*given)
    turn, shear_x, shear_y = (degrees * (math.pi / 180) for degrees in (angles, *shears))
    cos_shear, tan_shear, turn_less = each(math.cos, shear_y), each(math.tan, shear_x), turn - shear_y
    to_x, to_y = c_x + t_x, c_y + t_y
    a = each(math.cos, turn_less) / cos_shear
    b = -(a * tan_shear + each(math.sin, turn))
    c = each(math.sin, turn_less) / cos_shear
    d = each(math.cos, turn) - c * tan_shear
    a, b, c, d = d / factor, -b / factor, -c / factor, a / factor
    x = c_x - a * to_x - b * to_y
    y = c_y - c * to_x - d * to_y
    return np.stack([a, b, x, c, d, y], 1)


class Rotation(NamedTuple):
    """
    Attributes:
        matrix: float64 ``[n, 6]``.
        turns: int64 ``[n]``: how many turns by 90 degrees do the same, as Pillow then does it; -1: none.
        width, height: int64 ``[n]``, the sides of what is made.
    """

    matrix: Numbers
    turns: NDArray[np.int64]
    width: Sides
    height: Sides


def rotation(
    angle: Numbers, width: Sides, height: Sides, center: tuple[float, float] | None = None, expand: bool = False
) -> Rotation:
    """Those of Pillow's ``Image.rotate``.

    Args:
        angle: in degrees, counterclockwise, ``[n]``.
        width, height: the sides of the pictures, ``[n]``.
        center: x and y, in pixels; ``None``: the picture's.
        expand: whether the result has room for the whole picture.
    """
    angle = angle % 360.0
    turns = np.full(len(angle), -1)
    if center is None:
        for count in range(4):
            exact = angle == 90.0 * count
            turns[exact if count % 2 == 0 or expand else exact & (width == height)] = count
    c_x, c_y = width / 2, height / 2
    if center is not None:
        c_x, c_y = np.full((2, len(angle)), np.array(center)[:, None])
    turn = -(angle * (math.pi / 180))
    cos, sin = (_rounded(each(function, turn)) for function in (math.cos, math.sin))

    def moved(x: Numbers, y: Numbers, by_x: Numbers, by_y: Numbers) -> tuple[Numbers, Numbers]:
        return cos * x + sin * y + by_x, -sin * x + cos * y + by_y

    zero = np.zeros(len(angle))
    x, y = moved(-c_x, -c_y, zero, zero)
    x, y = x + c_x, y + c_y
    if expand:
        wide, high = width.astype(np.float64), height.astype(np.float64)
        corners = [moved(a, b, x, y) for a, b in ((zero, zero), (wide, zero), (wide, high), (zero, high))]
        new_width, new_height = (
            (np.ceil(np.max(places, 0)) - np.floor(np.min(places, 0))).astype(np.int64)
            for places in zip(*corners, strict=True)
        )
        x, y = moved(-(new_width - width) / 2.0, -(new_height - height) / 2.0, x, y)
        turned = turns >= 0  # their sides are exact
        sideways = turned & (turns % 2 == 1)
        width, height = (
            np.where(sideways, other, np.where(turned, side, new))
            for side, other, new in ((width, height, new_width), (height, width, new_height))
        )
    return Rotation(np.stack([cos, sin, x, -sin, cos, y], 1), turns, width, height)


def _rounded(values: Numbers) -> Numbers:
    """To 15 digits after the point, as Python rounds."""
    return np.fromiter(map(round, values.tolist(), repeat(15)), np.float64, len(values))


def perspective(start: NDArray[np.int64], end: NDArray[np.int64]) -> Numbers:
    """torchvision's coefficients of transforms that take four corners elsewhere.

    Args:
        start, end: int64 ``[n, 4, 2]``: x and y of top left, top right, bottom right and bottom left, before and after.

    Returns:
        float64 ``[n, 8]``, rounded to float32; NaN where corners coincide, so that no transform does it.
    """
    n = len(start)
    equations = np.zeros((n, 4, 2, 8))
    equations[:, :, 0, :2] = equations[:, :, 1, 3:5] = end
    equations[:, :, 0, 2] = equations[:, :, 1, 5] = 1
    equations[..., 6:] = -start[..., None] * end[:, :, None, :]
    matrices, targets = (
        torch.from_numpy(equations.reshape(n, 8, 8)),
        torch.from_numpy(start.reshape(n, 8, 1).astype(float)),
    )
    try:
        solved = torch.linalg.lstsq(matrices, targets, driver="gels").solution
    except RuntimeError:  # torch's LinAlgError
        if n == 1:
            return np.full((1, 8), np.nan)
        return np.concatenate([perspective(start[i : i + 1], end[i : i + 1]) for i in range(n)])
    found: Numbers = solved[..., 0].to(torch.float32).to(torch.float64).numpy()
    return found
