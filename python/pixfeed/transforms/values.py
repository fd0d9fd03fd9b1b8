"""What becomes of a uint8 value: dtype, mean and std."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch


class Values(NamedTuple):
    """``(value / 255 - mean) / std`` as ``dtype``, every step rounded to float32; or with uint8 the value itself."""

    dtype: torch.dtype = torch.float32
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def fit(self, channels: int) -> bool:
        """Whether they can be carried out: a finite number for all channels or one for each, and no std 0."""
        counts = (1, channels)
        return (
            len(self.mean) in counts
            and len(self.std) in counts
            and all(map(math.isfinite, (*self.mean, *self.std)))
            and all(self.std)
        )

    def three(self) -> tuple[list[float], list[float]]:
        """Mean and std as the backends take them."""
        mean, std = ([*numbers, *numbers[:1] * 2][:3] for numbers in (self.mean, self.std))
        return mean, std


def numbers(given: float | Sequence[float] | torch.Tensor) -> tuple[float, ...]:
    """A number, or some, as torchvision's Normalize takes them, rounded to float32.

    Raises:
        TypeError, ValueError: they are no numbers, or there are none.
    """
    found = torch.as_tensor(given, dtype=torch.float32).flatten().tolist()
    if not found:
        raise ValueError("mean and std need at least one number")
    return tuple(found)
