"""STEP rows of every kind, for hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from pixfeed.plan_steps import STEP, STEPS


def _transpose(draw, width: int, height: int, keep_sides: bool) -> dict[str, object]:
    mode = draw(st.integers(0, 6) if width == height or not keep_sides else st.sampled_from([0, 1, 3]))
    sides = (height, width) if mode in (2, 4, 5, 6) else (width, height)
    return {"mode": mode, "width": sides[0], "height": sides[1]}


def _affine(draw, width: int, height: int, keep_sides: bool) -> dict[str, object]:
    new_width, new_height = (width, height) if keep_sides else (draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    shape = draw(st.sampled_from([(1, 0, 0, 1), (0.6, 0, 0, -1.7), (0, 1, -1, 0), (0.8, 0.6, -0.6, 0.8), None]))
    a, b, d, e = shape or draw(st.tuples(*[st.floats(-3, 3, width=32)] * 4))
    c, f = (draw(st.floats(-0.5 * side, 1.2 * side)) for side in (width, height))
    if draw(st.booleans()):
        c, f = round(c), round(f)
    mode = draw(st.sampled_from([0, 2, 3]))
    return {"mode": mode, "values": (a, b, c, d, e, f), "width": new_width, "height": new_height}


def _perspective(draw, width: int, height: int, keep_sides: bool) -> dict[str, object]:
    columns = _affine(draw, width, height, keep_sides)
    columns["values"] += draw(st.tuples(*[st.floats(-0.0625, 0.0625, width=32)] * 2))
    return columns


def _numbers(*strategies):
    """Draws ``values``."""
    return lambda draw, width, height, keep_sides: {"values": [draw(each) for each in strategies]}


def _erase(draw, width: int, height: int, keep_sides: bool) -> dict[str, object]:
    x, y = draw(st.integers(0, width)), draw(st.integers(0, height))
    return {"values": [x, y, draw(st.integers(0, width - x)), draw(st.integers(0, height - y))]}


def _noise(mode: int):
    word = st.integers(0, 2**32 - 1)
    numbers = _numbers(st.floats(-1, 1), st.floats(0, 1), word, word)
    return lambda *arguments: numbers(*arguments) | {"mode": mode}


_FACTOR = _numbers(st.floats(0, 3))
_ODD = st.integers(0, 12).map(lambda half: 2 * half + 1)

#: By code: draws the columns that are not 0, for a picture of these sides, which are to be kept or not.
COLUMNS = {
    "affine": _affine,
    "perspective": _perspective,
    "transpose": _transpose,
    "brightness": _FACTOR,
    "contrast": _FACTOR,
    "saturation": _FACTOR,
    "sharpness": _FACTOR,
    "hue": _numbers(st.floats(-0.5, 0.5)),
    "posterize": _numbers(st.integers(0, 8)),
    "solarize": _numbers(st.floats(0, 256)),
    "solarize_add": _numbers(st.integers(0, 110), st.floats(0, 256)),
    "autocontrast": _numbers(),
    "equalize": _numbers(),
    "invert": _numbers(),
    "gray": _numbers(),
    "gaussian_blur": _numbers(st.floats(0, 20)),
    "gaussian_blur_kernel": _numbers(_ODD, _ODD, st.floats(0.1, 9), st.floats(0.1, 9)),
    "noise": _noise(0),
    "erase": _erase,
}

#: Codes that may make colors of a gray picture.
MAKES_COLORS = frozenset({"noise"})


@st.composite
def some_steps(draw, sides: tuple[int, int], keep_sides: bool, gray: bool):
    """Some steps, one after the other, on a picture of that width and height. ``gray``: they keep R = G = B."""
    rows = draw(_unmixed(sides, keep_sides, gray))
    if not draw(st.booleans()):
        return rows
    sides = (int(rows["width"][-1]), int(rows["height"][-1])) if len(rows) else sides
    parts = [rows, _blend(draw, sides, 0)]
    for mode in (*draw(st.lists(st.sampled_from([1, 3]), max_size=3)), 2):
        parts += [draw(_unmixed(sides, True, gray)), _blend(draw, sides, mode)]
    return np.concatenate(parts)


def _blend(draw, sides: tuple[int, int], mode: int) -> np.ndarray:
    row = np.zeros(1, STEP)
    row["code"], row["mode"], row["width"], row["height"] = STEPS["blend"], mode, *sides
    weights = [0, 1, 0.25, float(np.float32(0.3)), 0.7]
    row["values"][0, :2] = draw(st.sampled_from(weights)), draw(st.sampled_from(weights))
    return row


@st.composite
def _unmixed(draw, sides: tuple[int, int], keep_sides: bool, gray: bool):
    """Up to four steps that are not those of a mix."""
    rows = np.zeros(draw(st.integers(0, 4)), STEP)
    width, height = sides
    for row in rows:
        name = draw(st.sampled_from([name for name in COLUMNS if not gray or name not in MAKES_COLORS]))
        row["code"], row["width"], row["height"] = STEPS[name], width, height
        row["fill"] = draw(st.integers(0, 255) if gray else st.tuples(*[st.integers(0, 255)] * 3))
        for column, value in COLUMNS[name](draw, width, height, keep_sides).items():
            if column == "values":
                row["values"][: len(value)] = value
            else:
                row[column] = value
        width, height = int(row["width"]), int(row["height"])
    return rows
