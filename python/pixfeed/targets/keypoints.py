"""Keypoints: points with a visibility, moved with their picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from pixfeed._real_torch import torch
from pixfeed.backends.contract import Caching
from pixfeed.collate.batch import Target
from pixfeed.lists.annotations import Annotations
from pixfeed.targets.base import Targets
from pixfeed.transforms.point_map import PointMap


class Keypoints(Targets):
    """``{"keypoints": float32 [K, 3]}``: x, y in pixels of the image that is returned, and v. All three are 0 if v is 0
    in the list or if the point is outside the image. A flip does not exchange left and right eyes."""

    kind = "keypoints"
    files: Annotations

    def __init__(self, files: Annotations):
        self.files = files

    def make(self, row: int, points: PointMap, place: int, caching: Caching | None = None) -> Any:
        mine = slice(*self.files.offsets[row : row + 2])
        found = self.files.values[mine].astype(np.float64)
        found[:, :2], inside = points.points(place, found[:, :2])
        found[~inside | (found[:, 2] == 0)] = 0
        return Target(keypoints=torch.from_numpy(found.astype(np.float32)))

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return Target(keypoints=torch.zeros(int(self.files.labels[row, 0]), 3))
