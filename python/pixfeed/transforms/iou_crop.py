"""RandomIoUCrop: a crop that is planned with the boxes of its picture."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pixfeed.draws import Stream, stream
from pixfeed.transforms.base import interval
from pixfeed.transforms.geometry import Corners, Geometric, Geometry

#: Of a crop: left, upper, right, lower.
Crop = tuple[int, int, int, int]

#: Options that are drawn before a picture stays as it is. torchvision goes on without end.
_MOST_OPTIONS = 200


@dataclass(frozen=True, repr=False)
class RandomIoUCrop(Geometric):
    """Crop a part of the picture that overlaps its objects as much as drawn, as
    ``torchvision.transforms.v2.RandomIoUCrop`` (the crop of SSD). It is for datasets with ``targets="boxes"``.

    One of ``sampler_options`` is drawn, then up to ``trials`` crops. The first one is taken that has the centre of a
    box inside, and the intersection over union of the crop with one such box is the option at least. If none has,
    another option is drawn. Boxes whose centre is outside the crop are dropped, with their labels: what torchvision's
    SanitizeBoundingBoxes does with the ones that it marks.

    Args:
        min_scale, max_scale: the range of the crop's sides, as fractions of the picture's, from 0 to 1.
        min_aspect_ratio, max_aspect_ratio: the range of its width / height.
        sampler_options: numbers; one of 1 or more leaves the picture as it is. ``None``: 0, 0.1, 0.3, 0.5, 0.7, 0.9
            and 1.
        trials: how many crops are drawn per option.

    Raises:
        TypeError, ValueError: an argument makes no sense.

    A picture without boxes stays as it is, and so does one for which 200 options in a row give no crop.
    """

    min_scale: float = 0.3
    max_scale: float = 1.0
    min_aspect_ratio: float = 0.5
    max_aspect_ratio: float = 2.0
    sampler_options: Sequence[float] | None = None
    trials: int = 40

    draws = 1
    needs_boxes = True

    def __post_init__(self) -> None:
        scale = interval("min_scale, max_scale", (self.min_scale, self.max_scale))
        ratio = interval("min_aspect_ratio, max_aspect_ratio", (self.min_aspect_ratio, self.max_aspect_ratio))
        if scale[1] > 1:
            raise ValueError(f"max_scale is {self.max_scale!r}; it must be 1 at most")
        options = self.sampler_options
        if options is not None:
            options = tuple(float(option) for option in options)
            if not options or not all(option >= 0 for option in options):
                raise ValueError(f"sampler_options is {self.sampler_options!r}; it must be numbers of 0 or more")
            options = None if options == _OPTIONS else options
        trials = operator.index(self.trials)
        if trials < 1:
            raise ValueError(f"trials is {trials}; it must be 1 at least")
        self._set(min_scale=scale[0], max_scale=scale[1], min_aspect_ratio=ratio[0], max_aspect_ratio=ratio[1])
        self._set(sampler_options=options, trials=trials)

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"crop"})

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        n = len(u)
        sides = np.stack([np.broadcast_to(side, n) for side in (geometry.width, geometry.height)], 1)
        found = [
            self.crop_of(corners, size, stream(key))
            for corners, size, key in zip(geometry.boxes(), sides.tolist(), u[:, 0].tolist(), strict=True)
        ]
        crops = np.array([crop for crop, _ in found], np.int64)
        x, y, right, lower = crops.T
        geometry.crop(x, y, right - x, lower - y)
        before = geometry.kept or [None] * n
        geometry.kept = [
            now if then is None or now is None else then & now for then, (_, now) in zip(before, found, strict=True)
        ]

    def crop_of(self, corners: Corners, size: tuple[int, int], drawn: Stream) -> tuple[Crop, NDArray[np.bool_] | None]:
        """The crop of a picture of that width and height, and which of its boxes it keeps, ``None`` for all."""
        width, height = size
        options = cast("tuple[float, ...]", self.sampler_options or _OPTIONS)
        known = np.isfinite(corners).all((1, 2))
        for _ in range(_MOST_OPTIONS if known.any() else 0):
            least = options[int(drawn.random_sample() * len(options))]
            if least >= 1:
                break
            share = self.min_scale + (self.max_scale - self.min_scale) * drawn.random_sample((self.trials, 2))
            place = drawn.random_sample((self.trials, 2))
            sides = (np.array(size) * share).astype(np.int64)
            start = ((np.array(size) - sides) * place).astype(np.int64)
            ratio = sides[:, 0] / np.maximum(sides[:, 1], 1)
            fits = (sides > 0).all(1) & (ratio >= self.min_aspect_ratio) & (ratio <= self.max_aspect_ratio)
            within, overlap = _overlaps(start[:, None], (start + sides)[:, None], corners)
            fits &= within.any(1) & (np.where(within, overlap, -1.0).max(1) >= least)
            if fits.any():
                first = int(fits.argmax())
                (x, y), (w, h) = start[first].tolist(), sides[first].tolist()
                return (x, y, x + w, y + h), within[first]
        return (0, 0, width, height), None

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        return None


#: torchvision's default.
_OPTIONS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def _overlaps(
    start: NDArray[np.int64], end: NDArray[np.int64], corners: Corners
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Of crops ``[m, 1, 2]`` and boxes ``[k, 2, 2]``: ``[m, k]``, whether the box's centre is inside the crop, and
    their intersection over union."""
    middle = corners.mean(1)
    within = ((start < middle) & (middle < end)).all(2)
    common = np.maximum(np.minimum(end, corners[:, 1]) - np.maximum(start, corners[:, 0]), 0).prod(2)
    union = (end - start).prod(2) + (corners[:, 1] - corners[:, 0]).prod(1) - common
    return within, common / union
