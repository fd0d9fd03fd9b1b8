"""Where a STEP row takes the points and pixels of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan_steps import FIRST_COLOR, NO_STEP, STEPS

_END = 2  # the mode of blend that ends a mix

#: (height, width)
Size = tuple[int, int]


def moving(steps: NDArray[np.void] | None) -> list[np.void]:
    """Those of a picture's STEP rows that move pixels, but for those of a mix: all its versions have the targets of the
    picture that it began with."""
    found, mixes = [], False
    for step in () if steps is None else steps:
        if step["code"] == STEPS["blend"]:
            mixes = step["mode"] != _END
        elif NO_STEP < step["code"] < FIRST_COLOR and not mixes:
            found.append(step)
    return found


def size_of(step: np.void) -> Size:
    """(height, width) of what it makes."""
    return int(step["height"]), int(step["width"])


def map_points(step: np.void, size: Size, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points ``[..., 2]`` of a picture of that size, x and y, in pixels of what the step makes; see
    :func:`pixfeed.plan.map_points`. NaN where the step takes them nowhere."""
    if step["code"] == STEPS["transpose"]:
        return _turned(int(step["mode"]), size, points)
    values = step["values"].tolist()
    more = values[6:8] if step["code"] == STEPS["perspective"] else [0.0, 0.0]
    backwards = np.array([values[:3], values[3:6], [*more, 1.0]])
    try:
        matrix = np.linalg.inv(backwards)
    except np.linalg.LinAlgError:
        return np.full_like(points, np.nan)
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = mapped[..., :2] / mapped[..., 2:]
    return found


def _turned(mode: int, size: Size, points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = points[..., 0], points[..., 1]
    back_x, back_y = size[1] - x, size[0] - y
    by_mode = [(back_x, y), (x, back_y), (y, back_x), (back_x, back_y), (back_y, x), (y, x), (back_y, back_x)]
    return np.stack(by_mode[mode], -1)


def nearest_pixels(step: np.void, size: Size) -> NDArray[np.int64]:
    """Which pixel of a picture of that size each pixel of what the step makes shows, with the rounding of Pillow's
    NEAREST, whatever the step's interpolation is: for masks.

    Returns:
        int64 ``[height, width]``: ``row * size[1] + column``, -1 where it shows none.
    """
    if step["code"] == STEPS["transpose"]:
        return _turned_pixels(int(step["mode"]), np.arange(size[0] * size[1]).reshape(size))
    height, width = size_of(step)
    a = step["values"].tolist()
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
    if step["code"] == STEPS["perspective"]:
        x, y = x + 0.5, y + 0.5
        with np.errstate(all="ignore"):
            by = a[6] * x + a[7] * y + 1
            places = (a[0] * x + a[1] * y + a[2]) / by, (a[3] * x + a[4] * y + a[5]) / by
    elif a[1] == 0 and a[3] == 0:
        places = _sums(a[2] + a[0] * 0.5, a[0], width), _sums(a[5] + a[4] * 0.5, a[4], height)[:, None]
    elif _fits_fixed(a, width, height):  # whole numbers, which doubles hold
        a[2], a[5] = a[2] + a[0] * 0.5 + a[1] * 0.5, a[5] + a[3] * 0.5 + a[4] * 0.5
        a = [np.floor(value * 65536 + 0.5) for value in a]
        places = (a[0] * x + a[1] * y + a[2]) / 65536, (a[3] * x + a[4] * y + a[5]) / 65536
    else:
        down = _sums(a[2] + a[1] * 0.5 + a[0] * 0.5, a[1], height), _sums(a[5] + a[4] * 0.5 + a[3] * 0.5, a[4], height)
        places = _sums(down[0], a[0], width), _sums(down[1], a[3], width)
    with np.errstate(invalid="ignore"):
        x, y = places
        inside = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
        pixels = np.where(inside, y, 0).astype(np.int64) * size[1] + np.where(inside, x, 0).astype(np.int64)
    return np.where(inside, pixels, -1)


def _turned_pixels(mode: int, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    return [
        pixels[:, ::-1],
        pixels[::-1],
        pixels.T[::-1],
        pixels[::-1, ::-1],
        pixels.T[:, ::-1],
        pixels.T,
        pixels.T[::-1, ::-1],
    ][mode]


def _sums(first: float | NDArray[np.float64], step: float, count: int) -> NDArray[np.float64]:
    """``[..., count]``: first, first + step, ... added up one after the other, as Pillow does it."""
    sums = np.full((*np.shape(first), count), step)
    sums[..., 0] = first
    return np.add.accumulate(sums, -1)


def _fits_fixed(a: list[float], width: int, height: int) -> bool:
    """See ``fits_fixed`` in ``csrc/core/steps/geometry.cpp``."""
    corners = ((0, 0), (width, height), (0, height), (width, 0))
    near = (max(abs(x * a[0] + y * a[1] + a[2]), abs(x * a[3] + y * a[4] + a[5])) < 32768 for x, y in corners)
    return all(near)
