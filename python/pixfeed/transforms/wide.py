"""Which transforms go with pictures of 16 bits."""

from __future__ import annotations

from pixfeed._stand_in import torch
from pixfeed.plan import WIDE, interpolation_text
from pixfeed.transforms.base import Transform
from pixfeed.transforms.branches import Branching
from pixfeed.transforms.color import Color
from pixfeed.transforms.crop_pad_flip import Padding
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.stepped import Stepped


def check_wide(recipe: Recipe) -> None:
    """
    Raises:
        ValueError: a step is for pictures of 8 bits only. The message says what to do.
    """
    for each in recipe.passes:
        for step, _ in each.steps:
            leaves = [leaf for leaf, _ in step.leaves] if isinstance(step, Branching) else [step]
            for leaf in leaves:
                _check_step(leaf)
    if recipe.written not in (None, torch.float32):
        raise ValueError(
            f"the transform makes {recipe.written}, which depth=16 does not go with: it makes torch.float32, by "
            "ToTensor() before Python functions, or without one what dtype says"
        )


def _check_step(step: Transform) -> None:
    if isinstance(step, (Color, Stepped)) or (isinstance(step, Padding) and step.padding_mode != "constant"):
        raise ValueError(
            f"{step} is for pictures of 8 bits; depth=16 goes with resizing, crops, flips, padding with a color and "
            "Normalize"
        )
    number = getattr(step, "number", None)
    if number is not None and number not in WIDE.values():
        raise ValueError(
            f"{step}: pictures of 16 bits are resized by OpenCV's {', '.join(WIDE)}, not by "
            f"{interpolation_text(number)}; give it antialias=False"
        )
