"""Targets: the labels, masks, boxes or keypoints of the images of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from pixfeed.backends.contract import Backend, Caching
from pixfeed.errors import ImageError, RegionError
from pixfeed.lists.samples import SampleList
from pixfeed.reading.request import GivenBoxes
from pixfeed.transforms.point_map import PointMap

#: The targets of a batch, one per image: an ndarray ``[B, ...]`` or a list.
Column = NDArray[Any] | list[Any]


class Targets:
    """The targets of a list.

    Attributes:
        kind: what ``targets=`` of :class:`pixfeed.FastTxtDataset` calls them.
        files: the list.
        fill: of masks, the number that they are padded with.
    """

    kind: str
    files: SampleList
    fill: int | None = None
    #: Whether there are any; False if items are images alone.
    has_labels = True

    def read(
        self,
        rows: Sequence[int],
        points: PointMap,
        wanted: Sequence[int],
        backend: Backend,
        caching: Caching | None = None,
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        """The targets of some samples.

        Args:
            rows: B rows of the list.
            points: where the pixels of their B pictures went.
            wanted: places, of pictures that could be read.
            backend: what the pictures are read by.
            caching: where masks are kept.

        Returns:
            A column of B targets, where those at ``wanted`` are valid; and what went wrong, by place.
        """
        made: list[Any] = [None] * len(rows)
        failed = {}
        for place in wanted:
            try:
                made[place] = self.make(rows[place], points, place, caching)
            except (ImageError, RegionError) as error:
                failed[place] = error
        return made, failed

    def make(self, row: int, points: PointMap, place: int, caching: Caching | None = None) -> Any:
        """The target of one sample, whose picture is number ``place`` in ``points``.

        Raises:
            ImageError, RegionError: a mask cannot be read, or is not its picture's.
        """
        raise NotImplementedError

    def given(self, row: int) -> GivenBoxes:
        """The boxes of a sample as the list gives them, for transforms that are planned with them.

        Raises:
            TypeError: the targets are no boxes.
        """
        raise TypeError(f"targets={self.kind!r} are no boxes")

    def with_labels(self, labels: ArrayLike) -> Targets:
        """The same with other labels ``[n]`` or ``[n, L]``.

        Raises:
            ValueError, TypeError: the labels do not match the list, or these targets are no labels.
        """
        raise ValueError(f"targets={self.kind!r}: only labels can be replaced; write another list")

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        """The target of a sample whose picture could not be read, and has become (height, width) zeros."""
        raise NotImplementedError

    def column(self, made: Column) -> Any:
        """The targets as a :class:`pixfeed.Batch` has them."""
        return made
