"""PassPlan: one pass for many pictures, planned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import HEADER
from pixfeed.transforms.geometry import Kept


class PassPlan(NamedTuple):
    """The plan of one pass for n pictures.

    Attributes:
        headers: HEADER rows ``[n]``: the sides of what the pass takes.
        rows: PLAN rows ``[n]``.
        steps: STEP rows ``[n, k]``, ``None`` for none at all; see :data:`pixfeed.transforms.stepped.StepRows`.
        kept: by picture, which of its boxes the PLAN row keeps; ``None`` for all of them.
    """

    headers: NDArray[np.void]
    rows: NDArray[np.void]
    steps: NDArray[np.void] | None = None
    kept: Kept | None = None

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
        steps = None if self.steps is None else self.steps[places]
        kept = None if self.kept is None else [self.kept[place] for place in places]
        return PassPlan(self.headers[places], self.rows[places], steps, kept)


def headers_of(width: NDArray[np.int64], height: NDArray[np.int64]) -> NDArray[np.void]:
    """HEADER rows ``[n]`` of pictures that are decoded already."""
    headers = np.zeros(len(width), HEADER)
    headers["width"], headers["height"] = width, height
    return headers
