"""One picture decoded by cv2: its status, its pixels, and the reason if there are none."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any, NamedTuple

from numpy.typing import NDArray

from pixfeed.backends import foreign
from pixfeed.backends.encoded import Frame, look
from pixfeed.backends.imdecode import imdecode
from pixfeed.errors import Status

_END = b"\xff\xd9"
# What libjpeg says of a JPEG whose header claims fewer rows than there are: they stand before the next RST, or EOI.
_MORE_ROWS = re.compile(r"Corrupt JPEG data: \d+ extraneous bytes before marker 0xd[0-79]")
# "libpng warning: iCCP: ...": a chunk whose name begins with a lower-case letter is ancillary, no pixel depends on it.
_ANCILLARY = re.compile(r"libpng warning: [a-z]\w{3}:")
# OpenCV's log, and the rest of an entry that has several lines.
_LOG = re.compile(r"\[ *\w+:\d+@[\d.]+\] |> ")


class Decoded(NamedTuple):
    """What became of a picture.

    Attributes:
        status: OK, or why there are no pixels.
        note: the reason in more detail; the same for the same file.
        image: as cv2 has it, in the order B, G, R (A); ``None`` unless the status is OK.
    """

    status: Status
    note: str = ""
    image: NDArray[Any] | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) in pixels."""
        return None if self.image is None else (self.image.shape[1], self.image.shape[0])


def imread_flags(reduced: int, gray: bool) -> int:
    """OpenCV's IMREAD_[REDUCED_]COLOR or _GRAYSCALE[_n], for ``reduced`` of 1, 2, 4 or 8."""
    return {1: 0, 2: 16, 4: 32, 8: 64}[reduced] | (not gray)


def decode(cv2: ModuleType, data: bytes, flags: int, is_sound: bool, strict: bool, max_pixels: int) -> Decoded:
    """What cv2 reads with these flags.

    Args:
        is_sound: nothing irregular was found in the file. No attention is paid to its end then, and where threads have
            no descriptors of their own what the codec prints is not caught, unless ``strict``.
    """
    if is_sound:
        return _by_cv2(cv2, data, flags, is_sound, strict, max_pixels)
    seen = look(data)
    if seen.pixels > max_pixels:
        return Decoded(Status.TOO_LARGE)
    if seen.progressive and not seen.ended:  # cv2 would make up the rest of a progressive JPEG
        return Decoded(Status.TRUNCATED)
    return _by_cv2(cv2, data, flags, is_sound, strict, max_pixels)


def _by_cv2(cv2: ModuleType, data: bytes, flags: int, is_sound: bool, strict: bool, max_pixels: int) -> Decoded:
    image, said = None, ()
    try:
        image, said = imdecode(cv2, data, flags, irregular=strict or not is_sound)
    except MemoryError:
        return Decoded(Status.OUT_OF_MEMORY)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            return Decoded(Status.OUT_OF_MEMORY)
        if "CV_IO_MAX_IMAGE" in str(error):
            return Decoded(Status.TOO_LARGE)
    warnings = [line for line in said if not (_ANCILLARY.match(line) or _LOG.match(line))]
    if image is None:
        return _refusal(cv2, data, warnings)
    if image.shape[0] * image.shape[1] > max_pixels:  # its sides were not known
        return Decoded(Status.TOO_LARGE)
    if strict and warnings:
        return Decoded(Status.CORRUPT, warnings[0])
    return Decoded(Status.OK, "", image)


def _refusal(cv2: ModuleType, data: bytes, warnings: list[str]) -> Decoded:
    """Why cv2 does not read it."""
    seen = look(data)
    note = warnings[0] if warnings else ""
    if seen.format == 0:
        what = foreign.kind(data)
        is_built_in = what is None or not what.suffix or cv2.haveImageWriter("a" + what.suffix)
        return Decoded(*foreign.refusal(what, foreign.is_cut_off(data), is_built_in))
    if seen.depth != 8:
        return Decoded(Status.UNSUPPORTED, f"{seen.depth} bits a sample")
    return Decoded(Status.CORRUPT if seen.ended else Status.TRUNCATED, note)


class Recovered(NamedTuple):
    """A JPEG that is cut off, made readable.

    Attributes:
        data: with an end marker.
        good, total: rows of MCUs that are there, and that should be.
    """

    data: bytes
    good: int
    total: int


def recover(cv2: ModuleType, data: bytes) -> Recovered | None:
    """``None`` for a file of which no rows can be told from others."""
    frame = look(data).frame
    return None if frame is None else Recovered(data + _END, *_rows_there(cv2, data, frame))


def _rows_there(cv2: ModuleType, data: bytes, frame: Frame) -> tuple[int, int]:
    """The number of rows of MCUs that are in a truncated JPEG, and the number that should be. The former is the most
    that the header may claim before libjpeg warns, found by bisection."""
    total = -(-frame.height // frame.band)
    good, bad = 0, total + 1
    while bad - good > 1:
        rows = (good + bad) // 2
        height = min(rows * frame.band, frame.height).to_bytes(2, "big")
        claims = data[: frame.height_at] + height + data[frame.height_at + 2 :] + _END
        image, said = imdecode(cv2, claims, imread_flags(8, True), irregular=True)
        if image is None or any(not _MORE_ROWS.match(line) for line in said):
            bad = rows
        else:
            good = rows
    return good, total
