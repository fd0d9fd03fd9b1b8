"""OpenCV and NumPy as a backend: slower than the extension, and obviously correct.

cv2 does not read headers, so sources are decoded when they are opened. What was decoded is kept until it is needed, up
to a limit; pictures beyond it are decoded again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from time import perf_counter_ns
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context
from pixfeed.backends.contract import DEFAULT_OPTIONS, Decoded, OpenOptions, Source
from pixfeed.backends.encoded import Frame, essential, look, orientation
from pixfeed.backends.imread import END, image_of, lacks_bits, upright
from pixfeed.backends.plain import Plain
from pixfeed.backends.stderr import caught
from pixfeed.errors import BackendError, Status
from pixfeed.plan import ADJUST, HEADER, JPEG, OPENCV, PILLOW, PNG, reduced_side

#: Bytes of decoded pictures that the sources of one ``open`` keep.
KEPT = 256 << 20
# What libjpeg says of a JPEG whose header claims fewer rows than there are: they stand before the next RST, or EOI.
_MORE_ROWS = re.compile(r"Corrupt JPEG data: \d+ extraneous bytes before marker 0xd[0-79]")
# "libpng warning: iCCP: ...": a chunk whose name begins with a lower-case letter is ancillary, no pixel depends on it.
_ANCILLARY = re.compile(r"libpng warning: [a-z]\w{3}:")


def imread_flags(reduced: int, gray: bool) -> int:
    """OpenCV's IMREAD_[REDUCED_]COLOR or _GRAYSCALE[_n], for ``reduced`` of 1, 2, 4 or 8."""
    return {1: 0, 2: 16, 4: 32, 8: 64}[reduced] | (not gray)


def _read(source: Source) -> tuple[Status, str, bytes]:
    """The status, the system's words, and the bytes."""
    if not isinstance(source, (str, os.PathLike)):
        view = source.data if isinstance(source, np.ndarray) else memoryview(source)
        data = bytes(view.cast("B"))
    else:
        try:
            with open(source, "rb") as file:
                data = file.read()
        except ValueError:
            return Status.MISSING, "a NUL byte in the name", b""
        except (FileNotFoundError, NotADirectoryError) as error:
            return Status.MISSING, error.strerror or "", b""
        except OSError as error:
            return Status.UNREADABLE, error.strerror or "", b""
    return (Status.OK if data else Status.EMPTY), "", data


def _pillow_resize(
    image: NDArray[np.uint8], size: tuple[int, int], interpolation: int, box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """Pillow itself: there is nothing in OpenCV that gives the same."""
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError(
            f"antialiased resizing on the opencv backend needs Pillow ({error}): pip install 'pixfeed[opencv]'"
        ) from error
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling(interpolation - 16), box=box))


def _decode(
    cv2: ModuleType, data: bytes, flags: int, strict: bool, max_pixels: int
) -> tuple[Status, str, NDArray[Any] | None]:
    """The status, the codec's words, and what cv2 reads with these flags, in the order R, G, B (A)."""
    seen = look(data)
    if seen.pixels > max_pixels:
        return Status.TOO_LARGE, "", None
    if not seen.ended and not seen.usable:  # cv2 would refuse it, too, and may take gigabytes before
        return Status.TRUNCATED, "", None
    if not seen.ended:
        data = data[: seen.usable]
    turn = 1 if flags & cv2.IMREAD_IGNORE_ORIENTATION else orientation(data)
    if seen.format:  # the header says the same, whatever this version of OpenCV knows
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    if seen.format == PNG:
        data = essential(data)
    try:
        image, said = image_of(cv2, data if seen.ended else data + END, flags)
    except cv2.error as error:
        return (Status.TOO_LARGE if "CV_IO_MAX_IMAGE" in str(error) else Status.CORRUPT), str(error.err), None
    warnings = [line for line in said if not _ANCILLARY.match(line)]
    note = warnings[0] if warnings else ""
    if image is None:
        if seen.depth != 8 and not seen.strange:
            return Status.UNSUPPORTED, f"{seen.depth} bits a sample", None
        return (Status.CORRUPT if seen.format else Status.NOT_AN_IMAGE), note, None
    if image.shape[0] * image.shape[1] > max_pixels:  # a format that look() does not know
        return Status.TOO_LARGE, "", None
    made_up = not seen.complete or (seen.open and lacks_bits(cv2, data, seen, image, flags, warnings))
    if made_up or (strict and not seen.ended):
        return Status.TRUNCATED, note, None
    if strict and (warnings or seen.strange):
        return Status.CORRUPT, note, None
    if image.ndim == 3 and image.shape[2] in (3, 4):
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return Status.OK, "", upright(cv2, image, turn)


def _rows_there(cv2: ModuleType, data: bytes, frame: Frame) -> tuple[int, int]:
    """The number of rows of MCUs that are in a truncated JPEG, and the number that should be. The former is the most
    that the header may claim before libjpeg warns, found by bisection."""
    total = -(-frame.height // frame.band)
    good, bad = 0, total + 1
    while bad - good > 1:
        rows = (good + bad) // 2
        height = min(rows * frame.band, frame.height).to_bytes(2, "big")
        claims = data[: frame.height_at] + height + data[frame.height_at + 2 :] + END
        with caught() as said:
            image = cv2.imdecode(np.frombuffer(claims, np.uint8), imread_flags(8, True))
        if image is None or any(not _MORE_ROWS.match(line) for line in said.lines):
            bad = rows
        else:
            good = rows
    return good, total


_COSTS = ("bytes", "reading", "decoding", "resizing", "writing")


class _Opened:
    def __init__(self, cv2: ModuleType, sources: Sequence[Source], options: OpenOptions):
        self._cv2 = cv2
        self._min_recovered = 1.0 if options.strict else options.min_recovered
        self._recovered: set[int] = set()  # sources of which rows are missing
        self._options = (options.strict, options.max_pixels)
        self._orientation = cv2.IMREAD_IGNORE_ORIENTATION if options.ignore_orientation else 0
        self._notes: list[str] = []
        self._data: list[bytes] = []
        # By source, reduction and grayness: uint8 [h, w, 3], RGB, or [h, w], upright.
        self._images: dict[tuple[int, int, bool], NDArray[np.uint8]] = {}
        self._kept = 0  # bytes of them
        self._costs = dict.fromkeys(_COSTS, 0)
        self.headers = np.zeros(len(sources), HEADER)
        self.headers["orientation"] = 1
        for i, (header, source) in enumerate(zip(self.headers, sources, strict=True)):
            start = perf_counter_ns()
            status, note, data = _read(source)
            self._costs["reading"] += perf_counter_ns() - start
            self._costs["bytes"] += len(data)
            if status == Status.OK:
                header["bytes"] = len(data)
                header["format"] = look(data).format
                if not options.ignore_orientation:
                    header["orientation"] = orientation(data)  # cv2 turns them, and does not say how
                status, note, image = self._decode(data, cv2.IMREAD_COLOR)
                if status == Status.TRUNCATED and self._min_recovered < 1:
                    status, note, image, data = self._recover(i, data)
                if image is not None:
                    header["height"], header["width"] = image.shape[:2]
                    self._keep((i, 1, False), image)
            header["status"] = status
            self._data.append(data)
            self._notes.append(note)

    def _decode(self, data: bytes, flags: int) -> tuple[Status, str, NDArray[Any] | None]:
        start = perf_counter_ns()
        decoded = _decode(self._cv2, data, flags | self._orientation, *self._options)
        self._costs["decoding"] += perf_counter_ns() - start
        return decoded

    def _recover(self, i: int, data: bytes) -> tuple[Status, str, NDArray[Any] | None, bytes]:
        """As :meth:`_decode` for source ``i``, which is cut off, and its bytes with an end marker."""
        frame = look(data).frame
        if frame is None:
            return Status.TRUNCATED, "", None, data
        good, total = _rows_there(self._cv2, data, frame)
        note = f"{100 * good // total} % of the rows are there"
        if good < self._min_recovered * total:
            return Status.TRUNCATED, note, None, data
        if good < total:
            self._recovered.add(i)
        else:
            note = ""
        data += END
        status, words, image = self._decode(data, self._cv2.IMREAD_COLOR)
        return status, note if image is not None else words, image, data

    def _image(self, i: int, reduced: int, gray: bool) -> NDArray[np.uint8]:
        """Source ``i``, whose header is good, as cv2 reads it: reduced, or gray, or both."""
        cv2 = self._cv2
        if (i, reduced, gray) not in self._images:
            header = self.headers[i]
            by_opencv = header["format"] == JPEG or min(header["width"], header["height"]) >= reduced
            flags = imread_flags(reduced if by_opencv else 1, gray)
            status, _, image = self._decode(self._data[i], flags)
            if image is None:
                raise ValueError(f"what could be read in colour cannot be read with flags {flags}: {status!r}")
            if not by_opencv:  # cv2 raises an error: a side would have no pixel
                size = tuple(int(reduced_side(header[side], header["format"], reduced)) for side in ("width", "height"))
                image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR_EXACT)
            self._keep((i, reduced, gray), image)
            return image
        return self._images[i, reduced, gray]

    def _keep(self, what: tuple[int, int, bool], image: NDArray[np.uint8]) -> None:
        if self._kept + image.nbytes <= KEPT:
            self._images[what] = image
            self._kept += image.nbytes

    def note(self, i: int) -> str:
        return self._notes[i]

    def _report(self) -> tuple[int, ...]:
        """The costs since the last report."""
        size, reading, *running = self._costs.values()
        self._costs = dict.fromkeys(_COSTS, 0)
        return size, reading, sum(running), *running

    def decode_into(self, plans: NDArray[np.void], out: NDArray[Any], threads: int = 1) -> Decoded:
        _check_out(plans, out)
        for plan in plans:
            if not 0 <= plan["source"] < len(self.headers):
                raise ValueError("there is no such source")
            header = self.headers[plan["source"]]
            if header["status"] == Status.OK:
                if plan["reduced"] not in (1, 2, 4, 8):
                    raise ValueError("reduced may be 1, 2, 4 or 8")
                width, height = (
                    int(reduced_side(header[name], header["format"], plan["reduced"])) for name in ("width", "height")
                )
                _check(plan, width, height, out.shape[2], out.shape[3])
        statuses = self.headers["status"][plans["source"]]
        for plan, slot, status in zip(plans, out, statuses, strict=True):
            context.check_cancelled()
            if status == Status.OK:
                image = self._image(int(plan["source"]), int(plan["reduced"]), _reads_gray(plan, slot))
                start = perf_counter_ns()
                image = _resize(self._cv2, image, plan)
                resized = perf_counter_ns()
                _finish(image, plan, slot)
                self._costs["resizing"] += resized - start
                self._costs["writing"] += perf_counter_ns() - resized
        statuses[np.isin(plans["source"], list(self._recovered)) & (statuses == Status.OK)] = Status.RECOVERED
        notes = {row: self._notes[int(plans["source"][row])] for row in np.flatnonzero(statuses).tolist()}
        return Decoded(statuses, notes, self._report())


def _reads_gray(plan: np.void, slot: NDArray[Any]) -> bool:
    """A gray slot of a picture that is read as gray, not one that is made gray afterwards."""
    return len(slot) == 1 and ADJUST["gray"] not in plan["adjust"]


def _check_out(plans: NDArray[Any], out: NDArray[Any]) -> None:
    types = (np.uint8, np.float32, np.float16, np.uint16)
    if out.ndim != 4 or out.shape[1] not in (1, 3) or out.dtype not in types or not out.flags.writeable:
        raise ValueError(
            "out must be writable, uint8, float32, float16 or uint16 (bfloat16), of shape [B, 3, H, W] or [B, 1, H, W]"
        )
    if len(plans) != len(out):
        raise ValueError("plans and out differ in length")


def _write(image: NDArray[np.uint8], mean: NDArray[np.float32], std: NDArray[np.float32], slot: NDArray[Any]) -> None:
    """uint8 ``[..., H, W, C]`` into ``[..., C, H, W]``."""
    values: NDArray[Any] = image
    if slot.dtype != np.uint8:
        channels = slot.shape[-3]
        values = (image.astype(np.float32) / np.float32(255) - mean[:channels]) / std[:channels]
    if slot.dtype == np.float16:
        with np.errstate(over="ignore"):  # infinite, as torch has it
            values = values.astype(np.float16)
    elif slot.dtype == np.uint16:  # bfloat16: the upper half of a float32, rounded to nearest, ties to even
        bits = values.view(np.uint32)
        values = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    slot[...] = np.moveaxis(values, -1, -3)


def _check(plan: np.void, picture_width: int, picture_height: int, height: int, width: int) -> None:
    x, y, w, h = (int(plan[name]) for name in ("crop_x", "crop_y", "crop_w", "crop_h"))
    if min(x, y) < 0 or min(w, h) <= 0 or x + w > picture_width or y + h > picture_height:
        raise ValueError("the crop does not lie inside the picture")
    x, y = int(plan["window_x"]), int(plan["window_y"])
    if min(plan["resize_w"], plan["resize_h"]) <= 0:
        raise ValueError("the crop is resized to nothing")
    if not plan["framed"] and (min(x, y) < 0 or x + width > plan["resize_w"] or y + height > plan["resize_h"]):
        raise ValueError("the window does not lie inside the resized crop")
    if max(abs(x), abs(y)) > 1 << 30:
        raise ValueError("the window lies too far away")
    if (plan["fill"] < 0).any() or (plan["fill"] > 255).any():
        raise ValueError("fill may be 0 to 255")
    if not set(plan["adjust"].tolist()) <= {0, *ADJUST.values()}:
        raise ValueError("unknown adjustment")
    if not np.isfinite(plan["factor"]).all():
        raise ValueError("unusable factor")
    left, upper, right, lower = plan["box"].tolist()
    if plan["interpolation"] in PILLOW.values():
        if not (0 <= left < right <= w and 0 <= upper < lower <= h):
            raise ValueError("the box does not lie inside the crop")
    elif plan["interpolation"] not in OPENCV.values():
        raise ValueError("unknown interpolation")
    elif (left, upper, right, lower) != (0, 0, w, h):
        raise ValueError("a box in fractions of pixels needs one of Pillow's filters")
    if not (np.isfinite(plan["mean"]).all() and np.isfinite(plan["std"]).all() and plan["std"].all()):
        raise ValueError("unusable mean or std")


def _resize(cv2: ModuleType, image: NDArray[np.uint8], plan: np.void) -> NDArray[np.uint8]:
    """The middle of the sentence: crop, resize."""
    x, y, w, h = plan["crop_x"], plan["crop_y"], plan["crop_w"], plan["crop_h"]
    size = (int(plan["resize_w"]), int(plan["resize_h"]))
    image, interpolation = image[y : y + h, x : x + w], int(plan["interpolation"])
    if interpolation in PILLOW.values():
        left, upper, right, lower = plan["box"].tolist()
        image = _pillow_resize(image, size, interpolation, (left, upper, right, lower))
    else:
        image = resize(cv2, image, size, interpolation)
    return image


def _finish(image: NDArray[np.uint8], plan: np.void, slot: NDArray[Any]) -> None:
    """The end of the sentence: window, colors, flip, write."""
    image = _window(image, plan, *slot.shape[1:])
    for step, factor in zip(plan["adjust"].tolist(), plan["factor"], strict=True):
        image = _adjust(image, step, factor)
    if plan["flip_horizontal"]:
        image = image[:, ::-1]
    if plan["flip_vertical"]:
        image = image[::-1]
    _write(image.reshape(*image.shape[:2], -1)[..., : len(slot)], plan["mean"], plan["std"], slot)


def _window(image: NDArray[np.uint8], plan: np.void, height: int, width: int) -> NDArray[np.uint8]:
    """The window, with the frame where it reaches beyond the resized crop."""
    x, y = int(plan["window_x"]), int(plan["window_y"])
    if not plan["framed"]:
        return image[y : y + height, x : x + width]
    fill = plan["fill"].astype(np.uint8)
    framed = np.empty((height, width, *image.shape[2:]), np.uint8)
    framed[...] = fill if image.ndim == 3 else fill[0]
    left, top = max(x, 0), max(y, 0)
    part = image[top : max(y + height, top), left : max(x + width, left)]
    framed[top - y : top - y + part.shape[0], left - x : left - x + part.shape[1]] = part
    return framed


def _adjust(image: NDArray[np.uint8], step: int, factor: np.float32) -> NDArray[np.uint8]:
    """One step of ``adjust``, as Pillow computes it: in float32, cut off at 0 and 255, without the fraction."""
    if step == 0:
        return image
    if image.ndim == 2:
        gray = image.astype(np.int32)
    else:
        gray = (image.astype(np.int32) @ np.array([19595, 38470, 7471], np.int32) + 32768) >> 16
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


def resize(cv2: ModuleType, image: NDArray[np.uint8], size: tuple[int, int], interpolation: int) -> NDArray[np.uint8]:
    """Cubic with OpenCV's own code: Intel's IPP, which it prefers, rounds differently on different CPUs.

    Raises:
        MemoryError: that is what cv2 lacks here.
    """
    ipp = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(ipp and interpolation != OPENCV["cubic"])
    try:
        resized: NDArray[np.uint8] = cv2.resize(image, size, interpolation=interpolation)
        return resized
    except cv2.error as error:
        raise MemoryError(f"{size[0]} x {size[1]} pixels (w x h) are too many for cv2.resize: {error}") from error
    finally:
        cv2.ipp.setUseIPP(ipp)


class _OpenCV(Plain):
    name = "opencv"
    simd_target = ""

    def __init__(self, cv2: ModuleType):
        self._cv2 = cv2
        self.codecs = {"opencv": f"OpenCV {cv2.__version__}"}

    def open(self, sources: Sequence[Source], options: OpenOptions = DEFAULT_OPTIONS, threads: int = 1) -> _Opened:
        return _Opened(self._cv2, sources, options)

    def cancel(self, priority: int) -> None:
        """Pictures are decoded by the thread that wants them, which looks for itself."""

    def resample(self, image: NDArray[np.uint8], plan: NDArray[np.void], out: NDArray[Any]) -> None:
        _check_out(plan, out)
        _check(plan[0], image.shape[1], image.shape[0], out.shape[2], out.shape[3])
        image = image[..., 0] if _reads_gray(plan[0], out[0]) else image
        _finish(_resize(self._cv2, image, plan[0]), plan[0], out[0])

    def write_pictures(
        self,
        pictures: NDArray[np.uint8],
        rows: NDArray[np.int64],
        out: NDArray[Any],
        mean: Sequence[float],
        std: Sequence[float],
        threads: int = 1,
    ) -> None:
        _check_out(rows, out)
        means, stds = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(pictures):
            raise ValueError("there is no such picture")
        if pictures.dtype != np.uint8 or pictures.shape[1:] != out.shape[1:]:
            raise ValueError("pictures and out differ in shape")
        if not (np.isfinite(means).all() and np.isfinite(stds).all() and stds.all()):
            raise ValueError("unusable mean or std")
        _write(np.moveaxis(pictures[rows], 1, -1), means, stds, out)

    def read_unchanged(
        self, source: Source, *, strict: bool, max_pixels: int
    ) -> tuple[Status, str, int, NDArray[Any] | None]:
        status, note, data = _read(source)
        if status != Status.OK:
            return status, note, 0, None
        status, note, image = _decode(self._cv2, data, self._cv2.IMREAD_UNCHANGED, strict, max_pixels)
        return status, note, len(data), image


def backend() -> _OpenCV:
    try:
        import cv2
    except ImportError as error:
        raise BackendError(
            f"OpenCV is not there ({error}); pip install 'pixfeed[opencv]' brings it, and any flavour of "
            "opencv-python will do"
        ) from error
    return _OpenCV(cv2)
