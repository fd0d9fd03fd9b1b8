"""The operations that policies choose from, as STEP rows: each with one number, for many pictures at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed.plan_steps import NO_STEP, STEPS, no_steps
from pixfeed.transforms.matrices import each
from pixfeed.transforms.stepped import StepRows
from pixfeed.transforms.warp import rotation_steps

#: Kinds of operations. Those of colors are the codes of their steps, with ``values[0]`` as number. The others move
#: pixels, and their numbers are: entries of the matrix from the result to the picture; degrees against the clock.
NOTHING = NO_STEP
SHEAR_X, SHEAR_Y, TRANSLATE_X, TRANSLATE_Y, ROTATE = -1, -2, -3, -4, -5
# Where an operation's number stands in Pillow's data of AFFINE.
_ENTRIES = {SHEAR_X: 1, SHEAR_Y: 3, TRANSLATE_X: 2, TRANSLATE_Y: 5}
_IDENTITY = (1, 0, 0, 0, 1, 0)


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
        for move, place in _ENTRIES.items():
            those = kind == move
            values[those, place] = number[those]
        rows["code"][moving] = np.where(number[moving] == 0, NO_STEP, STEPS["affine"])
        rows["mode"], rows["fill"] = np.where(moving, mode, 0), np.where(moving[:, None], fill, 0)
        _rotate(rows, np.flatnonzero(kind == ROTATE), number)
    return rows


def _rotate(rows: StepRows, places: NDArray[np.intp], degrees: NDArray[np.float64]) -> None:
    if len(places):
        width, height = (rows[side][places].astype(np.int64) for side in ("width", "height"))
        turned = rotation_steps(width, height, degrees[places])
        rows["code"][places], rows["values"][places] = turned["code"], turned["values"]
        rows["mode"][places] = np.where(turned["code"] == STEPS["affine"], rows["mode"][places], turned["mode"])


def shear(magnitudes: NDArray[np.float64], kind: int) -> NDArray[np.float64]:
    """The numbers of SHEAR_X or SHEAR_Y, as torchvision gets them from magnitudes."""
    one = _shear_x if kind == SHEAR_X else _shear_y
    return each(one, magnitudes)


def _shear_x(magnitude: float) -> float:
    return math.tan(math.radians(math.degrees(math.atan(magnitude))))


def _shear_y(magnitude: float) -> float:
    angle = math.radians(math.degrees(math.atan(magnitude)))
    return -(math.sin(0.0 - angle) / math.cos(angle))
