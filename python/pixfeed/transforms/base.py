"""The common part of all transforms: arguments, a repr, and the call with a single picture."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Sequence
from enum import Enum, StrEnum
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import OPENCV, PILLOW


class InterpolationMode(StrEnum):
    """torchvision's names of interpolations. Each is equal to the word that it stands for."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


#: Interpolations by torchvision's names. Its InterpolationMode and Pillow's Resampling are Enums; ints are Pillow's.
Interpolation = Literal["nearest", "nearest-exact", "box", "bilinear", "hamming", "bicubic", "lanczos"] | Enum | int

_Number = TypeVar("_Number", np.int64, np.float64)


class Transform:
    """Subclasses are frozen dataclasses; their fields are torchvision's arguments."""

    #: How many uniform random numbers it takes per sample.
    draws: int = 0
    #: Applies transforms to one picture. Set by :mod:`pixfeed.transforms.compose`, which knows all kinds of them.
    apply_all: ClassVar[Callable[[Sequence[Callable[..., Any]], Any], Any]]

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __repr__(self) -> str:
        """The call that makes it, without arguments that have their default."""
        shown = []
        for field in dataclasses.fields(self):
            value, default = getattr(self, field.name), field.default
            if default is dataclasses.MISSING:
                shown.append(str(value) if field.type == "torch.dtype" else repr(value))
            elif value != default:
                shown.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __call__(self, image: Any) -> Any:
        """Transform one picture, with random numbers from torch's global generator; see :class:`Compose`."""
        return Transform.apply_all([self], image)

    def _set(self, **values: object) -> None:
        """Set fields in ``__post_init__``."""
        for name, value in values.items():
            object.__setattr__(self, name, value)


def pair(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width): one number for both.

    Raises:
        TypeError, ValueError: it is not one or two positive integers.
    """
    sides = tuple(size) if isinstance(size, Sequence) else (size,)
    if len(sides) not in (1, 2):
        raise ValueError(f"{name} is {size!r}; it must be one number, or height and width")
    try:
        height, width = (operator.index(side) for side in (sides * 2)[:2])
    except TypeError:
        raise TypeError(f"{name} is {size!r}; it must be integers") from None
    if min(height, width) <= 0:
        raise ValueError(f"{name} is {size!r}; it must be positive")
    return height, width


def interval(name: str, values: Sequence[float], least: float = 0.0, most: float = float("inf")) -> tuple[float, float]:
    """(min, max).

    Raises:
        TypeError, ValueError: it is no interval between ``least`` and ``most``.
    """
    if not isinstance(values, Sequence) or len(values) != 2:
        raise TypeError(f"{name} is {values!r}; it must be two numbers")
    low, high = (float(value) for value in values)
    if not least <= low <= high <= most or not (math.isfinite(low) and math.isfinite(high)):
        at_least = f"at least {least:g}" if math.isfinite(least) else "finite"
        at_most = f" and {most:g} at most" if math.isfinite(most) else ""
        raise ValueError(f"{name} is {values!r}; it must be (min, max), {at_least}{at_most}")
    return low, high


def finite(name: str, value: float) -> float:
    """
    Raises:
        ValueError: it is infinite, or no number.
    """
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; it must be finite")
    return float(value)


def probability(p: float, name: str = "p") -> float:
    if not 0 <= p <= 1:
        raise ValueError(f"{name} is {p!r}; it must be a probability, from 0 to 1")
    return float(p)


def checked_fill(fill: int | Sequence[int]) -> int | tuple[int, ...]:
    """A color for what is not covered by the picture.

    Raises:
        ValueError: it is not one integer from 0 to 255, or three.
    """
    given = tuple(fill) if isinstance(fill, Sequence) else (fill,)
    if len(given) not in (1, 3):
        raise ValueError(f"fill is {fill!r}; it must be one number, or one each for R, G and B")
    if not all(isinstance(value, (int, float)) and 0 <= value <= 255 and int(value) == value for value in given):
        raise ValueError(f"fill is {fill!r}; it must be integers from 0 to 255")
    return given if isinstance(fill, Sequence) else fill  # transforms can be hashed


def fill_color(fill: int | Sequence[int]) -> tuple[int, int, int]:
    """R, G, B of what :func:`checked_fill` takes."""
    given = tuple(fill) if isinstance(fill, Sequence) else (fill,)
    r, g, b = (int(value) for value in (given * 3)[:3])
    return r, g, b


_BY_PILLOW = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


def interpolation_name(interpolation: Interpolation) -> str:
    """The name of an interpolation that is given as a name, torchvision's InterpolationMode or Pillow's Resampling.

    Raises:
        ValueError: there is no such interpolation.
    """
    value: Any = getattr(interpolation, "value", interpolation)
    name: str = _BY_PILLOW.get(value, value)  # a plain word, in place of a member of an Enum
    if name not in (*PILLOW, "nearest", "nearest-exact"):
        known = "nearest, nearest-exact, box, bilinear, hamming, bicubic, lanczos"
        raise ValueError(f"interpolation is {interpolation!r}; it may be one of {known}")
    return name


def interpolation_number(name: str, antialias: bool | None) -> int:
    """The number of an interpolation in PLAN rows: Pillow's filter, as torchvision uses it for PIL images; with
    ``antialias=False`` OpenCV's.

    Raises:
        ValueError: there is no such interpolation without antialiasing.
    """
    if name.startswith("nearest"):
        return OPENCV["nearest_exact"]  # the pixel under the middle: Pillow's NEAREST
    if antialias is not False:
        return PILLOW[name]
    plain = {"bilinear": "linear", "bicubic": "cubic"}
    if name not in plain:
        raise ValueError(f"interpolation {name!r} goes with antialias=True only")
    return OPENCV[plain[name]]


def first_valid(valid: NDArray[np.bool_], *candidates: NDArray[_Number]) -> list[NDArray[_Number]]:
    """The first valid candidate of each row, ``[n]`` of ``[n, tries]``. Rows without a valid one give their first."""
    rows = np.arange(len(valid))
    at = valid.argmax(1)
    return [candidate[rows, at] for candidate in candidates]
