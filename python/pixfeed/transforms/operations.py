"""Operations on colors that are STEP rows, and the transforms that apply one with a probability, as Pillow's ImageOps
and ImageEnhance compute them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixfeed.transforms.base import finite, interval, probability
from pixfeed.transforms.stepped import Stepped, StepRows, step_rows


@dataclass(frozen=True, repr=False)
class Operation(Stepped):
    """One operation, always. Not public: see :mod:`pixfeed.transforms.functional`.

    Args:
        code: a name of STEPS that keeps the sides.
        values: its numbers.
    """

    code: str
    values: tuple[float, ...] = ()

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        return [step_rows(width, height, self.code, values=self.values)]


class RandomOperation(Stepped):
    """One operation, with the probability ``p``."""

    p: float
    #: A name of STEPS.
    code: ClassVar[str]
    draws = 1

    def __post_init__(self) -> None:
        self._set(p=probability(self.p))

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers of the operation."""
        return ()

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        return [step_rows(width, height, self.code, u[:, 0] < self.p, values=self.values)]


@dataclass(frozen=True, repr=False)
class RandomPosterize(RandomOperation):
    """Keep the upper bits of each value, with a given probability, as ``torchvision.transforms.v2.RandomPosterize``
    does with a PIL image: bit for bit ``PIL.ImageOps.posterize``.

    Args:
        bits: how many are kept, 0 to 8. (Pillow refuses 0, which makes everything black.)
        p: the probability, from 0 to 1.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    bits: int
    p: float = 0.5

    code = "posterize"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(bits=bits_of(self.bits))

    @property
    def values(self) -> tuple[float, ...]:
        return (self.bits,)


def bits_of(bits: int) -> int:
    """
    Raises:
        TypeError, ValueError: they are no bits to keep.
    """
    try:
        bits = operator.index(bits)
    except TypeError:
        raise TypeError(f"bits is {bits!r}; it must be an integer") from None
    if not 0 <= bits <= 8:
        raise ValueError(f"bits is {bits}; it may be 0 to 8")
    return bits


@dataclass(frozen=True, repr=False)
class RandomSolarize(RandomOperation):
    """Invert the values from a threshold on, with a given probability, as ``torchvision.transforms.v2.RandomSolarize``
    does with a PIL image: bit for bit ``PIL.ImageOps.solarize``.

    Args:
        threshold: the least value that is inverted; it may have a fraction.
        p: the probability, from 0 to 1.

    Raises:
        ValueError: an argument makes no sense.
    """

    threshold: float
    p: float = 0.5

    code = "solarize"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(threshold=finite("threshold", self.threshold))

    @property
    def values(self) -> tuple[float, ...]:
        return (self.threshold,)


@dataclass(frozen=True, repr=False)
class RandomAutocontrast(RandomOperation):
    """Stretch each channel from 0 to 255, with a given probability, as
    ``torchvision.transforms.v2.RandomAutocontrast`` does with a PIL image: bit for bit ``PIL.ImageOps.autocontrast``.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    p: float = 0.5

    code = "autocontrast"


@dataclass(frozen=True, repr=False)
class RandomEqualize(RandomOperation):
    """Equalize the histogram of each channel, with a given probability, as ``torchvision.transforms.v2.RandomEqualize``
    does with a PIL image: bit for bit ``PIL.ImageOps.equalize``.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    p: float = 0.5

    code = "equalize"


@dataclass(frozen=True, repr=False)
class RandomInvert(RandomOperation):
    """Invert all values, with a given probability, as ``torchvision.transforms.v2.RandomInvert``.

    Args:
        p: the probability, from 0 to 1.

    Raises:
        ValueError: ``p`` is no probability.
    """

    p: float = 0.5

    code = "invert"


@dataclass(frozen=True, repr=False)
class RandomAdjustSharpness(RandomOperation):
    """Change the sharpness, with a given probability, as ``torchvision.transforms.v2.RandomAdjustSharpness`` does with
    a PIL image: bit for bit ``PIL.ImageEnhance.Sharpness``.

    Args:
        sharpness_factor: 0 is a smoothed picture, 1 the picture itself, 2 twice as sharp.
        p: the probability, from 0 to 1.

    Raises:
        ValueError: an argument makes no sense.
    """

    sharpness_factor: float
    p: float = 0.5

    code = "sharpness"

    def __post_init__(self) -> None:
        super().__post_init__()
        factor = finite("sharpness_factor", self.sharpness_factor)
        if factor < 0:
            raise ValueError(f"sharpness_factor is {self.sharpness_factor!r}; it must not be negative")
        self._set(sharpness_factor=factor)

    @property
    def values(self) -> tuple[float, ...]:
        return (self.sharpness_factor,)


#: int64 ``[6, 3]``: which channel becomes R, G and B.
_PERMUTATIONS = np.array(list(permutations(range(3))))


def _permutation(u: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """R, G and B of one of them, for uniform numbers ``[n]``."""
    return list(_PERMUTATIONS[(u * len(_PERMUTATIONS)).astype(np.int64)].T)


@dataclass(frozen=True, repr=False)
class RandomChannelPermutation(Stepped):
    """Put R, G and B into random order, as ``torchvision.transforms.v2.RandomChannelPermutation``. All six orders are
    equally likely. A gray picture stays as it is.
    """

    draws = 1

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        return [step_rows(width, height, "permute", values=_permutation(u[:, 0]))]


@dataclass(frozen=True, repr=False)
class RandomPhotometricDistort(Stepped):
    """Change brightness, contrast, saturation, hue and the order of channels, each with a given probability, as
    ``torchvision.transforms.v2.RandomPhotometricDistort`` does with a PIL image (as for SSD,
    https://arxiv.org/abs/1512.02325): bit for bit ``PIL.ImageEnhance``, and Pillow's HSV. Contrast comes before
    saturation and hue, or after them.

    Args:
        brightness, contrast, saturation: (min, max) of the factor.
        hue: (min, max) of the shift, from -0.5 to 0.5 of the circle.
        p: the probability of each change, from 0 to 1.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    brightness: Sequence[float] = (0.875, 1.125)
    contrast: Sequence[float] = (0.5, 1.5)
    saturation: Sequence[float] = (0.5, 1.5)
    hue: Sequence[float] = (-0.05, 0.05)
    p: float = 0.5

    draws = 11

    def __post_init__(self) -> None:
        ranges = {name: interval(name, getattr(self, name)) for name in ("brightness", "contrast", "saturation")}
        self._set(**ranges, hue=interval("hue", self.hue, -0.5, 0.5), p=probability(self.p))

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        happens = u[:, [0, 2, 4, 6, 9]] < self.p  # brightness, contrast, saturation, hue, permutation
        before = u[:, 8] < 0.5

        def changed(place: int, name: str, where: NDArray[np.bool_] | bool = True) -> StepRows:
            low, high = getattr(self, name)
            factor = (low + (high - low) * u[:, 2 * place + 1]).astype(np.float32)  # as torch draws it
            return step_rows(width, height, name, happens[:, place] & where, values=[factor])

        return [
            changed(0, "brightness"),
            changed(1, "contrast", before),
            changed(2, "saturation"),
            changed(3, "hue"),
            changed(1, "contrast", ~before),
            step_rows(width, height, "permute", happens[:, 4], values=_permutation(u[:, 10])),
        ]
