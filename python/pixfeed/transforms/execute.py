"""Passes planned: transforms as PLAN rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import HEADER, in_sequence
from pixfeed.transforms.fuse import Recipe


class PassPlan(NamedTuple):
    """The plan of one pass for n pictures.

    Attributes:
        headers: HEADER rows ``[n]``: the sides of what the pass takes.
        rows: PLAN rows ``[n]``.
    """

    headers: NDArray[np.void]
    rows: NDArray[np.void]

    def size(self, i: int) -> tuple[int, int]:
        """(height, width) of what is made of picture ``i``."""
        return int(self.rows["window_h"][i]), int(self.rows["window_w"][i])

    def part(self, places: list[int]) -> PassPlan:
        """The plan for some of the pictures."""
        return PassPlan(self.headers[places], self.rows[places])


def headers_of(width: NDArray[np.int64], height: NDArray[np.int64]) -> NDArray[np.void]:
    """HEADER rows ``[n]`` of pictures that are decoded already."""
    headers = np.zeros(len(width), HEADER)
    headers["width"], headers["height"] = width, height
    return headers


def plan_passes(
    recipe: Recipe, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
) -> tuple[list[PassPlan], dict[int, str]]:
    """All passes of a recipe, for n pictures.

    Args:
        width, height: int64 ``[n]``, the sides of what the first pass takes, at least 1.
        u: uniform numbers ``[n, recipe.draws]``.

    Returns:
        The passes; and by row, what is wrong with pictures that do not go through them.
    """
    n = len(width)
    plans: list[PassPlan] = []
    refused: dict[int, str] = {}
    for each in recipe.passes:
        geometry = each.geometry(width, height, u)
        for i, what in geometry.refused.items():
            refused.setdefault(i, what)
        headers = headers_of(width, height)
        width, height = (np.broadcast_to(side, n) for side in (geometry.width, geometry.height))
        plans.append(PassPlan(headers, geometry.rows(n, each.gray)))
    plans[-1].rows["mean"], plans[-1].rows["std"] = recipe.mean, recipe.std
    if recipe.fixed:
        plans[recipe.fixed - 1].rows["keep"] = 1
    return plans, refused


def rows_of(
    passes: Sequence[PassPlan], fixed: int = 0, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.void]:
    """The PLAN rows of all passes, as a backend takes them: picture by picture; see :func:`pixfeed.plan.in_sequence`."""
    return in_sequence([each.rows for each in passes], fixed, kept)
