"""How cv2.imread reads encoded bytes, which is not how cv2.imdecode does."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.encoded import Look
from pixfeed.backends.quietly import call

#: The end marker of a JPEG, which cv2.imread makes up if there is none.
END = b"\xff\xd9"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# What libjpeg says where it makes bits up, and where the end stands in place of a restart marker.
_LACKING = "premature end of data segment"
_MISSING_RESTART = re.compile("marker 0xd9 instead of RST")

# What cv2.flip does to upright a picture after the transposition that 5 to 8 ask for.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


def upright(cv2: ModuleType, image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A stored picture as it is displayed."""
    if orientation >= 5:
        image = cv2.transpose(image)
    return cv2.flip(image, _FLIPS[orientation]) if orientation in _FLIPS else image


def image_of(
    cv2: ModuleType, data: bytes, flags: int, irregular: bool = True
) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    """What cv2 reads, and what its codec has printed. ``imdecode`` refuses TIFF files with tiles, and ``imread`` turned
    ones.

    Args:
        irregular: see :func:`pixfeed.backends.quietly.call`.
    """
    image, said = call(cv2, "imdecode", np.frombuffer(data, np.uint8), flags, irregular)
    if image is None and data[:4] in _TIFF and hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pixfeed-picture"), "wb", buffering=0) as file:
            file.write(data)
            return call(cv2, "imread", f"/proc/{os.getpid()}/fd/{file.fileno()}", flags, irregular)
    return image, said


def lacks_bits(
    cv2: ModuleType, data: bytes, seen: Look, image: NDArray[Any], flags: int, warnings: Sequence[str]
) -> bool:
    """Whether libjpeg made pixels of a JPEG up that lacks its end marker.

    It prints its first warning only. If that may be about something else, other bits in place of the lacking ones tell.

    Args:
        seen: what :func:`look` saw in ``data``.
        image: what cv2 made with ``flags`` of ``data`` and an end marker.
        warnings: what libjpeg printed.
    """

    def read(changed: bytes) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
        return image_of(cv2, changed + END, flags)

    if not warnings or _MISSING_RESTART.search(warnings[0]):
        return bool(warnings)
    if _LACKING in warnings[0] and (seen.frame or not read(data[: seen.open])[1]):
        return True  # in the last scan
    others = (read(data.rstrip(b"\xff") + 200 * other)[0] for other in (b"\x55", b"\xaa"))
    return any(other is None or not np.array_equal(image, other) for other in others)
