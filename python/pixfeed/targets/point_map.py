"""PointMap: where the points and pixels of pictures went, as their PLAN rows say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed import plan
from pixfeed.transforms.execute import PassPlan


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

    def points(self, i: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points ``[k, 2]`` of picture ``i`` in pixels of the result; see :func:`pixfeed.plan.map_points`."""
        for each in self._passes:
            one = slice(i, i + 1)
            points = plan.map_points(each.rows[one], each.size(i), points[None], each.headers[one])[0]
        return points

    def borders(self, i: int) -> NDArray[np.float64]:
        """left, upper, right, lower of the part of what was made that shows picture ``i``, float64 ``[4]``."""
        borders: NDArray[np.float64] | None = None
        for each in self._passes:
            one, size = slice(i, i + 1), each.size(i)
            shown = plan.visible(each.rows[one], size)[0].astype(np.float64)
            if borders is not None:  # of what the passes before have left
                corners = borders.reshape(1, 2, 2)
                corners = plan.map_points(each.rows[one], size, corners, each.headers[one])[0]
                before = np.concatenate([corners.min(0), corners.max(0)])  # a flip exchanges them
                shown = np.clip(before, shown[[0, 1, 0, 1]], shown[[2, 3, 2, 3]])
            borders = shown
        assert borders is not None  # there is at least one pass
        return borders

    def pixels(self, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The row of picture ``i`` that each row of what was made of it shows, and the column of each column; see
        :func:`pixfeed.plan.nearest_pixels`."""
        first, *others = self._passes
        axes = plan.nearest_pixels(first.rows[i], first.size(i), first.headers[i])
        for each in others:
            nearest = plan.nearest_pixels(each.rows[i], each.size(i), each.headers[i])
            # Pixels of what the pass before has made.
            y, x = (np.where(now >= 0, before[now], -1) for before, now in zip(axes, nearest, strict=True))
            axes = y, x
        return axes
