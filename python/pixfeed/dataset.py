"""FastTxtDataset: a list file and a folder of images as a PyTorch dataset."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from pixfeed import folder, memory
from pixfeed.collate import Batch, Sample
from pixfeed.errors import ImageError, Origin, RegionError
from pixfeed.files import FileList, Samples
from pixfeed.functional import Reader, check_dtype
from pixfeed.journal import Failure, Journal
from pixfeed.reading import Reading, check_rows, check_size

#: ``len`` of a dataset that repeats for ever.
ENDLESS = 10_000_000


class FastTxtDataset(Dataset):
    """Images and labels of a list file, decoded natively. The drop-in for the usual list-file Dataset
    (``cv2.imread``, BGR to RGB, ``cv2.resize``, ``ToTensor``), with the same pixels bit for bit.

    A line of the list is a name and one or more integer labels: ``0.jpg 0 10``. With ``roi_columns=4`` a region comes
    first: ``0.jpg 17 22 41 60 0 10``.

    Args:
        filename: the list file; see :class:`pixfeed.files.FileList`.
        image_dir: the folder that names are relative to. Absolute names are taken as they are.
        resize_height, resize_width: pixels. One ``None`` keeps the aspect ratio (the other side is
            ``int(side * given / other)``), both ``None`` leave the size as it is.
        repeat: how often the list is repeated in one epoch; ``None`` for ever (``len`` is then 10,000,000).
        dtype: ``torch.float32`` for values in [0, 1], or ``torch.uint8``.
        delimiter, label_dtype, header: how the list is written; see :class:`pixfeed.files.FileList`.
        roi_columns: 4 if each line has the region (x, y, w, h) of its picture between name and labels, else 0.
        rois: the same as integers ``[n, 4]``, a row for each line of the list.
        boxes: numbers ``[n, 4]``: the part of each region that is resized; see ``box`` of :func:`pixfeed.imread`.
        on_error: what becomes of an image (or a region) that cannot be read. ``"raise"``: an exception. ``"skip"``: the
            next one of the list that can be read takes its place, with its labels; the same one whatever the number and
            kind of workers. ``"zeros"``: an image of zeros with the labels it should have had. See :meth:`report`.
        max_errors: with ``"skip"`` and ``"zeros"``: when more images than this could not be read, that is an exception
            after all.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Raises:
        ListError, FileNotFoundError: the list cannot be used.
        ValueError, TypeError: an argument makes no sense.

    An item is ``(image, label)``: image a tensor ``[C, H, W]`` of ``dtype``, C being 3 (RGB), or 1 with
    ``channels="gray"``; label an ndarray ``[L]`` of ``label_dtype``. A batch of torch's DataLoader has images
    ``[B, C, H, W]`` and labels ``[B, L]``. Reading an item raises :class:`pixfeed.ImageError` if its image is missing,
    empty, truncated, corrupt or no image, :class:`pixfeed.RegionError` if its region does not fit, and
    :class:`pixfeed.ListError` if the list has changed on disk.
    """

    def __init__(
        self,
        filename: str | os.PathLike | Samples,
        image_dir: str | os.PathLike,
        resize_height: int | None = 256,
        resize_width: int | None = 256,
        repeat: int | None = 1,
        *,
        dtype: torch.dtype = torch.float32,
        roi_columns: int = 0,
        delimiter: str | None = None,
        label_dtype: np.typing.DTypeLike = np.int64,
        header: bool = False,
        rois: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
        on_error: str = "raise",
        max_errors: int | None = None,
        **reading,
    ):
        for side in (resize_height, resize_width):
            if side is not None:
                check_size((side, side))
        if repeat is not None and operator.index(repeat) < 1:
            raise ValueError(f"repeat is {repeat}; it must be at least 1, or None for ever")
        self._reader = Reader(Reading(**reading))
        self.channels = self._reader.channels
        if isinstance(filename, Samples):
            if (roi_columns, delimiter, np.dtype(label_dtype), header) != (0, None, np.int64, False):
                raise ValueError("roi_columns, delimiter, label_dtype and header are about list files")
            self.files = filename
        else:
            how = dict(delimiter=delimiter, label_dtype=label_dtype, header=header, backend=reading.get("backend"))
            self.files = FileList(filename, roi_columns, **how)
        self.image_dir = os.fspath(image_dir)
        self.resize_height = resize_height
        self.resize_width = resize_width
        self.repeat = repeat
        self.dtype = check_dtype(dtype)
        if rois is not None and roi_columns:
            raise ValueError("regions are given twice: by roi_columns and by rois")
        self._rois = check_rows("rois", rois, len(self.files), np.int64)
        self.boxes = check_rows("boxes", boxes, len(self.files), np.float64)
        if on_error not in ("raise", "skip", "zeros"):
            raise ValueError(f"on_error is {on_error!r}; it may be 'raise', 'skip' or 'zeros'")
        if on_error == "zeros" and None in (resize_height, resize_width):
            raise ValueError("on_error='zeros' needs resize_height and resize_width: how large would the zeros be?")
        self.on_error = on_error
        self.max_errors = max_errors
        self._journal = Journal()

    @classmethod
    def from_folder(
        cls,
        path: str | os.PathLike,
        resize_height: int | None = 256,
        resize_width: int | None = 256,
        repeat: int | None = 1,
        **options,
    ) -> FastTxtDataset:
        """The images of a folder that has a sub-folder a class, in the order of torchvision's ImageFolder.

        Labels are int64 ``[1]``: the class's place among the sorted names of the sub-folders. The dataset has the
        attributes ``classes``, those names, and ``class_to_idx``, their numbers by name.

        Args:
            path: the folder.
            resize_height, resize_width, repeat, **options: as for the class.

        Raises:
            FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
        """
        classes, samples = folder.find(path)
        dataset = cls(samples, path, resize_height, resize_width, repeat, **options)
        dataset.classes = classes
        dataset.class_to_idx = {name: number for number, name in enumerate(classes)}
        return dataset

    @classmethod
    def from_samples(
        cls,
        paths: Iterable[str | os.PathLike],
        labels: np.typing.ArrayLike,
        resize_height: int | None = 256,
        resize_width: int | None = 256,
        repeat: int | None = 1,
        *,
        image_dir: str | os.PathLike = "",
        **options,
    ) -> FastTxtDataset:
        """The images at ``paths``, without a list file.

        Args:
            paths: n of them, relative to ``image_dir``.
            labels: integers (they become int64), float32 or float64 ``[n]`` or ``[n, L]``.
            resize_height, resize_width, repeat, image_dir, **options: as for the class.

        Raises:
            ListError: there are no paths.
            ValueError, TypeError: paths and labels do not match, or an argument makes no sense.
        """
        return cls(Samples(paths, labels), image_dir, resize_height, resize_width, repeat, **options)

    @property
    def rois(self) -> np.ndarray | None:
        """int64 ``[n, 4]``: the region of each sample, if there are any."""
        return self.files.rois if self.files.roi_columns else self._rois

    def __len__(self) -> int:
        return ENDLESS if self.repeat is None else len(self.files) * self.repeat

    def __getitem__(self, index):
        """``(image, label)``; for a slice a :class:`torch.utils.data.Subset`. A negative index counts from the end;
        an index beyond the end starts over."""
        if isinstance(index, slice):
            return Subset(self, range(len(self))[index])
        i = self._wrap(index)
        for _ in range(len(self.files)):
            try:
                return self._read(i)
            except (ImageError, RegionError) as failure:
                error = failure
                self._note(error)
            if self.on_error == "zeros":
                image = memory.empty((self.channels, self.resize_height, self.resize_width), self.dtype, part=True)
                return image.zero_(), self.files.labels[i].copy()
            i = (i + 1) % len(self.files)
        raise error

    def _read(self, i: int) -> tuple[torch.Tensor, np.ndarray]:
        """Sample ``i`` of the list."""
        image = None

        def allocate(height: int, width: int) -> np.ndarray:
            nonlocal image
            image = memory.empty((self.channels, height, width), self.dtype, part=True)
            return image.numpy()

        size = (self.resize_height, self.resize_width)
        origin = self._origin(i)
        self._reader.one(origin.path, size, allocate, origin, *self._regions([i]))
        return Sample(image, self.files.labels[i].copy(), origin=origin)

    def __getitems__(self, indices: Sequence[int]) -> list:
        """The samples of a whole batch, decoded in one call into one tensor (shared memory in a worker process).
        torch's DataLoader calls this, and its default collate hands that tensor on without copying it."""
        if self.resize_height is None or self.resize_width is None:
            return [self[i] for i in indices]  # each picture has a size of its own
        rows = [self._wrap(index) for index in indices]
        images = memory.empty((len(rows), self.channels, self.resize_height, self.resize_width), self.dtype)
        failures: dict[int, ImageError | RegionError] = {}
        self._read_into(rows, images, failures)
        for place, error in sorted(failures.items()):
            self._note(error)
            if self.on_error == "zeros":
                images[place].zero_()
            else:
                rows[place] = self._read_next(rows[place], images[place : place + 1], error)
        return Batch(images, self.files.labels[rows]).samples()

    def _read_into(self, rows: Sequence[int], images: torch.Tensor, failures: dict) -> None:
        """Samples of the list into ``images``; what goes wrong into ``failures``, by place."""
        paths = [self._path(i) for i in rows]
        self._reader.into(
            paths,
            images.numpy(),
            lambda i: self._origin(rows[i]),
            *self._regions(rows),
            failed=lambda place, error: failures.setdefault(place, error),
        )

    def _read_next(self, row: int, image: torch.Tensor, error: Exception) -> int:
        """The next sample behind ``row`` that can be read, into ``image`` ``[1, C, H, W]``; its row."""
        for step in range(1, len(self.files)):
            other = (row + step) % len(self.files)
            failures: dict[int, ImageError | RegionError] = {}
            self._read_into([other], image, failures)
            if not failures:
                return other
            self._note(failures[0])
        raise error

    def _note(self, error: ImageError | RegionError) -> None:
        """Writes a failure down, if it is not to be raised."""
        if self.on_error == "raise":
            raise error
        self._journal.add(error)
        if self.max_errors is not None and len(self.report()) > self.max_errors:
            raise type(error)(
                f"more than max_errors={self.max_errors} images cannot be read, the last one: {error}",
                path=error.path,
                line=error.line,
            ) from error

    def report(self) -> list[Failure]:
        """Every image that could not be read so far, in this process and in worker processes: a
        :class:`pixfeed.journal.Failure` (path, line of the list, reason, how often it was tried) each."""
        return self._journal.failures()

    def __iter__(self) -> Iterator:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        size = f"{self.resize_height} x {self.resize_width}"
        return (
            f"FastTxtDataset({self.files.filename!r}: {len(self.files)} images, repeat={self.repeat}, "
            f"resize (h x w) {size}, {self.dtype}, backend {self._reader.backend.name})"
        )

    def __getstate__(self) -> dict:
        state = self.__dict__.copy()
        state["_reader"] = self._reader.reading  # a worker process opens its own backend
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._reader = Reader(self._reader)

    def _wrap(self, index: int) -> int:
        index = operator.index(index)
        return (index + len(self) if index < 0 else index) % len(self.files)

    def _path(self, i: int) -> str:
        return os.path.join(self.image_dir, self.files.name(i))

    def _origin(self, i: int) -> Origin:
        return Origin(self._path(i), self.files.filename, self.files.line(i))

    def _regions(self, rows: Sequence[int]) -> list[np.ndarray | None]:
        """Regions and boxes of these samples, ``[n, 4]`` each."""
        return [None if table is None else table[rows] for table in (self.rois, self.boxes)]
