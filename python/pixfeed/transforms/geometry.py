"""Geometry: what is to be done with many pictures at once, in numbers that become PLAN rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import FRAMED, OPENCV, PLAN, Pixels
from pixfeed.transforms.base import Transform

#: bool ``[n]``, or what is the same for all pictures.
Flags = NDArray[np.bool_] | bool

#: Boxes of a picture, float64 ``[k, 2, 2]``: left and upper, right and lower, in pixels. NaN for those that are gone.
Corners = NDArray[np.float64]

#: By picture, bool ``[k]``: which of its boxes are kept; ``None`` for all of them.
Kept = list[NDArray[np.bool_] | None]

_MOST = np.iinfo(np.int32).max


class Geometry:
    """The plan for each of n pictures: a crop is resized, a window of it is kept, adjusted and flipped.

    Every attribute is an int64 array ``[n]`` (or a number, where it is the same for all), in pixels.

    Args:
        width, height: the pictures' sides.
        boxes: finds the boxes of each picture as a geometry of them shows them.

    Attributes:
        refused: by row, what is wrong with pictures that do not go through the transforms. Their rows can be carried
            out, but are not what was asked for.
        kept: which boxes are kept; ``None`` for all boxes of all pictures.
    """

    def __init__(
        self,
        width: NDArray[np.int64],
        height: NDArray[np.int64],
        boxes: Callable[[Geometry], list[Corners]] | None = None,
    ):
        self._boxes = boxes
        self.kept: Kept | None = None
        self.refused: dict[int, str] = {}
        self.x: Pixels = 0  # the crop
        self.y: Pixels = 0
        self.w: Pixels = width
        self.h: Pixels = height
        self.resize_w: Pixels | None = None  # None: as the crop
        self.resize_h: Pixels | None = None
        self.interpolation = OPENCV["linear"]
        self.left: Pixels = 0  # the window, in the resized crop
        self.top: Pixels = 0
        self.width: Pixels = width  # of the window, which is the picture as the next step sees it
        self.height: Pixels = height
        self.framed = 0  # a number of FRAMED
        self.fill = (0, 0, 0)
        self.flip_h: Flags = False
        self.flip_v: Flags = False
        self.adjust: list[tuple[Pixels, NDArray[np.float64] | float]] = []  # (numbers of ADJUST, factors)

    def boxes(self) -> list[Corners]:
        """The boxes of each picture as it is now.

        Raises:
            TypeError: they are not known.
        """
        if self._boxes is None:
            raise TypeError("RandomIoUCrop needs the boxes of pictures: it is for datasets with targets='boxes'")
        return self._boxes(self)

    def crop(self, x: Pixels, y: Pixels, w: Pixels, h: Pixels) -> None:
        """Keep these pixels of the picture as it is now; they lie inside."""
        if self.flip_h is not False:
            x = np.where(self.flip_h, self.width - w - x, x)
        if self.flip_v is not False:
            y = np.where(self.flip_v, self.height - h - y, y)
        if self.resize_w is None and not self.framed:
            self.x, self.y, self.w, self.h = self.x + x, self.y + y, w, h
        else:
            self.left, self.top = self.left + x, self.top + y
        self.width, self.height = w, h

    def pad(
        self,
        left: Pixels,
        top: Pixels,
        right: Pixels,
        bottom: Pixels,
        fill: tuple[int, int, int],
        mode: str = "constant",
    ) -> None:
        """Add pixels around the picture; ``mode``: one of FRAMED."""
        self.width, self.height = self.width + left + right, self.height + top + bottom
        self.left = self.left - (left if self.flip_h is False else np.where(self.flip_h, right, left))
        self.top = self.top - (top if self.flip_v is False else np.where(self.flip_v, bottom, top))
        self.framed, self.fill = FRAMED[mode], fill

    def resize(self, w: Pixels, h: Pixels, interpolation: int) -> None:
        self.resize_w, self.resize_h, self.interpolation = w, h, interpolation
        self.width, self.height = w, h

    def flip(self, horizontally: Flags, vertically: Flags) -> None:
        self.flip_h = self.flip_h ^ horizontally
        self.flip_v = self.flip_v ^ vertically

    def rows(self, n: int, gray: bool = False) -> NDArray[np.void]:
        """PLAN rows ``[n]``; sources are counted, mean and std those of no normalization.

        Args:
            gray: whether the pictures are gray.
        """
        rows = np.zeros(n, PLAN)
        rows["source"] = np.arange(n)
        rows["reduced"] = rows["std"] = 1
        rows["crop_x"], rows["crop_y"], rows["crop_w"], rows["crop_h"] = self.x, self.y, self.w, self.h
        # A side that does not fit the column becomes its largest number, which is refused later.
        rows["resize_w"] = np.minimum(self.w if self.resize_w is None else self.resize_w, _MOST)
        rows["resize_h"] = np.minimum(self.h if self.resize_h is None else self.resize_h, _MOST)
        rows["interpolation"] = self.interpolation
        rows["box"][:, 2], rows["box"][:, 3] = self.w, self.h
        rows["window_x"], rows["window_y"] = self.left, self.top
        rows["window_w"], rows["window_h"] = np.minimum(self.width, _MOST), np.minimum(self.height, _MOST)
        rows["flip_horizontal"], rows["flip_vertical"] = self.flip_h, self.flip_v
        rows["gray"] = gray
        if self.framed:
            rows["framed"], rows["fill"] = self.framed, self.fill
        for i, (number, factor) in enumerate(self.adjust):
            rows["adjust"][:, i], rows["factor"][:, i] = number, factor
        return rows


class Geometric(Transform):
    """A transform that is a change of a :class:`Geometry`."""

    #: Whether it asks for the boxes of the pictures.
    needs_boxes: ClassVar[bool] = False

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        """What it does, of "resize", "pad", "crop", "flip", "adjust" and "steps", to pictures of that size (height,
        width); ``None``: it is not known."""
        raise NotImplementedError

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        """``u``: uniform numbers ``[n, draws]``."""
        raise NotImplementedError

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """(height, width) of what it makes of pictures of that size; ``None`` where that depends on the picture."""
        return size
