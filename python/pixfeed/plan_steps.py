"""STEP: a table of operations on pictures that a PLAN row does not have, one row per operation.

A step comes after the row of the PLAN table that ``plan`` names, and takes what that row has made, flipped. The table
is sorted by it; steps after the same row are carried out in their order. What the last one makes is written, with that
row's mean and std, or handed to the next row. Between steps pictures are uint8 RGB; gray ones have R = G = B.

The dtype mirrors a C struct (``csrc/core/steps/step.h``); ``tests/test_plan.py`` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import LEFT_OUT, first_rows

#: One row per operation.
STEP = np.dtype(
    [
        ("plan", np.int32),  # which row of the PLAN table it comes after
        ("code", np.int32),  # a number of STEPS
        ("width", np.int32),  # pixels of what it makes
        ("height", np.int32),
        ("mode", np.int32),  # see STEPS
        ("fill", np.int32, 3),  # R, G, B, 0 to 255: what is shown where the picture is not
        ("values", np.float64, 8),  # see STEPS; those that are not used are 0
    ]
)

#: The operations, by name.
#:
#: * affine: ``Image.transform(size, AFFINE, values[0:6])``. ``mode``: 0 nearest, 2 bilinear, 3 bicubic.
#: * perspective: ``Image.transform(size, PERSPECTIVE, values[0:8])``. ``mode`` as before.
#: * transpose: ``Image.transpose(mode)``.
#: * brightness, contrast, saturation, sharpness: those of ``ImageEnhance``. ``values[0]``: the factor.
#: * hue: in Pillow's HSV. ``values[0]``: the shift, -0.5 to 0.5.
#: * posterize, solarize, autocontrast, equalize, invert: those of ``ImageOps``. ``values[0]``: bits, or the threshold.
#: * solarize_add: ``values[0]`` is added to values below ``values[1]``, up to 255.
#: * gray: ``convert("L")``, in all of R, G and B.
#: * permute: ``values[0:3]`` says which channel becomes R, G and B.
#: * gaussian_blur: ``ImageFilter.GaussianBlur(values[0])``.
#: * gaussian_blur_kernel: a kernel of ``values[0]`` x ``values[1]`` pixels (w x h) with the sigmas ``values[2:4]``.
#: * noise: normal, with mean ``values[0]`` and sigma ``values[1]``; ``values[2:4]`` is the key.
#: * erase: the rectangle ``values[0:4]`` (x, y, w, h) becomes ``fill``.
#: * blend: several versions of a picture are added. ``mode`` 0 keeps the picture and begins the sum with ``values[0]``
#:   times it; 1 adds ``values[0]`` times what steps have made of it by then, and gives the picture back; 2 adds, too,
#:   and gives the sum, blended with the picture by ``values[1]`` (1: the sum alone).
STEPS = {
    "affine": 1,
    "perspective": 2,
    "transpose": 3,
    "brightness": 10,
    "contrast": 11,
    "saturation": 12,
    "sharpness": 13,
    "hue": 14,
    "posterize": 15,
    "solarize": 16,
    "solarize_add": 17,
    "autocontrast": 18,
    "equalize": 19,
    "invert": 20,
    "gray": 21,
    "permute": 22,
    "gaussian_blur": 23,
    "gaussian_blur_kernel": 24,
    "noise": 25,
    "erase": 26,
    "blend": 27,
}

#: The first code of a step that moves no pixels.
FIRST_COLOR = STEPS["brightness"]

_MOST = np.iinfo(np.int32).max

#: ``code`` of a row that is left out of what a backend gets: nothing is done with the picture.
NO_STEP = 0


def no_steps(width: NDArray[np.int64], height: NDArray[np.int64], count: int = 1) -> NDArray[np.void]:
    """STEP rows ``[n, count]`` that do nothing with pictures of these sides ``[n]``."""
    steps = np.zeros((len(width), count), STEP)
    # A side that does not fit the column becomes its largest number, which is refused later.
    steps["width"], steps["height"] = (np.minimum(side, _MOST)[:, None] for side in (width, height))
    return steps


def steps_in_sequence(
    passes: Sequence[NDArray[np.void]],
    steps: Sequence[NDArray[np.void] | None],
    fixed: int = 0,
    kept: NDArray[np.bool_] | None = None,
) -> NDArray[np.void] | None:
    """STEP rows as a backend takes them, for what :func:`pixfeed.plan.in_sequence` makes of ``passes``.

    Args:
        passes: PLAN rows ``[n]`` of each pass.
        steps: of each pass, STEP rows ``[n, k]``, in which those of no step are NO_STEP; ``None`` for no steps at all,
            as in the first ``fixed``.
        fixed, kept: as there.

    Returns:
        A table sorted by ``plan``, which is set; ``None`` if there is no step.
    """
    if all(each is None for each in steps):
        return None
    wanted = np.stack([rows["source"] != LEFT_OUT for rows in passes], 1)
    if kept is not None:
        wanted[kept, :fixed] = False
    numbers = np.cumsum(wanted).reshape(wanted.shape) - 1
    parts = []
    for place, each in enumerate(steps):
        if each is not None:
            each["plan"] = numbers[:, place, None]
            parts.append(each.view(_ROW))
    every = np.concatenate(parts, 1).view(STEP).reshape(-1)
    found = np.flatnonzero(every["code"] != NO_STEP)
    return every.view(_ROW)[found].view(STEP) if len(found) else None


# NumPy copies rows of several fields one field after the other.
_ROW = np.dtype((np.void, STEP.itemsize))


def of_pictures(
    plans: NDArray[np.void], steps: NDArray[np.void] | None, pictures: Sequence[int]
) -> tuple[NDArray[np.void], NDArray[np.void] | None]:
    """The PLAN rows and STEP rows of some of the pictures, as tables of their own.

    Args:
        pictures: places of pictures.
    """
    firsts = [*first_rows(plans).tolist(), len(plans)]
    ranges = [(firsts[i], firsts[i + 1]) for i in pictures]
    rows = np.concatenate([plans[begin:end] for begin, end in ranges])
    if steps is None:
        return rows, None
    found, number = [], 0
    for begin, end in ranges:
        its = steps[np.searchsorted(steps["plan"], begin) : np.searchsorted(steps["plan"], end)].copy()
        its["plan"] += number - begin
        found.append(its)
        number += end - begin
    return rows, np.concatenate(found)
