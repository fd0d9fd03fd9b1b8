"""Regions: from regions of displayed pictures to the crop, the box and the reduction of PLAN rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pixfeed import plan
from pixfeed.errors import Status
from pixfeed.reading.options import Reading

_CROP = ("crop_x", "crop_y", "crop_w", "crop_h")


def crops(
    reading: Reading, headers: NDArray[np.void], rois: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], dict[int, str]]:
    """The regions in pixels of the decoded pictures, which have 1 / ``reduced`` of the full size.

    Args:
        headers: HEADER rows ``[n]``. Rows of sources that failed give crops that are never used.
        rois: int64 ``[n, 4]``: x, y, w, h in pixels of the whole displayed picture; ``None`` for all of it.

    Returns:
        int64 ``[n, 4]``: x, y, w, h; and by row, what is wrong with regions that do not fit. Their crops can be carried
        out, but are not what was asked for.
    """
    width, height = headers["width"].astype(np.int64), headers["height"].astype(np.int64)
    limit = np.stack([plan.reduced_side(side, headers["format"], reading.reduced) for side in (width, height)], 1)
    if rois is None:
        return np.concatenate([np.zeros_like(limit), limit], 1), {}
    refused = {}
    wrong = (rois[:, 2:] <= 0).any(1) | _outside(rois, width, height, reading.roi_policy)
    for i in np.flatnonzero((headers["status"] == Status.OK) & wrong).tolist():
        refused[i] = _what_is_wrong(rois[i].tolist(), int(width[i]), int(height[i]))
    if reading.reduced != 1:
        rois = np.trunc(rois / reading.reduced).astype(np.int64)
    start = np.clip(rois[:, :2], 0, limit - 1)
    sides = np.clip(rois[:, 2:] + np.minimum(rois[:, :2], 0), 1, limit - start)
    return np.concatenate([start, sides], 1), refused


def _outside(
    rois: NDArray[np.int64], width: NDArray[np.int64], height: NDArray[np.int64], policy: str
) -> NDArray[np.bool_]:
    """Which regions are refused for where they lie. Nothing is added that might overflow an int64; the result for empty
    regions does not count."""
    x, y, w, h = rois.T
    outside: NDArray[np.bool_]
    if policy == "error":
        outside = (x < 0) | (y < 0) | (w > width - x) | (h > height - y)
    else:
        outside = (x >= width) | (y >= height) | (x <= -w) | (y <= -h)
    return outside


def _what_is_wrong(roi: list[int], width: int, height: int) -> str:
    if min(roi[2:]) <= 0:
        return f"the region {roi} (x, y, w, h) is empty"
    return f"the region {roi} (x, y, w, h) lies outside the picture of {width} x {height} (w x h) pixels"


def checked_boxes(
    boxes: NDArray[np.float64], crop: NDArray[np.int64], statuses: NDArray[np.int32]
) -> tuple[NDArray[np.float64], dict[int, str]]:
    """The parts of regions that are resized.

    Args:
        boxes: float64 ``[n, 4]``: left, upper, right, lower in pixels of the region.
        crop: int64 ``[n, 4]``, the regions.
        statuses: int32 ``[n]``; boxes of sources that failed are not looked at.

    Returns:
        The boxes, with the whole region in place of each that does not fit; and by row, what is wrong with it.
    """
    refused = {}
    left, upper, right, lower = boxes.T
    inside = (left >= 0) & (left < right) & (right <= crop[:, 2])
    inside &= (upper >= 0) & (upper < lower) & (lower <= crop[:, 3])
    for i in np.flatnonzero((statuses == Status.OK) & ~inside).tolist():
        sides = " x ".join(map(str, crop[i, 2:].tolist()))
        refused[i] = f"the box {boxes[i].tolist()} is not inside the region of {sides} pixels"
        boxes = boxes.copy()
        boxes[i] = 0, 0, *crop[i, 2:]
    return boxes, refused


def reduce(
    reading: Reading, rows: NDArray[np.void], headers: NDArray[np.void], boxes: NDArray[np.float64] | None = None
) -> None:
    """Write into PLAN rows at which size pictures are decoded. With ``decode="scaled"`` crops that one of Pillow's
    filters makes smaller move to the reduced pictures.

    Args:
        boxes: float64 ``[n, 4]``, if they are not the whole crops.
    """
    rows["reduced"] = reading.reduced
    if reading.decode != "scaled" or not len(rows) or rows["interpolation"][0] not in plan.PILLOW.values():
        return
    crop = np.stack([rows[name] for name in _CROP], 1).astype(np.int64)
    boxes = rows["box"].astype(np.float64) if boxes is None else boxes
    shrinks = (boxes[:, 2:] - boxes[:, :2]) / np.stack([rows["resize_w"], rows["resize_h"]], 1)
    rows["low_pass"] = 1
    rows["reduced"] = reduced = _scale(headers["format"], shrinks, reading.headroom)
    # The reduced picture's pixels that the region touches; the box keeps the region's true borders.
    scale, corner = reduced[:, None], crop[:, :2] + plan.reduction(headers, reduced)[1]
    start = corner // scale
    sides = -(-(corner + crop[:, 2:]) // scale) - start
    rows["box"][:, :2] = (boxes[:, :2] + corner) / scale - start
    rows["box"][:, 2:] = np.minimum((boxes[:, 2:] + corner) / scale - start, sides)
    rows["crop_x"], rows["crop_y"] = start.T
    rows["crop_w"], rows["crop_h"] = sides.T


def _scale(format: NDArray[np.int32], shrinks: NDArray[np.float64], headroom: float) -> NDArray[np.int64]:
    """The largest of 1, 2, 4, 8 that leaves ``headroom`` where the sides shrink to 1 / ``shrinks`` ``[n, 2]``."""
    spare = shrinks.min(1) / headroom
    scale = 1 << ((spare >= 2).astype(np.int64) + (spare >= 4) + (spare >= 8))
    return np.where(format == plan.JPEG, scale, 1)


def could_scale(reading: Reading, headers: NDArray[np.void], rows: NDArray[np.void]) -> bool:
    """Whether ``decode="scaled"`` would decode the first picture at a half or less: from HEADER and PLAN rows."""
    if reading.decode != "exact" or reading.reduced != 1 or headers["format"].item(0) != plan.JPEG:
        return False
    pairs = ("crop_w", "resize_w"), ("crop_h", "resize_h")
    return all(rows[crop].item(0) >= 2 * reading.headroom * rows[to].item(0) for crop, to in pairs)
