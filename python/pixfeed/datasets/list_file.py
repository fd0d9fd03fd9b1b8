"""FastTxtDataset: a list file and a folder of images as a PyTorch dataset."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Subset

from pixfeed import draws, memory
from pixfeed.collate import Batch, Sample
from pixfeed.datasets.base import Keyed
from pixfeed.datasets.failure_log import Failure, Journal
from pixfeed.errors import ImageError, Origin, RegionError
from pixfeed.lists import folder
from pixfeed.lists.file_list import FileList, Samples
from pixfeed.reading.functional import Reader, check_dtype, check_memory_format, forget_it
from pixfeed.reading.options import Reading, check_rows, check_size
from pixfeed.targets.targets import KINDS as TARGETS
from pixfeed.targets.targets import Places, check_recipe, of_list
from pixfeed.transforms import Compose
from pixfeed.transforms.execute import Cook
from pixfeed.transforms.fuse import Recipe

#: ``len`` of a dataset that repeats for ever.
ENDLESS = 10_000_000
#: With "skip": where so many images in a row cannot be read, as many others, spread over the list, say whether it is
#: worth going on.
IN_A_ROW = 1000


# A pickle leaves out which of these are None: it is small, and stays so.
_OFTEN_NONE = ("transform", "seed", "epoch", "boxes", "max_errors", "_rois", "_cook", "_targets", "_worth_it")


class _Default(int):
    """A default that can be told from the same number given."""


_SIDE = _Default(256)


def _check_max_errors(max_errors: int | None, on_error: str) -> int | None:
    if max_errors is None:
        return None
    allowed = f"max_errors is {max_errors!r}; it may be a whole number, 0 or more, or None for no limit"
    try:
        count = operator.index(max_errors)
    except TypeError:
        raise TypeError(allowed) from None
    if count < 0:
        raise ValueError(allowed)
    if on_error == "raise":
        raise ValueError(f"max_errors={count} goes with on_error='skip' or 'zeros'; 'raise' allows no error")
    return count


class FastTxtDataset(Keyed):
    """Images and labels of a list file, decoded natively. The drop-in for the usual list-file Dataset
    (``cv2.imread``, BGR to RGB, ``cv2.resize``, ``ToTensor``), with the same pixels bit for bit.

    A line of the list is a name and one or more integer labels: ``0.jpg 0 10``. With ``roi_columns=4`` a region comes
    first: ``0.jpg 17 22 41 60 0 10``.

    Args:
        filename: the list file; see :class:`pixfeed.lists.file_list.FileList`.
        image_dir: the folder that names are relative to. Absolute names are taken as they are.
        resize_height, resize_width: pixels. One ``None`` keeps the aspect ratio (the other side is
            ``int(side * given / other)``), both ``None`` leave the size as it is. With ``transform`` they are left out:
            nothing is resized but by the transform.
        repeat: how often the list is repeated in one epoch; ``None`` for ever (``len`` is then 10,000,000).
        dtype: ``torch.float32`` for values in [0, 1], ``torch.float16`` or ``torch.bfloat16`` for what ``Tensor.to``
            makes of them, or ``torch.uint8``. A ``transform`` with ToTensor or ToDtype says it itself; its float32 may
            be rounded to 16 bits, behind the last of pixfeed's transforms in it.
        memory_format: ``torch.contiguous_format``; or ``torch.channels_last`` for batches (and items) with each pixel's
            channels side by side. A batch that torch has to stack from single items is contiguous, as torch makes it.
        transform: a :class:`pixfeed.transforms.Compose`, which is fused with decoding as far as possible; ``print`` of
            the dataset says how far. Or any callable: it gets the image as a uint8 tensor ``[C, H, W]``.
        seed: of the transform's random numbers, which depend on it, the epoch (:meth:`set_epoch`) and the sample's
            index, and on nothing else. ``None`` draws one from torch's global generator, now.
        delimiter, label_dtype, header: how the list is written; see :class:`pixfeed.lists.file_list.FileList`.
        roi_columns: 4 if each line has the region (x, y, w, h) of its picture between name and labels, else 0.
        rois: the same as integers ``[n, 4]``, a row for each line of the list.
        boxes: numbers ``[n, 4]``: the part of each region that is resized; see ``box`` of :func:`pixfeed.imread`.
        on_error: what becomes of an image (or a region) that cannot be read. ``"raise"``: an exception. ``"skip"``: the
            next one of the list that can be read takes its place, with its labels; the same one whatever the number and
            kind of workers. It is an exception after all if none can be read: that is given up when 1,000 in a row
            cannot, nor any of 1,000 others spread evenly over the list. ``"zeros"``: an image of zeros with the labels
            it should have had, but no boxes and no keypoints (v = 0). See :meth:`report`.
        targets: what stands behind the name in a line. ``"labels"``; or one of these, which follow the picture through
            region, resize and transform (nothing of which may run in Python: ValueError otherwise). Lists of them
            may also be JSON lines; see :mod:`pixfeed.lists.annotations`. ``"mask"``: the name of a mask (it
            needs Pillow), which has the size of its picture as displayed; its numbers unchanged, resized as Pillow's
            NEAREST; int64 ``[H, W]``. ``"boxes"``: ``label x y w h ...`` in pixels of the picture as displayed, to
            ``{"boxes": float32 [N, 4], "labels": int64 [N]}`` in pixels of the image, cut off where the picture ends
            in it. ``"keypoints"``: ``x y v ...``, to ``{"keypoints": float32 [K, 3]}``, all 0 where v is 0
            or the point is no longer in the image. (0, 0) is the corner of the first pixel, (0.5, 0.5) its middle.
            Numbers to be regressed are labels, with ``label_dtype=np.float32``.
        mask_dir: the folder that masks' names are relative to; ``None``: ``image_dir``.
        ignore_index: the number in masks where the image is padded, whatever the ``padding_mode``, and of an image of
            zeros. (torchvision pads masks like pictures: a reflected mask with ``"reflect"``.)
        box_format: of the boxes that come out: ``"xywh"``, (x, y, w, h) as in the list; or ``"xyxy"``, (left, upper,
            right, lower), which torchvision's detection models take.
        min_visibility: boxes of which a smaller share of the area is left in the image are dropped. Boxes whose w or h
            is 0 in the list always are; a UserWarning says how many there are.
        max_errors: with ``"skip"`` and ``"zeros"``: when more images than this could not be read, that is an exception
            after all. ``None``: there is no limit.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Raises:
        ListError, FileNotFoundError: the list cannot be used.
        ValueError, TypeError: an argument makes no sense.

    An item is ``(image, label)``: image a tensor ``[C, H, W]`` of ``dtype``, C being 3 (RGB), or 1 with
    ``channels="gray"``, or what the transform makes of it; label an ndarray ``[L]`` of ``label_dtype``. A batch of
    torch's DataLoader has images ``[B, C, H, W]`` and labels ``[B, L]``; masks ``[B, H, W]``; a list of B dicts with
    boxes or keypoints (one dict of padded tensors with ``collate_fn=pixfeed.pad_collate``). Reading an item raises
    :class:`pixfeed.ImageError` if its image is missing, empty, truncated, corrupt or no image,
    :class:`pixfeed.RegionError` if its region does not fit, and :class:`pixfeed.ListError` if the list has changed on
    disk.

    A pickle, which is what spawned worker processes get, has under 1 kB and what ``transform`` takes: each copy reads
    the list again. Arrays that were given travel whole: ``rois`` and ``boxes`` (32 bytes a sample), and what
    :meth:`from_samples` and :meth:`from_folder` have (8 bytes a label, 4 and the name's own a name). Threads
    (``workers="thread"`` of :class:`pixfeed.DataLoader`) and forked worker processes share them.
    """

    transform = seed = epoch = boxes = max_errors = _rois = _cook = _targets = _worth_it = None  # see _OFTEN_NONE

    def __init__(
        self,
        filename: str | os.PathLike | Samples,
        image_dir: str | os.PathLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
        roi_columns: int = 0,
        delimiter: str | None = None,
        label_dtype: np.typing.DTypeLike = np.int64,
        header: bool = False,
        rois: np.ndarray | None = None,
        boxes: np.ndarray | None = None,
        on_error: str = "raise",
        max_errors: int | None = None,
        transform: Callable | None = None,
        seed: int | None = None,
        targets: str = "labels",
        mask_dir: str | os.PathLike | None = None,
        ignore_index: int = 255,
        min_visibility: float = 0.0,
        box_format: str = "xywh",
        **reading,
    ):
        for side in (resize_height, resize_width):
            if side is not None:
                check_size((side, side))
        if repeat is not None and operator.index(repeat) < 1:
            raise ValueError(f"repeat is {repeat}; it must be at least 1, or None for ever")
        self._reader = Reader(Reading(**reading))
        self.channels = self._reader.channels
        if targets not in TARGETS:
            raise ValueError(f"targets is {targets!r}; it may be one of {', '.join(TARGETS)}")
        if (mask_dir is not None or ignore_index != 255) and targets != "mask":
            raise ValueError("mask_dir and ignore_index go with targets='mask'")
        if (min_visibility != 0 or box_format != "xywh") and targets != "boxes":
            raise ValueError("min_visibility and box_format go with targets='boxes'")
        if targets != "labels":
            if isinstance(filename, Samples):
                raise ValueError(f"targets={targets!r} needs a list file")
            if roi_columns != 0 or np.dtype(label_dtype) != np.int64:
                raise ValueError(
                    f"roi_columns and label_dtype go with no targets={targets!r}; regions are given by rois"
                )
            masks = image_dir if mask_dir is None else mask_dir
            about = (ignore_index, min_visibility, box_format)
            self._targets = of_list(targets, filename, masks, delimiter, header, *about)
            self.files = self._targets.files
        elif isinstance(filename, Samples):
            if (roi_columns, delimiter, np.dtype(label_dtype), header) != (0, None, np.int64, False):
                raise ValueError("roi_columns, delimiter, label_dtype and header are about list files")
            self.files = filename
        else:
            how = dict(delimiter=delimiter, label_dtype=label_dtype, header=header, backend=reading.get("backend"))
            self.files = FileList(filename, roi_columns, **how)
        self.image_dir = os.fspath(image_dir)
        self.dtype = check_dtype(dtype)
        self.memory_format = check_memory_format(memory_format)
        self.transform = transform
        self.seed = seed
        self.epoch: int | None = None
        self._cook: Cook | None = None
        if transform is not None:
            if resize_height is not _SIDE or resize_width is not _SIDE:
                raise ValueError("sizes are given twice: put Resize((height, width)) first in the transform instead")
            self._set_transform(transform, boxes)
            if self._targets is not None:
                check_recipe(self._cook.recipe, targets)
            resize_height, resize_width = self._cook.recipe.size or (None, None)
        self.resize_height = None if resize_height is None else int(resize_height)
        self.resize_width = None if resize_width is None else int(resize_width)
        self.repeat = repeat
        if rois is not None and roi_columns:
            raise ValueError("regions are given twice: by roi_columns and by rois")
        self._rois = check_rows("rois", rois, len(self.files), np.int64)
        self.boxes = check_rows("boxes", boxes, len(self.files), np.float64)
        if on_error not in ("raise", "skip", "zeros"):
            raise ValueError(f"on_error is {on_error!r}; it may be 'raise', 'skip' or 'zeros'")
        if on_error == "zeros" and None in (resize_height, resize_width):
            raise ValueError("on_error='zeros' needs resize_height and resize_width: how large would the zeros be?")
        if on_error == "zeros" and self.runs_python:
            raise ValueError("on_error='zeros' goes with no Python function in the transform: what would it give?")
        self.on_error = on_error
        self.max_errors = _check_max_errors(max_errors, on_error)
        self._journal = Journal()

    def _set_transform(self, transform: Callable, boxes: np.ndarray | None) -> None:
        reading = self._reader.reading
        if boxes is not None or reading.interpolation is not None or reading.antialias is not None:
            raise ValueError("boxes, interpolation and antialias go with no transform: its Resize says how to resize")
        if not isinstance(transform, Compose):
            transform = Compose([transform])
        recipe = transform.recipe(self.channels)
        recipe.settle(self.dtype)
        self.dtype, self.channels = recipe.dtype, recipe.channels
        self.seed = draws.new_seed() if self.seed is None else operator.index(self.seed)
        self._cook = Cook(self._reader, recipe)

    @property
    def reads_natively(self) -> bool:
        """Whether nobody's Python function is called for an item: then threads serve as well as processes."""
        return not self.runs_python

    @property
    def _recipe(self) -> Recipe | None:
        return None if self._cook is None else self._cook.recipe

    @classmethod
    def from_folder(
        cls,
        path: str | os.PathLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        suffixes: Iterable[str] = folder.SUFFIXES,
        **options,
    ) -> FastTxtDataset:
        """The images of a folder that has a sub-folder a class, in the order of torchvision's ImageFolder.

        Labels are int64 ``[1]``: the class's place among the sorted names of the sub-folders. The dataset has the
        attributes ``classes``, those names, and ``class_to_idx``, their numbers by name.

        Args:
            path: the folder.
            suffixes: of the files that are images, in whatever case; by default those that ImageFolder knows. Others
                are left out, so that both have the same images at the same indices.
            resize_height, resize_width, repeat, **options: as for the class.

        Raises:
            FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
            ValueError, TypeError: an argument makes no sense.
        """
        classes, samples = folder.find(path, suffixes=suffixes)
        dataset = cls(samples, path, resize_height, resize_width, repeat, **options)
        dataset.classes = classes
        dataset.class_to_idx = {name: number for number, name in enumerate(classes)}
        return dataset

    @classmethod
    def from_samples(
        cls,
        paths: Iterable[str | os.PathLike],
        labels: np.typing.ArrayLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
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
        i, key = self._wrap(index), self._key(index)
        try:
            return self._read(i, key)
        except (ImageError, RegionError) as error:
            first = error
        self._note(first)
        if self.on_error == "zeros":
            size = (self.resize_height, self.resize_width)
            image = self._empty(*size).zero_().to(self.dtype)
            return image, self._label(i) if self._targets is None else self._targets.nothing(i, size)
        for other in self._instead(i, first):
            try:
                return self._read(other, key)
            except (ImageError, RegionError) as error:
                self._note(error)

    def _instead(self, row: int, first: ImageError | RegionError) -> Iterator[int]:
        """The rows that "skip" tries one after the other in place of ``row``, which failed with ``first``. What ends
        it depends on the list alone.

        Raises:
            ImageError, RegionError: nothing can be read.
        """
        count = len(self.files)
        tried = f"none of {count}"
        for step in range(1, count):
            if step == IN_A_ROW:
                if self._worth_it is None:
                    self._worth_it = any(self._is_readable(i * count // IN_A_ROW) for i in range(IN_A_ROW))
                if not self._worth_it:
                    tried = f"none of {IN_A_ROW} in a row, nor of {IN_A_ROW} spread over the list,"
                    break
            yield (row + step) % count
        raise type(first)(
            f"on_error='skip' finds no image that can be read: {tried} could; is image_dir={self.image_dir!r} right? "
            f"The first one: {first}",
            path=first.path,
            line=first.line,
        ) from first

    def _is_readable(self, row: int) -> bool:
        try:
            self._read(row, row)
        except (ImageError, RegionError):
            return False
        return True

    def _read(self, i: int, key: int) -> tuple[torch.Tensor, np.ndarray]:
        """Sample ``i`` of the list, with the random numbers of index ``key``."""
        image = None

        def allocate(height: int, width: int) -> np.ndarray:
            nonlocal image
            image = self._empty(height, width)
            return memory.array(image)

        origin = self._origin(i)
        rois, boxes = self._regions([i])
        places = Places(1)
        note = forget_it if self._targets is None else places.note
        if self._cook is None:
            size = (self.resize_height, self.resize_width)
            about = (origin.path, size, allocate, origin, rois, boxes)
            self._reader.one(*about, self._note_recovered, planned=note)
        else:
            epoch, u = self._draws([key])
            self._cook.one(origin.path, allocate, origin, rois, u, self._note_recovered, note)
            image = self._cook.recipe.finish(image[None], u)[0]
            if self.runs_python:
                (image,) = self._in_python([image], [key], epoch)
        if self._targets is None:
            return Sample(image, self._label(i), origin=origin)
        target = self._targets.make(i, places, 0)
        return Sample(image, target, origin=origin, fill=self._targets.fill)

    def _label(self, i: int) -> np.ndarray:
        return self.files.labels[i].copy()

    def _labels(self, rows: Sequence[int]) -> np.ndarray:
        return self.files.labels[rows]

    def __getitems__(self, indices: Sequence[int]) -> list:
        """The samples of a whole batch, decoded in one call into one tensor (shared memory in a worker process).
        torch's DataLoader calls this, and its default collate hands that tensor on without copying it."""
        if self._one_by_one:
            return [self[i] for i in indices]
        rows, keys = [self._wrap(index) for index in indices], [self._key(index) for index in indices]
        images = self._empty(self.resize_height, self.resize_width, len(rows))
        epoch, u = (0, None) if self._cook is None else self._draws(keys)
        failures: dict[int, ImageError | RegionError] = {}
        targets = [None] * len(rows)
        self._read_into(rows, images, failures, u, targets)
        for place, error in sorted(failures.items()):
            one, target = slice(place, place + 1), [None]
            rows[place] = self._replace(rows[place], images[one], error, None if u is None else u[one], target)
            targets[one] = target
        if u is not None:
            images = self._cook.recipe.finish(images, u)
            images[list(failures) if self.on_error == "zeros" else []] = 0
        labels = self._labels(rows) if self._targets is None else self._targets.batch(targets)
        if self.runs_python:
            made = self._in_python(images.unbind(0), keys, epoch)
            return [Sample(*each, origin=self._origin(i)) for *each, i in zip(made, labels, rows, strict=True)]
        return Batch(images, labels).samples()

    @property
    def _one_by_one(self) -> bool:
        """Whether a batch is no more than its items: each picture has its own size, or a subclass its own items."""
        return self.resize_height is None or self.resize_width is None or self._has_items_of_its_own

    def _empty(self, height: int, width: int, *batch: int) -> torch.Tensor:
        """To decode into."""
        shape = (*batch, self.channels, height, width)
        dtype = self.dtype if self._cook is None else self._cook.recipe.written
        return memory.empty(shape, dtype, self.memory_format, part=not batch)

    def _read_into(
        self, rows: Sequence[int], images: torch.Tensor, failures: dict, u: np.ndarray | None, targets: list
    ) -> None:
        """Samples of the list into ``images``, and into ``targets`` what is no label; what goes wrong into
        ``failures``, by place. ``u``: the transform's random numbers."""
        paths = [self._path(i) for i in rows]
        rois, boxes = self._regions(rows)
        about = (paths, memory.array(images), lambda i: self._origin(rows[i]), rois)

        def failed(place: int, error: ImageError | RegionError):
            failures.setdefault(place, error)

        places = Places(len(rows))
        note = forget_it if self._targets is None else places.note
        if u is None:
            self._reader.into(*about, boxes, failed, self._note_recovered, planned=note)
        else:
            self._cook.into(*about, u, failed, self._note_recovered, note)
        if self._targets is None:
            return
        for place, i in enumerate(rows):
            if place not in failures:
                try:
                    targets[place] = self._targets.make(i, places, place)
                except (ImageError, RegionError) as error:
                    failed(place, error)

    def _replace(
        self,
        row: int,
        image: torch.Tensor,
        error: ImageError | RegionError,
        u: np.ndarray | None = None,
        target: list | None = None,
    ) -> int:
        """What ``on_error`` wants in place of a sample that could not be read, into ``image`` ``[1, C, H, W]`` and the
        list ``target`` of one: zeros, or the next one that can be read, with the random numbers of the one that it
        stands for. The row whose labels go with it."""
        target = [None] if target is None else target
        self._note(error)
        if self.on_error == "zeros":
            image.zero_()
            if self._targets is not None:
                target[0] = self._targets.nothing(row, tuple(image.shape[2:]))
            return row
        for other in self._instead(row, error):
            failures: dict[int, ImageError | RegionError] = {}
            self._read_into([other], image, failures, u, target)
            if not failures:
                return other
            self._note(failures[0])

    def _note(self, error: ImageError | RegionError) -> None:
        """Writes a failure down, if it is not to be raised."""
        if self.on_error == "raise":
            raise error
        failed = self._journal.add(error)
        if self.max_errors is not None and failed > self.max_errors:
            raise type(error)(
                f"more than max_errors={self.max_errors} images cannot be read, the last one: {error}",
                path=error.path,
                line=error.line,
            ) from error

    def _note_recovered(self, _: int, error: ImageError) -> None:
        self._journal.add(error)

    def report(self) -> list[Failure]:
        """Every image that could not be read so far, in this process and in worker processes, or only in part: a
        :class:`pixfeed.Failure` (path, line of the list, reason, how often it was tried, whether it was
        recovered by ``min_recovered``) each. Recovered ones do not count for ``max_errors``."""
        return self._journal.failures()

    def __iter__(self) -> Iterator:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        about = f"{self.files.filename!r}: {len(self.files)} images, repeat={self.repeat}"
        if self._cook is None:
            about += f", resize (h x w) {self.resize_height} x {self.resize_width}"
        about += "" if self._targets is None else f", targets={self._targets.files.kind!r}"
        dtype = "" if self.runs_python else f", {self.dtype}"
        line = f"FastTxtDataset({about}{dtype}, backend {self._reader.backend.name})"
        return "\n  ".join([line, *(str(self._cook.recipe).splitlines() if self._cook else ())])

    def __getstate__(self) -> dict:
        state = {name: value for name, value in vars(self).items() if value is not None or name not in _OFTEN_NONE}
        state["_reader"] = self._reader.reading  # a worker process opens its own backend
        if self._cook is not None:
            state["_cook"] = self._cook.recipe
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._reader = Reader(self._reader)
        self._cook = None if self._cook is None else Cook(self._reader, self._cook)

    def _wrap(self, index: int) -> int:
        index = operator.index(index)
        return (index + len(self) if index < 0 else index) % len(self.files)

    def _key(self, index: int) -> int:
        """What a sample's random numbers depend on: its index, from the start."""
        index = operator.index(index)
        return index + len(self) if index < 0 else index

    def _path(self, i: int) -> str:
        return os.path.join(self.image_dir, self.files.name(i))

    def _origin(self, i: int) -> Origin:
        return Origin(self._path(i), self.files.filename, self.files.line(i))

    def _regions(self, rows: Sequence[int]) -> list[np.ndarray | None]:
        """Regions and boxes of these samples, ``[n, 4]`` each."""
        return [None if table is None else table[rows] for table in (self.rois, self.boxes)]
