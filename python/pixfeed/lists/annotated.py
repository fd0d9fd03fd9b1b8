"""Samples with masks or boxes that were given, not read from a list file; :class:`pixfeed.Annotations` reads one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed.lists.samples import Samples


class Annotated(Samples):
    """Samples that have a mask, or any number of boxes, each.

    Attributes:
        kind: what ``targets=`` of :class:`pixfeed.FastTxtDataset` calls them.
        labels: int64 ``[n, 1]``: how many boxes there are (masks: 1).
    """

    kind: Literal["mask", "boxes"]


class Masked(Annotated):
    """Pictures and their masks, as :class:`Samples` each.

    Args:
        names: n paths of pictures, or encoded images.
        masks: n paths of masks.
        filename: the name of the samples in messages.

    Raises:
        ListError: there are none.
        ValueError: they are not equally many.
    """

    kind = "mask"

    def __init__(
        self,
        names: Sequence[str | os.PathLike[str] | bytes],
        masks: Sequence[str | os.PathLike[str]],
        filename: str = "samples",
    ):
        if len(names) != len(masks):
            raise ValueError(f"there are {len(names)} pictures and {len(masks)} masks")
        ones = np.ones((len(names), 1), np.int64)
        super().__init__(names, ones, filename)
        self.masks = Samples(masks, ones, filename)


class Boxed(Annotated):
    """Pictures and their boxes, in flat arrays.

    Args:
        names: n paths of pictures.
        counts: how many boxes each picture has, n integers.
        values: float32 ``[m, 4]``: x, y, w, h of all boxes, one picture after the other.
        classes: int64 ``[m]``: their labels.
        filename: the name of the samples in messages.
        relative: the numbers are shares of the picture's sides, and (x, y) is the middle of a box.
        extra: more columns ``[m]``, by name: they stand in the target of each picture, and follow its boxes.

    Attributes:
        offsets: int64 ``[n + 1]``: where each picture's boxes begin.
    """

    kind = "boxes"

    def __init__(
        self,
        names: Iterable[str | os.PathLike[str]],
        counts: Sequence[int] | NDArray[np.int64],
        values: NDArray[np.float32],
        classes: NDArray[np.int64],
        filename: str,
        relative: bool = False,
        extra: dict[str, NDArray[Any]] | None = None,
    ):
        numbers = np.asarray(counts, np.int64)
        super().__init__(names, numbers.reshape(-1, 1), filename)
        self.values, self.classes, self.relative = values, classes, relative
        self.extra = extra or {}
        self.offsets = np.concatenate([[0], np.cumsum(numbers)])
        self._lock()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._lock()

    def _lock(self) -> None:
        """Copies and worker processes would not have what is written to the arrays."""
        arrays: list[NDArray[Any]] = [self.values, self.classes, self.offsets, *self.extra.values()]
        for array in arrays:
            array.flags.writeable = False
