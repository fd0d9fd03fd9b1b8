"""ListImages: how the samples of a list are read: request, read, complete."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed import draws
from pixfeed._real_torch import Subset, torch
from pixfeed._torch import asked_itself
from pixfeed.backends import Backend
from pixfeed.collate.batch import Batch, Form
from pixfeed.datasets.bad_images import BadImages
from pixfeed.datasets.base import ImageDataset, read_by_pixfeed
from pixfeed.datasets.failure_log import Failure
from pixfeed.datasets.items import PLAIN, Items
from pixfeed.errors import ImageError, Origin, RegionError
from pixfeed.lists.relabelled import Relabelled
from pixfeed.lists.samples import SampleList
from pixfeed.reading.options import Reading
from pixfeed.reading.pipeline import Pipeline, ReadImages
from pixfeed.reading.request import Request
from pixfeed.targets.base import Column, Targets
from pixfeed.transforms.point_map import PointMap
from pixfeed.transforms.python_steps import name_of
from pixfeed.transforms.translate import advice

#: ``len`` of a dataset that repeats without end.
ENDLESS = 10_000_000


@dataclass(slots=True)
class SampleRequest:
    """Samples of one dataset that are to be read together.

    Attributes:
        rows: rows of the list. A row that cannot be read is replaced by the one that takes its place.
        keys: what the random numbers of each depend on: its index, from the start, and its occurrence.
        images: what is to be read.
        zeros: places of images that could not be read and have become zeros.
        pipeline: how they are read. The dataset may get another transform in the meantime.
    """

    rows: list[int]
    keys: list[int]
    images: Request
    zeros: list[int]
    pipeline: Pipeline


class ListImages(ImageDataset):
    """Images and targets of a list. What it is made of is set by :class:`pixfeed.FastTxtDataset`.

    Attributes:
        files: the list.
        image_dir: the folder that names are relative to.
        repeat: how many times the list is repeated; ``None``: without end.
        resize_boxes: float64 ``[n, 4]``: the part of each region that is resized, if there are any.
    """

    files: SampleList
    image_dir: str
    repeat: int | None = 1
    resize_boxes: NDArray[np.float64] | None = None
    _rois: NDArray[np.int64] | None = None
    _targets: Targets
    _items: Items = PLAIN
    _pipeline: Pipeline
    _bad_images: BadImages
    _reading: Reading

    @property
    def rois(self) -> NDArray[np.int64] | None:
        """int64 ``[n, 4]``: the region of each sample, if there are any."""
        return self.files.rois if self.files.roi_columns else self._rois

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "labels" and type(self).__module__.startswith("pixfeed."):  # a subclass may have its own
            raise AttributeError(
                f"{type(self).__name__}.labels cannot be set, as worker processes and copies read the list again: "
                "dataset = dataset.with_labels(labels) makes a dataset with other labels"
            )
        super().__setattr__(name, value)

    def report(self) -> list[Failure]:
        """Every image that could not be read so far, in this process and in worker processes, or only in part: a
        :class:`pixfeed.Failure` (path, line of the list, reason, how often it was tried, whether it was recovered by
        ``min_recovered``) each. Recovered ones do not count for ``max_errors``."""
        return self._bad_images.failures()

    def with_labels(self, labels: ArrayLike) -> Self:
        """A dataset with other labels, corrected or smoothed ones for example, and the same images in the same order.

        This dataset and its list stay as they are. (``dataset.files.labels`` is read-only, because worker processes
        and other copies read the list again.) The new dataset has a :meth:`report` of its own. Its copies and pickles
        carry the labels.

        Args:
            labels: integers (they become int64), float32 or float64, ``[n]`` or ``[n, L]``: one row per line of the
                list.

        Raises:
            ValueError, TypeError: the labels do not match the list, or the targets are masks, boxes or keypoints.
        """
        made = copy.copy(self)
        made._targets = self._targets.with_labels(labels)
        made.files = made._targets.files
        made._bad_images = BadImages(self._bad_images.on_error, self._bad_images.max_errors)
        return made

    def __len__(self) -> int:
        return ENDLESS if self.repeat is None else len(self.files) * self.repeat

    def __getitem__(self, index: Any) -> Any:
        """``(image, target)``, or what ``labels``, ``return_index``, ``return_path`` and ``keys`` of
        :class:`pixfeed.FastTxtDataset` say; for a slice a :class:`torch.utils.data.Subset`. A negative index counts
        from the end.

        Raises:
            IndexError: there is no such sample. (A dataset with ``repeat=None`` has no end.)
        """
        if isinstance(index, slice):
            return Subset(self, range(len(self))[index])
        return self._one(index)[0]

    @asked_itself
    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        """The samples of a whole batch, decoded in one call into one tensor (shared memory in a worker process).
        torch's DataLoader calls this, and its default collate hands that tensor on without copying it. Images of
        different sizes are parts of a padded tensor, which :func:`pixfeed.pad_collate` hands on."""
        if self._has_own_items:
            return [self[index] for index in indices]
        if self._one_by_one:
            return Batch.joined(
                [self._one(index) for index in indices], [(i, 0) for i in range(len(indices))]
            ).as_samples()
        return self._batch(self.request(indices)).as_samples()

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def target_transform(self) -> Callable[[Any], Any] | None:
        """What is called with each target. It may be replaced at any time, as :attr:`transform`."""
        return self._items.target_transform

    @target_transform.setter
    def target_transform(self, target_transform: Callable[[Any], Any] | None) -> None:
        self._items = self._items._replace(target_transform=target_transform)

    @property
    def form(self) -> Form:
        """What an item is made of."""
        return self._items.form

    @property
    def fill(self) -> int | None:
        """The number that masks are padded with; ``None`` if the targets are no masks."""
        return self._targets.fill

    @property
    def is_random(self) -> bool:
        recipe = self._pipeline.recipe
        return bool(recipe.draws or recipe.python)

    @property
    def reads_ahead_safely(self) -> bool:
        counts = self._bad_images.max_errors is not None or self._reading.min_recovered < 1
        return not counts and self._pipeline.recipe.size is not None

    @property
    def merge_key(self) -> Hashable:
        """Requests to datasets that have the same key can be read together. The first part is the shape of the images,
        ``None`` if it depends on the image."""
        recipe = self._pipeline.recipe
        if recipe.size is None or not read_by_pixfeed(self):
            return None, id(self)
        tables = (self.rois is None, self.resize_boxes is None)
        shape = (recipe.channels, *recipe.size)
        return shape, self._pipeline.key, self.memory_format, tables, recipe.draws, self.fill, self._items.form

    def request(self, indices: Sequence[int]) -> SampleRequest:
        """The request for these samples.

        Raises:
            IndexError: there is no such sample.
        """
        pipeline, count = self._pipeline, len(self.files)
        if not isinstance(indices, (list, tuple, range, np.ndarray)):  # a sampler may yield a set
            indices = list(indices)
        from_start = [self._key(indices[0])] if len(indices) == 1 else self._keys(indices).tolist()
        rows, keys = [key % count for key in from_start], draws.like(from_start, indices)
        return SampleRequest(
            rows, keys, self._images_of(pipeline, rows, self._draw(pipeline.recipe, keys)), [], pipeline
        )

    def read_images(self, request: Request) -> ReadImages:
        """Read images; those of datasets with the same :attr:`merge_key` may be among them."""
        return self._pipeline.read(request, self.memory_format)

    def complete(self, request: SampleRequest, read: ReadImages) -> Column:
        """The targets of images that were read; and the policy ``on_error`` for those that could not be read, whose
        places in ``read`` are filled.

        Raises:
            ImageError, RegionError: with ``on_error="raise"``, or if nothing can be read.
        """
        rows = request.rows
        failed: dict[int, ImageError | RegionError] = {}
        for place, what in read.failed.unreadable.items():
            failed[place] = what.error(self.origin(rows[place]))
        for place, what in read.failed.recovered.items():
            self._bad_images.note_recovered(what.error(self.origin(rows[place])))
        news = request.pipeline.news()
        if news is not None:
            self._bad_images.note_recovered(news)
        wanted = [place for place in range(len(rows)) if place not in failed] if failed else range(len(rows))
        column, others = self._read_targets(request.pipeline, rows, read, wanted)
        failed |= others
        for place in sorted(failed):
            self._mend(request, read, column, place, failed[place])
        return column

    def _read_targets(
        self, pipeline: Pipeline, rows: Sequence[int], read: ReadImages, wanted: Sequence[int]
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        """See :meth:`pixfeed.targets.base.Targets.read`."""
        caching = pipeline.caching_masks() if self._targets.kind == "mask" else None
        return self._targets.read(rows, PointMap(read.passes), wanted, pipeline.backend, caching)

    def columns(self, rows: Sequence[int], targets: Column) -> dict[str, Column]:
        """The parts of items but for their images, by name: the targets of these rows, and what else is wanted."""
        return self._items.columns(self.files, self.image_dir, rows, targets)

    @property
    def _one_by_one(self) -> bool:
        """Whether the images of a batch are not read together."""
        return False

    def _one(self, index: int) -> Batch:
        return self._batch(self.request([index]), part=True)

    def _batch(self, request: SampleRequest, part: bool = False) -> Batch:
        images, column, padded = self._read(request, part)
        return self._batch_of(images, request.rows, column, padded)

    def _batch_of(
        self, images: torch.Tensor | list[Any], rows: Sequence[int], targets: Column, padded: torch.Tensor | None = None
    ) -> Batch:
        more = self.columns(rows, targets)
        targets = more.pop("target")
        return Batch(
            images,
            targets if self._items.target_transform else self._targets.column(targets),
            lambda place: self.origin(rows[place]),
            self._targets.fill,
            more,
            self._items.form,
            padded,
        )

    def __repr__(self) -> str:
        recipe, bad = self._pipeline.recipe, self._bad_images
        about = [f"{len(self.files)} images", f"repeat={self.repeat}"]
        about += [] if self._targets.kind == "labels" else [f"targets={self._targets.kind!r}"]
        about += ["with_labels"] if isinstance(self.files, Relabelled) else []
        about += [] if bad.on_error == "raise" else [f"on_error={bad.on_error!r}"]
        about += [] if bad.max_errors is None else [f"max_errors={bad.max_errors}"]
        about += [] if self.seed is None else [f"seed={self.seed}"]
        about += [] if recipe.python else [str(recipe.dtype)]
        about += [f"backend {self._pipeline.backend.name}"]
        cache = self._pipeline.cache
        about += (
            []
            if cache is None
            else [f"cache={cache.folder!r}" + ("" if cache.kind == "pixels" else f" ({cache.kind})")]
        )
        head = f"{type(self).__name__}({self.files.filename!r}: {', '.join(about)})"
        step = self.target_transform
        last = [] if step is None else [f"in Python, per target: {name_of(step)}"]
        return "\n  ".join([head, *str(recipe).splitlines(), *last, *filter(None, [advice(recipe)])])

    def _backend(self) -> Backend:
        return self._pipeline.backend

    def _read(self, request: SampleRequest, part: bool = False) -> tuple[Any, Column, torch.Tensor | None]:
        """Images, a tensor ``[n, C, H, W]`` or a list of n; targets; and the block that has the images of the list, if
        one has them all."""
        read = request.pipeline.read(request.images, self.memory_format, part)
        column = self.complete(request, read)
        recipe = request.pipeline.recipe
        images, in_place = recipe.finish_all(read.images, request.images.u)
        if request.zeros:
            images[request.zeros] = 0
        if not recipe.python:
            return images, column, read.padded if in_place else None
        rows = request.rows
        each = images.unbind(0) if isinstance(images, torch.Tensor) else images
        return self._in_python(recipe, each, request.keys, lambda place: self.origin(rows[place])), column, None

    def _mend(
        self, request: SampleRequest, read: ReadImages, column: Column, place: int, error: ImageError | RegionError
    ) -> None:
        """Put in place what ``on_error`` says for a sample that could not be read: an exception, zeros, or the next one
        that can be read, with the random numbers of the one that it stands for."""
        row, count = request.rows[place], len(self.files)
        self._bad_images.note(error)
        if self._bad_images.on_error == "zeros":
            request.zeros.append(place)
            size = request.pipeline.recipe.size
            assert size is not None  # FastTxtDataset has seen to it
            column[place] = self._targets.blank(row, size)
            read.put(place, torch.zeros((), dtype=read.images[0].dtype).expand(read.images[0].shape))
            return
        u = request.images.u[place : place + 1]
        is_readable = partial(self._is_readable, request.pipeline)
        for other in self._bad_images.substitutes(row, count, is_readable):
            one, target, problem = self._attempt(request.pipeline, other, u)
            if problem is None:
                read.put(place, one.images[0])
                column[place] = target[0]
                request.rows[place] = other
                return
            self._bad_images.note(problem)
        self._bad_images.give_up(count, error, self.image_dir)

    def _attempt(
        self, pipeline: Pipeline, row: int, u: NDArray[np.float64]
    ) -> tuple[ReadImages, Column, ImageError | RegionError | None]:
        """One row of the list, and what went wrong."""
        rows = [row]
        read = pipeline.read(self._images_of(pipeline, rows, u), self.memory_format, part=True)
        for what in read.failed.recovered.values():
            self._bad_images.note_recovered(what.error(self.origin(row)))
        if read.failed.unreadable:
            return read, [], read.failed.unreadable[0].error(self.origin(row))
        column, failed = self._read_targets(pipeline, rows, read, [0])
        return read, column, failed.get(0)

    def _is_readable(self, pipeline: Pipeline, row: int) -> bool:
        return self._attempt(pipeline, row, self._draw(pipeline.recipe, [row]))[2] is None

    def _images_of(self, pipeline: Pipeline, rows: list[int], u: NDArray[np.float64]) -> Request:
        rois, boxes = self.rois, self.resize_boxes
        paths = self.files.paths(rows, self.image_dir)
        given = [self._targets.given(row) for row in rows] if pipeline.recipe.needs_boxes else None
        return Request(paths, None if rois is None else rois[rows], None if boxes is None else boxes[rows], u, given)

    def _key(self, index: int) -> int:
        """The index, from the start."""
        key, count = operator.index(index), len(self)
        key = key + count if key < 0 else key
        if key < 0 or (key >= count and self.repeat is not None):
            raise IndexError(f"there is no sample {index}; there are {count}")
        return key

    def _keys(self, indices: Sequence[int]) -> NDArray[np.int64]:
        """int64 ``[n]``: indices from the start."""
        keys = np.asarray(indices)
        if keys.dtype.kind not in "iu" or keys.ndim != 1 or keys.min() < 0 or keys.max() >= len(self):
            keys = np.array([self._key(index) for index in indices], np.int64)
        return keys

    def origin(self, row: int) -> Origin:
        """The origin of row ``row`` of the list, for errors."""
        return self.files.origin(row, self.image_dir)
