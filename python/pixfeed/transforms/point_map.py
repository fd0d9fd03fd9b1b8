"""PointMap: where the points and pixels of pictures went, as their PLAN and STEP rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pixfeed import plan
from pixfeed.transforms import step_map
from pixfeed.transforms.pass_plan import PassPlan

_Points = NDArray[np.float64]
_Move = tuple[Callable[[_Points], _Points], NDArray[np.int64], NDArray[np.bool_] | None]

#: Of a box: which of left and right, and of upper and lower.
_CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]]


class PointMap:
    """The way of each pixel of n pictures.

    Args:
        passes: what was done with them, one pass after the other.
    """

    def __init__(self, passes: Sequence[PassPlan]):
        self._passes = passes

    def picture(self, i: int) -> tuple[int, int]:
        """(height, width) of picture ``i`` as displayed."""
        header = self._passes[0].headers[i]
        return int(header["height"]), int(header["width"])

    def points(self, i: int, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The points ``[k, 2]`` of picture ``i`` in pixels of the result, see :func:`pixfeed.plan.map_points`; and bool
        ``[k]``, which of them the result shows."""
        seen = np.ones(len(points), np.bool_)
        for move, shown, _ in self._moves(i):
            points = move(points)
            seen &= ((points >= shown[:2]) & (points <= shown[2:])).all(1)
        return points, seen

    def boxes(self, i: int, corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Boxes of picture ``i`` in pixels of the result, cut off where it does not show the picture.

        What turns or distorts the picture makes a box the smallest upright one around it, as torchvision does.

        Args:
            corners: ``[N, 2, 2]``: left and upper, right and lower.

        Returns:
            The same of the result, NaN for boxes that a crop has dropped; and ``[N]``, the share of each box's area
            that is left.
        """
        share = np.ones(len(corners))
        for move, shown, kept in self._moves(i):
            if kept is not None:
                corners = np.where(kept[:, None, None], corners, np.nan)
            moved = move(corners[:, _CORNERS, [0, 1]].reshape(-1, 2)).reshape(-1, 4, 2)
            corners = np.stack([moved.min(1), moved.max(1)], 1)
            whole = (corners[:, 1] - corners[:, 0]).prod(1)
            corners = np.clip(corners, shown[:2], shown[2:])
            left = (corners[:, 1] - corners[:, 0]).prod(1)
            share *= np.divide(left, whole, out=np.zeros_like(left), where=whole > 0)
        return corners, share

    def pixels(self, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The row of picture ``i`` that each row of what was made of it shows, and the column of each column; see
        :func:`pixfeed.plan.nearest_pixels`. What turns and distorts it, and all that comes after, is not in them: see
        :meth:`turned`."""
        axes = _nearest_pixels(self._passes[0], i)
        for before, each in pairwise(self._passes):
            if _moving(before, i):
                break
            # Pixels of what the pass before has made.
            y, x = (np.where(at >= 0, known[at], -1) for known, at in zip(axes, _nearest_pixels(each, i), strict=True))
            axes = y, x
        return axes

    def turned(self, i: int) -> NDArray[np.int64] | None:
        """int64 ``[height, width]`` of the result: the pixel that it shows of the ``[h, w]`` that :meth:`pixels` make,
        as ``row * w + column``, -1 for none. ``None`` if it is just these."""
        found: NDArray[np.int64] | None = None
        for each in self._passes:
            if found is not None:
                y, x = _nearest_pixels(each, i)
                found = np.where((y >= 0)[:, None] & (x >= 0), found[np.ix_(y, x)], -1)
            for step in _moving(each, i):
                if found is None:
                    height, width = _window(each, i)
                    found = np.arange(height * width).reshape(height, width)
                at = step_map.nearest_pixels(step, (found.shape[0], found.shape[1]))
                found = np.where(at >= 0, found.reshape(-1)[at], -1)
        return found

    def _moves(self, i: int) -> Iterator[_Move]:
        """What moves the points of picture ``i``, one after the other; and left, upper, right, lower of the part of
        what is made then in which the picture can be seen; and which of its boxes are kept, ``None`` for all."""
        for each in self._passes:
            size = _window(each, i)
            kept = None if each.kept is None else each.kept[i]
            yield partial(_through_row, each, i), plan.visible(each.rows[i : i + 1], size)[0], kept
            for step in _moving(each, i):
                before, size = size, step_map.size_of(step)
                yield partial(step_map.map_points, step, before), np.array([0, 0, size[1], size[0]]), None


def _window(each: PassPlan, i: int) -> tuple[int, int]:
    """(height, width) of what the PLAN row of picture ``i`` makes, before its steps."""
    return int(each.rows["window_h"][i]), int(each.rows["window_w"][i])


def _moving(each: PassPlan, i: int) -> list[np.void]:
    return step_map.moving(None if each.steps is None else each.steps[i])


def _through_row(each: PassPlan, i: int, points: _Points) -> _Points:
    one = slice(i, i + 1)
    moved: _Points = plan.map_points(each.rows[one], _window(each, i), points[None], each.headers[one])[0]
    return moved


def _nearest_pixels(each: PassPlan, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return plan.nearest_pixels(each.rows[i], _window(each, i), each.headers[i])
