"""timm's policies: which of its operations are drawn, and how they follow one another."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixfeed.transforms.augmix import blended, dirichlet, mixed
from pixfeed.transforms.policies import places
from pixfeed.transforms.stepped import Stepped, StepRows
from pixfeed.transforms.timm_operations import Op, timm_rows

_Numbers = NDArray[np.float64]
_Sides = NDArray[np.int64]


class Ops(Stepped):
    """A policy of timm's, of operations that all fill with the same color."""

    ops: tuple[Op, ...]

    @property
    def color(self) -> tuple[int, int, int]:
        return self.ops[0].fill

    def __repr__(self) -> str:
        """Its arguments, with the number of operations in place of all of them."""
        fields = [field for field in dataclasses.fields(self) if field.name != "ops"]
        others = [f"{each.name}={getattr(self, each.name)!r}" for each in fields if _is_short(getattr(self, each.name))]
        return f"{type(self).__name__}({', '.join([f'{len(self.ops)} operations', *others])})"


def _is_short(value: object) -> bool:
    return value is not None and not isinstance(value, tuple)


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
        blended: whether each result is blended with what there is, as uint8, instead of being added up as floats.
    """

    ops: tuple[Op, ...]
    alpha: float = 1.0
    width: int = 3
    depth: int = -1
    blended: bool = False

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

        if self.blended:
            return blended(width, height, weights, part, chain)
        return mixed(width, height, np.zeros(len(u)), weights, part, chain)
