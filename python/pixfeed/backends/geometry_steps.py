"""Steps that move pixels, by Pillow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.step import Step
from pixfeed.plan_steps import STEPS


def check(step: Step, width: int, height: int) -> None:
    """
    Raises:
        ValueError: the step cannot be carried out on a picture of ``height`` x ``width`` pixels.
    """
    if step.code != STEPS["transpose"]:
        if step.mode not in (0, 2, 3):
            raise ValueError("mode may be 0 (nearest), 2 (bilinear) or 3 (bicubic)")
        return
    if not 0 <= step.mode <= 6:
        raise ValueError("unknown transposition")
    if (step.width, step.height) != ((height, width) if step.mode in (2, 4, 5, 6) else (width, height)):
        raise ValueError("a transposed picture has the sides of the picture")


def transpose(image: NDArray[np.uint8], step: Step) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(image).transpose(Image.Transpose(step.mode)))


def affine(image: NDArray[np.uint8], step: Step) -> NDArray[np.uint8]:
    from PIL import Image

    return _transformed(image, step, Image.Transform.AFFINE)


def perspective(image: NDArray[np.uint8], step: Step) -> NDArray[np.uint8]:
    from PIL import Image

    return _transformed(image, step, Image.Transform.PERSPECTIVE)


def _transformed(image: NDArray[np.uint8], step: Step, method: Any) -> NDArray[np.uint8]:
    from PIL import Image

    size, how = (step.width, step.height), Image.Resampling(step.mode)
    return np.asarray(Image.fromarray(image).transform(size, method, step.values, how, fillcolor=tuple(step.fill)))


#: What carries a step out, by code: takes uint8 ``[H, W, 3]`` and gives uint8 ``[height, width, 3]``.
CARRY_OUT: dict[int, Callable[[NDArray[np.uint8], Step], NDArray[np.uint8]]] = {
    STEPS["affine"]: affine,
    STEPS["perspective"]: perspective,
    STEPS["transpose"]: transpose,
}
