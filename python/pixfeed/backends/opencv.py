"""OpenCV and NumPy as a backend: slower than the extension, and obviously correct.

It decodes when it opens, one picture at a time in memory if it is given one source at a time (see ``piece``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from pixfeed.backends import BackendError, Source
from pixfeed.backends._look import look
from pixfeed.backends._stderr import caught
from pixfeed.errors import Status
from pixfeed.plan import HEADER, OPENCV, PILLOW

_MAX_PIXELS = 1 << 30

# "libpng warning: iCCP: ...": a chunk whose name begins with a lower-case letter is ancillary, no pixel depends on it.
_ANCILLARY = re.compile(r"libpng warning: [a-z]\w{3}:")


def _read(source: Source) -> tuple[Status, str, bytes]:
    """The status, the system's words, and the bytes."""
    if not isinstance(source, (str, os.PathLike)):
        data = bytes(memoryview(source).cast("B"))
    else:
        try:
            with open(source, "rb") as file:
                data = file.read()
        except (FileNotFoundError, NotADirectoryError) as error:
            return Status.MISSING, error.strerror or "", b""
        except OSError as error:
            return Status.UNREADABLE, error.strerror or "", b""
    return (Status.OK if data else Status.EMPTY), "", data


def _pillow_resize(image: np.ndarray, size: tuple[int, int], interpolation: int, box: list[float]) -> np.ndarray:
    """Pillow itself: there is nothing in OpenCV that gives the same."""
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError(
            f"antialiased resizing on the opencv backend needs Pillow ({error}): pip install 'pixfeed[opencv]'"
        ) from error
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling(interpolation - 16), box=tuple(box)))


class _Opened:
    def __init__(self, cv2, sources: Sequence[Source], strict: bool):
        self._cv2 = cv2
        self._strict = strict
        self._notes: list[str] = []
        self._images: list[np.ndarray | None] = []  # uint8 [h, w, 3], RGB, upright
        self.headers = np.zeros(len(sources), HEADER)
        self.headers["orientation"] = 1  # cv2 has turned them already
        for header, source in zip(self.headers, sources, strict=True):
            status, note, data = _read(source)
            image = None
            if status == Status.OK:
                header["bytes"] = len(data)
                status, note, image = self._decode(header, data)
            if image is not None:
                header["height"], header["width"] = image.shape[:2]
            header["status"] = status
            self._notes.append(note)
            self._images.append(image)

    def _decode(self, header: np.void, data: bytes) -> tuple[Status, str, np.ndarray | None]:
        seen = look(data)
        header["format"] = seen.format
        if seen.pixels > _MAX_PIXELS:
            return Status.TOO_LARGE, "", None
        if seen.progressive and not seen.ended:  # cv2 would make up the rest of a progressive JPEG
            return Status.TRUNCATED, "", None
        with caught() as said:
            try:
                bgr = self._cv2.imdecode(np.frombuffer(data, np.uint8), self._cv2.IMREAD_COLOR)
            except self._cv2.error as error:
                return (Status.TOO_LARGE if "CV_IO_MAX_IMAGE" in str(error) else Status.CORRUPT), str(error.err), None
        warnings = [line for line in said.lines if not _ANCILLARY.match(line)]
        note = warnings[0] if warnings else ""
        if bgr is None:
            if not seen.ended:
                return Status.TRUNCATED, note, None
            return (Status.CORRUPT if seen.format else Status.NOT_AN_IMAGE), note, None
        if self._strict and warnings:
            return Status.CORRUPT, note, None
        return Status.OK, "", self._cv2.cvtColor(bgr, self._cv2.COLOR_BGR2RGB)

    def note(self, i: int) -> str:
        return self._notes[i]

    def decode_into(self, plans: np.ndarray, out: np.ndarray, threads: int = 1) -> np.ndarray:
        if out.ndim != 4 or out.shape[1] != 3 or out.dtype not in (np.uint8, np.float32) or not out.flags.writeable:
            raise ValueError("out must be writable, uint8 or float32, of shape [B, 3, H, W]")
        if len(plans) != len(out):
            raise ValueError("plans and out differ in length")
        for plan in plans:
            self._check(plan, out.shape[2], out.shape[3])
        statuses = self.headers["status"][plans["source"]]
        for plan, slot, status in zip(plans, out, statuses, strict=True):
            if status == Status.OK:
                self._run(plan, slot)
        return statuses

    def _check(self, plan: np.void, height: int, width: int) -> None:
        if not 0 <= plan["source"] < len(self.headers):
            raise ValueError("there is no such source")
        header = self.headers[plan["source"]]
        if header["status"] != Status.OK:
            return
        x, y, w, h = (int(plan[name]) for name in ("crop_x", "crop_y", "crop_w", "crop_h"))
        if min(x, y) < 0 or min(w, h) <= 0 or x + w > header["width"] or y + h > header["height"]:
            raise ValueError("the crop does not lie inside the picture")
        x, y = int(plan["window_x"]), int(plan["window_y"])
        if min(x, y) < 0 or x + width > plan["resize_w"] or y + height > plan["resize_h"]:
            raise ValueError("the window does not lie inside the resized crop")
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

    def _run(self, plan: np.void, slot: np.ndarray) -> None:
        """The whole sentence: crop, resize, window, flip, write."""
        image = self._images[plan["source"]]
        x, y, w, h = plan["crop_x"], plan["crop_y"], plan["crop_w"], plan["crop_h"]
        size = (int(plan["resize_w"]), int(plan["resize_h"]))
        image, interpolation = image[y : y + h, x : x + w], int(plan["interpolation"])
        if interpolation in PILLOW.values():
            image = _pillow_resize(image, size, interpolation, plan["box"].tolist())
        else:
            image = self._resize(image, size, interpolation)
        x, y = plan["window_x"], plan["window_y"]
        image = image[y : y + slot.shape[1], x : x + slot.shape[2]]
        if plan["flip_horizontal"]:
            image = image[:, ::-1]
        if plan["flip_vertical"]:
            image = image[::-1]
        if slot.dtype == np.float32:
            image = (image.astype(np.float32) / np.float32(255) - plan["mean"]) / plan["std"]
        slot[...] = image.transpose(2, 0, 1)

    def _resize(self, image: np.ndarray, size: tuple[int, int], interpolation: int) -> np.ndarray:
        """Cubic with OpenCV's own code: Intel's IPP, which it prefers, rounds differently on different CPUs."""
        ipp = self._cv2.ipp.useIPP()
        self._cv2.ipp.setUseIPP(ipp and interpolation != OPENCV["cubic"])
        try:
            return self._cv2.resize(image, size, interpolation=interpolation)
        finally:
            self._cv2.ipp.setUseIPP(ipp)


class _OpenCV:
    name = "opencv"
    simd_target = ""
    piece = 1  # sources to open at a time: each is kept decoded

    def __init__(self, cv2):
        self._cv2 = cv2
        self.codecs = {"opencv": f"OpenCV {cv2.__version__}"}

    def open(self, sources: Sequence[Source], *, strict: bool = False, threads: int = 1) -> _Opened:
        return _Opened(self._cv2, sources, strict)


def backend() -> _OpenCV:
    try:
        import cv2
    except ImportError as error:
        raise BackendError(
            f"OpenCV is not there ({error}); pip install 'pixfeed[opencv]' brings it, and any flavour of "
            "opencv-python will do"
        ) from error
    return _OpenCV(cv2)
