"""HEADER and PLAN: tables with one row per picture. HEADER has what is known about it, PLAN what is done with it.

Python writes PLAN rows. A backend carries them out and decides nothing. The steps of a row:

1. Decode ``source`` at 1 / ``reduced`` of its size, with ``gray`` as a gray picture. With ``low_pass`` a backend may
   decode a JPEG from its lowest frequencies alone.
2. Take the crop.
3. Resize the box in the crop. The box is the whole crop, except for Pillow's filters, whose box may have fractions of
   pixels.
4. Keep the window. Where it reaches beyond the resized crop ``framed`` says what it shows: ``fill``, or pixels of the
   resized crop again.
5. Adjust the colors, step by step.
6. Flip.
7. Write ``(value / 255 - mean) / std``, or the value itself as uint8.

The array that is written to determines the number of channels (1: gray), dtype and layout. It may be larger than the
window, and is 0 right of it and below.

A picture may need several rows, one after the other. The source of all but the first is ROW_BEFORE: they take what the
row before has made, uint8 RGB, which is in the thread's scratch memory.

What a row with ``keep`` makes is kept in the cache, if there is one. For a picture that the cache has already
(``kept`` of its HEADER row is 1) the rows up to that one are left out: the next one takes the picture from the cache.

Both dtypes mirror C structs (``csrc/core/header.h``, ``csrc/core/plan.h``); ``tests/test_plan.py`` compares them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: int64 ``[n]``, or a number that is the same for all pictures.
Pixels = NDArray[np.int64] | int

#: One row per source. Sides in pixels as displayed, that is after the EXIF orientation (1 to 8); ``bytes`` on disk;
#: ``samples``, a key of SAMPLES, and ``depth``, their bits, as they are stored, 0 if that is not known. ``kept`` is
#: what the cache has of it: one of the numbers below.
HEADER = np.dtype(
    [
        ("width", np.int32),
        ("height", np.int32),
        ("orientation", np.int32),
        ("format", np.int32),
        ("status", np.int32),
        ("kept", np.int32),
        ("bytes", np.int64),
        ("samples", np.int32),
        ("depth", np.int32),
    ]
)

#: The picture, as it is after the rows up to the one with ``keep``; the bytes of the file, from which it was read; it
#: had those, and they were not what had been written: it was read from its file.
KEPT_PIXELS, KEPT_BYTES, LOST_BYTES = 1, 2, 3

#: One row per picture to be made. The crop is in displayed pixels, reduced, the window in pixels of the resized crop.
PLAN = np.dtype(
    [
        ("source", np.int32),
        ("reduced", np.int32),
        ("low_pass", np.int32),
        ("crop_x", np.int32),
        ("crop_y", np.int32),
        ("crop_w", np.int32),
        ("crop_h", np.int32),
        ("resize_w", np.int32),
        ("resize_h", np.int32),
        ("window_x", np.int32),
        ("window_y", np.int32),
        ("window_w", np.int32),
        ("window_h", np.int32),
        ("flip_horizontal", np.int32),
        ("flip_vertical", np.int32),
        ("interpolation", np.int32),
        ("box", np.float32, 4),
        ("mean", np.float32, 3),
        ("std", np.float32, 3),
        ("framed", np.int32),
        ("fill", np.int32, 3),
        ("adjust", np.int32, 4),
        ("factor", np.float32, 4),
        ("gray", np.int32),
        ("keep", np.int32),
    ]
)

#: ``source`` of a row that goes on with what the row before has made.
ROW_BEFORE = -1

#: ``source`` of a row that is left out of what a backend gets: the picture stays as the row before has made it.
LEFT_OUT = -2

#: What the window shows beyond the resized crop; 0: it lies inside. The last three are those of ``numpy.pad``.
FRAMED = {"constant": 1, "edge": 2, "reflect": 3, "symmetric": 4}

#: Steps of ``adjust``, one after the other, as Pillow's ImageEnhance, ``convert("L")`` and HSV; ``factor`` 1 changes
#: nothing, gray has none, that of hue is the shift, -0.5 to 0.5 of the circle.
ADJUST = {"brightness": 1, "contrast": 2, "saturation": 3, "gray": 4, "hue": 5}

JPEG, PNG, WEBP = 1, 2, 3
# The orientations in which displayed pixels run against the stored ones, along x and along y.
_BACKWARDS = (2, 3, 6, 7), (3, 4, 7, 8)
FORMATS = {0: "unknown", 1: "jpeg", 2: "png", 3: "webp"}

#: What the samples of a pixel are.
SAMPLES = {0: "", 1: "gray", 2: "gray and alpha", 3: "rgb", 4: "rgb and alpha", 5: "palette", 6: "cmyk"}

#: OpenCV's ways of resampling, with the numbers of its INTER_*.
OPENCV = {"nearest": 0, "linear": 1, "cubic": 2, "area": 3, "lanczos4": 4, "linear_exact": 5, "nearest_exact": 6}
#: Those that there are for pictures of 16 bits a sample.
WIDE = {name: OPENCV[name] for name in ("nearest", "linear", "nearest_exact")}
#: Pillow's filters, antialiased: the numbers of its Resampling plus 16.
PILLOW = {"lanczos": 17, "bilinear": 18, "bicubic": 19, "box": 20, "hamming": 21}


def interpolation_number(interpolation: str, antialias: bool) -> int:
    """The number that a PLAN has for it.

    Raises:
        ValueError: there is no such interpolation, with or without antialiasing.
    """
    names, others = (PILLOW, OPENCV) if antialias else (OPENCV, PILLOW)
    if interpolation in names:
        return names[interpolation]
    hint = f" (it needs antialias={not antialias})" if interpolation in others else ""
    raise ValueError(
        f"interpolation is {interpolation!r}{hint}; with antialias={antialias} it may be one of {', '.join(names)}"
    )


def interpolation_text(number: int) -> str:
    """The name of an interpolation's number, and whose it is: ``"OpenCV's linear"``."""
    for whose, numbers in (("OpenCV", OPENCV), ("Pillow", PILLOW)):
        for name, known in numbers.items():
            if known == number:
                return f"{whose}'s {name}"
    raise ValueError(f"no interpolation has the number {number}")


def output_size(height: int, width: int, resize_height: int | None, resize_width: int | None) -> tuple[int, int]:
    """The (height, width) that a picture of ``height`` x ``width`` pixels is resized to.

    One ``None`` keeps the aspect ratio: the other side is ``int(side * given / other)``, at least 1. Both ``None``
    keep the size. This is the rule of the ``resize_image`` helper that list-file datasets use.
    """
    if resize_height is None:
        if resize_width is None:
            return height, width
        return max(1, int(height * resize_width / width)), resize_width
    if resize_width is None:
        return resize_height, max(1, int(width * resize_height / height))
    return resize_height, resize_width


def output_sizes(
    height: Pixels, width: Pixels, resize_height: int | None, resize_width: int | None
) -> tuple[Pixels, Pixels]:
    """:func:`output_size` of pictures with the sides ``[n]``."""
    if resize_height is None:
        if resize_width is None:
            return height, width
        return np.maximum(1, np.asarray(height * resize_width / width).astype(np.int64)), resize_width
    if resize_width is None:
        return resize_height, np.maximum(1, np.asarray(width * resize_height / height).astype(np.int64))
    return resize_height, resize_width


def reduced_side(
    side: NDArray[np.integer[Any]], format: NDArray[np.int32], reduced: NDArray[np.integer[Any]] | int
) -> NDArray[np.int64]:
    """Pixels of a side when it is decoded at 1 / ``reduced`` of its size, as OpenCV's ``IMREAD_REDUCED_*`` has it: a
    JPEG's are rounded up, others down."""
    return np.where(format == JPEG, -(-side // reduced), np.maximum(side // reduced, 1))


def reduction(
    headers: NDArray[np.void] | np.void, reduced: NDArray[np.integer[Any]] | int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Where decoding at 1 / ``reduced`` of the size takes points of displayed pictures: from ``at`` to
    ``(at + lead) / scale``.

    A JPEG's last pixels stand for fewer than ``reduced``, and come first where the orientation turns a side around.
    Pictures of other formats are resized as a whole.

    Args:
        headers: HEADER rows ``[n]``, or one.
        reduced: 1, 2, 4 or 8, for each.

    Returns:
        scale ``[n, 2]`` and lead, int64 ``[n, 2]``: for x and y, in pixels of the full size.
    """
    sides = np.stack([headers["width"], headers["height"]], -1).astype(np.int64)
    jpeg, reduced = headers["format"][..., None] == JPEG, np.asarray(reduced)[..., None]
    decoded = reduced_side(sides, headers["format"][..., None], reduced)
    backwards = np.stack([np.isin(headers["orientation"], those) for those in _BACKWARDS], -1)
    scale = np.where(jpeg | (sides == 0), reduced, sides / np.maximum(decoded, 1))
    return scale, np.where(jpeg & backwards, decoded * reduced - sides, 0)


def first_rows(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """int64 ``[b]``: which of the PLAN rows of b pictures are the first of a picture."""
    first = rows["source"] != ROW_BEFORE
    first[:1] = True
    return np.flatnonzero(first)


def by_picture(rows: NDArray[np.void]) -> list[NDArray[np.void]]:
    """The PLAN rows of each picture."""
    return np.split(rows, first_rows(rows)[1:])


def in_sequence(
    passes: Sequence[NDArray[np.void]], fixed: int = 0, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.void]:
    """PLAN rows as a backend takes them, picture by picture.

    Args:
        passes: the first rows ``[n]`` of n pictures, the second ones, and so on; LEFT_OUT where a picture has fewer.
        fixed: how many of them are left out for pictures that the cache has.
        kept: bool ``[n]``: whether it has it.
    """
    if len(passes) == 1:
        return passes[0]
    rows = np.stack(passes, 1)
    wanted = rows["source"] != LEFT_OUT
    rows["source"][:, 1:] = ROW_BEFORE
    if kept is not None and kept.any():
        rows["source"][kept, fixed] = rows["source"][kept, 0]
        wanted[kept, :fixed] = False
    left: NDArray[np.void] = rows[wanted]
    return left


def resize_plan(
    headers: NDArray[np.void], size: tuple[int, int], interpolation: int = OPENCV["linear"], gray: bool = False
) -> NDArray[np.void]:
    """PLAN rows that resize each whole picture to ``size``.

    Args:
        headers: HEADER rows ``[n]``.
        size: (height, width) in pixels.
        interpolation: see :func:`interpolation_number`.
        gray: whether pictures are read as gray.

    Returns:
        PLAN rows ``[n]``, one per header. Rows of sources that failed are there and are never carried out.
    """
    height, width = size
    plans = _resizing((height, width), interpolation, gray).repeat(len(headers))
    if len(headers) > 1:
        plans["source"] = np.arange(len(headers))
    box = plans["box"]
    plans["crop_w"] = box[:, 2] = headers["width"]
    plans["crop_h"] = box[:, 3] = headers["height"]
    return plans


@functools.lru_cache(maxsize=256)  # each assignment to a field takes 0.3 us, which is a lot for a small picture
def _resizing(size: tuple[int, int], interpolation: int, gray: bool) -> NDArray[np.void]:
    """One PLAN row that resizes a whole picture whose sides are still to be written. Not to be changed."""
    plan = np.zeros(1, PLAN)
    plan["reduced"] = plan["std"] = 1
    plan["resize_h"], plan["resize_w"] = plan["window_h"], plan["window_w"] = size
    plan["interpolation"] = interpolation
    plan["gray"] = gray
    return plan


def map_points(
    rows: NDArray[np.void],
    size: tuple[int, int],
    points: NDArray[np.float64],
    headers: NDArray[np.void] | None = None,
) -> NDArray[np.float64]:
    """Map points of the displayed pictures to the results of PLAN rows: for boxes and keypoints.

    Args:
        rows: PLAN rows ``[n]``.
        size: (height, width) of the slots that they are written to.
        points: ``[n, k, 2]``: x, y in pixels of the displayed picture at its full size; (0, 0) is the corner of the
            first pixel, not its centre.
        headers: HEADER rows ``[n]``. Without them pictures that are decoded at 1 / ``reduced`` of their size are taken
            to be stored upright, and their sides to be multiples of that.

    Returns:
        float64 ``[n, k, 2]``: x, y in pixels of the slot, in the same sense; what was cropped off lies outside.
    """
    scale: NDArray[Any]
    lead: NDArray[Any]
    if headers is None:
        scale, lead = rows["reduced"][:, None, None], np.zeros((1, 1, 2))
    else:
        scale, lead = (each[:, None] for each in reduction(headers, rows["reduced"]))
    points = (points + lead) / scale
    rows = rows[:, None]
    mapped = np.empty(np.broadcast_shapes(points.shape, (*rows.shape, 2)))
    for axis, (side, flip, length) in enumerate((("x", "horizontal", size[1]), ("y", "vertical", size[0]))):
        letter = "wh"[axis]
        begin, end = rows["box"][..., axis].astype(np.float64), rows["box"][..., 2 + axis]
        at = points[..., axis] - rows[f"crop_{side}"] - begin
        at = at * rows[f"resize_{letter}"] / (end - begin) - rows[f"window_{side}"]
        mapped[..., axis] = np.where(rows[f"flip_{flip}"] != 0, length - at, at)
    return mapped


def visible(rows: NDArray[np.void], size: tuple[int, int]) -> NDArray[np.int64]:
    """The part of each slot that shows the picture; around it is what ``framed`` has filled.

    Args:
        rows: PLAN rows ``[n]``.
        size: (height, width) of the slots.

    Returns:
        int64 ``[n, 4]``: left, upper, right, lower, in pixels of the slot.
    """
    borders = np.empty((len(rows), 4), np.int64)
    for axis, (side, flip) in enumerate((("x", "horizontal"), ("y", "vertical"))):
        length = size[1 - axis]
        begin = -rows[f"window_{side}"].astype(np.int64)
        end = begin + rows[f"resize_{'wh'[axis]}"]
        flipped = rows[f"flip_{flip}"] != 0
        borders[:, axis] = np.where(flipped, length - end, begin)
        borders[:, 2 + axis] = np.where(flipped, length - begin, end)
    return np.clip(borders, 0, (*size[::-1], *size[::-1]))


def middles(begin: float, length: float, count: int) -> NDArray[np.float64]:
    """Where the middles of ``count`` pixels lie that share ``length`` from ``begin`` on: step by step, so that
    roundings add up as those of Pillow's NEAREST do."""
    steps = np.full(count, length / count)
    steps[0] = begin + steps[0] * 0.5
    return np.add.accumulate(steps)


def nearest_pixels(row: np.void, size: tuple[int, int], header: np.void) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which pixel of the displayed picture is nearest to each pixel that a PLAN row makes, with the rounding of
    Pillow's NEAREST: for masks.

    Args:
        row: one PLAN row.
        size: (height, width) of the slot.
        header: the picture's HEADER row.

    Returns:
        int64 ``[height]`` and ``[width]``: the row and the column in the picture, -1 where the slot shows none.
    """
    scale, lead = reduction(header, row["reduced"])
    found = []
    for axis, side, flip in ((1, "y", "vertical"), (0, "x", "horizontal")):
        length, limit = size[1 - axis], int(header["height" if axis else "width"])
        crop, count, reduced = (int(row[name]) for name in (f"crop_{side}", f"resize_{'wh'[axis]}", "reduced"))
        begin, end = row["box"][axis], row["box"][2 + axis]
        at = middles(float(begin), float(end - begin), count)
        at = np.floor(at) + crop if reduced == 1 else np.floor((at + crop) * scale[axis] - lead[axis])
        at = np.clip(at.astype(np.int64), 0, limit - 1)
        place = np.arange(length) + int(row[f"window_{side}"])
        inside = (place >= 0) & (place < count)
        pixels = np.where(inside, at[np.clip(place, 0, count - 1)], -1)
        found.append(pixels[::-1] if row[f"flip_{flip}"] else pixels)
    return found[0], found[1]
