"""RandomErasing, torchvision's and timm's: rectangles of a tensor are overwritten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed import draws
from pixfeed._stand_in import torch
from pixfeed.transforms.base import first_valid, interval, probability
from pixfeed.transforms.to_tensor import Numeric

#: So many rectangles are drawn, and the first that is smaller than the picture is taken.
_TRIES = 10
#: Random numbers for one rectangle: areas, ratios, its place, and what it is filled with.
_COLUMNS = 2 * _TRIES + 3


def _rectangles(
    size: tuple[int, int], u: NDArray[np.float64], areas: Any, ratio: tuple[float, float]
) -> NDArray[np.int64]:
    """int64 ``[n, 4]``: top, left, height, width; a height of 0 where none is smaller than the picture.

    Args:
        size: (height, width) of the pictures.
        u: uniform numbers ``[n, _COLUMNS]``.
        areas: (min, max) of the rectangles' areas, as fractions of the picture's: numbers, or ``[n, 1]``.
        ratio: (min, max) of height / width.
    """
    height, width = size
    low, high = (math.log(r) for r in ratio)
    area = height * width * (areas[0] + (areas[1] - areas[0]) * u[:, :_TRIES])
    sides = np.exp(low + (high - low) * u[:, _TRIES : 2 * _TRIES])
    each = [np.rint(np.sqrt(side)).astype(np.int64) for side in (area * sides, area / sides)]
    valid = (each[0] < height) & (each[1] < width)
    h, w = first_valid(valid, *each)
    h = np.where(valid.any(1), h, 0)
    top = (u[:, -3] * (height - h + 1)).astype(np.int64)
    left = (u[:, -2] * (width - w + 1)).astype(np.int64)
    return np.stack([top, left, h, w], 1)


def _fill(image: torch.Tensor, rectangle: Sequence[int], values: torch.Tensor) -> None:
    """Write values, float32 ``[C or 1, h or 1, w or 1]``."""
    top, left, h, w = rectangle
    if image.device.type == "cpu" and image.dtype != torch.bfloat16:  # NumPy needs no threads of its own for it
        image.numpy()[:, top : top + h, left : left + w] = values.to(image.dtype).numpy()
    else:
        image[:, top : top + h, left : left + w] = values.to(image.dtype)


@dataclass(frozen=True, repr=False)
class RandomErasing(Numeric):
    """Overwrite a random rectangle of a tensor ``[C, H, W]`` with a given probability, as
    ``torchvision.transforms.v2.RandomErasing``.

    Args:
        p: the probability, from 0 to 1.
        scale: (min, max) of the area of the rectangle, as a fraction of the area of the picture.
        ratio: (min, max) of height / width of the rectangle, drawn uniformly on a logarithmic scale. Ten rectangles are
            drawn, and the first that is smaller than the picture is taken. If none is, nothing is erased.
        value: what is written: one number, one per channel, or ``"random"`` for standard normal numbers.
        inplace: is accepted, as torchvision's, and has no effect; see :class:`Normalize`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    p: float = 0.5
    scale: Sequence[float] = (0.02, 0.33)
    ratio: Sequence[float] = (0.3, 3.3)
    value: float | Sequence[float] | Literal["random"] = 0.0
    inplace: bool = False

    draws = 1 + _COLUMNS

    def __post_init__(self) -> None:
        scale, ratio = interval("scale", self.scale), interval("ratio", self.ratio)
        if scale[1] > 1:
            raise ValueError(f"scale is {self.scale!r}; it must be between 0 and 1")
        if ratio[0] == 0:
            raise ValueError(f"ratio is {self.ratio!r}; it must be greater than 0")
        value = self.value
        if isinstance(value, str):
            if value != "random":
                raise ValueError(f"value is {value!r}; the only word is 'random'")
        elif isinstance(value, Sequence):
            value = tuple(float(v) for v in value)
            if len(value) not in (1, 3):
                raise ValueError(f"value is {self.value!r}; it must be one number, or one for each channel")
        elif not isinstance(value, (int, float)):
            raise TypeError(f"value is {value!r}; it must be a number, some numbers, or 'random'")
        self._set(p=probability(self.p), scale=scale, ratio=ratio, value=value)

    def rectangles(self, height: int, width: int, u: NDArray[np.float64]) -> NDArray[np.int64]:
        """int64 ``[n, 4]``: top, left, height, width; a height of 0 where nothing is erased."""
        low, high = self.scale
        found = _rectangles((height, width), u[:, 1:], (low, high), (self.ratio[0], self.ratio[1]))
        found[u[:, 0] >= self.p, 2] = 0
        return found

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        value, (height, width) = self.value, images.shape[2:]
        numbers = torch.zeros(1) if isinstance(value, str) else torch.tensor(value, dtype=torch.float32)
        for image, found, seed in zip(images, self.rectangles(height, width, u).tolist(), u[:, -1], strict=True):
            h, w = found[2:]
            if h and w:
                noise = draws.normal((len(image), h, w), seed) if isinstance(value, str) else numbers.view(-1, 1, 1)
                _fill(image, found, noise)
        return images


@dataclass(frozen=True, repr=False)
class TimmRandomErasing(Numeric):
    """Overwrite one or more random rectangles of a tensor ``[C, H, W]``, as ``timm.data.random_erasing.RandomErasing``.

    Its noise follows from the sample's own random numbers, as everything else that is drawn for it.

    Args:
        probability: that anything is erased, from 0 to 1.
        min_area, max_area: of a rectangle, as a fraction of the area of the picture, divided by the number of
            rectangles.
        min_aspect, max_aspect: of height / width, drawn uniformly on a logarithmic scale. ``None``: ``1 / min_aspect``.
        mode: ``"const"`` writes zeros, ``"rand"`` one standard normal number per rectangle and channel, ``"pixel"``
            one per pixel and channel.
        min_count, max_count: of the number of rectangles. ``None``: ``min_count``.

    Attributes:
        modes: what ``mode`` may be.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    probability: float = 0.5
    min_area: float = 0.02
    max_area: float = 1 / 3
    min_aspect: float = 0.3
    max_aspect: float | None = None
    mode: Literal["const", "rand", "pixel"] = "const"
    min_count: int = 1
    max_count: int | None = None

    modes: ClassVar[tuple[str, ...]] = ("const", "rand", "pixel")

    def __post_init__(self) -> None:
        probability(self.probability)
        if interval("(min_area, max_area)", (self.min_area, self.max_area))[1] > 1:
            raise ValueError(f"max_area is {self.max_area!r}; it must be between 0 and 1")
        if self.ratio[0] <= 0:
            raise ValueError(f"min_aspect is {self.min_aspect!r}; it must be greater than 0")
        interval("(min_aspect, max_aspect)", self.ratio)
        if self.mode not in self.modes:
            raise ValueError(f"mode is {self.mode!r}; it may be 'const', 'rand' or 'pixel'")
        if not 1 <= self.min_count <= self.most:
            raise ValueError(
                f"min_count is {self.min_count!r} and max_count {self.max_count!r}; they must be 1 or more"
            )
        self._set(draws=2 + self.most * _COLUMNS)

    @property
    def ratio(self) -> tuple[float, float]:
        """(min, max) of height / width."""
        return self.min_aspect, self.max_aspect or (1 / self.min_aspect if self.min_aspect else 0.0)

    @property
    def most(self) -> int:
        """The largest number of rectangles."""
        return self.max_count or self.min_count

    def rectangles(self, height: int, width: int, u: NDArray[np.float64]) -> NDArray[np.int64]:
        """int64 ``[n, most, 4]``: top, left, height, width; a height of 0 where nothing is erased."""
        counts = self.min_count + (u[:, 1] * (self.most - self.min_count + 1)).astype(np.int64)
        areas = [area / counts[:, None] for area in (self.min_area, self.max_area)]
        blocks = [u[:, 2 + k * _COLUMNS : 2 + (k + 1) * _COLUMNS] for k in range(self.most)]
        found = np.stack([_rectangles((height, width), block, areas, self.ratio) for block in blocks], 1)
        erased = (u[:, 0] < self.probability)[:, None] & (np.arange(self.most) < counts[:, None])
        found[~erased, 2] = 0
        return found

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        seeds, (height, width) = u[:, 1 + _COLUMNS :: _COLUMNS], images.shape[2:]
        for image, found, its_seeds in zip(images, self.rectangles(height, width, u).tolist(), seeds, strict=True):
            for rectangle, seed in zip(found, its_seeds, strict=True):
                h, w = rectangle[2:]
                if h and w:
                    shape = (len(image), h, w) if self.mode == "pixel" else (len(image), 1, 1)
                    _fill(image, rectangle, torch.zeros(shape) if self.mode == "const" else draws.normal(shape, seed))
        return images
