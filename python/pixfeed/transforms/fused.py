"""Fused: affine steps in a row as one resampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan_steps import NO_STEP, STEPS
from pixfeed.transforms.branches import Branching
from pixfeed.transforms.geometry import Geometric
from pixfeed.transforms.stepped import Stepped, StepRows, as_steps


@dataclass(frozen=True, repr=False)
class Fused(Stepped):
    """What ``Compose(..., fuse=True)`` makes of transforms in a row. Not public.

    Args:
        transforms: each a :class:`Stepped`, or a flip between them.
    """

    transforms: tuple[Geometric, ...]

    def __post_init__(self) -> None:
        self._set(draws=sum(step.draws for step in self.transforms))

    def __repr__(self) -> str:
        return f"fused({', '.join(map(repr, self.transforms))})"

    @property
    def color(self) -> tuple[int, int, int]:
        colors = [step.color for step in self.transforms if isinstance(step, Stepped)]
        return next((color for color in colors if len(set(color)) > 1), colors[0])

    def on_gray(self) -> Fused:
        return Fused(tuple(step.on_gray() if isinstance(step, Stepped) else step for step in self.transforms))

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        for step in self.transforms:
            size = step.size_after(size)
        return size

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        found: list[StepRows] = []
        begin = 0
        for step in self.transforms:
            found += as_steps(step, width, height, u[:, begin : begin + step.draws])
            begin += step.draws
            if found:
                width, height = (found[-1][side].astype(np.int64) for side in ("width", "height"))
        if not found:
            return []
        return list(in_one(np.stack(found, 1)).T)


def fused(steps: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """The steps, with those in a row that are STEP rows as one."""
    made: list[Callable[..., Any]] = []
    row: list[Geometric] = []
    flips: list[Geometric] = []

    def end() -> None:
        made.extend([Fused(tuple(row))] if row else [])
        made.extend(flips)
        row.clear()
        flips.clear()

    for step in steps:
        if isinstance(step, Stepped):
            row += [*flips, step]
            flips.clear()
        elif row and isinstance(step, Geometric) and not isinstance(step, Branching) and step.does(None) == {"flip"}:
            flips.append(step)
        else:
            end()
            made.append(step)
    end()
    return made


def in_one(rows: NDArray[np.void]) -> NDArray[np.void]:
    """STEP rows ``[n, k]`` in which the last of several affine ones, of the same interpolation and color, does what
    all of them do. Turns and flips between them are matrices, too. Whatever else is between them keeps them apart."""
    rows = rows.copy()
    n, count = rows.shape
    matrix = np.zeros((n, 3, 3))  # of the affine step before, and what has come since
    members = np.zeros((n, count), np.bool_)  # the rows that it is of; none where there is no such step
    mode, fill = np.zeros(n, np.int32), np.zeros((n, 3), np.int32)
    for place in range(count):
        row = rows[:, place]
        code = row["code"]
        affine, turn = code == STEPS["affine"], code == STEPS["transpose"]
        known = members.any(1)
        joins = affine & known & (row["mode"] == mode) & (row["fill"] == fill).all(1)
        this = _matrices(row, turn)
        matrix = np.where((joins | (turn & known))[:, None, None], matrix @ this, matrix)
        fresh = affine & ~joins
        matrix[fresh] = this[fresh]
        rows["code"][members & joins[:, None]] = NO_STEP
        row["values"][joins, :6] = matrix[joins, :2].reshape(-1, 6)
        mode, fill = np.where(affine, row["mode"], mode), np.where(affine[:, None], row["fill"], fill)
        members[affine | ~(turn | (code == NO_STEP))] = False
        members[:, place] = affine | (turn & known)
    return rows


def _matrices(rows: StepRows, turn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``[n, 3, 3]``: from points of what each step makes to points of what it takes."""
    made = np.zeros((len(rows), 3, 3))
    made[:, :2] = rows["values"][:, :6].reshape(-1, 2, 3)
    made[:, 2, 2] = 1
    turns = _TURNS[np.where(turn, rows["mode"], 0)]
    sides = np.stack([rows["width"], rows["height"]], 1)
    ends = np.where(turns["of"] < 0, 0, np.take_along_axis(sides, np.maximum(turns["of"], 0), 1))
    made[turn, :2, :2], made[turn, :2, 2] = turns["matrix"][turn], ends[turn]
    return made


#: By Pillow's number of Transpose: the matrix, and which side of the result (0 width, 1 height) is added to x and to y.
_TURNS = np.array(
    [
        ([[-1, 0], [0, 1]], [0, -1]),
        ([[1, 0], [0, -1]], [-1, 1]),
        ([[0, -1], [1, 0]], [1, -1]),
        ([[-1, 0], [0, -1]], [0, 1]),
        ([[0, 1], [-1, 0]], [-1, 0]),
        ([[0, 1], [1, 0]], [-1, -1]),
        ([[0, -1], [-1, 0]], [1, 0]),
    ],
    [("matrix", np.float64, (2, 2)), ("of", np.int64, 2)],
)
