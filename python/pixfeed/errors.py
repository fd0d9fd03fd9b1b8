"""The errors of images, lists and datasets: status codes and exceptions."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """The status of one image. The numbers are those of ``csrc/core/status.h``."""

    OK = 0
    MISSING = 1
    UNREADABLE = 2
    EMPTY = 3
    NOT_AN_IMAGE = 4
    TRUNCATED = 5
    CORRUPT = 6
    UNSUPPORTED = 7
    TOO_LARGE = 8
    OUT_OF_MEMORY = 9
    RECOVERED = 10  # read, but the rows at its end are made up
    GONE = 11  # it was in the cache, and cannot be read there any more: it is read from its file


# What is wrong, and what can be done about it.
_WORDS = {
    Status.MISSING: ("there is no such file", "check the name in the list and image_dir, or mask_dir for a mask"),
    Status.UNREADABLE: ("the file cannot be read", "check its permissions and the disk"),
    Status.EMPTY: ("the file is empty (0 bytes)", "fetch or copy it again"),
    Status.NOT_AN_IMAGE: ("this is no image in a known format", "replace it or take it off the list"),
    Status.TRUNCATED: ("the image is truncated: its data ends too early", "fetch or copy it again"),
    Status.CORRUPT: ("the image data is corrupt", "fetch or copy it again"),
    Status.UNSUPPORTED: (
        "this kind of image cannot be decoded here",
        "convert it to an ordinary JPEG or PNG",
    ),
    Status.TOO_LARGE: (
        "the image has more pixels than max_pixels allows, or a side of more than 1,000,000",
        "raise max_pixels or scale it down beforehand",
    ),
    Status.RECOVERED: ("the image is truncated, and was read as far as it goes", "fetch or copy it again"),
    Status.GONE: (
        "what the cache had of the image is damaged or gone",
        "it was read from its file; look at the disk of the cache (pixfeed cache verify)",
    ),
    Status.OUT_OF_MEMORY: ("there is not enough memory to decode the image", "scale it down beforehand"),
}


# The same for an image that is in no list file.
_WITHOUT_LIST = {
    Status.MISSING: "check the path, and the folder that it is relative to",
    Status.NOT_AN_IMAGE: "pixfeed reads JPEG, PNG and WebP, and with OpenCV what that reads",
}


class PixfeedError(Exception):
    """Base class of all exceptions that pixfeed defines.

    Each of them is also the built-in exception that torch and Pillow users expect: ``OSError``, ``ValueError`` or
    ``RuntimeError``.

    Attributes:
        path: the file that is at fault, or ``None``.
        line: the line of the list file, counted from 1, or ``None``.
    """

    path: str | None
    line: int | None

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None):
        super().__init__(message)
        self.path = path
        self.line = line

    def __str__(self) -> str:
        return str(self.args[0])


class ImageError(PixfeedError, OSError):
    """An image cannot be read.

    It is raised when the image is read, not when the dataset is made. It is an ``OSError``, as Pillow's and Python's
    own errors for bad files are, so code that catches those goes on working.

    Attributes:
        status: the :class:`Status`, or ``None`` if the error came through a worker process as text.
        path: the file's path, or ``None`` for bytes. ``filename`` is the same.
        line: the line of the list file, counted from 1, or ``None``.
    """

    status: Status | None

    def __init__(self, message: str, *, status: Status | None = None, path: str | None = None, line: int | None = None):
        super().__init__(message, path=path, line=line)
        self.status = status
        self.filename = path


class RegionError(PixfeedError, ValueError):
    """A region, a crop or a box does not fit its picture.

    Attributes:
        path: the picture's path, or ``None`` for bytes.
        line: the line of the list file, counted from 1, or ``None``.
    """


class ListError(PixfeedError, ValueError):
    """A list file cannot be used: a line is malformed, the list is empty, or it has changed since it was opened.

    Attributes:
        path: the list file.
        line: the line at fault, counted from 1, or ``None`` if it is the list as a whole.
    """


class DatasetError(PixfeedError, ValueError):
    """A file of a published dataset (MNIST, CIFAR) is damaged, truncated, or another file.

    Attributes:
        path: the file.
    """

    @classmethod
    def of(cls, path: str, what: str, size: int | None = None) -> DatasetError:
        """The error about a file, and its size in bytes if that tells something."""
        return cls(f"{path}{'' if size is None else f' [{size} bytes]'}: {what}", path=path)


class FilesNotFoundError(PixfeedError, FileNotFoundError):
    """The files of a dataset are not where they should be. The message says where to get them.

    Attributes:
        path: the folder. ``filename`` is the same.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None):
        super().__init__(message, path=path, line=line)
        self.filename = path


class BackendError(PixfeedError, RuntimeError):
    """A backend or a library cannot be used here. The message says why, and what to do."""


class Unreadable(NamedTuple):
    """Why one image of a batch could not be read. :meth:`error` makes the exception, once its origin is known.

    Attributes:
        status: the failing :class:`Status`; ``OK`` if the region is at fault.
        note: the codec's or the operating system's own words; or what is wrong with the region.
        size: bytes on disk, 0 if unknown.
    """

    status: int
    note: str = ""
    size: int = 0

    def error(self, origin: Origin) -> ImageError | RegionError:
        """The exception for the image that comes from ``origin``."""
        if self.status == Status.OK:
            return origin.region_error(self.note)
        return origin.image_error(self.status, self.size, self.note)


class Origin(NamedTuple):
    """The origin of an image.

    Attributes:
        path: the image's; ``None`` for bytes.
        list_file, line: the list that names it, and the line there, counted from 1; ``None`` without one.
    """

    path: str | None
    list_file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = self.path if self.path is not None else "an image given as bytes"
        return where if self.line is None else f"{where} ({self.list_file}, line {self.line})"

    def image_error(self, status: int, size: int = 0, note: str = "") -> ImageError:
        """The :class:`ImageError` for a status: what, where, why and what to do.

        Args:
            status: a failing :class:`Status`.
            size: bytes on disk, named if there are any.
            note: the codec's or the operating system's own words.
        """
        status = Status(status)
        what, remedy = _WORDS[status]
        if self.line is None:
            remedy = _WITHOUT_LIST.get(status, remedy)
        where = f"{self} [{size} bytes]" if size else str(self)
        if note:
            what += f" ({note})"
        return ImageError(f"{where}: {what}; {remedy}", status=status, path=self.path, line=self.line)

    def region_error(self, what: str) -> RegionError:
        """The :class:`RegionError` for this image."""
        return RegionError(f"{self}: {what}", path=self.path, line=self.line)


class RaggedError(PixfeedError, RuntimeError):
    """Images of different shapes cannot be stacked into a batch. A ``RuntimeError``, as torch's own error is."""

    @classmethod
    def of(
        cls,
        positions: tuple[int, int],
        shapes: tuple[list[int], list[int]],
        origins: tuple[Origin | None, Origin | None] = (None, None),
    ) -> RaggedError:
        """The error about two images: their positions in the batch, their shapes, and where they come from."""
        first, second = (
            (f"sample {position} of the batch" if origin is None else f"{origin}, sample {position} of the batch,")
            + f" is {shape}"
            for position, shape, origin in zip(positions, shapes, origins, strict=True)
        )
        return cls(
            f"tensors of different shapes make no batch: {first} and {second}; give them one size (resize_height and "
            "resize_width of FastTxtDataset), or pad them with collate_fn=pixfeed.pad_collate"
        )
