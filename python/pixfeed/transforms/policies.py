"""RandAugment, TrivialAugmentWide and AutoAugment: operations that are drawn, with magnitudes that are drawn."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch
from pixfeed.plan_steps import STEPS
from pixfeed.transforms.auto_policies import POLICIES
from pixfeed.transforms.base import Interpolation
from pixfeed.transforms.moving import Fill
from pixfeed.transforms.policy_operations import (
    NOTHING,
    ROTATE,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X,
    TRANSLATE_Y,
    operation_rows,
    shear,
)
from pixfeed.transforms.stepped import StepRows
from pixfeed.transforms.warp import Warp

_Numbers = NDArray[np.float64]
_Sides = NDArray[np.int64]


class AutoAugmentPolicy(StrEnum):
    """torchvision's names of AutoAugment's policies. Each is equal to the word that it stands for."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


@functools.lru_cache(maxsize=4096)
def linspace(start: float, end: float, bins: int) -> _Numbers:
    """torch's: float32 numbers, which depend in their last bit on how it computes them. Not to be changed."""
    numbers: _Numbers = torch.linspace(start, end, bins).numpy().astype(np.float64)
    return numbers


@functools.lru_cache(maxsize=64)
def _bits(most: int, less: int, bins: int) -> _Numbers:
    """Bits to keep, from ``most`` down to ``most - less``."""
    kept: _Numbers = np.rint(most - np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / less)).astype(
        np.float64
    )
    return kept


#: The magnitudes of an operation, float64 ``[bins]``, or ``[n, bins]`` where they depend on the picture: of the number
#: of bins, and the sides int64 ``[n]`` of n pictures.
_Magnitudes = Callable[[int, _Sides, _Sides], _Numbers]


def _up_to(end: float) -> _Magnitudes:
    return lambda bins, width, height: linspace(0.0, end, bins)


def of_side(axis: int, part: Callable[[int], float]) -> _Magnitudes:
    def magnitudes(bins: int, width: _Sides, height: _Sides) -> _Numbers:
        sides, places = np.unique((width, height)[axis], return_inverse=True)
        return np.stack([linspace(0.0, part(side), bins) for side in sides.tolist()])[places]

    return magnitudes


def bits_from(most: int, less: int) -> _Magnitudes:
    return lambda bins, width, height: _bits(most, less, bins)


def _solarize(bins: int, width: _Sides, height: _Sides) -> _Numbers:
    return linspace(1.0, 0.0, bins)


@dataclass(frozen=True)
class Operation:
    """An operation that a policy knows by its name.

    Attributes:
        kind: see :mod:`pixfeed.transforms.policy_operations`.
        number: the operation's number of magnitudes ``[n]``.
        is_signed: whether a magnitude becomes negative in half of the cases.
    """

    kind: int
    number: Callable[[_Numbers], _Numbers] = np.asarray
    is_signed: bool = False


def _factor(magnitude: _Numbers) -> _Numbers:
    return 1.0 + magnitude


def _against(magnitude: _Numbers) -> _Numbers:
    """A picture that moves by whole pixels to the right is fetched from the left."""
    return -np.trunc(magnitude)


#: torchvision's, by its names.
OPERATIONS = {
    "Identity": Operation(NOTHING),
    "ShearX": Operation(SHEAR_X, functools.partial(shear, kind=SHEAR_X), True),
    "ShearY": Operation(SHEAR_Y, functools.partial(shear, kind=SHEAR_Y), True),
    "TranslateX": Operation(TRANSLATE_X, _against, True),
    "TranslateY": Operation(TRANSLATE_Y, _against, True),
    "Rotate": Operation(ROTATE, is_signed=True),
    "Brightness": Operation(STEPS["brightness"], _factor, True),
    "Color": Operation(STEPS["saturation"], _factor, True),
    "Contrast": Operation(STEPS["contrast"], _factor, True),
    "Sharpness": Operation(STEPS["sharpness"], _factor, True),
    "Posterize": Operation(STEPS["posterize"]),
    "Solarize": Operation(STEPS["solarize"], lambda magnitude: 255.0 * magnitude),
    "AutoContrast": Operation(STEPS["autocontrast"]),
    "Equalize": Operation(STEPS["equalize"]),
    "Invert": Operation(STEPS["invert"]),
}

#: What is drawn from: operations by name, with their magnitudes; ``None``: it has none.
Space = dict[str, _Magnitudes | None]

_MOVES: Space = {"ShearX": _up_to(0.3), "ShearY": _up_to(0.3)}
_MOVES |= {f"Translate{axis}": of_side(place, lambda side: 150.0 / 331.0 * side) for place, axis in enumerate("XY")}
_COLORS: Space = dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), _up_to(0.9))
_REST: Space = {"Posterize": bits_from(8, 4), "Solarize": _solarize, "AutoContrast": None, "Equalize": None}

AUTO_SPACE: Space = {**_MOVES, "Rotate": _up_to(30.0), **_COLORS, **_REST, "Invert": None}
RAND_SPACE: Space = {"Identity": None, **_MOVES, "Rotate": _up_to(30.0), **_COLORS, **_REST}
WIDE_SPACE: Space = {
    "Identity": None,
    **dict.fromkeys(("ShearX", "ShearY"), _up_to(0.99)),
    **dict.fromkeys(("TranslateX", "TranslateY"), _up_to(32.0)),
    "Rotate": _up_to(135.0),
    **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), _up_to(0.99)),
    **_REST,
    "Posterize": bits_from(8, 6),
}


class Policy(Warp):
    """A transform that draws operations."""

    def __post_init__(self) -> None:
        self.check_pixels()
        self._check()

    def _check(self) -> None:
        """Check the other arguments, and set ``draws``."""

    def rows(
        self,
        space: Space,
        bins: int,
        width: _Sides,
        height: _Sides,
        which: NDArray[np.int64],
        level: NDArray[np.int64],
        negative: NDArray[np.bool_],
    ) -> StepRows:
        """One operation for each of n pictures.

        Args:
            space: what was drawn from.
            bins: how many magnitudes each operation has.
            which: int64 ``[n]``: the place of an operation in ``space``, -1 for none.
            level: int64 ``[n]``: the place of its magnitude.
            negative: whether the magnitude is, where it has a sign.
        """
        kind, number = np.zeros(len(which), np.int64), np.zeros(len(which))
        for place, (name, magnitudes) in enumerate(space.items()):
            those = np.flatnonzero(which == place)
            if not len(those):
                continue
            operation = OPERATIONS[name]
            kind[those] = operation.kind
            if magnitudes is None:
                continue
            found = magnitudes(bins, width[those], height[those])
            magnitude = found[level[those]] if found.ndim == 1 else found[np.arange(len(those)), level[those]]
            if operation.is_signed:
                magnitude = np.where(negative[those], -magnitude, magnitude)
            number[those] = operation.number(magnitude)
        return operation_rows(width, height, kind, number, self.mode, self.color)


def whole(name: str, value: Any, least: int) -> int:
    """
    Raises:
        TypeError, ValueError: it is no integer, or less than ``least``.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; it must be an integer") from None
    if number < least:
        raise ValueError(f"{name} is {value!r}; it must be at least {least}")
    return number


def places(u: _Numbers, count: int) -> NDArray[np.int64]:
    """Uniform numbers as places of ``count`` things."""
    return (u * count).astype(np.int64)


@dataclass(frozen=True, repr=False)
class RandAugment(Policy):
    """Carry out some operations, drawn from 14, with one magnitude, as ``torchvision.transforms.v2.RandAugment`` does
    with a PIL image.

    Args:
        num_ops: the number of operations, one after the other. Each is drawn from all of them.
        magnitude: which of the magnitudes of an operation is taken, from 0.
        num_magnitude_bins: the number of different magnitudes.
        interpolation: ``"nearest"``, ``"bilinear"`` or ``"bicubic"``.
        fill: what is shown where the picture is not: ``None`` for black, one number, or R, G and B, from 0 to 255.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    num_ops: int = 2
    magnitude: int = 9
    num_magnitude_bins: int = 31
    interpolation: Interpolation = "nearest"
    fill: Fill = None

    def _check(self) -> None:
        whole("num_magnitude_bins", self.num_magnitude_bins, 2)
        if whole("magnitude", self.magnitude, 0) >= self.num_magnitude_bins:
            raise ValueError(f"magnitude is {self.magnitude!r}, and there are {self.num_magnitude_bins}, from 0")
        self._set(draws=2 * whole("num_ops", self.num_ops, 0))

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        level = np.full(len(u), self.magnitude)
        return [
            self.rows(
                RAND_SPACE,
                self.num_magnitude_bins,
                width,
                height,
                places(u[:, 2 * i], len(RAND_SPACE)),
                level,
                u[:, 2 * i + 1] <= 0.5,
            )
            for i in range(self.num_ops)
        ]


@dataclass(frozen=True, repr=False)
class TrivialAugmentWide(Policy):
    """Carry out one operation, drawn from 14, with a magnitude that is drawn, as
    ``torchvision.transforms.v2.TrivialAugmentWide`` does with a PIL image.

    Args:
        num_magnitude_bins, interpolation, fill: see :class:`RandAugment`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    num_magnitude_bins: int = 31
    interpolation: Interpolation = "nearest"
    fill: Fill = None

    draws = 3

    def _check(self) -> None:
        whole("num_magnitude_bins", self.num_magnitude_bins, 2)

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        bins = self.num_magnitude_bins
        which, level = places(u[:, 0], len(WIDE_SPACE)), places(u[:, 1], bins)
        return [self.rows(WIDE_SPACE, bins, width, height, which, level, u[:, 2] <= 0.5)]


@dataclass(frozen=True, repr=False)
class AutoAugment(Policy):
    """Carry out one of 25 pairs of operations, each with a probability of its own, as
    ``torchvision.transforms.v2.AutoAugment`` does with a PIL image.

    Args:
        policy: ``"imagenet"``, ``"cifar10"`` or ``"svhn"``; torchvision's AutoAugmentPolicy may be given, too.
        interpolation, fill: see :class:`RandAugment`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    policy: AutoAugmentPolicy | Literal["imagenet", "cifar10", "svhn"] = AutoAugmentPolicy.IMAGENET
    interpolation: Interpolation = "nearest"
    fill: Fill = None

    draws = 5

    def _check(self) -> None:
        name = getattr(self.policy, "value", self.policy)
        if name not in POLICIES:
            raise ValueError(f"policy is {self.policy!r}; it may be one of {', '.join(POLICIES)}")
        self._set(policy=str(name))

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        which, probability, level = _table(str(self.policy))
        pair = places(u[:, 0], len(which))
        found = []
        for i in range(2):
            applies = u[:, 1 + 2 * i] <= probability[pair, i]
            operation = np.where(applies, which[pair, i], -1)
            found.append(self.rows(AUTO_SPACE, 10, width, height, operation, level[pair, i], u[:, 2 + 2 * i] <= 0.5))
        return found


@functools.cache
def _table(policy: str) -> tuple[NDArray[np.int64], _Numbers, NDArray[np.int64]]:
    """Places in AUTO_SPACE, probabilities and levels: ``[25, 2]`` each."""
    names = list(AUTO_SPACE)
    which, probability, level = (
        np.array([[pick(each) for each in pair] for pair in POLICIES[policy]])
        for pick in (lambda each: names.index(each[0]), lambda each: each[1], lambda each: each[2])
    )
    return which, probability, level
