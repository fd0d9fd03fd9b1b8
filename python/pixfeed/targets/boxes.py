"""Boxes of objects: moved with their picture, and cut off where it ends."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed._real_torch import torch
from pixfeed.backends.contract import Caching
from pixfeed.collate.batch import Target
from pixfeed.lists.annotated import Boxed
from pixfeed.lists.annotations import Annotations
from pixfeed.reading.request import GivenBoxes
from pixfeed.targets.base import Targets
from pixfeed.transforms.point_map import PointMap

#: How boxes are given, in torchvision's words.
BoxFormat = Literal["xywh", "xyxy"]
BOX_FORMATS: tuple[BoxFormat, ...] = ("xywh", "xyxy")


class Boxes(Targets):
    """``{"boxes": float32 [N, 4], "labels": int64 [N]}``, in pixels of the image that is returned, clipped at its
    borders; and the list's other columns.

    Args:
        files: see :class:`Targets`.
        min_visibility: boxes are dropped if a smaller share of their area is left, and always if nothing is left.
        form: one of BOX_FORMATS: x, y, w, h, or left, upper, right, lower.
    """

    kind = "boxes"
    files: Annotations | Boxed

    def __init__(self, files: Annotations | Boxed, min_visibility: float, form: BoxFormat = "xywh"):
        self.files = files
        if not 0 <= min_visibility <= 1:
            raise ValueError(f"min_visibility is {min_visibility!r}; it must be a share, from 0 to 1")
        self.min_visibility = float(min_visibility)
        if form not in BOX_FORMATS:
            raise ValueError(f"box_format is {form!r}; it may be one of {', '.join(BOX_FORMATS)}")
        self.form = form

    def make(self, row: int, points: PointMap, place: int, caching: Caching | None = None) -> Any:
        mine = slice(*self.files.offsets[row : row + 2])
        corners, share = points.boxes(place, self.given(row).corners(*points.picture(place)))
        start, end = corners[:, 0], corners[:, 1]
        sides = end - start
        kept = (sides > 0).all(1) & (share >= self.min_visibility * (1 - 1e-9))
        made = np.concatenate([start, end if self.form == "xyxy" else sides], 1).astype(np.float32)
        if self.form == "xyxy":
            kept &= (made[:, 2:] > made[:, :2]).all(1)  # as float32, too
        return self._target(made[kept], mine, kept)

    def given(self, row: int) -> GivenBoxes:
        mine = slice(*self.files.offsets[row : row + 2])
        return GivenBoxes(self.files.values[mine].astype(np.float64), self.files.relative)

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self._target(np.zeros((0, 4), np.float32), slice(0), [])

    def _target(self, boxes: NDArray[np.float32], mine: slice, kept: ArrayLike) -> Target:
        """Boxes, and what belongs to them: of those in the list at ``mine`` the ones that are ``kept``."""
        columns = {"labels": self.files.classes, **self.files.extra}
        kept = np.asarray(kept, np.bool_)
        target = Target(boxes=torch.from_numpy(boxes))
        target.update({name: torch.from_numpy(column[mine][kept]) for name, column in columns.items()})
        target.form = self.form
        return target
