"""Relabelled: a list with other labels than its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed.backends import Source
from pixfeed.errors import Origin
from pixfeed.lists.samples import SampleList, checked_labels


class Relabelled:
    """The names, lines and regions of a list, with labels that were given. A pickle has both: the list as it pickles
    itself, and the labels.

    Args:
        files: the list.
        labels: integers or floating-point numbers ``[n]`` or ``[n, L]``.

    Attributes:
        labels: a copy, int64, float32 or float64 ndarray ``[n, L]``, read-only.

    Raises:
        ValueError, TypeError: the labels do not match the list, or are none.
    """

    def __init__(self, files: SampleList, labels: ArrayLike):
        self._files: SampleList = files._files if isinstance(files, Relabelled) else files
        self._labels = checked_labels(labels, len(files))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._labels.flags.writeable = False  # a pickle does not keep that

    @property
    def labels(self) -> NDArray[Any]:
        return self._labels

    @property
    def filename(self) -> str:
        return self._files.filename

    @property
    def columns(self) -> list[str] | None:
        return self._files.columns

    @property
    def rois(self) -> NDArray[np.int64]:
        return self._files.rois

    @property
    def roi_columns(self) -> int:
        return self._files.roi_columns

    def __len__(self) -> int:
        return len(self._labels)

    def name(self, i: int) -> str:
        return self._files.name(i)

    def names(self) -> Iterator[str]:
        return self._files.names()

    def line(self, i: int) -> int | None:
        return self._files.line(i)

    @property
    def class_to_idx(self) -> dict[str, int] | None:
        return self._files.class_to_idx

    def paths(self, rows: Sequence[int] | NDArray[np.int64], folder: str) -> Sequence[Source]:
        return self._files.paths(rows, folder)

    def origin(self, i: int, folder: str) -> Origin:
        return self._files.origin(i, folder)
