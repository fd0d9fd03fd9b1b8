"""Letterbox: the whole picture in a canvas of a given size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import OPENCV
from pixfeed.transforms.base import pair
from pixfeed.transforms.crop_pad_flip import Padding
from pixfeed.transforms.geometry import Geometry


@dataclass(frozen=True, repr=False)
class Letterbox(Padding):
    """Resize the picture so that it fits into ``size``, keep its aspect ratio, and fill the rest on both sides.

    Pixels are those of ``letterbox`` in YOLO projects (``auto=False``): ``cv2.resize`` to
    ``round(side * min(height / H, width / W))``, then ``cv2.copyMakeBorder``; if the rest is odd, the pixel more is at
    the right or at the bottom. Masks, boxes and keypoints follow; a box is moved as the pixels are.

    Args:
        size: size of the result in pixels: one number for both sides, or (height, width).
        fill: the color around the picture: an integer from 0 to 255, or three of them for R, G and B.
        interpolation: one of OpenCV's: ``"nearest"``, ``"linear"``, ``"cubic"``, ``"area"``, ``"lanczos4"``,
            ``"linear_exact"`` or ``"nearest_exact"``.
        scaleup: whether a picture smaller than ``size`` is enlarged.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    size: int | Sequence[int]
    fill: int | Sequence[int] = 114
    interpolation: str = "linear"
    scaleup: bool = True
    padding_mode = "constant"

    def __post_init__(self) -> None:
        self._set(size=pair("size", self.size))
        self.check_fill()
        if self.interpolation not in OPENCV:
            raise ValueError(f"interpolation is {self.interpolation!r}; it may be one of {', '.join(OPENCV)}")

    @property
    def _sides(self) -> tuple[int, int]:
        """``size`` as ``__post_init__`` keeps it: height, width."""
        return cast("tuple[int, int]", self.size)

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"resize", "pad"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        height, width = self._sides
        ratio = np.minimum(height / np.asarray(geometry.height), width / np.asarray(geometry.width))
        if not self.scaleup:
            ratio = np.minimum(ratio, 1.0)
        w, h = (np.maximum(np.rint(side * ratio).astype(np.int64), 1) for side in (geometry.width, geometry.height))
        geometry.resize(w, h, OPENCV[self.interpolation])
        left, top = (width - w) // 2, (height - h) // 2
        geometry.pad(left, top, width - w - left, height - h - top, self.color)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return self._sides
