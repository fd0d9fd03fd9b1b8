"""Sides that are given besides a transform."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from pixfeed.transforms.branches import Branching
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometric
from pixfeed.transforms.resize import ResizeTo


def _resizes(step: Callable[..., Any]) -> bool:
    """Whether it resizes every picture."""
    if isinstance(step, Branching):
        return step.is_native and "resize" in step.does(None) and step.size_after(None) is not None
    return isinstance(step, Geometric) and "resize" in step.does(None)


def with_sides(steps: Sequence[Callable[..., Any]], resize: ResizeTo, channels: int) -> list[Callable[..., Any]]:
    """The steps after ``resize``; without it if they resize themselves, with a UserWarning if to another size.

    Args:
        steps: of a transform.
        resize: to the sides that were given.
        channels: of the pictures that are read: 3, or 1 for gray.
    """
    if not any(map(_resizes, steps)):
        return [resize, *steps]
    size = Recipe(steps, channels).size
    if size is not None and size != (resize.height, resize.width):
        warnings.warn(
            f"the transform makes images of {size[0]} x {size[1]} (h x w) pixels; resize_height and resize_width, "
            f"{resize.height} and {resize.width}, have no effect",
            stacklevel=6,
        )
    return list(steps)
