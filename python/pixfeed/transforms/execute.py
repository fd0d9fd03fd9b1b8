"""Passes planned: transforms as PLAN rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import LEFT_OUT, in_sequence
from pixfeed.plan_steps import no_steps, steps_in_sequence
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Corners, Geometry
from pixfeed.transforms.pass_plan import PassPlan, headers_of
from pixfeed.transforms.point_map import PointMap


def plan_passes(
    recipe: Recipe,
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    u: NDArray[np.float64],
    boxes: Sequence[Corners] | None = None,
) -> tuple[list[PassPlan], dict[int, str]]:
    """All passes of a recipe, for n pictures.

    Args:
        width, height: int64 ``[n]``, the sides of what the first pass takes, at least 1.
        u: uniform numbers ``[n, recipe.draws]``.
        boxes: of each picture, in its pixels, for recipes that need them.

    Returns:
        The passes; and by row, what is wrong with pictures that do not go through them.
    """
    if not recipe.branches:
        return _plan(recipe, width, height, u, boxes)
    planned = []
    for places, each in recipe.variants(u):
        theirs = None if boxes is None else [boxes[place] for place in places]
        planned.append((places, *_plan(each, width[places], height[places], u[places], theirs)))
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
        kept = None
        if any(plan.kept is not None for plan in before):
            every = [each for plan in before for each in (plan.kept or [None] * len(plan.rows))]
            kept = [every[place] for place in order.tolist()]
        merged.append(PassPlan(headers, rows, None if steps is None else _joined(steps)[order], kept))
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
    recipe: Recipe,
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    u: NDArray[np.float64],
    boxes: Sequence[Corners] | None,
) -> tuple[list[PassPlan], dict[int, str]]:
    """The same for a recipe without branches."""
    n = len(width)
    plans: list[PassPlan] = []
    refused: dict[int, str] = {}
    for each in recipe.passes:
        headers = headers_of(width, height)

        def boxes_now(geometry: Geometry, headers: NDArray[np.void] = headers) -> list[Corners]:
            assert boxes is not None
            points = PointMap([*plans, PassPlan(headers, geometry.rows(n), kept=geometry.kept)])
            return [points.boxes(i, corners)[0] for i, corners in enumerate(boxes)]

        geometry = each.geometry(width, height, u, None if boxes is None else boxes_now)
        for i, what in geometry.refused.items():
            refused.setdefault(i, what)
        width, height = (np.broadcast_to(side, n) for side in (geometry.width, geometry.height))
        steps = each.step_rows(width, height, u)
        plans.append(PassPlan(headers, geometry.rows(n, each.gray), steps, geometry.kept))
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
