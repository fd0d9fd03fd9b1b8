"""Passes planned: transforms as PLAN rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import HEADER, LEFT_OUT, in_sequence
from pixfeed.plan_steps import no_steps, steps_in_sequence
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometry


class PassPlan(NamedTuple):
    """The plan of one pass for n pictures.

    Attributes:
        headers: HEADER rows ``[n]``: the sides of what the pass takes.
        rows: PLAN rows ``[n]``.
        steps: STEP rows ``[n, k]``, ``None`` for none at all; see :data:`pixfeed.transforms.stepped.StepRows`.
    """

    headers: NDArray[np.void]
    rows: NDArray[np.void]
    steps: NDArray[np.void] | None = None

    def size(self, i: int) -> tuple[int, int]:
        """(height, width) of what is made of picture ``i``."""
        if self.steps is None:
            return int(self.rows["window_h"][i]), int(self.rows["window_w"][i])
        return int(self.steps["height"][i, -1]), int(self.steps["width"][i, -1])

    @property
    def sizes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The heights and the widths of what is made, int64 ``[n]``."""
        if self.steps is None:
            return self.rows["window_h"].astype(np.int64), self.rows["window_w"].astype(np.int64)
        return self.steps["height"][:, -1].astype(np.int64), self.steps["width"][:, -1].astype(np.int64)

    def part(self, places: list[int]) -> PassPlan:
        """The plan for some of the pictures."""
        return PassPlan(self.headers[places], self.rows[places], None if self.steps is None else self.steps[places])


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
            passes[number] if number < len(passes) else _nothing(plan)
            for (_, passes), plan in zip(parts, before, strict=True)
        ]
        headers = _joined([plan.headers for plan in before])[order]
        rows = _joined([plan.rows for plan in before])[order]
        if number == 0:
            rows["source"] = np.arange(len(rows))
        steps = _as_many([plan.steps for plan in before], [plan.sizes for plan in before])
        merged.append(PassPlan(headers, rows, None if steps is None else _joined(steps)[order]))
    return merged


def _as_many(
    steps: list[NDArray[np.void] | None], sizes: list[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> list[NDArray[np.void]] | None:
    """STEP rows ``[n, k]`` with the largest k of all, with steps in the end that do nothing; ``None`` if all are."""
    counts = [0 if each is None else each.shape[1] for each in steps]
    most = max(counts)
    if not most:
        return None
    filled = []
    for each, count, (height, width) in zip(steps, counts, sizes, strict=True):
        nothing = no_steps(width, height, most - count)
        filled.append(nothing if each is None else np.concatenate([each, nothing], 1))
    return filled


def _joined(tables: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Tables of one dtype, as one. NumPy would copy them field by field, which takes ten times as long."""
    dtype = tables[0].dtype
    whole = np.dtype((np.void, dtype.itemsize))
    return np.concatenate([table.view(whole) for table in tables]).view(dtype)


def _nothing(before: PassPlan) -> PassPlan:
    """The pass after this one in which nothing is done."""
    height, width = before.sizes
    rows = Geometry(width, height).rows(len(height))
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
        steps = each.step_rows(width, height, u)
        plans.append(PassPlan(headers, geometry.rows(n, each.gray), steps))
        if steps is not None:
            height, width = plans[-1].sizes
    plans[-1].rows["mean"], plans[-1].rows["std"] = recipe.mean, recipe.std
    if recipe.fixed:
        plans[recipe.fixed - 1].rows["keep"] = 1
    return plans, refused


def tables_of(
    passes: Sequence[PassPlan], fixed: int = 0, kept: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.void], NDArray[np.void] | None]:
    """The PLAN rows and the STEP rows of all passes, as a backend takes them: picture by picture. The first ``fixed``
    passes are left out for pictures that are ``kept``; see :func:`pixfeed.plan.in_sequence`."""
    rows = [each.rows for each in passes]
    return in_sequence(rows, fixed, kept), steps_in_sequence(rows, [each.steps for each in passes], fixed, kept)
