"""Passes planned: transforms as PLAN rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import HEADER, LEFT_OUT, in_sequence
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometry


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
    if not recipe.branches:
        return _plan(recipe, width, height, u)
    variants = recipe.variants(u)
    planned = [(places, *_plan(each, width[places], height[places], u[places])) for places, each in variants]
    refused = {places[i]: what for places, _, wrong in planned for i, what in wrong.items()}
    return _merged([(places, passes) for places, passes, _ in planned]), refused


def _merged(parts: list[tuple[list[int], list[PassPlan]]]) -> list[PassPlan]:
    """The passes of several recipes, as passes for all n pictures; rows of pictures that have fewer are LEFT_OUT.

    Args:
        parts: rows, and the passes of these pictures.
    """
    order = np.argsort([place for places, _ in parts for place in places])
    merged: list[PassPlan] = []
    before = [passes[0] for _, passes in parts]
    for number in range(max(len(passes) for _, passes in parts)):
        before = [
            passes[number] if number < len(passes) else _nothing(plan.rows)
            for (_, passes), plan in zip(parts, before, strict=True)
        ]
        headers, rows = (_joined(tables)[order] for tables in zip(*before, strict=True))
        if number == 0:
            rows["source"] = np.arange(len(rows))
        merged.append(PassPlan(headers, rows))
    return merged


def _joined(tables: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Tables of one dtype, as one. NumPy would copy them field by field, which takes ten times as long."""
    dtype = tables[0].dtype
    whole = np.dtype((np.void, dtype.itemsize))
    return np.concatenate([table.view(whole) for table in tables]).view(dtype)


def _nothing(before: NDArray[np.void]) -> PassPlan:
    """The pass after these rows in which nothing is done."""
    width, height = (before[f"window_{side}"].astype(np.int64) for side in "wh")
    rows = Geometry(width, height).rows(len(before))
    rows["source"] = LEFT_OUT
    return PassPlan(headers_of(width, height), rows)


def _plan(
    recipe: Recipe, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
) -> tuple[list[PassPlan], dict[int, str]]:
    """The same for a recipe without branches."""
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


def rows_of(passes: Sequence[PassPlan], fixed: int = 0, kept: NDArray[np.bool_] | None = None) -> NDArray[np.void]:
    """The PLAN rows of all passes, as a backend takes them; see :func:`pixfeed.plan.in_sequence`."""
    return in_sequence([each.rows for each in passes], fixed, kept)
