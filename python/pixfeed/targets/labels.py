"""Labels: the numbers of a list file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pixfeed.backends.contract import Backend, Caching
from pixfeed.errors import ImageError, RegionError
from pixfeed.lists.relabelled import Relabelled
from pixfeed.lists.samples import SampleList
from pixfeed.targets.base import Column, Targets
from pixfeed.transforms.point_map import PointMap


class Labels(Targets):
    """An ndarray ``[L]`` per image, of the list's ``label_dtype``.

    Args:
        files: the list.
        squeeze: a number per image, the only label, in place of ``[1]``.

    Raises:
        ValueError: there are several labels per image, and ``squeeze`` is true.
    """

    kind = "labels"

    def __init__(self, files: SampleList, squeeze: bool = False):
        self.files = files
        self.squeeze = squeeze
        if squeeze and files.labels.shape[1] != 1:
            raise ValueError(
                f"{files.filename} has {files.labels.shape[1]} labels per image; squeeze_labels=True is for one"
            )

    def read(
        self,
        rows: Sequence[int],
        points: PointMap,
        wanted: Sequence[int],
        backend: Backend,
        caching: Caching | None = None,
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        labels = self.files.labels[np.asarray(rows)]
        return labels[:, 0] if self.squeeze else labels, {}

    def with_labels(self, labels: ArrayLike) -> Labels:
        files = Relabelled(self.files, labels)
        return type(self)(files, self.squeeze and files.labels.shape[1] == 1)

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return self.files.labels[row, 0] if self.squeeze else self.files.labels[row]


class NoLabels(Targets):
    """Nothing: images alone."""

    kind = "labels"
    has_labels = False

    def __init__(self, files: SampleList):
        self.files = files

    def read(
        self,
        rows: Sequence[int],
        points: PointMap,
        wanted: Sequence[int],
        backend: Backend,
        caching: Caching | None = None,
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        return [None] * len(rows), {}

    def with_labels(self, labels: ArrayLike) -> Labels:
        raise ValueError("this dataset has labels=False; make one with labels to replace them")

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return None


class ClassNumbers(Labels):
    """An int per image: its class."""

    def with_labels(self, labels: ArrayLike) -> Labels:
        given = Relabelled(self.files, labels).labels
        if given.shape[1] != 1 or given.dtype != np.int64:
            raise ValueError(f"labels are {given.dtype} {list(given.shape)}; here they are integers [{len(given)}]")
        return super().with_labels(labels)
