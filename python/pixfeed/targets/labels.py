"""Labels: the numbers of a list file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pixfeed.errors import ImageError, RegionError
from pixfeed.lists.relabelled import Relabelled
from pixfeed.lists.samples import SampleList
from pixfeed.targets.base import Column, Targets
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

    def with_labels(self, labels: ArrayLike) -> Labels:
        return type(self)(Relabelled(self.files, labels))

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self.files.labels[row]


class ClassNumbers(Labels):
    """An int per image: the first label."""

    def read(
        self, rows: Sequence[int], points: PointMap, wanted: Sequence[int]
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        return self.files.labels[np.asarray(rows), 0], {}

    def with_labels(self, labels: ArrayLike) -> Labels:
        relabelled = super().with_labels(labels)
        given = relabelled.files.labels
        if given.shape[1] != 1 or given.dtype != np.int64:
            raise ValueError(f"labels are {given.dtype} {list(given.shape)}; here they are integers [{len(given)}]")
        return relabelled

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self.files.labels[row, 0]
