"""Pictures of a cache for the opencv backend: KeptPicture, and Keep, which puts them there; files, through_cache."""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.contract import Caching, Source
from pixfeed.backends.cv_decode import Decoded
from pixfeed.backends.encoded_picture import EncodedPicture, read
from pixfeed.backends.headers import Header, header
from pixfeed.cache.checksum import key_of
from pixfeed.cache.index import Found
from pixfeed.cache.store import Store
from pixfeed.errors import Status
from pixfeed.plan import KEPT_BYTES, LOST_BYTES

_SECOND = 10**9
_TICK = _SECOND // 20  # ns; the system's clock has 100 ticks per second or more


class KeptPicture:
    """A picture that the cache has. Its attributes are those of :class:`EncodedPicture`."""

    is_recovered = False

    def __init__(self, store: Store, found: Found):
        entry = found.entry
        self._store, self._found = store, found
        self.status, self.note = Status.OK, ""
        self.header = Header(int(entry["format"]), int(entry["source_width"]), int(entry["source_height"]))
        self.header = self.header._replace(orientation=int(entry["orientation"]))
        self.bytes = int(entry["source_bytes"])

    def reduced_size(self, reduced: int) -> tuple[int, int]:
        """(width, height) of what is kept."""
        height, width, _ = self._found.shape
        return width, height

    def image(self, reduced: int, gray: bool) -> Decoded:
        """As cv2 gives it: BGR, or gray ``[h, w]``."""
        picture = self._store.picture(self._found)
        if picture is None:
            return Decoded(Status.GONE, "")
        if picture.shape[2] == 1:
            picture = picture[..., 0] if gray else np.repeat(picture, 3, 2)
        else:
            picture = picture[..., 0] if gray else picture[..., ::-1]
        return Decoded(Status.OK, "", np.ascontiguousarray(picture))


class Keep(NamedTuple):
    """Where a source's picture goes.

    Attributes:
        stamp: what changes if the file's contents do: inode, size, and when it was modified and changed, in ns.
    """

    store: Store
    key: tuple[int, int]
    stamp: tuple[int, ...] | None

    @classmethod
    def of(cls, caching: Caching, i: int, source: Source) -> Keep | None:
        """For source ``i``; ``None`` if it is no file that may be kept."""
        more = caching.more[i] if caching.more else b""
        if not isinstance(source, (str, os.PathLike)):
            return cls(caching.store, key_of(read(source)[2], caching.how + b"\0" + more), None)
        stamp = _stamp_of(source)
        if stamp is None:
            return None
        what = os.fsencode(source) + b"\0" + struct.pack("=4q", *stamp) + more
        return cls(caching.store, key_of(what, caching.how), stamp)

    def find(self) -> KeptPicture | None:
        found = self.store.find(self.key)
        return None if found is None else KeptPicture(self.store, found)

    def is_still(self, source: Source) -> bool:
        """Whether the file is the one that was asked for, and could not be changed now without another stamp."""
        if self.stamp is None or not isinstance(source, (str, os.PathLike)):
            return True
        modified, changed = self.stamp[2:]
        coarse = modified % _SECOND == 0 and changed % _SECOND == 0
        is_settled = time.time_ns() - max(modified, changed) >= (3 * _SECOND if coarse else _TICK)
        return is_settled and _stamp_of(source) == self.stamp

    def of_picture(self, picture: EncodedPicture | KeptPicture) -> Callable[[NDArray[np.uint8]], None]:
        """What keeps the picture that is made of it."""
        seen = picture.header
        source = seen.width, seen.height, seen.orientation, seen.format
        return lambda made: self.store.put(self.key, made, source, picture.bytes)


def through_cache(caching: Caching, i: int, source: Source) -> tuple[Source, int]:
    """The bytes of source ``i``, if it is a file: from the cache, which gets them if it has none.

    Returns:
        The bytes, or the source if they cannot be had; and ``kept`` of its header.
    """
    keep = Keep.of(caching, i, source) if isinstance(source, (str, os.PathLike)) else None
    if keep is None:
        return source, 0
    found = keep.store.find(keep.key)
    stored = None if found is None else keep.store.picture(found)
    if stored is not None:
        return stored.tobytes(), KEPT_BYTES
    kept = 0 if found is None else LOST_BYTES
    status, _, data = read(source)
    if status != Status.OK:
        return source, kept
    if keep.is_still(source):
        seen = header(data, ignore_orientation=False)
        about = seen.width, seen.height, seen.orientation, seen.format
        keep.store.put(keep.key, np.frombuffer(data, np.uint8).reshape(1, -1, 1), about, len(data))
    return data, kept


def _stamp_of(path: str | os.PathLike[str]) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
