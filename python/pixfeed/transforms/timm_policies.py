"""timm's policies: what it makes of strings like ``rand-m9-mstd0.5-inc1``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan_steps import STEPS
from pixfeed.transforms.augmix import dirichlet, mixed
from pixfeed.transforms.auto_policies import TIMM_POLICIES
from pixfeed.transforms.base import finite
from pixfeed.transforms.moving import INTERPOLATIONS, interpolation_of
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
from pixfeed.transforms.stepped import Stepped, StepRows

_Numbers = NDArray[np.float64]
_Sides = NDArray[np.int64]

_LEVELS = 10.0  # a magnitude of so many is a whole
_MEAN = (128, 128, 128)
_BILINEAR, _BICUBIC = 2, 3

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
    most: float = _LEVELS
    pixels: float = 250
    part: float = 0.45
    fill: tuple[int, int, int] = _MEAN
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
        level = self.magnitudes(u) / _LEVELS
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


class Ops(Stepped):
    """A policy of timm's, of operations that all fill with the same color."""

    ops: tuple[Op, ...]

    @property
    def color(self) -> tuple[int, int, int]:
        return self.ops[0].fill


@dataclass(frozen=True, repr=False)
class RandOps(Ops):
    """timm's RandAugment: some operations, drawn from all.

    Args:
        ops: all.
        num_layers: how many are drawn.
        weights: of each; ``None``: all have the same, and one may be drawn more than once.
    """

    ops: tuple[Op, ...]
    num_layers: int = 2
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and np.count_nonzero(self.weights) < self.num_layers:
            raise ValueError(f"{self.num_layers} operations cannot be drawn of {np.count_nonzero(self.weights)}")
        self._set(draws=self.num_layers * (1 + Op.draws))

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        found = []
        left = None if self.weights is None else np.tile(np.array(self.weights, np.float64), (len(u), 1))
        for i in range(self.num_layers):
            mine = u[:, i * (1 + Op.draws) :]
            if left is None:
                which = places(mine[:, 0], len(self.ops))
            else:
                ends = np.cumsum(left, 1)
                which = (mine[:, :1] * ends[:, -1:] >= ends).sum(1)
                left[np.arange(len(u)), which] = 0
            found.append(timm_rows(self.ops, which, width, height, mine[:, 1 : 1 + Op.draws]))
        return found


@dataclass(frozen=True, repr=False)
class AutoOps(Ops):
    """timm's AutoAugment: one of several sequences of operations.

    Args:
        ops: those of all sequences, one sequence after the other.
        lengths: of the sequences.
    """

    ops: tuple[Op, ...]
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        self._set(draws=1 + max(self.lengths) * Op.draws)

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        lengths = np.array(self.lengths)
        chosen = places(u[:, 0], len(lengths))
        first = (np.cumsum(lengths) - lengths)[chosen]
        return [
            timm_rows(
                self.ops,
                np.where(i < lengths[chosen], first + i, -1),
                width,
                height,
                u[:, 1 + i * Op.draws : 1 + (i + 1) * Op.draws],
            )
            for i in range(max(self.lengths))
        ]


@dataclass(frozen=True, repr=False)
class MixOps(Ops):
    """timm's AugMixAugment: chains of operations, whose results are mixed with the picture.

    Args:
        ops: all.
        alpha: of the distribution of weights.
        width: the number of chains.
        depth: the number of operations in a chain; with 0 or less it is drawn from 1 to 3.
    """

    ops: tuple[Op, ...]
    alpha: float = 1.0
    width: int = 3
    depth: int = -1

    def __post_init__(self) -> None:
        self._set(draws=2 + self.width + self.width * (1 + self._depth * (1 + Op.draws)))

    @property
    def _depth(self) -> int:
        return self.depth if self.depth > 0 else 3

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
        part = dirichlet(self.alpha, 2, u[:, :2])[:, 0]  # of two: a beta distribution
        weights = dirichlet(self.alpha, self.width, u[:, 2 : 2 + self.width])
        each = 1 + Op.draws

        def chain(i: int) -> list[StepRows]:
            begin = 2 + self.width + i * (1 + self._depth * each)
            depth = 1 + places(u[:, begin], 3) if self.depth <= 0 else np.full(len(u), self.depth)
            found = []
            for k in range(self._depth):
                mine = u[:, begin + 1 + k * each :]
                which = np.where(k < depth, places(mine[:, 0], len(self.ops)), -1)
                found.append(timm_rows(self.ops, which, width, height, mine[:, 1:each]))
            return found

        return mixed(width, height, np.zeros(len(u)), weights, part, chain)


class _Parsed(Stepped):
    """A transform that does what another one does."""

    _policy: Ops

    @property
    def color(self) -> tuple[int, int, int]:
        return self._policy.color

    def steps(self, width: _Sides, height: _Sides, u: _Numbers) -> list[StepRows]:
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
                                3), ``a``: alpha (1), ``mstd``: as above (uniform magnitudes)
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
        ValueError: timm knows no such string, or it is one of those that need Python: ``augmix-b1``.
    """

    config: str
    img_mean: Sequence[int] = _MEAN
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
        "most": float(options.get("mmax", 0)) or _LEVELS,
        "pixels": given.translate_const,
        "part": given.translate_pct,
        "fill": (r, g, b),
    }
    if given.interpolation is not None:
        shared["modes"] = (INTERPOLATIONS[interpolation_of(given.interpolation)],)
    if kind == "rand":
        return _rand(options, shared)
    if kind == "augmix":
        if int(options.get("b", 0)):
            raise ValueError(f"config is {given.config!r}; the option b1 is not there: timm's own object does it")
        ops = tuple(Op(name, 1.0, int(options.get("m", 3)), **shared) for name in _MIX)
        return MixOps(ops, float(options.get("a", 1)), int(options.get("w", 3)), int(options.get("d", -1)))
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
