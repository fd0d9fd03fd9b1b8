"""imread, load_batch and resize: reading images without a dataset."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed import backends, memory, plan
from pixfeed._stand_in import torch
from pixfeed.backends import BackendName, Source
from pixfeed.errors import Origin
from pixfeed.reading import regions
from pixfeed.reading.options import (
    Interpolation,
    Reading,
    ReadingOptions,
    check_rows,
    check_size,
    reading_of,
    with_keywords,
)
from pixfeed.reading.pipeline import Pipeline
from pixfeed.reading.request import Request
from pixfeed.reading.sources import Given, source_of, sources_of
from pixfeed.reading.transformed import read_transformed
from pixfeed.transforms.values import check_dtype, check_memory_format


@functools.lru_cache(maxsize=256)  # making one takes 40 us
def _cached_pipeline(how: Reading, height: int | None, width: int | None, backend: str) -> Pipeline:
    return Pipeline.resizing(how, height, width)


def _pipeline(how: Reading, height: int | None, width: int | None) -> Pipeline:
    return _cached_pipeline(how, height, width, backends.chosen(how.backend))


def _origin(source: Source) -> Origin:
    """The origin of a source that is in no list."""
    return Origin(os.fspath(source) if isinstance(source, (str, os.PathLike)) else None)


@with_keywords(Reading)
def imread(
    source: Given,
    *,
    size: Sequence[int | None] | None = None,
    roi: Sequence[int] | None = None,
    box: Sequence[float] | None = None,
    **reading: Unpack[ReadingOptions],
) -> NDArray[Any]:
    """Read one image, or a region of it.

    By default bit for bit ``cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)``, EXIF orientation included.

    Args:
        source: a path, the encoded bytes (``bytes``, ``bytearray``, ``memoryview``, a uint8 ndarray or tensor ``[n]``),
            or a binary file object, which is read to its end.
        size: (height, width) in pixels to resize to. If one is ``None``, the aspect ratio is kept: the other side is
            ``int(side * given / other)``. ``None`` alone keeps the size.
        roi: the region ``[x, y, w, h]`` to read, in pixels of the whole displayed picture. The result is bit for bit
            the crop of the whole picture, but only what the region needs is decoded.
        box: (left, upper, right, lower): the part of the region to resize to ``size``, in fractions of pixels, as
            ``box`` of ``PIL.Image.resize``; with Pillow's filters only.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Returns:
        uint8 ndarray (uint16 with ``depth=16``), C-contiguous: ``[H, W, 3]``, RGB, or with ``channels="gray"``
        ``[H, W]``. With
        ``channels="unchanged"`` what ``cv2.imread`` gives with IMREAD_UNCHANGED, in the order R, G, B, alpha:
        ``[H, W]``, ``[H, W, 3]`` or ``[H, W, 4]``, uint8 or uint16 (some TIFFs: floats), the EXIF orientation ignored;
        it needs OpenCV, and is not resized or reduced.

    Raises:
        ImageError: the image is missing, empty, truncated, corrupt, unsupported, too large or no image at all.
        RegionError: ``roi`` or ``box`` does not fit the picture.
        ValueError, TypeError: an argument makes no sense.
    """
    how = reading_of("imread", reading, ("size", "roi", "box"))
    source = source_of(source)
    height, width = (None, None) if size is None else _open_size(size)
    rois = None if roi is None else check_rows("roi", [roi], 1, np.int64)
    boxes = None if box is None else check_rows("box", [box], 1, np.float64)
    if how.channels == "unchanged":
        if size is not None or box is not None or how.reduced != 1 or how.decode != "exact":
            raise ValueError("channels='unchanged' goes with no size, box, reduced or decode='scaled'")
        if how.min_recovered < 1:
            raise ValueError("channels='unchanged' does not go with min_recovered")
        return _read_unchanged(source, rois, how)
    pipeline, request = _pipeline(how, height, width), Request.plain([source], rois, boxes)
    opened = pipeline.open(request)
    planned = pipeline.plan(opened.headers, request)
    image = np.empty((*planned.size, how.num_channels), np.uint16 if how.depth == 16 else np.uint8)
    failed = pipeline.decode(opened, planned, image.transpose(2, 0, 1)[None])
    if failed.unreadable:
        raise failed.unreadable[0].error(_origin(source))
    return image if how.num_channels == 3 else image[..., 0]


def _open_size(size: Sequence[int | None]) -> tuple[int | None, int | None]:
    """(height, width), each of which may be None."""
    try:
        height, width = size
    except (TypeError, ValueError):
        raise TypeError(f"size is {size!r}; it must be (height, width), two integers or None") from None
    check_size([1 if side is None else side for side in (height, width)])
    return height, width


def _read_unchanged(source: Source, rois: NDArray[np.int64] | None, how: Reading) -> NDArray[Any]:
    backend = backends.choose(how.backend)
    status, note, size, image = backend.read_unchanged(source, strict=how.strict, max_pixels=how.max_pixels)
    if image is None:
        raise _origin(source).image_error(status, size, note)
    if rois is None:
        return image
    header = np.zeros(1, plan.HEADER)
    header["height"], header["width"] = image.shape[:2]
    crop, refused = regions.crops(how, header, rois)
    if refused:
        raise _origin(source).region_error(refused[0])
    x, y, w, h = crop[0].tolist()
    return image[y : y + h, x : x + w].copy()


@with_keywords(Reading)
def load_batch(
    sources: Iterable[Given],
    size: tuple[int, int] | None = None,
    *,
    transform: Callable[..., Any] | None = None,
    out: torch.Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
    rois: ArrayLike | None = None,
    resize_boxes: ArrayLike | None = None,
    **reading: Unpack[ReadingOptions],
) -> torch.Tensor:
    """Read images and resize each to ``size``, in one call that runs on all cores with the GIL released.

    By default bit for bit ``cv2.imread``, ``cv2.cvtColor(BGR2RGB)``, ``cv2.resize`` (INTER_LINEAR) and, for float32,
    division by 255, which is torchvision's ``ToTensor``.

    Args:
        sources: B paths or encoded images (see :func:`imread`).
        size: (height, width) in pixels.
        transform: in place of ``size``: a transform as :class:`pixfeed.FastTxtDataset` takes it, fused with decoding as
            far as possible. Random ones draw from torch's global generator. ``out`` and ``resize_boxes`` do not go with
            it.
        out: a CPU tensor ``[B, C, height, width]`` to write into. It may be in ordinary, shared or pinned memory,
            channels_last, or a slice of a larger tensor. ``dtype`` and ``memory_format`` are ignored then.
        dtype: the dtype of a new tensor: ``torch.float32`` (values in [0, 1]), ``torch.float16`` or
            ``torch.bfloat16`` (these values as ``Tensor.to`` rounds them), or ``torch.uint8`` (0 to 255). With
            ``depth=16``: ``torch.float32``, or ``torch.uint16`` (0 to 65535).
        memory_format: the layout of a new tensor: ``torch.contiguous_format`` or ``torch.channels_last``.
        rois: integers ``[B, 4]``: the region (x, y, w, h) of each picture, see ``roi`` of :func:`imread`.
        resize_boxes: numbers ``[B, 4]``: see ``box`` of :func:`imread`.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Returns:
        ``out``, or a new tensor ``[B, C, height, width]``; C is 3 (RGB), or 1 with ``channels="gray"``. With a
        transform what it makes, stacked.

    Raises:
        ImageError: the first source that cannot be read; what was written to ``out`` by then is undefined.
        RegionError: the first region or box that does not fit its picture.
        ValueError, TypeError: an argument makes no sense.
    """
    how = reading_of("load_batch", reading, ("transform", "out", "dtype", "memory_format", "rois", "resize_boxes"))
    if transform is not None:
        if size is not None or out is not None or resize_boxes is not None:
            raise ValueError("size, out and resize_boxes go with no transform: it says itself how large images become")
        sources = sources_of(sources)
        areas = check_rows("rois", rois, len(sources), np.int64)
        return read_transformed(sources, how, transform, dtype, memory_format, areas)
    if size is None:
        raise TypeError("load_batch() needs size=(height, width), or a transform")
    height, width = check_size(size)
    sources = sources_of(sources)
    shape = (len(sources), how.num_channels, height, width)
    if out is None:
        out = memory.empty(shape, check_dtype(dtype, how.depth), check_memory_format(memory_format))
    else:
        if not isinstance(out, torch.Tensor):
            raise TypeError(f"out is a {type(out).__name__}; it must be a torch.Tensor (see torch.from_numpy)")
        if tuple(out.shape) != shape:
            raise ValueError(f"out has shape {tuple(out.shape)}; {len(sources)} images of {size} need {shape}")
        if out.device.type != "cpu":
            raise ValueError(f"out is on {out.device}; pixfeed writes to CPU memory (pinned memory, for a GPU)")
        check_dtype(out.dtype, how.depth)
    request = Request.plain(
        sources,
        check_rows("rois", rois, len(sources), np.int64),
        check_rows("resize_boxes", resize_boxes, len(sources), np.float64),
    )
    if not sources:
        return out
    pipeline = _pipeline(how, height, width)
    opened = pipeline.open(request)
    planned = pipeline.plan(opened.headers, request)
    failed = pipeline.decode(opened, planned, memory.array(out))
    if failed.unreadable:
        first = min(failed.unreadable)
        raise failed.unreadable[first].error(_origin(sources[first]))
    return out


def resize(
    image: NDArray[np.uint8],
    size: tuple[int, int],
    interpolation: Interpolation | None = None,
    *,
    antialias: bool = False,
    box: Sequence[float] | None = None,
    backend: BackendName | None = None,
) -> NDArray[np.uint8]:
    """Resize a picture that is decoded already.

    Bit for bit ``cv2.resize``, or with ``antialias=True`` ``PIL.Image.resize``.

    Args:
        image: uint8 ``[H, W, 3]``, or gray ``[H, W]``.
        size: (height, width) in pixels.
        interpolation, antialias, backend: see :class:`pixfeed.Reading`.
        box: (left, upper, right, lower): see :func:`imread`.

    Returns:
        uint8 ndarray ``[height, width, 3]`` or ``[height, width]``, C-contiguous.

    Raises:
        RegionError: ``box`` does not fit the picture.
        ValueError, TypeError: an argument makes no sense.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or image.size == 0:
        raise TypeError(f"image must be uint8 [H, W, 3] or [H, W], not {image.dtype} {list(image.shape)}")
    height, width = check_size(size)
    gray = image.ndim == 2
    how = Reading("gray" if gray else "rgb", interpolation, antialias, backend=backend)
    pipeline = _pipeline(how, height, width)
    header = np.zeros(1, plan.HEADER)
    header["height"], header["width"] = image.shape[:2]
    boxes = None if box is None else check_rows("box", [box], 1, np.float64)
    planned = pipeline.plan(header, Request.plain([b""], None, boxes))
    if planned.refused:
        raise Origin("the picture").region_error(planned.refused[0])
    if gray:
        image = np.repeat(image[..., None], 3, 2)
    elif image.strides[1:] != (3, 1):
        image = np.ascontiguousarray(image)
    out = np.empty((height, width, 1 if gray else 3), np.uint8)
    pipeline.backend.resample([image], planned.passes[0].rows, out.transpose(2, 0, 1)[None])
    return out[..., 0] if gray else out
