"""Several versions of a picture, added with weights: AugMix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.step import Step

BEGIN, ADD, END, OVER = range(4)


def check(step: Step) -> None:
    """
    Raises:
        ValueError: the step cannot be carried out.
    """
    if not BEGIN <= step.mode <= OVER:
        raise ValueError("unknown way to blend")
    if not all(0 <= value <= 1 for value in step.values[:2]):
        raise ValueError("weights may be 0 to 1")


class Mix:
    """The sum of what was made of a picture since ``BEGIN``."""

    def __init__(self) -> None:
        self._original: NDArray[np.uint8]
        self._sums: NDArray[np.float32]

    def step(self, image: NDArray[np.uint8], step: Step) -> NDArray[np.uint8]:
        """Carry out a step of it on uint8 ``[H, W, 3]``."""
        weight, part = np.float32(step.values[0]), np.float32(step.values[1])
        if step.mode == BEGIN:
            self._original, self._sums = image, weight * image.astype(np.float32)
            return image
        if step.mode == OVER:  # as Image.blend, in uint8
            blended = self._sums + weight * (image.astype(np.float32) - self._sums)
            self._sums = blended.astype(np.uint8).astype(np.float32)
            return self._original
        self._sums += weight * image.astype(np.float32)
        if step.mode == ADD:
            return self._original
        mixed = np.minimum(self._sums, 255).astype(np.uint8)
        first = self._original.astype(np.float32)
        return (first + part * (mixed.astype(np.float32) - first)).astype(np.uint8)
