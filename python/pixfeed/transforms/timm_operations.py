"""timm's operations: what its AugmentOp does with magnitudes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan_steps import STEPS
from pixfeed.transforms.policies import places
from pixfeed.transforms.policy_operations import (
    NOTHING,
    ROTATE,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X,
    TRANSLATE_Y,
    operation_rows,
)
from pixfeed.transforms.stepped import StepRows

_Numbers = NDArray[np.float64]
_Sides = NDArray[np.int64]

LEVELS = 10.0  # a magnitude of so many is a whole
MEAN = (128, 128, 128)
_BILINEAR, _BICUBIC = 2, 3

#: Operations by timm's names; see :mod:`pixfeed.transforms.policy_operations`.
KINDS = {
    **{"AutoContrast": STEPS["autocontrast"], "Equalize": STEPS["equalize"], "Invert": STEPS["invert"]},
    **{"Rotate": ROTATE, "ShearX": SHEAR_X, "ShearY": SHEAR_Y},
    **dict.fromkeys(("TranslateX", "TranslateXRel"), TRANSLATE_X),
    **dict.fromkeys(("TranslateY", "TranslateYRel"), TRANSLATE_Y),
    **dict.fromkeys(("Posterize", "PosterizeIncreasing", "PosterizeOriginal"), STEPS["posterize"]),
    **dict.fromkeys(("Solarize", "SolarizeIncreasing"), STEPS["solarize"]),
    "SolarizeAdd": STEPS["solarize_add"],
    **dict.fromkeys(("Color", "ColorIncreasing", "Desaturate"), STEPS["saturation"]),
    **dict.fromkeys(("Contrast", "ContrastIncreasing"), STEPS["contrast"]),
    **dict.fromkeys(("Brightness", "BrightnessIncreasing"), STEPS["brightness"]),
    **dict.fromkeys(("Sharpness", "SharpnessIncreasing"), STEPS["sharpness"]),
    **dict.fromkeys(("GaussianBlur", "GaussianBlurRand"), STEPS["gaussian_blur"]),
}
_PLAIN = {"AutoContrast", "Equalize", "Invert"}


@dataclass(frozen=True)
class Op:
    """timm's AugmentOp.

    Attributes:
        name: timm's.
        p: the probability that it is carried out.
        magnitude, std, most: the magnitude is drawn from a normal distribution, and cut off at 0 and ``most``; from a
            uniform one up to ``magnitude`` if ``std`` is infinite.
        pixels: how far TranslateX and TranslateY go at the most.
        part: how far TranslateXRel and TranslateYRel do, as a part of the picture's side.
        fill: what is shown where the picture is not.
        modes: Pillow's numbers of the interpolations that are drawn from.
    """

    name: str
    p: float = 0.5
    magnitude: float = 10
    std: float = 0
    most: float = LEVELS
    pixels: float = 250
    part: float = 0.45
    fill: tuple[int, int, int] = MEAN
    modes: tuple[int, ...] = (_BILINEAR, _BICUBIC)

    #: Uniform numbers that an operation takes: whether, how strong (two), in which direction, how, how blurred.
    draws: ClassVar[int] = 6

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise ValueError(f"there is no operation {self.name!r}")
        if not set(self.modes) <= {0, _BILINEAR, _BICUBIC} or not self.modes:
            raise ValueError(f"pixels are moved with nearest, bilinear or bicubic, not {self.modes}")

    def magnitudes(self, u: _Numbers) -> _Numbers:
        """Of uniform numbers ``[n, draws]``."""
        drawn: _Numbers | float = self.magnitude
        if self.std == math.inf:
            drawn = self.magnitude * u[:, 1]
        elif self.std > 0:  # Box and Muller's
            normal = np.sqrt(-2 * np.log1p(-u[:, 1])) * np.cos(2 * np.pi * u[:, 2])
            drawn = self.magnitude + self.std * normal
        return np.broadcast_to(np.clip(drawn, 0.0, self.most), len(u))

    def number(self, width: _Sides, height: _Sides, u: _Numbers) -> _Numbers:
        """The operation's number, see :mod:`pixfeed.transforms.policy_operations`, for n pictures with these sides."""
        name = self.name
        level = self.magnitudes(u) / LEVELS
        sign = np.where(u[:, 3] > 0.5, -1.0, 1.0)
        if name == "Rotate":
            return sign * (level * 30.0)
        if name.startswith("Shear"):
            return sign * (level * 0.3)
        if name in ("TranslateX", "TranslateY"):
            return sign * (level * float(self.pixels))
        if name.endswith("Rel"):
            return sign * (level * self.part) * (width if name == "TranslateXRel" else height)
        if name.startswith("Posterize"):
            bits = np.trunc(level * 4)
            bits = {"Posterize": bits, "PosterizeOriginal": bits + 4}.get(name, 4 - bits)
            return np.clip(bits, 0, 8)
        if name.startswith("Solarize"):
            if name == "SolarizeAdd":
                return np.minimum(128, np.trunc(level * 110))
            threshold = np.minimum(256, np.trunc(level * 256))
            return 256 - threshold if name == "SolarizeIncreasing" else threshold
        if name == "Desaturate":
            return np.clip(1.0 - np.clip(0.5 + (1.0 - 0.5) * level, 0.5, 1.0), 0.0, 1.0)
        if name == "GaussianBlur":
            return np.clip(0.1 + (2.0 - 0.1) * level, 0.1, 2.0)
        if name == "GaussianBlurRand":
            most = 2.0 * np.clip(level, 0.0, 1.0)
            return 0.1 + (most - 0.1) * u[:, 5]
        if name in _PLAIN:
            return np.zeros(len(u))
        if name.endswith("Increasing"):
            return np.maximum(0.1, 1.0 + sign * (level * 0.9))
        return level * 1.8 + 0.1

    def into(
        self, those: NDArray[np.intp], width: _Sides, height: _Sides, u: _Numbers, found: tuple[NDArray[Any], ...]
    ) -> None:
        """Write what it does at some places to the kinds, numbers and modes ``[n]`` of n pictures."""
        kind, number, mode = found
        u = u[those]
        kind[those] = np.where(u[:, 0] <= self.p, KINDS[self.name], NOTHING)
        number[those] = self.number(width[those], height[those], u)
        mode[those] = np.array(self.modes)[places(u[:, 4], len(self.modes))]


def timm_rows(ops: Sequence[Op], which: NDArray[np.int64], width: _Sides, height: _Sides, u: _Numbers) -> StepRows:
    """One operation for each of n pictures: ``which`` of them, -1 for none."""
    n = len(which)
    found = np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.int64)
    for place in np.unique(which[which >= 0]).tolist():
        ops[place].into(np.flatnonzero(which == place), width, height, u, found)
    return operation_rows(width, height, *found, fill=ops[0].fill)
