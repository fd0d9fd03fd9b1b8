"""Stepped: transforms that are STEP rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed.plan import ADJUST
from pixfeed.plan_steps import NO_STEP, STEPS, no_steps
from pixfeed.transforms.geometry import Geometric, Geometry

#: STEP rows ``[n]``, one for each of n pictures. Where one of them has no step ``code`` is NO_STEP. ``width`` and
#: ``height`` are the sides after it in any case.
StepRows = NDArray[np.void]


class Stepped(Geometric):
    """A transform that is carried out as STEP rows, after what the same pass does with a :class:`Geometry`."""

    @property
    def color(self) -> tuple[int, int, int]:
        """What it fills with where the picture is not: R, G, B, 0 to 255."""
        return 0, 0, 0

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"steps"})

    def on_gray(self) -> Stepped:
        """The transform for pictures that are gray, with R = G = B."""
        return self

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        """The steps of n pictures: all their first ones, all their second ones, and so on.

        Args:
            width, height: their sides, int64 ``[n]``.
            u: uniform numbers ``[n, draws]``.
        """
        raise NotImplementedError


def step_rows(
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    code: str | NDArray[np.int64],
    where: ArrayLike = True,
    *,
    values: Sequence[Any] | NDArray[Any] = (),
    mode: ArrayLike = 0,
    fill: ArrayLike = 0,
) -> StepRows:
    """STEP rows of one operation.

    Args:
        width, height: the sides of what it makes, int64 ``[n]``.
        code: a name of STEPS, or numbers ``[n]``.
        where: bool ``[n]``; there is no step for the others.
        values: the first columns of ``values``, each a number or ``[n]``.
        mode, fill: those columns.
    """
    rows = no_steps(width, height)[:, 0]
    rows["code"] = np.where(where, STEPS[code] if isinstance(code, str) else code, NO_STEP)
    for place, value in enumerate(values):
        rows["values"][:, place] = value
    rows["mode"], rows["fill"] = mode, fill
    return rows


#: The codes of steps that do what a number of ADJUST does.
_ADJUSTMENTS = np.zeros(len(ADJUST) + 1, np.int32)
for _name, _number in ADJUST.items():
    _ADJUSTMENTS[_number] = STEPS[_name]


def as_steps(
    transform: Geometric, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
) -> list[StepRows]:
    """A change of colors, or a flip, as steps."""
    if isinstance(transform, Stepped):
        return transform.steps(width, height, u)
    geometry = Geometry(width, height)
    transform.change(geometry, u)
    rows = [
        step_rows(width, height, _ADJUSTMENTS[np.broadcast_to(number, len(width))], values=[factor])
        for number, factor in geometry.adjust
    ]
    flips = np.broadcast_to(np.where(geometry.flip_h, 1, 0) + np.where(geometry.flip_v, 2, 0), len(width))
    if flips.any():
        rows.append(step_rows(width, height, "transpose", flips > 0, mode=_FLIPS[flips]))
    return rows


#: Pillow's FLIP_LEFT_RIGHT, FLIP_TOP_BOTTOM and ROTATE_180; the first for none.
_FLIPS = np.array([0, 0, 1, 3])
