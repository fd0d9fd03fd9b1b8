"""Grayscale, RandomGrayscale and ColorJitter: what becomes of the colors, as Pillow computes it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import ADJUST
from pixfeed.transforms.base import interval, probability
from pixfeed.transforms.geometry import Geometric, Geometry


class Color(Geometric):
    @property
    def steps(self) -> int:
        """How many steps of a PLAN it takes."""
        raise NotImplementedError

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset({"adjust"})


@dataclass(frozen=True, repr=False)
class Adjust(Color):
    """Brightness, contrast or saturation changed by a factor. Not public: see
    :mod:`pixfeed.transforms.functional`.

    Args:
        name: ``"brightness"``, ``"contrast"`` or ``"saturation"``.
        factor: 1 changes nothing.
    """

    name: str
    factor: float

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.adjust.append((ADJUST[self.name], self.factor))

    @property
    def steps(self) -> int:
        return 1


@dataclass(frozen=True, repr=False)
class Grayscale(Color):
    """Make the picture gray, as ``torchvision.transforms.v2.Grayscale`` does with a PIL image: bit for bit
    ``convert("L")``.

    Args:
        num_output_channels: number of channels of the result: 1, or 3 with R = G = B.

    Raises:
        ValueError: ``num_output_channels`` is neither 1 nor 3.
    """

    num_output_channels: Literal[1, 3] = 1

    def __post_init__(self) -> None:
        if self.num_output_channels not in (1, 3):
            raise ValueError(f"num_output_channels is {self.num_output_channels!r}; it may be 1 or 3")

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.adjust.append((ADJUST["gray"], 1))

    @property
    def steps(self) -> int:
        return 1


@dataclass(frozen=True, repr=False)
class RandomGrayscale(Color):
    """Make the picture gray with a given probability, as ``torchvision.transforms.v2.RandomGrayscale`` does with a PIL
    image. The number of channels stays.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    p: float = 0.1

    draws = 1

    def __post_init__(self) -> None:
        self._set(p=probability(self.p))

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        geometry.adjust.append((np.where(u[:, 0] < self.p, ADJUST["gray"], 0), 1))

    @property
    def steps(self) -> int:
        return 1


_MOST_FACTOR = float(np.finfo(np.float32).max)  # factors are rounded to float32


@functools.cache
def _orders(count: int) -> NDArray[np.int64]:
    """int64 ``[count!, count]``: all orders of so many steps."""
    return np.array(list(permutations(range(count))))


def _factors(name: str, value: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(min, max); ``None`` where nothing would change."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"{name} is {value!r}; a single number must not be negative")
        value = (max(0.0, 1.0 - value), 1.0 + value)
    low, high = interval(name, value, 0, _MOST_FACTOR)
    return None if low == high == 1 else (low, high)


def _shifts(value: float | Sequence[float] | None) -> tuple[float, float] | None:
    """(min, max) of hue; ``None`` where nothing would change."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"hue is {value!r}; a single number must not be negative")
        value = (-value, value)
    low, high = interval("hue", value, -0.5, 0.5)
    return None if low == high == 0 else (low, high)


@dataclass(frozen=True, repr=False)
class ColorJitter(Color):
    """Change brightness, contrast, saturation and hue at random, in random order, as
    ``torchvision.transforms.v2.ColorJitter`` does with a PIL image: bit for bit ``PIL.ImageEnhance``, and Pillow's
    HSV.

    Args:
        brightness, contrast, saturation: the range of the factor: one number for
            ``[max(0, 1 - number), 1 + number]``, or (min, max). The factor is drawn uniformly. ``None`` changes
            nothing.
        hue: the range of the shift, in parts of the circle: one number for ``[-number, number]``, or (min, max), from
            -0.5 to 0.5.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    brightness: float | Sequence[float] | None = None
    contrast: float | Sequence[float] | None = None
    saturation: float | Sequence[float] | None = None
    hue: float | Sequence[float] | None = None

    draws = 4  # 5 with hue

    def __post_init__(self) -> None:
        factors = {name: _factors(name, getattr(self, name)) for name in ("brightness", "contrast", "saturation")}
        hue = _shifts(self.hue)
        self._set(**factors, hue=hue, draws=4 if hue is None else 5)

    @property
    def _ranges(self) -> list[tuple[int, float, float]]:
        """Number of ADJUST, least and most factor of what is changed."""
        names = ("brightness", "contrast", "saturation", "hue")
        return [(ADJUST[name], *getattr(self, name)) for name in names if getattr(self, name) is not None]

    @property
    def steps(self) -> int:
        return len(self._ranges)

    def change(self, geometry: Geometry, u: NDArray[np.float64]) -> None:
        ranges = self._ranges
        count = len(ranges)
        if count == 0:
            return
        numbers, low, high = (np.array(column) for column in zip(*ranges, strict=True))
        factors = (low + (high - low) * u[:, 1 : 1 + count]).astype(np.float32)  # as torch draws them
        if count > 1:
            orders = _orders(count)
            order = orders[(u[:, 0] * len(orders)).astype(np.int64)]  # [n, count]
            numbers, factors = numbers[order], factors[np.arange(len(u))[:, None], order]
        geometry.adjust += [(numbers[..., i], factors[:, i]) for i in range(count)]
