"""Reading images without a dataset: :func:`imread` and :func:`load_batch`, and what they share with it; and
:func:`resize` for pictures that are decoded already."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence

import numpy as np
import torch

from pixfeed import backends, memory, plan
from pixfeed.backends import Source
from pixfeed.context import num_threads
from pixfeed.costs import spend
from pixfeed.errors import ImageError, Origin, RegionError, Status
from pixfeed.reading.options import CHANNELS, Reading, check_rows, check_size

# One call of so many.
_LOOKED_AT = 16
DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.uint8)
MEMORY_FORMATS = (torch.contiguous_format, torch.channels_last)


def check_dtype(dtype: torch.dtype) -> torch.dtype:
    if dtype not in DTYPES:
        raise ValueError(f"dtype is {dtype}; it may be {_or(DTYPES)}")
    return dtype


def check_memory_format(memory_format: torch.memory_format) -> torch.memory_format:
    if memory_format not in MEMORY_FORMATS:
        raise ValueError(f"memory_format is {memory_format}; it may be {_or(MEMORY_FORMATS)}")
    return memory_format


def _or(names: Sequence) -> str:
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}"


def origin(source: Source) -> Origin:
    """Of a source that stands in no list."""
    return Origin(os.fspath(source) if isinstance(source, (str, os.PathLike)) else None)


def raise_it(_: int, error: Exception) -> None:
    raise error


def accept_it(_: int, error: Exception) -> None:
    pass


def forget_it(piece: slice, headers: np.ndarray, rows: np.ndarray, size: tuple[int, int]) -> None:
    pass


#: PLAN rows for a piece of the sources whose HEADER rows are known, and (height, width) of the first one's result; the
#: last argument is called with a row and what is wrong with it.
Plans = Callable[[slice, np.ndarray, Callable[[int, str], None]], tuple[np.ndarray, tuple[int, int]]]
#: Called with a piece of the sources, its HEADER rows, the PLAN rows that its pictures are made by and (height, width)
#: of what they are written to. Where a picture takes several passes: once for each, the header having the sides of what
#: that one takes.
Planned = Callable[[slice, np.ndarray, np.ndarray, tuple[int, int]], None]


class Reader:
    """Carries out a :class:`Reading`: from sources to pixels, or to an exception that names the source."""

    def __init__(self, reading: Reading):
        self.reading = reading
        self.backend = backends.choose(reading.backend)
        self._calls = 0

    @property
    def channels(self) -> int:
        """Of what is written to."""
        if self.reading.channels not in CHANNELS:
            raise ValueError(f"channels={self.reading.channels!r} is for single images: pixfeed.imread")
        return CHANNELS[self.reading.channels]

    def open(self, sources: Sequence[Source], threads: int = 1) -> backends.Opened:
        return self.backend.open(
            sources,
            strict=self.reading.strict,
            ignore_orientation=self.reading.ignore_orientation,
            max_pixels=self.reading.max_pixels,
            min_recovered=self.reading.min_recovered,
            threads=threads,
        )

    def into(
        self,
        sources: Sequence[Source],
        out: np.ndarray,
        origin: Callable[[int], Origin],
        rois: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
        failed: Callable[[int, ImageError | RegionError], None] = raise_it,
        recovered: Callable[[int, ImageError], None] = accept_it,
        plans: Plans | None = None,
        planned: Planned = forget_it,
    ) -> None:
        """Decode every source, or its region, into its slot of ``out`` ``[B, C, H, W]``, resized to that, or as
        ``plans`` says.

        ``origin(i)`` tells where source ``i`` comes from; ``failed(i, error)`` is called for one that cannot be read.
        If it returns, the others go on, and slot ``i`` holds anything. ``recovered(i, error)`` is called for one that
        is cut off, and was read all the same. ``planned`` is told what the pictures are made by, also of those that
        fail.
        """
        plans = plans or self._resizes((out.shape[2], out.shape[3]), rois, boxes)
        for start in range(0, len(sources), self.backend.piece):
            piece = slice(start, start + self.backend.piece)
            opened = self.open(sources[piece], num_threads())

            def refuse(i: int, what: str, start: int = start):
                failed(start + i, origin(start + i).region_error(what))

            rows, _ = plans(piece, opened.headers, refuse)
            planned(piece, opened.headers, rows, (out.shape[2], out.shape[3]))
            statuses = opened.decode_into(rows, out[piece], num_threads())
            self._count(opened, rows, statuses)
            for i in np.flatnonzero(statuses != Status.OK).tolist():
                on_disk = int(opened.headers["bytes"][i])
                error = origin(start + i).image_error(int(statuses[i]), on_disk, opened.note(i))
                (recovered if statuses[i] == Status.RECOVERED else failed)(start + i, error)

    def _count(self, opened: backends.Opened, plans: np.ndarray, statuses: np.ndarray) -> None:
        """For :meth:`pixfeed.DataLoader.stats`. The first image of some of the calls is looked at."""
        looked_at = scalable = 0
        if self._calls % _LOOKED_AT == 0 and opened.headers["status"].item(0) == Status.OK:
            looked_at = 1
            scalable = int(self.reading.could_scale(opened.headers, plans))
        self._calls += 1
        all_statuses = statuses.tolist()
        images = all_statuses.count(Status.OK.value) + all_statuses.count(Status.RECOVERED.value)
        spend((*opened.costs(), images, looked_at, scalable))

    def one(
        self,
        source: Source,
        size: tuple[int | None, int | None],
        allocate: Callable[[int, int], np.ndarray],
        origin: Origin,
        roi: np.ndarray | None = None,
        box: np.ndarray | None = None,
        recovered: Callable[[int, ImageError], None] = accept_it,
        plans: Plans | None = None,
        planned: Planned = forget_it,
    ) -> None:
        """Decode one source, or its region, into ``allocate(height, width)``, which is called when the size is known
        and gives ``[C, height, width]``. ``roi`` and ``box`` are ``[1, 4]``."""
        plans = plans or self._resizes(size, roi, box)
        opened = self.open([source])
        status = opened.headers["status"].item(0)
        if status == Status.OK:

            def refuse(_: int, what: str):
                raise origin.region_error(what)

            rows, made = plans(slice(None), opened.headers, refuse)
            planned(slice(None), opened.headers, rows, made)
            statuses = opened.decode_into(rows, allocate(*made)[None], 1)
            self._count(opened, rows, statuses)
            status = statuses.item(0)
        if status != Status.OK:
            error = origin.image_error(status, opened.headers["bytes"].item(0), opened.note(0))
            (recovered if status == Status.RECOVERED else raise_it)(0, error)

    def _resizes(self, size: tuple[int | None, int | None], rois: np.ndarray | None, boxes: np.ndarray | None) -> Plans:
        def plans(piece: slice, headers: np.ndarray, refuse: Callable[[int, str], None]):
            tables = (None if table is None else table[piece] for table in (rois, boxes))
            rows = self.reading.plans(headers, size, *tables, refuse)
            return rows, (rows["resize_h"].item(0), rows["resize_w"].item(0))

        return plans


def imread(
    source: Source,
    *,
    size: Sequence[int | None] | None = None,
    roi: Sequence[int] | None = None,
    box: Sequence[float] | None = None,
    **reading,
) -> np.ndarray:
    """Read one image, or a region of it.

    By default bit for bit ``cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)``, EXIF orientation included.

    Args:
        source: a path, or the encoded bytes (``bytes``, ``bytearray``, ``memoryview``, uint8 ndarray).
        size: (height, width) in pixels to resize to. One ``None`` keeps the aspect ratio (the other side is
            ``int(side * given / other)``), ``None`` alone the size.
        roi: the region ``[x, y, w, h]`` to read, in pixels of the whole displayed picture. The result is bit for bit
            the crop of the whole picture, but only what the region needs is decoded.
        box: (left, upper, right, lower): the part of the region to resize to ``size``, in fractions of pixels, as
            ``box`` of ``PIL.Image.resize``; with Pillow's filters only.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Returns:
        uint8 ndarray, C-contiguous: ``[H, W, 3]``, RGB, or with ``channels="gray"`` ``[H, W]``. With
        ``channels="unchanged"`` what ``cv2.imread`` gives with IMREAD_UNCHANGED, in the order R, G, B, alpha:
        ``[H, W]``, ``[H, W, 3]`` or ``[H, W, 4]``, uint8 or uint16 (some TIFFs: floats), the EXIF orientation ignored;
        it needs OpenCV, and is not resized or reduced.

    Raises:
        ImageError: the image is missing, empty, truncated, corrupt, unsupported, too large or no image at all.
        RegionError: ``roi`` or ``box`` does not fit the picture.
        ValueError, TypeError: an argument makes no sense.
    """
    how = _reading_of(reading)
    wanted = (None, None) if size is None else _open_size(size)
    rois = None if roi is None else check_rows("roi", [roi], 1, np.int64)
    boxes = None if box is None else check_rows("box", [box], 1, np.float64)
    if how.channels == "unchanged":
        if size is not None or box is not None or how.reduced != 1 or how.decode != "exact":
            raise ValueError("channels='unchanged' goes with no size, box, reduced or decode='scaled'")
        if how.min_recovered < 1:
            raise ValueError("channels='unchanged' does not go with min_recovered")
        return _unchanged(source, rois, how)
    image = np.empty(0)
    reader = Reader(how)

    def allocate(height: int, width: int) -> np.ndarray:
        nonlocal image
        image = np.empty((height, width, reader.channels), np.uint8)
        return image.transpose(2, 0, 1)

    reader.one(source, wanted, allocate, origin(source), rois, boxes)
    return image if reader.channels == 3 else image[..., 0]


_known_reading = functools.lru_cache(maxsize=256)(Reading)


def _reading_of(options: dict) -> Reading:
    """The Reading with these arguments, checked once a process: that takes 10 us."""
    with contextlib.suppress(TypeError):  # something that cannot be hashed, or is wrong
        return _known_reading(**options)
    return Reading(**options)


def _open_size(size: Sequence[int | None]) -> tuple[int | None, int | None]:
    """(height, width), each of which may be None."""
    height, width = size
    check_size([1 if side is None else side for side in size])
    return height, width


def _unchanged(source: Source, rois: np.ndarray | None, how: Reading) -> np.ndarray:
    """Both backends leave this to OpenCV."""
    status, note, size, image = backends.load("opencv").unchanged(source, strict=how.strict, max_pixels=how.max_pixels)
    if image is None:
        raise origin(source).image_error(status, size, note)
    if rois is None:
        return image
    header = np.zeros(1, plan.HEADER)
    header["height"], header["width"] = image.shape[:2]

    def refuse(_: int, what: str):
        raise origin(source).region_error(what)

    row = how.plans(header, (None, None), rois, None, refuse)[0]
    x, y, w, h = (int(row[name]) for name in ("crop_x", "crop_y", "crop_w", "crop_h"))
    return image[y : y + h, x : x + w].copy()


def load_batch(
    sources: Sequence[Source],
    size: tuple[int, int],
    *,
    out: torch.Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
    rois: np.ndarray | None = None,
    boxes: np.ndarray | None = None,
    **reading,
) -> torch.Tensor:
    """Read images and resize each to ``size``, in one call that runs on all cores with the GIL released.

    By default bit for bit ``cv2.imread``, ``cv2.cvtColor(BGR2RGB)``, ``cv2.resize`` (INTER_LINEAR) and, for float32,
    division by 255, which is torchvision's ``ToTensor``.

    Args:
        sources: B paths or encoded images (see :func:`imread`).
        size: (height, width) in pixels.
        out: a CPU tensor ``[B, C, height, width]`` to write into: ordinary, shared, pinned, channels_last, a slice of a
            larger one. Its dtype and layout count, ``dtype`` and ``memory_format`` are then ignored.
        dtype: ``torch.float32`` (values in [0, 1]), ``torch.float16`` or ``torch.bfloat16`` (what ``Tensor.to`` makes
            of the float32 values), or ``torch.uint8``.
        memory_format: ``torch.contiguous_format`` or ``torch.channels_last``: how the new tensor lies in memory.
        rois: integers ``[B, 4]``: the region (x, y, w, h) of each picture, see ``roi`` of :func:`imread`.
        boxes: numbers ``[B, 4]``: see ``box`` of :func:`imread`.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Returns:
        ``out``, or a new tensor ``[B, C, height, width]``; C is 3 (RGB), or 1 with ``channels="gray"``.

    Raises:
        ImageError: the first source that cannot be read; what was written to ``out`` by then is undefined.
        RegionError: the first region or box that does not fit its picture.
        ValueError, TypeError: an argument makes no sense.
    """
    height, width = check_size(size)
    reader = Reader(Reading(**reading))
    sources = list(sources)
    shape = (len(sources), reader.channels, height, width)
    if out is None:
        out = memory.empty(shape, check_dtype(dtype), check_memory_format(memory_format))
    else:
        if not isinstance(out, torch.Tensor):
            raise TypeError(f"out is a {type(out).__name__}; it must be a torch.Tensor (see torch.from_numpy)")
        if tuple(out.shape) != shape:
            raise ValueError(f"out has shape {tuple(out.shape)}; {len(sources)} images of {size} need {shape}")
        if out.device.type != "cpu":
            raise ValueError(f"out is on {out.device}; pixfeed writes to CPU memory (pinned memory, for a GPU)")
        check_dtype(out.dtype)
    reader.into(
        sources,
        memory.array(out),
        lambda i: origin(sources[i]),
        check_rows("rois", rois, len(sources), np.int64),
        check_rows("boxes", boxes, len(sources), np.float64),
    )
    return out


def resize(
    image: np.ndarray,
    size: tuple[int, int],
    *,
    interpolation: str | None = None,
    antialias: bool = False,
    box: Sequence[float] | None = None,
    backend: str | None = None,
) -> np.ndarray:
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
    how = Reading(interpolation=interpolation, antialias=antialias, backend=backend)
    gray = image.ndim == 2
    header = np.zeros(1, plan.HEADER)
    header["height"], header["width"] = image.shape[:2]

    def refuse(_: int, what: str):
        raise Origin("the picture").region_error(what)

    boxes = None if box is None else check_rows("box", [box], 1, np.float64)
    row = how.plans(header, check_size(size), None, boxes, refuse)
    if gray:
        image = np.repeat(image[..., None], 3, 2)
    elif image.strides[1:] != (3, 1):
        image = np.ascontiguousarray(image)
    out = np.empty((*check_size(size), 1 if gray else 3), np.uint8)
    backends.choose(backend).resample(image, row, out.transpose(2, 0, 1)[None])
    return out[..., 0] if gray else out
