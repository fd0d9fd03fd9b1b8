"""Steps that change colors, by Pillow itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.step import Step
from pixfeed.plan_steps import STEPS


def check(step: Step) -> None:
    """
    Raises:
        ValueError: the step cannot be carried out.
    """
    if step.code != STEPS["gray"]:
        raise ValueError("unknown step")


def keeps_gray(step: Step) -> bool:
    """Whether R, G and B of what a step makes of a picture with R = G = B are alike, too."""
    return True


def gray(image: NDArray[np.uint8], step: Step) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


#: What carries a step out, by code: takes uint8 ``[H, W, 3]`` and gives the same.
CARRY_OUT: dict[int, Callable[[NDArray[np.uint8], Step], NDArray[np.uint8]]] = {STEPS["gray"]: gray}
