"""Request: which images are to be read, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import Source


class GivenBoxes(NamedTuple):
    """The boxes of a picture, as a list gives them.

    Attributes:
        values: float64 ``[k, 4]``: x, y, w and h in pixels.
        relative: x and y are the middles, and all are shares of the picture's sides.
    """

    values: NDArray[np.float64]
    relative: bool

    def corners(self, height: int, width: int) -> NDArray[np.float64]:
        """``[k, 2, 2]``: left and upper, right and lower, in pixels of a picture of that size."""
        values = self.values
        if self.relative:
            values = values * [width, height, width, height]
            values[:, :2] -= values[:, 2:] / 2
        corners: NDArray[np.float64] = np.stack([values[:, :2], values[:, :2] + values[:, 2:]], 1)
        return corners


@dataclass(slots=True)
class Request:
    """n images that are to be read together.

    Attributes:
        sources: paths or encoded images.
        rois: int64 ``[n, 4]``: the region (x, y, w, h) of each picture; ``None`` for all of it.
        resize_boxes: float64 ``[n, 4]``: the part (left, upper, right, lower) of each region that is resized; ``None``
            for all of it.
        u: the transform's random numbers, float64 ``[n, draws]`` in [0, 1).
        boxes: of each picture; ``None`` if they are not needed to plan.
    """

    sources: Sequence[Source]
    rois: NDArray[np.int64] | None
    resize_boxes: NDArray[np.float64] | None
    u: NDArray[np.float64]
    boxes: list[GivenBoxes] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def one(self, place: int) -> Request:
        """The request for one of the images."""
        at = slice(place, place + 1)
        rois = None if self.rois is None else self.rois[at]
        boxes = None if self.resize_boxes is None else self.resize_boxes[at]
        given = None if self.boxes is None else self.boxes[at]
        return Request(self.sources[at], rois, boxes, self.u[at], given)

    @classmethod
    def plain(
        cls,
        sources: Sequence[Source],
        rois: NDArray[np.int64] | None = None,
        resize_boxes: NDArray[np.float64] | None = None,
    ) -> Request:
        """A request without random numbers."""
        return cls(sources, rois, resize_boxes, np.empty((len(sources), 0)))

    @classmethod
    def merge(cls, parts: Sequence[tuple[NDArray[np.int64], Request]]) -> Request:
        """One request out of several.

        Args:
            parts: places, int64, and the request whose images go there. Either all of them have ``rois``
                (``resize_boxes``, ``boxes``), or none; they have equally many random numbers.
        """
        order = np.argsort(np.concatenate([places for places, _ in parts]), kind="stable")
        requests = [request for _, request in parts]
        sources = [source for request in requests for source in request.sources]

        def column(name: str) -> NDArray[Any] | None:
            tables = [getattr(request, name) for request in requests]
            return None if tables[0] is None else np.concatenate(tables)[order]

        u = np.concatenate([request.u for request in requests])[order]
        boxes = [each for request in requests for each in request.boxes or ()]
        given = [boxes[i] for i in order.tolist()] if boxes else None
        return cls([sources[i] for i in order.tolist()], column("rois"), column("resize_boxes"), u, given)
