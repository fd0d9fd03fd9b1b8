"""Passes planned and carried out: transforms as PLAN rows, and the passes after the first, on pictures in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import Backend
from pixfeed.plan import HEADER, PLAN
from pixfeed.transforms.crop_pad_flip import PaddingMode
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometry


class PassPlan(NamedTuple):
    """The plan of one pass for n pictures.

    Attributes:
        headers: HEADER rows ``[n]``: the sides of what the pass takes.
        rows: PLAN rows ``[n]``.
        sizes: int64 ``[n, 2]``, or ``[1, 2]`` if all are the same: (height, width) of what it makes.
        pad_mode: NumPy carries it out, with this mode of ``numpy.pad``; the rows say where the pixels go.
    """

    headers: NDArray[np.void]
    rows: NDArray[np.void]
    sizes: NDArray[np.int64]
    pad_mode: PaddingMode | None = None

    def size(self, i: int) -> tuple[int, int]:
        """(height, width) of what is made of picture ``i``."""
        height, width = self.sizes[i if len(self.sizes) > 1 else 0].tolist()
        return height, width

    def part(self, places: list[int]) -> PassPlan:
        """The plan for some of the pictures."""
        sizes = self.sizes if len(self.sizes) == 1 else self.sizes[places]
        return PassPlan(self.headers[places], self.rows[places], sizes, self.pad_mode)


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
        plans, refused = _plan(recipe, width, height, u)
    else:
        variants = recipe.variants(u)
        planned = [(places, *_plan(each, width[places], height[places], u[places])) for places, each in variants]
        plans = _merged([(places, passes) for places, passes, _ in planned], len(width))
        refused = {places[i]: what for places, _, wrong in planned for i, what in wrong.items()}
    plans[-1].rows["mean"], plans[-1].rows["std"] = recipe.mean, recipe.std
    return plans, refused


def _merged(parts: list[tuple[list[int], list[PassPlan]]], n: int) -> list[PassPlan]:
    """The passes of several recipes, as passes for all n pictures: each picture goes through those of its recipe, and
    through the others as it is.

    Args:
        parts: rows, and the passes of these pictures.
    """
    waiting = [list(passes) for _, passes in parts]
    merged: list[PassPlan] = []
    while any(waiting):
        modes = [passes[0].pad_mode for passes in waiting if passes]
        mode = None if None in modes else modes[0]
        headers, rows, sizes = np.zeros(n, HEADER), np.zeros(n, PLAN), np.zeros((n, 2), np.int64)
        for (places, _), passes in zip(parts, waiting, strict=True):
            takes_part = passes and passes[0].pad_mode == mode
            plan = passes.pop(0) if takes_part else _nothing(merged[-1].sizes[places])
            headers[places], rows[places], sizes[places] = plan.headers, plan.rows, plan.sizes
        rows["source"] = np.arange(n)
        merged.append(PassPlan(headers, rows, sizes, mode))
    return merged


def _nothing(sizes: NDArray[np.int64]) -> PassPlan:
    """The pass that leaves pictures of these sizes as they are."""
    height, width = sizes.T
    return PassPlan(headers_of(width, height), Geometry(width, height).rows(len(sizes)), sizes)


def _plan(
    recipe: Recipe, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
) -> tuple[list[PassPlan], dict[int, str]]:
    """The same for a recipe without branches."""
    n = len(width)
    plans: list[PassPlan] = []
    refused: dict[int, str] = {}
    for each in recipe.passes:
        if each.padding is not None:
            left, top, right, bottom = each.padding.borders(width, height)
            rows = Geometry(width, height).rows(n)
            rows["window_x"], rows["window_y"] = np.negative(left), np.negative(top)
            headers = headers_of(width, height)
            width, height = width + left + right, height + top + bottom
            plans.append(PassPlan(headers, rows, np.stack([height, width], 1), each.padding.padding_mode))
        geometry = each.geometry(width, height, u)
        for i, what in geometry.refused.items():
            refused.setdefault(i, what)
        headers = headers_of(width, height)
        width, height = (np.broadcast_to(side, n) for side in (geometry.width, geometry.height))
        plans.append(PassPlan(headers, geometry.rows(n), np.stack([height, width], 1)))
    return plans, refused


def run_passes(
    backend: Backend, plans: Sequence[PassPlan], i: int, picture: NDArray[np.uint8], out: NDArray[Any]
) -> None:
    """Carry out passes, the last one among them, on one picture.

    Args:
        i: its row in the plans.
        picture: uint8 ``[H, W, 3]`` or ``[H, W, 1]``, in one piece.
        out: its slot ``[1, C, height, width]``.
    """
    for plan in plans:
        row, (height, width) = plan.rows[i : i + 1], plan.size(i)
        if plan.pad_mode is not None:
            left, top = -int(row["window_x"][0]), -int(row["window_y"][0])
            right, bottom = width - left - picture.shape[1], height - top - picture.shape[0]
            picture = np.pad(picture, ((top, bottom), (left, right), (0, 0)), plan.pad_mode)
            continue
        if picture.shape[2] == 1:
            picture = np.repeat(picture, 3, 2)
        if plan is plans[-1]:
            backend.resample(picture, row, out)
        else:
            made = np.empty((height, width, 3), np.uint8)
            backend.resample(picture, row, made.transpose(2, 0, 1)[None])
            picture = made
