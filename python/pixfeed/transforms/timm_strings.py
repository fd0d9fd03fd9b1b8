"""timm's strings: the policy that one like ``rand-m9-mstd0.5-inc1`` stands for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.transforms.auto_policies import TIMM_POLICIES
from pixfeed.transforms.base import finite
from pixfeed.transforms.moving import INTERPOLATIONS, interpolation_of
from pixfeed.transforms.stepped import Stepped, StepRows
from pixfeed.transforms.timm_operations import LEVELS, MEAN, Op
from pixfeed.transforms.timm_policies import AutoOps, MixOps, Ops, RandOps

#: Operations of ``rand-...``, with ``-inc1`` those that do more with larger magnitudes.
_RAND = (
    *("AutoContrast", "Equalize", "Invert", "Rotate", "Posterize", "Solarize", "SolarizeAdd", "Color", "Contrast"),
    *("Brightness", "Sharpness", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"),
)
_INCREASES = {"Posterize", "Solarize", "Color", "Contrast", "Brightness", "Sharpness"}
_INCREASING = tuple(f"{name}Increasing" if name in _INCREASES else name for name in _RAND)
_MIX = (
    *("AutoContrast", "ColorIncreasing", "ContrastIncreasing", "BrightnessIncreasing", "SharpnessIncreasing"),
    *("Equalize", "Rotate", "PosterizeIncreasing", "SolarizeIncreasing", "ShearX", "ShearY", "TranslateXRel"),
    "TranslateYRel",
)
#: Sets of operations that ``-t`` names, with their weights.
_WEIGHTED: dict[str, dict[str, float] | None] = {
    "weights": {
        **{"Rotate": 3, "ShearX": 2, "ShearY": 2, "TranslateXRel": 1, "TranslateYRel": 1, "ColorIncreasing": 0.25},
        **{"SharpnessIncreasing": 0.25, "AutoContrast": 0.25, "SolarizeIncreasing": 0.05, "SolarizeAdd": 0.05},
        **{"ContrastIncreasing": 0.05, "BrightnessIncreasing": 0.05, "Equalize": 0.05, "PosterizeIncreasing": 0.05},
        "Invert": 0.05,
    },
    "3aw": {
        **{"SolarizeIncreasing": 6, "Desaturate": 6, "GaussianBlur": 6, "Rotate": 3, "ShearX": 2, "ShearY": 2},
        **{"PosterizeIncreasing": 1, "AutoContrast": 1, "ColorIncreasing": 1, "SharpnessIncreasing": 1},
        **{"ContrastIncreasing": 1, "BrightnessIncreasing": 1, "Equalize": 1, "Invert": 1},
    },
}
_THREE = ("SolarizeIncreasing", "Desaturate", "GaussianBlur")


class _Parsed(Stepped):
    """A transform that does what another one does."""

    _policy: Ops

    @property
    def color(self) -> tuple[int, int, int]:
        return self._policy.color

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        return self._policy.steps(width, height, u)


@dataclass(frozen=True, repr=False)
class TimmAugment(_Parsed):
    """The policy that timm makes of a string: RandAugment, AutoAugment or AugMix with Pillow's operations.

    ==========================  ========================================================================================
    string                      what it is
    ==========================  ========================================================================================
    ``rand-m9-mstd0.5-inc1``    RandAugment; ``m``: magnitude (10), ``n``: operations (2), ``p``: probability of each
                                (0.5), ``mstd``: standard deviation of the magnitude (0; more than 100 for uniform
                                magnitudes), ``mmax``: its upper limit (10), ``inc1``: operations that do more with
                                larger magnitudes, ``t``: a set of operations (``weights``, ``3a``, ``3aw``)
    ``original-mstd0.5``        AutoAugment; ``original``, ``originalr``, ``v0``, ``v0r`` or ``3a``
    ``augmix-m5-w4-d2``         AugMix; ``m``: magnitude (3), ``w``: chains (3), ``d``: operations of a chain (-1: 1 to
                                3), ``a``: alpha (1), ``b1``: blended in uint8, chain by chain, ``mstd``: as above
                                (uniform magnitudes)
    ==========================  ========================================================================================

    Args:
        config: the string.
        img_mean: R, G and B, 0 to 255: what is shown where the picture is not. timm's training script gives the mean
            of its Normalize.
        translate_const: how many pixels TranslateX and TranslateY go at the most.
        translate_pct: the same for TranslateXRel and TranslateYRel, as a part of the picture's side.
        interpolation: ``None`` for bilinear or bicubic, drawn for each operation, or the name of one.

    Raises:
        TypeError, ValueError: an argument makes no sense.
        ValueError: timm knows no such string.
    """

    config: str
    img_mean: Sequence[int] = MEAN
    translate_const: float = 250
    translate_pct: float = 0.45
    interpolation: Any = None

    def __post_init__(self) -> None:
        self._set(img_mean=_color(self.img_mean))
        self._set(translate_const=finite("translate_const", self.translate_const))
        self._set(translate_pct=finite("translate_pct", self.translate_pct))
        if not isinstance(self.config, str):
            raise TypeError(f"config is {self.config!r}; it must be a string such as 'rand-m9-mstd0.5-inc1'")
        policy = _parsed(self)
        self._set(_policy=policy, draws=policy.draws)


def _color(values: Sequence[int]) -> tuple[int, ...]:
    color = tuple(int(value) for value in values)
    if len(color) != 3 or not all(0 <= value <= 255 for value in color):
        raise ValueError(f"img_mean is {values!r}; it must be R, G and B from 0 to 255")
    return color


def _parsed(given: TimmAugment) -> Ops:
    kind, *parts = given.config.split("-")
    known = {"rand": "m n p mstd mmax inc t", "augmix": "m w d a b mstd"}
    options: dict[str, str] = {}
    for part in parts:
        named = re.fullmatch(r"(t)(\w+)|([a-z]+)(\d.*)", part)
        key, value = [text for text in named.groups() if text is not None] if named else ("", "")
        if key not in known.get(kind, "mstd").split():
            raise ValueError(f"config is {given.config!r}; {kind!r} has no option {part!r}")
        if key != "t":
            _check_number(given.config, part, key, value)
        options[key] = value
    std = float(options.get("mstd", math.inf if kind == "augmix" else 0))
    if kind == "rand" and std > 100:
        std = math.inf
    r, g, b = given.img_mean
    shared: dict[str, Any] = {
        "std": std,
        "most": float(options.get("mmax", 0)) or LEVELS,
        "pixels": given.translate_const,
        "part": given.translate_pct,
        "fill": (r, g, b),
    }
    if given.interpolation is not None:
        shared["modes"] = (INTERPOLATIONS[interpolation_of(given.interpolation)],)
    if kind == "rand":
        return _rand(options, shared)
    if kind == "augmix":
        ops = tuple(Op(name, 1.0, int(options.get("m", 3)), **shared) for name in _MIX)
        width, depth, blended = (int(options.get(key, default)) for key, default in (("w", 3), ("d", -1), ("b", 0)))
        return MixOps(ops, float(options.get("a", 1)), width, depth, bool(blended))
    if kind not in TIMM_POLICIES:
        names = ", ".join(["rand", "augmix", *TIMM_POLICIES])
        raise ValueError(f"config is {given.config!r}; it must begin with one of {names}")
    sequences = TIMM_POLICIES[kind]
    return AutoOps(tuple(Op(*op, **shared) for each in sequences for op in each), tuple(map(len, sequences)))


#: Options that are whole numbers, and those that must not be 0.
_WHOLE, _POSITIVE = {"m", "n", "w", "d", "b", "inc"}, {"w", "a"}


def _check_number(config: str, part: str, key: str, value: str) -> None:
    try:
        number = int(value) if key in _WHOLE else float(value)
    except ValueError:
        kind = "a whole number" if key in _WHOLE else "a number"
        raise ValueError(f"config is {config!r}; {part!r} must have {kind} after {key!r}") from None
    if not math.isfinite(number) or (key in _POSITIVE and number <= 0):
        raise ValueError(f"config is {config!r}; {part!r} must be more than 0, and finite")


def _shares(weights: dict[str, float]) -> tuple[float, ...]:
    values = np.array(list(weights.values()), np.float64)
    shares: list[float] = (values / np.sum(values)).tolist()
    return tuple(shares)


def _rand(options: dict[str, str], shared: dict[str, Any]) -> RandOps:
    increasing = bool(int(options.get("inc", 0)))
    chosen = options.get("t", "")
    weights = _WEIGHTED.get(chosen)
    names = tuple(weights or (_THREE if chosen == "3a" else _INCREASING if increasing else _RAND))
    ops = tuple(Op(name, float(options.get("p", 0.5)), int(options.get("m", 10)), **shared) for name in names)
    return RandOps(ops, int(options.get("n", 2)), None if weights is None else _shares(weights))
