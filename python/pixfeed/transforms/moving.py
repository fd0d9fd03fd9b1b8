"""How transforms move pixels: the interpolation, and the color where the picture is not."""

from __future__ import annotations

from collections.abc import Sequence

from pixfeed.transforms.base import Interpolation, interpolation_name

#: Pillow's numbers of the interpolations that move pixels, which ``mode`` of STEP rows has.
INTERPOLATIONS = {"nearest": 0, "nearest-exact": 0, "bilinear": 2, "bicubic": 3}

#: A color as torchvision takes it: ``None`` for black, one number, or R, G and B.
Fill = float | Sequence[float] | None


def interpolation_of(interpolation: Interpolation) -> str:
    """
    Raises:
        ValueError: pixels cannot be moved with it.
    """
    name = interpolation_name(interpolation)
    if name not in INTERPOLATIONS:
        raise ValueError(f"interpolation is {name!r}; pixels are moved with nearest, bilinear or bicubic")
    return name


def checked_fill(fill: Fill) -> Fill:
    """
    Raises:
        TypeError, ValueError: it is no color.
    """
    if fill is None:
        return None
    values = fill if isinstance(fill, Sequence) else (fill,)
    if not all(isinstance(value, (int, float)) for value in values):
        raise TypeError(f"fill is {fill!r}; it must be a number, or one each for R, G and B")
    if len(values) not in (1, 3) or not all(0 <= value <= 255 for value in values):
        raise ValueError(f"fill is {fill!r}; it must be one number from 0 to 255, or one each for R, G and B")
    return tuple(values) if isinstance(fill, Sequence) else fill


def color_of(fill: Fill) -> tuple[int, int, int]:
    """R, G, B; fractions are dropped."""
    values = fill if isinstance(fill, Sequence) else (fill or 0,)
    r, g, b = (int(value) for value in (tuple(values) * 3)[:3])
    return r, g, b
