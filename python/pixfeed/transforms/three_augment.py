"""ThreeAugment: gray, inverted highlights, or blurred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan_steps import STEPS
from pixfeed.transforms.base import interval
from pixfeed.transforms.stepped import Stepped, StepRows, step_rows

_CODES = np.array([STEPS[name] for name in ("gray", "solarize", "gaussian_blur")])


@dataclass(frozen=True, repr=False)
class ThreeAugment(Stepped):
    """Make the picture gray, solarize it, or blur it, each with the same probability: the augmentation of DeiT III
    (https://arxiv.org/abs/2204.07118), which has a crop and a flip before it and ColorJitter after it. The pixels are
    those of Pillow's ``convert("L")``, ``ImageOps.solarize`` and ``ImageFilter.GaussianBlur``.

    Args:
        threshold: values from this one on are inverted.
        radius: (min, max) of the radius of the blur, in pixels. It is drawn uniformly.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    threshold: float = 128
    radius: Sequence[float] = (0.1, 2.0)

    draws = 2

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 256:
            raise ValueError(f"threshold is {self.threshold!r}; it may be 0 to 256")
        self._set(radius=interval("radius", self.radius))

    def steps(self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]) -> list[StepRows]:
        which = (u[:, 0] * 3).astype(np.int64)
        low, high = self.radius
        values = np.choose(which, [0.0, self.threshold, low + (high - low) * u[:, 1]])
        return [step_rows(width, height, _CODES[which], values=[values])]
