"""STEP rows, checked and carried out with Pillow and NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import color_steps, geometry_steps, mix_steps
from pixfeed.backends.step import Step
from pixfeed.errors import BackendError
from pixfeed.plan_steps import FIRST_COLOR, STEPS

_FAR = 1 << 30
_CARRY_OUT = geometry_steps.CARRY_OUT | color_steps.CARRY_OUT


def steps_of(rows: NDArray[np.void] | None, plans: int) -> dict[int, list[Step]]:
    """STEP rows as Python's numbers, by the row of a table of ``plans`` rows that they come after.

    Raises:
        ValueError: they are not in the order of these rows.
    """
    by_row: dict[int, list[Step]] = {}
    before = 0
    for row in () if rows is None else rows.tolist():
        step = Step._make(tuple(field.tolist()) if isinstance(field, np.ndarray) else field for field in row)
        if not 0 <= step.plan < plans:
            raise ValueError("a step comes after a row that is not there")
        if step.plan < before:
            raise ValueError("steps are not in the order of the rows")
        before = step.plan
        by_row.setdefault(step.plan, []).append(step)
    return by_row


def check_steps(steps: Sequence[Step], width: int, height: int, gray: bool) -> tuple[int, int, bool]:
    """
    Args:
        width, height: the sides of what the first step takes.
        gray: whether R, G and B of it are alike.

    Returns:
        The same of what the last one makes.

    Raises:
        ValueError: the steps cannot be carried out.
    """
    mixed: tuple[int, int, bool] | None = None
    all_gray = True
    for step in steps:
        gray = _check_step(step, width, height, gray)
        width, height = step.width, step.height
        if step.code != STEPS["blend"]:
            continue
        if (step.mode == mix_steps.BEGIN) == (mixed is not None):
            raise ValueError("blending begins and ends in turn")
        if mixed is None:
            mixed, all_gray = (width, height, gray), gray
            continue
        if mixed[:2] != (width, height):
            raise ValueError("what is blended differs in size")
        all_gray &= gray
        gray = all_gray if step.mode == mix_steps.END else mixed[2]
        mixed = None if step.mode == mix_steps.END else mixed
    if mixed is not None:
        raise ValueError("blending begins and ends in turn")
    return width, height, gray


def _check_step(step: Step, width: int, height: int, gray: bool) -> bool:
    """Whether R, G and B of what it makes are alike."""
    if not (0 < step.width <= _FAR and 0 < step.height <= _FAR):
        raise ValueError("a step makes a picture of impossible sides")
    if min(step.fill) < 0 or max(step.fill) > 255:
        raise ValueError("fill may be 0 to 255")
    if not all(map(math.isfinite, step.values)):
        raise ValueError("a step has a value that is not finite")
    if STEPS["affine"] <= step.code < FIRST_COLOR:
        geometry_steps.check(step, width, height)
        return gray and len(set(step.fill)) == 1
    if (step.width, step.height) != (width, height):
        raise ValueError("a step that moves no pixels keeps the sides")
    if step.code == STEPS["blend"]:
        mix_steps.check(step)
    else:
        color_steps.check(step)
    return step.code == STEPS["gray"] or (gray and color_steps.keeps_gray(step))


def run_steps(image: NDArray[np.uint8], steps: Sequence[Step]) -> NDArray[np.uint8]:
    """Carry steps out on uint8 ``[H, W, 3]``, R, G, B.

    Raises:
        BackendError: Pillow is not there.
    """
    mix = mix_steps.Mix()
    for step in steps:
        if step.code == STEPS["blend"]:
            image = mix.step(image, step)
            continue
        try:
            image = _CARRY_OUT[step.code](image, step)
        except ImportError as error:
            raise BackendError(f"this step on the opencv backend needs Pillow ({error}): pip install pillow") from error
    return image
