"""Gaussian blurs, torchvision's and Pillow's, and Gaussian noise."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pixfeed.transforms.base import finite, interval, pair, probability
from pixfeed.transforms.stepped import Stepped, StepRows, step_rows

#: Sides of kernels and radii of blurs, in pixels, that both backends carry out.
_MOST_KERNEL, _MOST_RADIUS = (1 << 15) - 1, 1e4
_FLOAT32 = np.finfo(np.float32)  # numbers are rounded to it, as torch draws them


def kernel_sides(kernel_size: int | Sequence[int]) -> tuple[int, int]:
    """(width, height), as they are given, or one number for both.

    Raises:
        TypeError, ValueError: they are no sides of a kernel.
    """
    sides = pair("kernel_size", kernel_size)
    if any(side % 2 == 0 or side > _MOST_KERNEL for side in sides):
        raise ValueError(f"kernel_size is {kernel_size!r}; it must be odd, and {_MOST_KERNEL} at most")
    return sides


def _several(name: str, value: float | Sequence[float], least: float, most: float) -> tuple[float, float]:
    """(min, max), from one number, which is both, or from two."""
    if isinstance(value, Sequence):
        given = [*value, *value] if len(value) == 1 else value
        return interval(name, given, least, most)
    return interval(name, (value, value), least, most)


@dataclass(frozen=True, repr=False)
class GaussianBlur(Stepped):
    """Blur with a Gaussian kernel, as ``torchvision.transforms.v2.GaussianBlur`` does. torchvision convolves in
    float32; here weights are whole numbers of 14 bits, which gives the same values, or their neighbours where
    torchvision's lie close to the middle of two. A border that is wider than the picture is reflected again;
    torchvision raises an error.

    This is another blur than Pillow's; see :class:`PillowGaussianBlur`.

    Args:
        kernel_size: width and height of the kernel in pixels, odd, or one number for both.
        sigma: the standard deviation in pixels, or (min, max), between which it is drawn uniformly.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    kernel_size: int | Sequence[int]
    sigma: float | Sequence[float] = (0.1, 2.0)

    draws = 1

    def __post_init__(self) -> None:
        low, high = _several("sigma", self.sigma, 0, float(_FLOAT32.max))
        if low < float(_FLOAT32.tiny):
            raise ValueError(f"sigma is {self.sigma!r}; it must be positive")
        self._set(kernel_size=kernel_sides(self.kernel_size), sigma=(low, high))

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        low, high = cast("tuple[float, float]", self.sigma)
        sigma = (low + (high - low) * u[:, 0]).astype(np.float32)  # as torch draws it
        sides = cast("tuple[int, int]", self.kernel_size)
        return [step_rows(width, height, "gaussian_blur_kernel", values=[*sides, sigma, sigma])]


@dataclass(frozen=True, repr=False)
class PillowGaussianBlur(Stepped):
    """Blur with a given probability, bit for bit as ``PIL.ImageFilter.GaussianBlur``: the blur of DINO, of SimCLR's and
    BYOL's PyTorch recipes and of timm. It averages three times over boxes, which takes the same time for every radius.

    Args:
        radius: the standard deviation in pixels, or (min, max), between which it is drawn uniformly.
        p: the probability, from 0 to 1.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    radius: float | Sequence[float] = (0.1, 2.0)
    p: float = 0.5

    draws = 2

    def __post_init__(self) -> None:
        self._set(radius=_several("radius", self.radius, 0, _MOST_RADIUS), p=probability(self.p))

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        low, high = cast("tuple[float, float]", self.radius)
        radius = low + (high - low) * u[:, 1]
        return [step_rows(width, height, "gaussian_blur", u[:, 0] < self.p, values=[radius])]


@dataclass(frozen=True, repr=False)
class GaussianNoise(Stepped):
    """Add Gaussian noise to uint8 pixels, with the distribution of ``torchvision.transforms.v2.GaussianNoise``:
    numbers lose their fraction before they are added, and sums are cut off at 0 and 255.

    It differs from torchvision's in this: the numbers are those of Philox by the sample's key; and PIL images are
    taken, which torchvision refuses. Floats are not: put it before ToTensor. The channels of a gray picture get the
    same noise.

    Args:
        mean: of the noise, where 1 is 255.
        sigma: its standard deviation, likewise.
        clip: must be True. (torchvision's False lets values wrap around.)

    Raises:
        ValueError: an argument makes no sense.
    """

    mean: float = 0.0
    sigma: float = 0.1
    clip: bool = True

    draws = 2
    _gray = False

    def __post_init__(self) -> None:
        sigma = finite("sigma", self.sigma)
        if sigma < 0:
            raise ValueError(f"sigma is {self.sigma!r}; it must not be negative")
        if not self.clip:
            raise ValueError("clip is False, which is not done natively: torchvision lets values wrap around then")
        self._set(mean=finite("mean", self.mean), sigma=sigma)

    def on_gray(self) -> GaussianNoise:
        made = copy.copy(self)
        made._set(_gray=True)
        return made

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        key = np.floor(u * 2.0**32).T
        return [step_rows(width, height, "noise", values=[self.mean, self.sigma, *key], mode=self._gray)]
