"""Labels: the numbers of a list file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pixfeed.errors import ImageError, RegionError
from pixfeed.targets.base import Column, SampleList, Targets
from pixfeed.targets.point_map import PointMap


class Labels(Targets):
    """An ndarray ``[L]`` per image, of the list's ``label_dtype``."""

    kind = "labels"

    def __init__(self, files: SampleList):
        self.files = files

    def read(
        self, rows: Sequence[int], points: PointMap, wanted: Sequence[int]
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        return self.files.labels[np.asarray(rows)], {}

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self.files.labels[row]


class ClassNumbers(Labels):
    """An int per image: the first label."""

    def read(
        self, rows: Sequence[int], points: PointMap, wanted: Sequence[int]
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        return self.files.labels[np.asarray(rows), 0], {}

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self.files.labels[row, 0]
