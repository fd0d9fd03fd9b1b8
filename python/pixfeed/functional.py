"""Reading images without a dataset: :func:`imread` and :func:`load_batch`, and what they share with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import torch

from pixfeed import backends, memory, plan
from pixfeed.backends import Source
from pixfeed.errors import ImageError, Status, image_error
from pixfeed.threads import num_threads

DTYPES = (torch.float32, torch.uint8)


def check_dtype(dtype: torch.dtype) -> torch.dtype:
    if dtype not in DTYPES:
        raise ValueError(f"dtype is {dtype}; it may be torch.float32 or torch.uint8")
    return dtype


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
    return height, width


def default_error(source: Source, status: int, size: int, note: str) -> ImageError:
    """The error for a source that stands in no list."""
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    return image_error(status, path=path, size=size, note=note)


class Reader:
    """How images are read: backend, strictness and interpolation, and the way from a failed status to an exception."""

    def __init__(
        self,
        backend: str | None = None,
        strict: bool = False,
        interpolation: str = "linear",
        antialias: bool = False,
    ):
        self.backend = backends.choose(backend)
        self.strict = strict
        self.interpolation = plan.interpolation_number(interpolation, antialias)

    def open(self, sources: Sequence[Source]) -> backends.Opened:
        return self.backend.open(sources, strict=self.strict, threads=num_threads())

    def into(
        self,
        sources: Sequence[Source],
        out: np.ndarray,
        size: tuple[int, int],
        error: Callable[[int, int, int, str], ImageError],
    ) -> None:
        """Decode every source into its slot of ``out`` ``[B, 3, H, W]``, resized to ``size``.

        ``error(i, status, bytes, note)`` makes the exception for source ``i``, the first one that failed.
        """
        for start in range(0, len(sources), self.backend.piece):
            piece = sources[start : start + self.backend.piece]
            opened = self.open(piece)
            plans = plan.resize_plan(opened.headers, size, self.interpolation)
            statuses = opened.decode_into(plans, out[start : start + len(piece)], num_threads())
            failed = plan.first_failure(statuses)
            if failed is not None:
                header = opened.headers[failed]
                raise error(start + failed, int(statuses[failed]), int(header["bytes"]), opened.note(failed))

    def one(
        self,
        source: Source,
        resize_height: int | None,
        resize_width: int | None,
        allocate: Callable[[int, int], np.ndarray],
        error: Callable[[int, int, int, str], ImageError],
    ) -> None:
        """Decode one source into ``allocate(height, width)``, which is called when the size is known and gives
        ``[3, height, width]``."""
        opened = self.open([source])
        header = opened.headers[0]
        status = int(header["status"])
        if status == Status.OK:
            size = plan.output_size(int(header["height"]), int(header["width"]), resize_height, resize_width)
            out = allocate(*size)
            plans = plan.resize_plan(opened.headers, size, self.interpolation)
            status = int(opened.decode_into(plans, out[None], 1)[0])
        if status != Status.OK:
            raise error(0, status, int(header["bytes"]), opened.note(0))


def imread(source: Source, *, strict: bool = False, backend: str | None = None) -> np.ndarray:
    """Read one image.

    Bit for bit ``cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)``, EXIF orientation included.

    Args:
        source: a path, or the encoded bytes (``bytes``, ``bytearray``, ``memoryview``, uint8 ndarray).
        strict: refuse images that their codec reads with a mere warning, such as a corrupt data segment.
        backend: ``"native"``, ``"opencv"``, or ``None`` for the default (see :func:`pixfeed.show_config`).

    Returns:
        uint8 ndarray ``[H, W, 3]``, RGB, C-contiguous.

    Raises:
        ImageError: the image is missing, empty, truncated, corrupt, unsupported, too large or no image at all.
    """
    image = np.empty(0)

    def allocate(height: int, width: int) -> np.ndarray:
        nonlocal image
        image = np.empty((height, width, 3), np.uint8)
        return image.transpose(2, 0, 1)

    Reader(backend, strict).one(source, None, None, allocate, lambda _, *what: default_error(source, *what))
    return image


def load_batch(
    sources: Sequence[Source],
    size: tuple[int, int],
    *,
    out: torch.Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    interpolation: str = "linear",
    antialias: bool = False,
    strict: bool = False,
    backend: str | None = None,
) -> torch.Tensor:
    """Read images and resize each to ``size``, in one call that runs on all cores with the GIL released.

    Bit for bit ``cv2.imread``, ``cv2.cvtColor(BGR2RGB)``, ``cv2.resize`` (INTER_LINEAR) and, for float32, division by
    255, which is torchvision's ``ToTensor``. With ``antialias=True`` the resize is bit for bit Pillow's
    ``Image.resize``, which torchvision's pretrained models were trained with.

    Args:
        sources: B paths or encoded images (see :func:`imread`).
        size: (height, width) in pixels.
        out: a CPU tensor ``[B, 3, height, width]`` of dtype float32 or uint8 to write into: ordinary, shared, pinned,
            channels_last, a slice of a larger one. Its dtype counts, ``dtype`` is then ignored.
        dtype: ``torch.float32`` (values in [0, 1]) or ``torch.uint8``.
        interpolation: as OpenCV: ``"nearest"``, ``"linear"``, ``"cubic"``, ``"area"``, ``"lanczos4"``,
            ``"linear_exact"``, ``"nearest_exact"`` (cubic as OpenCV's own code; Intel's IPP, which OpenCV prefers where
            it has it, differs by one step in places); with ``antialias=True`` as Pillow: ``"box"``, ``"bilinear"``,
            ``"hamming"``, ``"bicubic"``, ``"lanczos"``.
        antialias: Pillow's filters, whose support grows when the picture shrinks.
        strict, backend: as for :func:`imread`.

    Returns:
        ``out``, or a new tensor ``[B, 3, height, width]``, RGB.

    Raises:
        ImageError: the first source that cannot be read; what was written to ``out`` by then is undefined.
        ValueError, TypeError: ``out``, ``size`` or ``interpolation`` make no sense.
    """
    height, width = check_size(size)
    sources = list(sources)
    shape = (len(sources), 3, height, width)
    if out is None:
        out = memory.empty(shape, check_dtype(dtype))
    else:
        if tuple(out.shape) != shape:
            raise ValueError(f"out has shape {tuple(out.shape)}; {len(sources)} images of {size} need {shape}")
        if out.device.type != "cpu":
            raise ValueError(f"out is on {out.device}; pixfeed writes to CPU memory (pinned memory, for a GPU)")
        check_dtype(out.dtype)
    Reader(backend, strict, interpolation, antialias).into(
        sources,
        out.detach().numpy(),
        (height, width),
        lambda i, *what: default_error(sources[i], *what),
    )
    return out
