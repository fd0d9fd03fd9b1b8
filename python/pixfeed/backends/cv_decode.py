"""One picture decoded by cv2: its status, its pixels as they are stored, and the reason if there are none."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import foreign
from pixfeed.backends.encoded import Frame, Look, essential, look
from pixfeed.backends.headers import Header
from pixfeed.backends.imread import END, image_of, lacks_bits
from pixfeed.errors import Status
from pixfeed.plan import PNG

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
        note: the reason in more detail; the same whenever the file is read.
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


def decode(cv2: ModuleType, data: bytes, flags: int, header: Header, strict: bool, max_pixels: int) -> Decoded:
    """What cv2 reads with these flags. A file with a sound header is looked at no further, unless ``strict``, or cv2
    refuses it."""
    if header.is_sound and not strict:
        decoded = _decode(cv2, data, flags, header, None, strict, max_pixels)
        if decoded.status != Status.CORRUPT or header.format == 0:
            return decoded
    return _decode(cv2, data, flags, header, look(data), strict, max_pixels)


def _decode(
    cv2: ModuleType, data: bytes, flags: int, header: Header, seen: Look | None, strict: bool, max_pixels: int
) -> Decoded:
    irregular = seen is not None
    if seen is not None:
        if seen.pixels > max_pixels:
            return Decoded(Status.TOO_LARGE)
        if seen.hollow:
            return Decoded(Status.CORRUPT)
        if not seen.ended:
            if not seen.usable:  # cv2 would refuse it, too, and may take gigabytes before
                return Decoded(Status.TRUNCATED)
            data = data[: seen.usable]
    if header.format == PNG and (irregular or header.has_others):
        data = essential(data, keeps_end=strict)
    image, said = None, tuple[str, ...]()
    try:
        if header.is_plain:  # nothing will be printed: this thread decodes, which for a small picture is faster
            image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        else:
            makes_end = seen is not None and not seen.ended and not seen.arithmetic
            image, said = image_of(cv2, data + END if makes_end else data, flags, irregular)
    except MemoryError:
        return Decoded(Status.OUT_OF_MEMORY)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            return Decoded(Status.OUT_OF_MEMORY)
        if "CV_IO_MAX_IMAGE" in str(error):
            return Decoded(Status.TOO_LARGE)
    warnings = [line for line in said if not (_ANCILLARY.match(line) or _LOG.match(line))]
    if image is None and seen is not None and seen.arithmetic:  # it has not ended
        return Decoded(Status.TRUNCATED)
    if image is None:
        return Decoded(*_refusal(cv2, data, seen or look(data), header, warnings))
    if image.shape[0] * image.shape[1] > max_pixels:  # its sides were not known
        return Decoded(Status.TOO_LARGE)
    if seen is not None:
        made_up = not seen.complete or (seen.open and lacks_bits(cv2, data, seen, image, flags, warnings))
        if made_up or (strict and not seen.ended):
            return Decoded(Status.TRUNCATED, warnings[0] if warnings else "")
        if strict and (warnings or seen.strange):
            return Decoded(Status.CORRUPT, warnings[0] if warnings else "")
    return Decoded(Status.OK, "", image)


def _refusal(cv2: ModuleType, data: bytes, seen: Look, header: Header, warnings: list[str]) -> tuple[Status, str]:
    """Why cv2 does not read it."""
    if seen.format == 0:
        what = foreign.kind(data)
        is_built_in = what is None or not what.suffix or cv2.haveImageWriter("a" + what.suffix)
        return foreign.refusal(what, foreign.is_cut_off(data), is_built_in)
    if seen.depth != 8 and not seen.strange:
        return Status.UNSUPPORTED, f"{seen.depth} bits a sample"
    if header.is_lossless:
        return Status.UNSUPPORTED, "a lossless JPEG that OpenCV does not convert"
    return Status.CORRUPT, warnings[0] if warnings else ""


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
    return None if frame is None else Recovered(data + END, *_rows_there(cv2, data, frame))


def _rows_there(cv2: ModuleType, data: bytes, frame: Frame) -> tuple[int, int]:
    """The number of rows of MCUs that are in a truncated JPEG, and the number that should be. The former is the most
    that the header may claim before libjpeg warns, found by bisection."""
    total = -(-frame.height // frame.band)
    good, bad = 0, total + 1
    while bad - good > 1:
        rows = (good + bad) // 2
        height = min(rows * frame.band, frame.height).to_bytes(2, "big")
        claims = data[: frame.height_at] + height + data[frame.height_at + 2 :] + END
        image, said = image_of(cv2, claims, imread_flags(8, True))
        if image is None or any(not _MORE_ROWS.match(line) for line in said):
            bad = rows
        else:
            good = rows
    return good, total
