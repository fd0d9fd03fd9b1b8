"""How pictures are read: the keyword arguments that imread, load_batch and FastTxtDataset share, and the PLAN rows that
follow from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from pixfeed import plan
from pixfeed.errors import Status

#: What a channel count is called; "unchanged" has as many as the file.
CHANNELS = {"rgb": 3, "gray": 1}

_CROP = ("crop_x", "crop_y", "crop_w", "crop_h")
_LONGEST = 1 << 30  # side of what is made, in pixels: what the backends can carry out


@dataclass(frozen=True)
class Reading:
    """How pictures are read. :func:`pixfeed.imread`, :func:`pixfeed.load_batch` and :class:`pixfeed.FastTxtDataset`
    take these as keyword arguments.

    Args:
        channels: ``"rgb"``, as ``cv2.imread`` (IMREAD_COLOR) in the order R, G, B; ``"gray"``, as IMREAD_GRAYSCALE (of
            a JPEG that is the luma as it is stored). :func:`pixfeed.imread` also knows ``"unchanged"``.
        interpolation: as OpenCV: ``"nearest"``, ``"linear"`` (the default), ``"cubic"``, ``"area"``, ``"lanczos4"``,
            ``"linear_exact"``, ``"nearest_exact"`` (cubic as OpenCV's own code; Intel's IPP, which OpenCV prefers where
            it has it, differs by one step in places); with ``antialias=True`` as Pillow: ``"box"``, ``"bilinear"`` (the
            default), ``"hamming"``, ``"bicubic"``, ``"lanczos"``.
        antialias: Pillow's filters, whose support grows when the picture shrinks, bit for bit ``PIL.Image.resize``,
            which torchvision's pretrained models were trained with. ``None`` is False unless ``decode="scaled"``.
        decode: ``"exact"``; or ``"scaled"``, for large JPEGs that become small: the decoder makes the picture at 1/2,
            1/4 or 1/8 of its size, the smallest that still has ``headroom`` times the output's sides, and the
            antialiased resize does the rest. Several times faster, and not exact: docs/performance.md says how far off.
        headroom: for ``decode="scaled"``: how much larger than the output the decoded picture has to be.
        reduced: 1, 2, 4 or 8: read at that fraction of the size, as OpenCV's ``IMREAD_REDUCED_COLOR_*`` (and
            ``..._GRAYSCALE_*``). Regions are given in pixels of the full size and scaled along: each number is divided
            and cut to an integer.
        roi_policy: what becomes of a region that lies partly outside its picture: ``"clip"`` cuts it off at the
            border, ``"error"`` refuses it. A region that lies outside as a whole is always an error.
        ignore_orientation: read the picture as it is stored, whatever its EXIF orientation says
            (IMREAD_IGNORE_ORIENTATION).
        max_pixels: pictures with more pixels are refused before memory is taken. OpenCV itself refuses more than
            2**30.
        strict: refuse pictures that their codec reads with a mere warning, such as a corrupt data segment, and look at
            the whole file even where only a region is read.
        min_recovered: 0 to 1: a JPEG that is cut off is read all the same, as ``cv2.imread`` reads it (what is missing
            is gray), if at least this share of its rows is there, counted in rows of blocks of 8 or 16 pixels. 1
            refuses all that are cut off, 0 takes every one whose header is whole. For baseline JPEGs in one scan, which
            most are: of a progressive one that is cut off no row is complete, and other formats are never recovered.
            ``strict`` refuses all. Datasets list those that were recovered in ``report()``.
        backend: ``"native"``, ``"opencv"``, or ``None`` for the default (see :func:`pixfeed.show_config`).

    Raises:
        ValueError: a value makes no sense, or two of them together.
    """

    channels: str = "rgb"
    interpolation: str | None = None
    antialias: bool | None = None
    decode: str = "exact"
    headroom: float = 2.0
    reduced: int = 1
    roi_policy: str = "clip"
    ignore_orientation: bool = False
    max_pixels: int = 1 << 30
    strict: bool = False
    min_recovered: float = 1.0
    backend: str | None = None

    def __post_init__(self):
        for name, known in (
            ("channels", (*CHANNELS, "unchanged")),
            ("decode", ("exact", "scaled")),
            ("reduced", (1, 2, 4, 8)),
            ("roi_policy", ("clip", "error")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it may be one of {', '.join(map(repr, known))}")
        if self.decode == "scaled":
            if self.antialias is False:
                raise ValueError(
                    "decode='scaled' ends with an antialiased resize; antialias=False goes with 'exact' only"
                )
            if self.reduced != 1:
                raise ValueError("decode='scaled' chooses how far to reduce by itself; leave reduced at 1")
            if not self.headroom >= 1:
                raise ValueError(f"headroom is {self.headroom}; it must be at least 1")
        if self.max_pixels < 1:
            raise ValueError(f"max_pixels is {self.max_pixels}; it must be at least 1")
        if not 0 <= self.min_recovered <= 1:
            raise ValueError(f"min_recovered is {self.min_recovered}; it must be a share of the rows, 0 to 1")
        _ = self.interpolation_number

    def __reduce__(self) -> tuple:
        """Pickles hold what differs from the defaults: they go to every worker process."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return _restored, (
            {field.name: given[field.name] for field in fields(self) if given[field.name] != field.default},
        )

    @property
    def interpolation_number(self) -> int:
        """The number that a PLAN has for the interpolation."""
        antialias = self.decode == "scaled" if self.antialias is None else self.antialias
        return plan.interpolation_number(self.interpolation or ("bilinear" if antialias else "linear"), antialias)

    def could_scale(self, headers: np.ndarray, rows: np.ndarray) -> bool:
        """Whether ``decode="scaled"`` would decode the first picture at a half or less: of HEADER and PLAN rows."""
        if self.decode != "exact" or self.reduced != 1 or headers["format"].item(0) != plan.JPEG:
            return False
        pairs = ("crop_w", "resize_w"), ("crop_h", "resize_h")
        return all(rows[crop].item(0) >= 2 * self.headroom * rows[to].item(0) for crop, to in pairs)

    def plans(
        self,
        headers: np.ndarray,
        size: tuple[int | None, int | None],
        rois: np.ndarray | None,
        boxes: np.ndarray | None,
        refuse: Callable[[int, str], None],
    ) -> np.ndarray:
        """PLAN rows ``[n]``, one a header.

        Args:
            headers: HEADER rows ``[n]``. Rows of sources that failed give rows that are never carried out.
            size: (height, width) in pixels; see :func:`pixfeed.plan.output_size` for ``None``, with which n must be 1.
            rois: int64 ``[n, 4]``: x, y, w, h in pixels of the whole displayed picture, or ``None`` for all of it.
            boxes: float64 ``[n, 4]``: left, upper, right, lower in pixels of the region, the part of it that is
                resized, with Pillow's filters only; or ``None`` for all of it.
            refuse: called with a row and what is wrong with its region or box. If it returns, the row is one that can
                be carried out, but not what was asked for.
        """
        whole = rois is None and boxes is None and self.reduced == 1 and self.decode == "exact"
        if whole:  # nothing to think about, and what follows takes 60 us
            if None in size:
                sides = headers["height"].item(0), headers["width"].item(0)
                size = check_size(plan.output_size(*sides, *size))
            return plan.resize_plan(headers, size, self.interpolation_number)
        rows = plan.resize_plan(headers, (1, 1), self.interpolation_number)
        crop = self.crops(headers, rois, refuse)
        if boxes is not None:
            for i in np.flatnonzero((headers["status"] == Status.OK) & ~_inside(boxes, crop)):
                sides = " x ".join(map(str, crop[i, 2:].tolist()))
                refuse(int(i), f"the box {boxes[i].tolist()} is not inside the region of {sides} pixels")
                boxes = boxes.copy()
                boxes[i] = 0, 0, *crop[i, 2:]
        else:
            boxes = np.concatenate([np.zeros((len(crop), 2)), crop[:, 2:]], 1)
        if None in size:
            size = check_size(plan.output_size(int(crop[0, 3]), int(crop[0, 2]), *size))
        for i, name in enumerate(_CROP):
            rows[name] = crop[:, i]
        rows["resize_h"], rows["resize_w"] = size
        rows["box"] = boxes
        self.reduce(rows, headers, boxes)
        return rows

    def crops(self, headers: np.ndarray, rois: np.ndarray | None, refuse: Callable[[int, str], None]) -> np.ndarray:
        """int64 ``[n, 4]``: x, y, w, h of each region, or of the whole picture, in the picture as it is decoded with
        ``reduced``. The arguments are those of :meth:`plans`."""
        width, height = headers["width"].astype(np.int64), headers["height"].astype(np.int64)
        if rois is None:
            rois = np.stack([np.zeros_like(width), np.zeros_like(width), width, height], 1)
            return _crop(rois, width, height, headers["format"], self.reduced, whole=True)
        good = headers["status"] == Status.OK
        for i in np.flatnonzero(good & ((rois[:, 2:] <= 0).any(1) | _outside(rois, width, height, self.roi_policy))):
            refuse(int(i), _what_is_wrong(rois[i].tolist(), int(width[i]), int(height[i])))
        return _crop(rois, width, height, headers["format"], self.reduced, whole=False)

    def reduce(self, rows: np.ndarray, headers: np.ndarray, boxes: np.ndarray | None = None) -> None:
        """Writes into PLAN rows at which size pictures are decoded. With ``decode="scaled"`` the crops that one of
        Pillow's filters makes smaller move to the reduced pictures.

        ``boxes``: their boxes as float64, if they are not the whole crops.
        """
        rows["reduced"] = self.reduced
        if self.decode != "scaled" or not len(rows) or rows["interpolation"][0] not in plan.PILLOW.values():
            return
        crop = np.stack([rows[name] for name in _CROP], 1).astype(np.int64)
        boxes = rows["box"].astype(np.float64) if boxes is None else boxes
        shrinks = (boxes[:, 2:] - boxes[:, :2]) / np.stack([rows["resize_w"], rows["resize_h"]], 1)
        rows["low_pass"] = 1
        rows["reduced"] = reduced = _scale(headers["format"], shrinks, self.headroom)
        # The reduced picture's pixels that the region touches; the box keeps the region's true borders.
        scale, corner = reduced[:, None], crop[:, :2] + plan.reduction(headers, reduced)[1]
        start = corner // scale
        sides = -(-(corner + crop[:, 2:]) // scale) - start
        rows["box"][:, :2] = (boxes[:, :2] + corner) / scale - start
        rows["box"][:, 2:] = np.minimum((boxes[:, 2:] + corner) / scale - start, sides)
        rows["crop_x"], rows["crop_y"] = start.T
        rows["crop_w"], rows["crop_h"] = sides.T


def _restored(given: dict) -> Reading:
    return Reading(**given)


def _outside(rois: np.ndarray, width: np.ndarray, height: np.ndarray, policy: str) -> np.ndarray:
    """Which regions are refused for where they lie. Nothing is added that could be too large for an int64; what is said
    of empty regions does not count."""
    x, y, w, h = rois.T
    if policy == "error":
        return (x < 0) | (y < 0) | (w > width - x) | (h > height - y)
    return (x >= width) | (y >= height) | (x <= -w) | (y <= -h)


def _what_is_wrong(roi: list[int], width: int, height: int) -> str:
    if min(roi[2:]) <= 0:
        return f"the region {roi} (x, y, w, h) is empty"
    return f"the region {roi} (x, y, w, h) lies outside the picture of {width} x {height} (w x h) pixels"


def _crop(rois, width, height, format, reduced, *, whole) -> np.ndarray:
    """int64 [n, 4]: the regions in the reduced pictures, cut off at their borders, at least one pixel each."""
    limit = np.stack([plan.reduced_side(side, format, reduced) for side in (width, height)], 1)
    if whole:
        return np.concatenate([np.zeros_like(limit), limit], 1)
    if reduced != 1:
        rois = np.trunc(rois / reduced).astype(np.int64)
    start = np.clip(rois[:, :2], 0, limit - 1)
    sides = np.clip(rois[:, 2:] + np.minimum(rois[:, :2], 0), 1, limit - start)
    return np.concatenate([start, sides], 1)


def _inside(boxes: np.ndarray, crop: np.ndarray) -> np.ndarray:
    left, upper, right, lower = boxes.T
    return (left >= 0) & (upper >= 0) & (right <= crop[:, 2]) & (lower <= crop[:, 3]) & (left < right) & (upper < lower)


def _scale(format: np.ndarray, shrinks: np.ndarray, headroom: float) -> np.ndarray:
    """The largest of 1, 2, 4, 8 that leaves ``headroom`` where the sides shrink to 1 / ``shrinks`` [n, 2]."""
    spare = shrinks.min(1) / headroom
    scale = 1 << ((spare >= 2).astype(np.int64) + (spare >= 4) + (spare >= 8))
    return np.where(format == plan.JPEG, scale, 1)


def check_rows(name: str, rows: object, n: int, dtype: type) -> np.ndarray | None:
    """``rows`` as an array ``[n, 4]`` of ``dtype`` (int64 or float64).

    Raises:
        ValueError, TypeError: it is none.
    """
    if rows is None:
        return None
    given = np.asarray(rows)
    if given.shape != (n, 4):
        raise ValueError(f"{name} has shape {given.shape}; {n} pictures need ({n}, 4)")
    numbers = given.dtype.kind in "iuf"
    with np.errstate(invalid="ignore"):  # of the cast
        array = given.astype(dtype) if numbers else given
    if not numbers or not (array == given).all():
        raise TypeError(
            f"{name} must be {'integers' if dtype is np.int64 else 'numbers'}: {given.dtype} {given[:1].tolist()}"
        )
    return array


def check_size(size: Sequence[int]) -> tuple[int, int]:
    """(height, width) as integers.

    Raises:
        TypeError, ValueError: it is not two positive integers.
    """
    height, width = (int(side) if int(side) == side else side for side in size)
    if not (isinstance(height, int) and isinstance(width, int)):
        raise TypeError(f"size is {size!r}; it must be (height, width), two integers")
    if height <= 0 or width <= 0:
        raise ValueError(f"size is {size!r}; height and width must be positive")
    if max(height, width) > _LONGEST:
        raise ValueError(f"size is {size!r}; a side has {_LONGEST:,} pixels at most")
    return height, width
