"""AugMix: several chains of operations, and a mix of what they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixfeed import draws
from pixfeed.transforms.base import Interpolation
from pixfeed.transforms.moving import Fill
from pixfeed.transforms.policies import RAND_SPACE, Policy, Space, bits_from, of_side, places, whole
from pixfeed.transforms.stepped import StepRows, step_rows

_BINS = 10  # magnitudes of an operation
_DEPTHS = 3  # a chain that draws its depth has 1 to 3 operations
_BEGIN, _ADD, _END, _OVER = range(4)  # the modes of blend

_SIDES: Space = {f"Translate{axis}": of_side(place, lambda side: side / 3.0) for place, axis in enumerate("XY")}
_PARTIAL: Space = {
    **{name: RAND_SPACE[name] for name in ("ShearX", "ShearY")},
    **_SIDES,
    "Rotate": RAND_SPACE["Rotate"],
    "Posterize": bits_from(4, 4),
    **{name: RAND_SPACE[name] for name in ("Solarize", "AutoContrast", "Equalize")},
}
MIX_SPACE: Space = {**_PARTIAL, **{name: RAND_SPACE[name] for name in ("Brightness", "Color", "Contrast", "Sharpness")}}


def mixed(
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    first: NDArray[np.float64],
    weights: NDArray[np.float64],
    part: NDArray[np.float64],
    chain: Callable[[int], list[StepRows]],
) -> list[StepRows]:
    """The steps of a mix of several chains.

    Args:
        width, height: the pictures' sides, int64 ``[n]``.
        first: the weight of the picture itself, ``[n]``.
        weights: those of what the chains make of it, ``[n, k]``.
        part: how much of the sum there is in the end, the rest is the picture, ``[n]``.
        chain: the steps of chain i.
    """
    rows = [step_rows(width, height, "blend", mode=_BEGIN, values=[first])]
    count = weights.shape[1]
    for i in range(count):
        rows += chain(i)
        is_last = i + 1 == count
        values = [weights[:, i], part if is_last else 0]
        rows.append(step_rows(width, height, "blend", mode=_END if is_last else _ADD, values=values))
    return rows


def blended(
    width: NDArray[np.int64],
    height: NDArray[np.int64],
    weights: NDArray[np.float64],
    part: NDArray[np.float64],
    chain: Callable[[int], list[StepRows]],
) -> list[StepRows]:
    """The steps of a mix whose chains are blended with what there is, one after the other, as timm does it: the
    weights are those of :func:`mixed`, where the picture itself has none, but each blend is rounded to uint8."""
    shares = (weights.astype(np.float32) * part.astype(np.float32)[:, None])[:, ::-1]
    left = np.float32(1) - np.cumsum(shares, 1, dtype=np.float32) + shares  # of what the blends before leave
    factors = np.clip(shares / np.maximum(left, np.finfo(np.float32).tiny), 0, 1)[:, ::-1]
    rows = [step_rows(width, height, "blend", mode=_BEGIN, values=[1])]
    for i in range(weights.shape[1]):
        rows += chain(i)
        rows.append(step_rows(width, height, "blend", mode=_OVER, values=[factors[:, i]]))
    rows.append(step_rows(width, height, "blend", mode=_END, values=[0, 1]))
    return rows


def dirichlet(alpha: float, count: int, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """float32 numbers ``[n, count]`` of a symmetric Dirichlet distribution, whose sum is 1.

    Args:
        u: uniform numbers ``[n, count]``.
    """
    gamma = -np.log1p(-u) if alpha == 1 else draws.gamma(alpha, count, u[:, 0])
    gamma = np.maximum(gamma, np.finfo(np.float64).tiny)
    weights: NDArray[np.float64] = (gamma / gamma.sum(1, keepdims=True)).astype(np.float32).astype(np.float64)
    return weights


@dataclass(frozen=True, repr=False)
class AugMix(Policy):
    """Mix the picture with what some chains of operations make of it, as ``torchvision.transforms.v2.AugMix``.

    torchvision carries the operations out on tensors, even if it is given a PIL image. Here they are those for PIL
    images, as in the other policies. About 1 % of the pixels that are moved, and some at the threshold of Solarize,
    differ by more than one; docs/augmentations.md has more.

    Args:
        severity: the largest magnitude that is drawn, from 1 to 10.
        mixture_width: the number of chains.
        chain_depth: the number of operations in a chain; with 0 or less it is drawn from 1 to 3.
        alpha: of the distribution of weights; 1 for uniform ones.
        all_ops: whether brightness, color, contrast and sharpness are among the operations.
        interpolation: ``"nearest"``, ``"bilinear"`` or ``"bicubic"``.
        fill: what is shown where the picture is not: ``None`` for black, one number, or R, G and B, from 0 to 255.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    severity: int = 3
    mixture_width: int = 3
    chain_depth: int = -1
    alpha: float = 1.0
    all_ops: bool = True
    interpolation: Interpolation = "bilinear"
    fill: Fill = None

    def _check(self) -> None:
        if whole("severity", self.severity, 1) > _BINS:
            raise ValueError(f"severity is {self.severity!r}; it may be 1 to {_BINS}")
        whole("chain_depth", self.chain_depth, -(2**31))
        if not 0 < self.alpha < float("inf"):
            raise ValueError(f"alpha is {self.alpha!r}; it must be positive")
        width = whole("mixture_width", self.mixture_width, 1)
        self._set(draws=2 + width + width * (1 + 3 * self._depth))

    @property
    def _depth(self) -> int:
        """The most operations of a chain."""
        return self.chain_depth if self.chain_depth > 0 else _DEPTHS

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        count = self.mixture_width
        first = dirichlet(self.alpha, 2, u[:, :2])
        chains = dirichlet(self.alpha, count, u[:, 2 : 2 + count]).astype(np.float32) * first[:, 1:].astype(np.float32)
        space = MIX_SPACE if self.all_ops else _PARTIAL

        def chain(i: int) -> list[StepRows]:
            begin = 2 + count + i * (1 + 3 * self._depth)
            depth = 1 + places(u[:, begin], _DEPTHS) if self.chain_depth <= 0 else np.full(len(u), self.chain_depth)
            found = []
            for k in range(self._depth):
                what, level, sign = u[:, begin + 1 + 3 * k : begin + 4 + 3 * k].T
                which = np.where(k < depth, places(what, len(space)), -1)
                found.append(self.rows(space, _BINS, width, height, which, places(level, self.severity), sign <= 0.5))
            return found

        return mixed(width, height, first[:, 0], chains.astype(np.float64), np.ones(len(u)), chain)
