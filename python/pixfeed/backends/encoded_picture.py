"""EncodedPicture: the bytes of one picture, and what cv2 reads of them."""

from __future__ import annotations

import os
import stat
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.contract import OpenOptions, Source
from pixfeed.backends.cv_decode import Decoded, decode, imread_flags, recover
from pixfeed.backends.encoded import MAX_SIDE, MAX_SIDE_OF_OTHERS
from pixfeed.backends.headers import Header, header
from pixfeed.backends.imread import upright
from pixfeed.errors import Status
from pixfeed.plan import JPEG

_LARGE = 1 << 20  # bytes


def read(source: Source) -> tuple[Status, str, bytes]:
    """The status, the system's words, and the bytes."""
    if isinstance(source, bytes):
        data = source
    elif not isinstance(source, (str, os.PathLike)):
        view = source.data if isinstance(source, np.ndarray) else memoryview(source)
        data = bytes(view.cast("B"))
    else:
        try:
            with open(source, "rb", buffering=0) as file:
                if stat.S_IFMT(os.fstat(file.fileno()).st_mode) not in (stat.S_IFREG, stat.S_IFIFO):
                    return Status.UNREADABLE, "it is a device, and no file", b""  # its bytes may have no end
                data = file.read()
        except ValueError:
            return Status.MISSING, "a NUL byte in the name", b""
        except (FileNotFoundError, NotADirectoryError) as error:
            return Status.MISSING, error.strerror or "", b""
        except OSError as error:
            return Status.UNREADABLE, error.strerror or "", b""
        except MemoryError:
            return Status.OUT_OF_MEMORY, "", b""
    return (Status.OK if data else Status.EMPTY), "", data


class EncodedPicture:
    """One source, read.

    Attributes:
        bytes: of the file.
        header: its sides are 0 until they are known.
        status: OK as far as is known.
        note: what is wrong with it.
        is_recovered: rows at its end are made up.
    """

    def __init__(self, cv2: ModuleType, source: Source, options: OpenOptions):
        self._cv2 = cv2
        self._strict, ignore_orientation, self._max_pixels, min_recovered, self._depth = options
        self._min_recovered = 1.0 if self._strict else min_recovered
        self._color: NDArray[np.uint8] | None = None
        self._source = source
        self.status, self.note, data = read(source)
        self.header = header(data, ignore_orientation) if self.status == Status.OK else Header(0)
        self.bytes = len(data)
        self._found = self.header
        # A batch of large uncompressed files is read one by one, when their turn comes.
        is_read_again = self.header.is_sound and self.header.format == 0 and len(data) > _LARGE
        self._data = None if is_read_again and isinstance(source, (str, os.PathLike)) else data
        # The header says how the picture is turned, whatever this version of OpenCV knows of that.
        turned_here = self.header.format != 0
        self._flags = cv2.IMREAD_IGNORE_ORIENTATION if ignore_orientation or turned_here else 0
        self._flags |= cv2.IMREAD_ANYDEPTH if self._depth == 16 else 0
        self.is_recovered = False
        width, height = self.header.width, self.header.height
        most = MAX_SIDE if self.header.format else MAX_SIDE_OF_OTHERS
        if max(width, height) > most or width * height > self._max_pixels:
            self.status = Status.TOO_LARGE
            if max(width, height) > most:
                self.header = self.header._replace(width=0, height=0)  # numbers that make no sense

    @property
    def is_known(self) -> bool:
        """The sides are known, or there are none to be had."""
        return self._found.is_sound or self.status != Status.OK

    def find_out(self) -> int:
        """Decode the picture to know its sides. It is kept for :meth:`image`; gives its size in bytes."""
        found = self._decode(imread_flags(1, False))
        if found.status == Status.TRUNCATED and self._min_recovered < 1:
            found = self._recover(found)
        self.status, self.note = found.status, self.note or found.note
        if found.image is None or found.size is None:
            return 0
        self.header = self.header.displayed(*found.size)
        self._color = found.image
        return found.image.nbytes

    def forget(self) -> None:
        """Do not keep what was decoded."""
        self._color = None

    def _decode(self, flags: int) -> Decoded:
        data = self._data
        if data is None:
            status, note, data = read(self._source)
            if status != Status.OK:
                return Decoded(status, note)
        found = decode(self._cv2, data, flags | self._flags, self._found, self._strict, self._max_pixels)
        if self._depth == 16 and found.image is not None and found.image.dtype != np.uint16:
            bits = self._found.depth or 8 * found.image.itemsize
            return Decoded(Status.UNSUPPORTED, f"{bits} bits a sample; depth=16 reads pictures of 16 bits")
        return found

    def _recover(self, found: Decoded) -> Decoded:
        """The picture, which is cut off, as far as it goes."""
        made = None if self._data is None else recover(self._cv2, self._data)
        if made is None:
            return found
        share = f"{100 * made.good // made.total} % of the rows are there"
        if made.good < self._min_recovered * made.total:
            return Decoded(Status.TRUNCATED, share)
        self._data = made.data
        if made.good < made.total:
            self.is_recovered, self.note = True, share
        return self._decode(imread_flags(1, False))

    def reduced_size(self, reduced: int) -> tuple[int, int]:
        """(width, height) at 1 / ``reduced`` of the size: :func:`pixfeed.plan.reduced_side`."""
        width, height, by_codec = self.header.width, self.header.height, self.header.format == JPEG
        if by_codec:
            return -(-width // reduced), -(-height // reduced)
        return max(width // reduced, 1), max(height // reduced, 1)

    def image(self, reduced: int, gray: bool) -> Decoded:
        """What cv2 reads, as displayed. The sides are those of the header, or the status is not OK."""
        found = self._stored(reduced, gray)
        if found.image is None or self.header.orientation == 1:
            return found
        return found._replace(image=upright(self._cv2, found.image, self.header.orientation))

    def _stored(self, reduced: int, gray: bool) -> Decoded:
        if self._color is not None and reduced == 1 and not gray:
            return Decoded(Status.OK, "", self._color)
        size, whole = self.reduced_size(reduced), (self.header.width, self.header.height)
        if self.header.orientation >= 5:
            size, whole = size[::-1], whole[::-1]
        if reduced > 1 and not self.header.is_lossless and (self.header.format == JPEG or min(whole) >= reduced):
            found = self._decode(imread_flags(reduced, gray))
            if found.size == size:
                return found
        found = self._decode(imread_flags(1, gray))
        if found.image is None or found.size == size:
            return found
        if found.size != whole:
            read = "{} x {}".format(*found.size or ())
            return Decoded(Status.CORRUPT, f"OpenCV reads {read} pixels, the header says {whole[0]} x {whole[1]}")
        resized: Any = self._cv2.resize(found.image, size, interpolation=self._cv2.INTER_LINEAR_EXACT)
        return found._replace(image=resized)
