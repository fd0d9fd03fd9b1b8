"""A PLAN row carried out with cv2, NumPy and Pillow on a picture that is decoded: from the crop to the slot."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.color_steps import shift_hue
from pixfeed.backends.step import Step
from pixfeed.backends.steps import check_steps, run_steps, steps_of
from pixfeed.errors import BackendError
from pixfeed.plan import ADJUST, FRAMED, OPENCV, PILLOW, PLAN, ROW_BEFORE, WIDE, middles

_DTYPES = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.uint16))
_STEPS = frozenset({0, *ADJUST.values()})
_PILLOW, _OPENCV = frozenset(PILLOW.values()), frozenset(OPENCV.values())
_FAR = 1 << 30


class Plan(NamedTuple):
    """A PLAN row in Python's numbers: reading fields of an array takes 30 times as long. See :mod:`pixfeed.plan`."""

    source: int
    reduced: int
    low_pass: int
    crop_x: int
    crop_y: int
    crop_w: int
    crop_h: int
    resize_w: int
    resize_h: int
    window_x: int
    window_y: int
    window_w: int
    window_h: int
    flip_horizontal: int
    flip_vertical: int
    interpolation: int
    box: tuple[float, float, float, float]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    framed: int
    fill: tuple[int, ...]
    adjust: tuple[int, ...]
    factor: tuple[float, ...]
    gray: int
    keep: int
    steps: Sequence[Step] = ()  # that come after it

    @property
    def makes_gray(self) -> bool:
        """Whether R, G and B of what it makes are alike."""
        return bool(self.gray) or ADJUST["gray"] in self.adjust


assert Plan._fields[:-1] == PLAN.names


def plans_of(rows: NDArray[np.void], steps: NDArray[np.void] | None = None) -> list[list[Plan]]:
    """PLAN rows ``[n]`` and the STEP rows after them as Python's numbers, picture by picture.

    Raises:
        ValueError: the steps are not in the order of the rows.
    """
    pictures: list[list[Plan]] = []
    by_row = steps_of(steps, len(rows))
    for number, row in enumerate(rows.tolist()):
        fields = [tuple(field.tolist()) if isinstance(field, np.ndarray) else field for field in row]
        plan = Plan._make([*fields, by_row.get(number, ())])
        if plan.source == ROW_BEFORE and pictures:
            pictures[-1].append(plan)
        else:
            pictures.append([plan])
    return pictures


def check_out(n: int, out: NDArray[Any]) -> None:
    """
    Raises:
        ValueError: ``out`` is no array of slots, or not of n.
    """
    if out.ndim != 4 or out.shape[1] not in (1, 3) or out.dtype not in _DTYPES or not out.flags.writeable:
        raise ValueError(
            "out must be writable, uint8, float32, float16 or uint16 (bfloat16), of shape [B, 3, H, W] or [B, 1, H, W]"
        )
    if n != len(out):
        raise ValueError("plans and out differ in length")


def _finite(*numbers: float) -> bool:
    return all(-np.inf < number < np.inf for number in numbers)


def check(plans: Sequence[Plan], width: int, height: int, slot: NDArray[Any]) -> None:
    """
    Raises:
        ValueError: the rows of a picture of ``height`` x ``width`` pixels do not fit it, each other or the slot.
    """
    gray = True  # the first row says itself what it takes
    for plan in plans:
        _check_row(plan, width, height)
        if plan.gray and not gray:
            raise ValueError("the row before makes colors")
        width, height, gray = plan.window_w, plan.window_h, plan.makes_gray
        width, height, gray = check_steps(plan.steps, width, height, gray)
    channels, slot_height, slot_width = slot.shape
    if width > slot_width or height > slot_height:
        raise ValueError("the window is larger than the slot")
    if channels == 1 and not gray:
        raise ValueError("a slot of one channel needs a gray picture")


def check_wide(plans: Sequence[Plan], slot: NDArray[Any]) -> None:
    """
    Raises:
        ValueError: the rows ask for what there is for pictures of 8 bits only.
    """
    if slot.dtype not in (np.uint16, np.float32):
        raise ValueError("depth 16 is written as uint16 or float32")
    if plans[0].reduced != 1:
        raise ValueError("depth 16 has no reduced sizes")
    for plan in plans:
        if plan.interpolation not in WIDE.values():
            raise ValueError("depth 16 is resized by nearest, nearest_exact or linear only")
        if plan.framed not in (0, FRAMED["constant"]):
            raise ValueError("depth 16 has frames of a color only")
        if any(plan.adjust):
            raise ValueError("depth 16 has no change of colors")
        if plan.steps:
            raise ValueError("depth 16 has no steps")


def _check_row(plan: Plan, picture_width: int, picture_height: int) -> None:
    x, y, w, h = plan.crop_x, plan.crop_y, plan.crop_w, plan.crop_h
    if min(x, y) < 0 or min(w, h) <= 0 or x + w > picture_width or y + h > picture_height:
        raise ValueError("the crop does not lie inside the picture")
    x, y, w, h = plan.window_x, plan.window_y, plan.window_w, plan.window_h
    if min(plan.resize_w, plan.resize_h) <= 0:
        raise ValueError("the crop is resized to nothing")
    if min(w, h) <= 0:
        raise ValueError("the window is empty")
    if plan.framed not in (0, *FRAMED.values()):
        raise ValueError("unknown frame")
    if not plan.framed and (min(x, y) < 0 or x + w > plan.resize_w or y + h > plan.resize_h):
        raise ValueError("the window does not lie inside the resized crop")
    if min(x, y) < -_FAR or max(x + w, y + h) > _FAR:
        raise ValueError("the window lies too far away")
    if min(plan.fill) < 0 or max(plan.fill) > 255:
        raise ValueError("fill may be 0 to 255")
    if not _STEPS.issuperset(plan.adjust):
        raise ValueError("unknown adjustment")
    hues = [shift for step, shift in zip(plan.adjust, plan.factor, strict=True) if step == ADJUST["hue"]]
    if not _finite(*plan.factor) or any(abs(shift) > 0.5 for shift in hues):
        raise ValueError("unusable factor")
    left, upper, right, lower = plan.box
    if plan.interpolation in _PILLOW:
        if not (0 <= left < right <= plan.crop_w and 0 <= upper < lower <= plan.crop_h):
            raise ValueError("the box does not lie inside the crop")
    elif plan.interpolation not in _OPENCV:
        raise ValueError("unknown interpolation")
    elif (left, upper, right, lower) != (0, 0, plan.crop_w, plan.crop_h):
        raise ValueError("a box in fractions of pixels needs one of Pillow's filters")
    if not (_finite(*plan.mean, *plan.std) and all(plan.std)):
        raise ValueError("unusable mean or std")


def resize(cv2: ModuleType, image: NDArray[np.uint8], size: tuple[int, int], interpolation: int) -> NDArray[np.uint8]:
    """Cubic, and all of uint16, with OpenCV's own code: Intel's IPP, which it prefers, rounds differently.

    Raises:
        MemoryError: that is what cv2 lacks here.
    """
    try:
        resized: NDArray[np.uint8]
        if interpolation != OPENCV["cubic"] and image.dtype == np.uint8:
            resized = cv2.resize(image, size, interpolation=interpolation)
            return resized
        ipp = cv2.ipp.useIPP()
        cv2.ipp.setUseIPP(False)
        try:
            resized = cv2.resize(image, size, interpolation=interpolation)
            return resized
        finally:
            cv2.ipp.setUseIPP(ipp)
    except cv2.error as error:
        raise MemoryError(f"{size[0]} x {size[1]} pixels (w x h) are too many for cv2.resize: {error}") from error


def resize_crop(cv2: ModuleType, image: NDArray[np.uint8], plan: Plan, bgr: bool = False) -> NDArray[np.uint8]:
    """The middle of the sentence: crop, resize.

    The order of the channels matters to cubic only: cv2 rounds the end of a row, what its vectors leave, differently.
    """
    image = image[plan.crop_y : plan.crop_y + plan.crop_h, plan.crop_x : plan.crop_x + plan.crop_w]
    size = (plan.resize_w, plan.resize_h)
    if plan.interpolation in _PILLOW:
        return _pillow_resize(image, size, plan.interpolation, plan.box)
    if plan.interpolation == OPENCV["nearest_exact"] and is_opencv_4(cv2):
        return nearest_exact(image, size)
    if bgr and image.ndim == 3 and plan.interpolation == OPENCV["cubic"]:
        return resize(cv2, np.ascontiguousarray(image[..., ::-1]), size, plan.interpolation)[..., ::-1]
    return resize(cv2, image, size, plan.interpolation)


def is_opencv_4(cv2: ModuleType) -> bool:
    """Its INTER_NEAREST_EXACT takes a neighbour now and then."""
    return str(cv2.__version__).startswith("4.")


def nearest_exact(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """INTER_NEAREST_EXACT of OpenCV 5, which is Pillow's NEAREST. ``size`` is (width, height)."""
    sides = zip(image.shape[1::-1], size, strict=True)
    columns, rows = (np.minimum(middles(0, side, count).astype(np.int64), side - 1) for side, count in sides)
    found: NDArray[np.uint8] = image.take(rows, 0).take(columns, 1)
    return found


def _pillow_resize(
    image: NDArray[np.uint8], size: tuple[int, int], interpolation: int, box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """Pillow itself: there is nothing in OpenCV that gives the same."""
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError(
            f"antialiased resizing on the opencv backend needs Pillow ({error}): pip install pillow"
        ) from error
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling(interpolation - 16), box=box))


class _Planes(threading.local):
    """Memory for the channels of a picture: fresh memory would take longer than to fill it."""

    memory = np.empty(0, np.uint8)

    def get(self, height: int, width: int) -> NDArray[np.uint8]:
        """uint8 ``[3, height, width]``."""
        size = 3 * height * width
        if len(self.memory) < size:
            self.memory = np.empty(size, np.uint8)
        return self.memory[:size].reshape(3, height, width)


_planes = _Planes()


def finish(
    cv2: ModuleType,
    image: NDArray[np.uint8],
    plans: Sequence[Plan],
    slot: NDArray[Any],
    bgr: bool = False,
    keep: Callable[[NDArray[np.uint8]], None] | None = None,
) -> None:
    """The end of the sentence: window, colors, flip, write; before it the other rows, from the crop on.

    Args:
        image: the resized crop of the first row: ``[h, w, 3]``, RGB or BGR, or gray ``[h, w]``.
        plans: the rows of the picture.
        bgr: whether its channels are in the order B, G, R.
        keep: called with what a row with ``keep`` makes: ``[h, w, 3]``, RGB, or ``[h, w, 1]``.
    """
    image, bgr = _change(cv2, image, plans[0], bgr)
    _keep(image, plans[0], bgr, keep)
    for plan in plans[1:]:
        if image.ndim == 3 and plan.gray:
            image = image[..., 0]
        elif image.ndim == 2 and not plan.gray:
            image = np.repeat(image[..., None], 3, 2)
        image, bgr = _change(cv2, resize_crop(cv2, np.ascontiguousarray(image), plan, bgr), plan, bgr)
        _keep(image, plan, bgr, keep)
    _write(cv2, image, plans[-1], slot, bgr)


def _keep(image: NDArray[np.uint8], plan: Plan, bgr: bool, keep: Callable[[NDArray[np.uint8]], None] | None) -> None:
    """A row with ``keep`` has no steps after it."""
    if plan.keep and keep is not None:
        if image.ndim == 2:
            keep(image[..., None])
        elif plan.makes_gray:
            keep(image[..., :1])
        else:
            keep(image[..., ::-1] if bgr else image)


def _change(cv2: ModuleType, image: NDArray[np.uint8], plan: Plan, bgr: bool) -> tuple[NDArray[np.uint8], bool]:
    """Window, colors, flip, steps; and whether the result is BGR, which steps do not make."""
    image = _window(image, plan, bgr)
    for step, factor in zip(plan.adjust, plan.factor, strict=True):
        image = _adjust(image, step, np.float32(factor), bgr)
    if plan.flip_horizontal:
        image = image[:, ::-1]
    if plan.flip_vertical:
        image = image[::-1]
    if not plan.steps:
        return image, bgr
    colored = np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image[..., ::-1] if bgr else image
    return run_steps(np.ascontiguousarray(colored), plan.steps), False


def _write(cv2: ModuleType, image: NDArray[np.uint8], plan: Plan, slot: NDArray[Any], bgr: bool) -> None:
    """uint8 as it is, others ``(value / 255 - mean) / std``."""
    height, width = image.shape[:2]
    slot[:, height:] = 0
    slot[:, :height, width:] = 0
    slot = slot[:, :height, :width]
    if image.dtype == np.uint16:
        _write_wide(image[..., ::-1] if bgr else image, plan, slot)
        return
    planes = np.broadcast_to(image, (len(slot), height, width)) if image.ndim == 2 else image[None]
    if image.ndim == 3:
        planes = _planes.get(*image.shape[:2])
        cv2.split(np.ascontiguousarray(image), list(planes))
        planes = planes[::-1] if bgr else planes
    table = None if slot.dtype == np.uint8 else values_of(plan.mean, plan.std, slot.dtype)
    for c, target in enumerate(slot):
        if table is None:
            target[...] = planes[c]
        elif target.dtype == np.float32 and target.strides == (4 * target.shape[1], 4):  # cv2 takes no others
            cv2.LUT(np.ascontiguousarray(planes[c]), table[c], dst=target)
        else:
            target[...] = table[c].take(planes[c])


def _write_wide(image: NDArray[Any], plan: Plan, slot: NDArray[Any]) -> None:
    """uint16 as it is, float32 ``(value / 65535 - mean) / std``."""
    for c, target in enumerate(slot):
        plane = image if image.ndim == 2 else image[..., c]
        if target.dtype == np.uint16:
            target[...] = plane
        else:
            levels = plane.astype(np.float32) / np.float32(65535)
            target[...] = (levels - np.float32(plan.mean[c])) / np.float32(plan.std[c])


@functools.lru_cache(maxsize=16)
def values_of(mean: tuple[float, ...], std: tuple[float, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """``(value / 255 - mean) / std`` of the values 0 to 255: ``[3, 256]`` of ``dtype``. Not to be changed."""
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    values: NDArray[Any] = (levels - np.array(mean, np.float32)[:, None]) / np.array(std, np.float32)[:, None]
    if dtype == np.float16:
        with np.errstate(over="ignore"):  # infinite, as torch has it
            values = values.astype(np.float16)
    elif dtype == np.uint16:  # bfloat16: the upper half of a float32, rounded to nearest, ties to even
        bits = values.view(np.uint32)
        values = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return values


def _window(image: NDArray[np.uint8], plan: Plan, bgr: bool) -> NDArray[np.uint8]:
    """The window, with the frame where it reaches beyond the resized crop."""
    x, y, width, height = plan.window_x, plan.window_y, plan.window_w, plan.window_h
    if not plan.framed:
        return image[y : y + height, x : x + width]
    if plan.framed != FRAMED["constant"]:
        return image[
            _repeated(y + np.arange(height), len(image), plan.framed)[:, None],
            _repeated(x + np.arange(width), image.shape[1], plan.framed),
        ]
    framed = np.empty((height, width, *image.shape[2:]), image.dtype)
    fill = np.array(plan.fill[:1] if image.ndim == 2 else plan.fill[::-1] if bgr else plan.fill)
    framed[...] = fill * 257 if image.dtype == np.uint16 else fill
    left, top = max(x, 0), max(y, 0)
    part = image[top : max(y + height, top), left : max(x + width, left)]
    framed[top - y : top - y + part.shape[0], left - x : left - x + part.shape[1]] = part
    return framed


def _repeated(at: NDArray[np.int64], n: int, framed: int) -> NDArray[np.int64]:
    """Which of n pixels in a row stand at these places, some of which lie before or behind them."""
    if framed == FRAMED["edge"] or n == 1:
        return np.clip(at, 0, n - 1)
    there = np.arange(n)
    back = there[-2:0:-1] if framed == FRAMED["reflect"] else there[::-1]
    there_and_back = np.concatenate([there, back])
    return there_and_back[at % len(there_and_back)]


def _adjust(image: NDArray[np.uint8], step: int, factor: np.float32, bgr: bool) -> NDArray[np.uint8]:
    """One step of ``adjust``, as Pillow computes it: in float32, cut off at 0 and 255, without the fraction."""
    if step == 0:
        return image
    if step == ADJUST["hue"]:
        if image.ndim == 2:
            return image
        return shift_hue(image[..., ::-1], float(factor))[..., ::-1] if bgr else shift_hue(image, float(factor))
    if image.ndim == 2:
        gray = image.astype(np.int32)
    else:
        weights = np.array([19595, 38470, 7471], np.int32)
        gray = (image.astype(np.int32) @ (weights[::-1] if bgr else weights) + 32768) >> 16
    other: NDArray[np.float32] | np.float32
    if step == ADJUST["brightness"]:
        other = np.float32(0)
    elif step == ADJUST["contrast"]:
        other = np.float32(int(gray.mean(dtype=np.float64) + 0.5))
    else:
        other = gray.astype(np.float32).reshape(*gray.shape, *[1] * (image.ndim - 2))
        factor = np.float32(0) if step == ADJUST["gray"] else factor
    adjusted: NDArray[np.float32] = np.clip(other + factor * (image.astype(np.float32) - other), 0, 255)
    return adjusted.astype(np.uint8)
