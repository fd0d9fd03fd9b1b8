"""Pipeline: the straight path from a request to pixels: open, plan, decode.

opened  = pipeline.open(request)                      # HEADER rows
planned = pipeline.plan(opened.headers, request)      # PLAN rows, and who is refused
failed  = pipeline.decode(opened, planned, out)       # pixels in `out`, and what could not be read
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends, context, memory
from pixfeed._stand_in import torch
from pixfeed.backends import Decoded, Opened
from pixfeed.backends.contract import Caching
from pixfeed.cache import Cache
from pixfeed.errors import ImageError, Status, Unreadable
from pixfeed.memory.blocks import images_in, in_blocks
from pixfeed.plan import KEPT_BYTES, KEPT_PIXELS, LOST_BYTES, resize_plan
from pixfeed.reading import regions
from pixfeed.reading.kept import Kept
from pixfeed.reading.options import Reading, check_size
from pixfeed.reading.request import Request
from pixfeed.transforms.execute import plan_passes, tables_of
from pixfeed.transforms.fuse import Recipe, fixed_steps
from pixfeed.transforms.geometry import Corners
from pixfeed.transforms.pass_plan import PassPlan
from pixfeed.transforms.resize import ResizeTo
from pixfeed.transforms.wide import check_wide

# One call of so many is looked at for Stats.
_LOOKED_AT = 16

# Bytes of a batch that is going to be padded anyway. A broken file that claims to be huge is not to make it larger.
_PADDED = 2 << 30


class Planned(NamedTuple):
    """The plan for n images.

    Attributes:
        passes: the first reads sources, the others take what the one before has made.
        size: (height, width) in pixels of the images in the end; the largest of each, if they differ.
        refused: by place, what is wrong with regions and crops that do not fit.
    """

    passes: Sequence[PassPlan]
    size: tuple[int, int]
    refused: dict[int, str]

    def part(self, places: list[int]) -> Planned:
        """The plan for some of the images, whose sources stay where they are."""
        passes = [each.part(places) for each in self.passes]
        refused = {i: self.refused[place] for i, place in enumerate(places) if place in self.refused}
        return Planned(passes, _largest(passes), refused)


def _largest(passes: Sequence[PassPlan]) -> tuple[int, int]:
    height, width = passes[-1].sizes
    return check_size((int(height.max()), int(width.max())))


def _boxes(request: Request, headers: NDArray[np.void], crop: NDArray[np.int64]) -> list[Corners] | None:
    """The boxes of each picture, in pixels of its region."""
    if request.boxes is None:
        return None
    sides = zip(headers["height"].tolist(), headers["width"].tolist(), strict=True)
    return [boxes.corners(*size) - start for boxes, size, start in zip(request.boxes, sides, crop[:, :2], strict=True)]


class Failed(NamedTuple):
    """The images with errors, by place.

    Attributes:
        unreadable: images that could not be read. Their slots are undefined.
        recovered: images that were read nevertheless: those that are cut off, as far as they go, and those that the
            cache had lost, from their files.
    """

    unreadable: dict[int, Unreadable]
    recovered: dict[int, Unreadable]

    def plus(self, other: Failed, places: list[int]) -> Failed:
        """These, and those of other images, whose places are given."""
        return Failed(
            *(mine | {places[i]: what for i, what in more.items()} for mine, more in zip(self, other, strict=True))
        )


@dataclass(slots=True)
class ReadImages:
    """Images that were read together.

    Attributes:
        images: a tensor ``[n, C, height, width]``; or a list of n tensors ``[C, height, width]``, if they differ.
        passes: what was done with them.
        failed: what could not be read, by place.
        places: where in ``images`` each of them lies, if they are a part of what was read.
        padded: the block ``[n, C, height, width]`` that the images of a list are parts of, if there is one for all.
    """

    images: torch.Tensor | list[torch.Tensor]
    passes: Sequence[PassPlan]
    failed: Failed
    places: list[int] | None = None
    padded: torch.Tensor | None = None

    def put(self, place: int, image: torch.Tensor) -> None:
        """Another image ``[C, H, W]`` in place of one; of another size only if the images are not a part of others."""
        if isinstance(self.images, torch.Tensor):
            if image.shape == self.images.shape[1:]:
                self.images[place if self.places is None else self.places[place]] = image
                return
            self.images = list(self.images.unbind(0))
        self.images[place] = image
        self.padded = None

    def part(self, places: list[int]) -> ReadImages:
        """Those at some places, counted from 0; :meth:`put` writes to the whole."""
        passes = [each.part(places) for each in self.passes]
        number = {place: i for i, place in enumerate(places)}
        unreadable, recovered = (
            {number[place]: what for place, what in found.items() if place in number} for found in self.failed
        )
        return ReadImages(self.images, passes, Failed(unreadable, recovered), places)


class Pipeline:
    """A :class:`Reading` and the recipe of a transform: how images are read, and what is done to them.

    Args:
        reading: how to read.
        transforms: what to do with the pictures; see :class:`pixfeed.transforms.Compose`.
        cache: where pictures are kept.

    Attributes:
        backend: that carries it out.
        recipe: the transforms, as passes.
        cache: where pictures are kept.
    """

    def __init__(self, reading: Reading, transforms: Sequence[Callable[..., Any]], cache: Cache | None = None):
        self.reading, self.cache = reading, cache
        self.transforms = list(transforms)
        keeps_pixels = cache is not None and cache.kind == "pixels"
        fixed = fixed_steps(self.transforms) if keeps_pixels else None
        self.recipe = Recipe(self.transforms, reading.num_channels, fixed=fixed)
        if reading.depth == 16:
            check_wide(self.recipe)
            if keeps_pixels:
                raise ValueError(
                    "depth=16 goes with cache=Cache(..., kind='raw') alone: the other keeps pictures of 8 bits"
                )
        self.backend = backends.choose(reading.backend)
        self._plain = self.recipe.only_resizes
        self._whole = reading.reduced == 1 and reading.decode == "exact"
        self._calls = 0
        self._kept = None if cache is None else Kept(cache, self.backend, reading, self.transforms)

    @classmethod
    def resizing(cls, reading: Reading, height: int | None, width: int | None, cache: Cache | None = None) -> Pipeline:
        """The pipeline that resizes as ``reading`` says; for ``None`` see :func:`pixfeed.plan.output_size`."""
        return cls(reading, [ResizeTo(height, width, reading.interpolation_number)], cache)

    @property
    def key(self) -> Hashable:
        """Requests to pipelines that have the same key may be merged into one."""
        if self.recipe.numeric or self.recipe.python:
            return id(self)
        return self.reading, self.backend.name, tuple(self.transforms), self.recipe.written, self.cache

    def read(self, request: Request, memory_format: torch.memory_format, part: bool = False) -> ReadImages:
        """The whole path, into memory of its own.

        Args:
            memory_format: of the images.
            part: the image is to become a part of a batch; see :func:`pixfeed.memory.empty`.
        """
        opened = self.open(request)
        planned = self.plan(opened.headers, request)
        size = self.recipe.size
        if size is None and len(request) > 1:
            return self._read_blocks(request, opened, planned, memory_format)
        shape = (len(request), self.recipe.channels, *(size or planned.size))
        images = memory.empty(shape, self.recipe.written or torch.uint8, memory_format, part)
        failed = self._decode(request, opened, planned, memory.array(images))
        return ReadImages(images, planned.passes, failed)

    def _read_blocks(
        self, request: Request, opened: Opened, planned: Planned, memory_format: torch.memory_format
    ) -> ReadImages:
        """Images that may differ in size: in one call, unless they differ so much that one block would be too large."""
        height, width = planned.passes[-1].sizes
        images: list[Any] = [None] * len(height)
        failed = Failed({}, {})
        dtype = self.recipe.written or torch.uint8
        most = _PADDED // (self.recipe.channels * dtype.itemsize) if context.pads() else 0
        blocks = in_blocks(height, width, most)
        for places in blocks:
            part = planned if len(blocks) == 1 else planned.part(places)
            shape = (len(places), self.recipe.channels, *part.size)
            block = memory.empty(shape, dtype, memory_format, varies=True)
            failed = failed.plus(self._decode(request, opened, part, memory.array(block)), places)
            sizes = zip(height[places].tolist(), width[places].tolist(), strict=True)
            for place, image in zip(places, images_in(block, list(sizes)), strict=True):
                images[place] = image
        whole = block if len(blocks) == 1 else None
        if whole is not None and len(set(zip(height.tolist(), width.tolist(), strict=True))) == 1:
            return ReadImages(whole, planned.passes, failed)
        return ReadImages(images, planned.passes, failed, padded=whole)

    def open(self, request: Request) -> Opened:
        """Read and probe the sources. What fails has its status in its header."""
        threads = 1 if len(request.sources) == 1 else context.num_threads()
        caching = None if self._kept is None else self._kept.caching(request)
        return self.backend.open(request.sources, self.reading.open_options, threads, caching)

    def _decode(self, request: Request, opened: Opened, planned: Planned, out: NDArray[Any]) -> Failed:
        """:meth:`decode`, and from their files the pictures that the cache has lost since they were opened.

        Args:
            request: what was opened.
            planned: the plan for some or all of it.
        """
        failed = self.decode(opened, planned, out)
        lost = [place for place, what in failed.unreadable.items() if what.status == Status.GONE]
        for place in lost:
            one = request.one(int(planned.passes[0].rows["source"][place]))
            again = self.backend.open(one.sources, self.reading.open_options)
            plan = self.plan(again.headers, one)
            if plan.passes[-1].size(0) != planned.passes[-1].size(place):
                continue  # the file was changed in this moment
            failed.recovered[place] = failed.unreadable.pop(place)
            failed = failed.plus(self.decode(again, plan, out[place : place + 1]), [place])
        return failed

    def caching_masks(self) -> Caching | None:
        """Where the masks of the pictures are kept."""
        return None if self._kept is None else self._kept.caching_masks()

    def news(self) -> ImageError | None:
        """Why the cache takes no more pictures: once in each process."""
        return None if self._kept is None else self._kept.news()

    def plan(self, headers: NDArray[np.void], request: Request) -> Planned:
        """PLAN rows for pictures whose headers are known.

        Args:
            headers: HEADER rows ``[n]``. Rows of sources that failed give rows that are never carried out.
            request: what the headers are of.
        """
        if (len(headers) == 1 or self.recipe.size is None) and headers["status"].any():
            headers = headers.copy()  # no memory is taken for what those that failed claim to be
            for side in ("width", "height"):
                headers[side][headers["status"] != Status.OK] = 1
        plain = self._plain if self._whole and request.rois is None and request.resize_boxes is None else None
        if plain is not None and (len(headers) == 1 or self.recipe.size is not None):
            return self._plan_whole(headers, plain)  # nothing to think about, and what follows takes 60 us
        crop, refused = regions.crops(self.reading, headers, request.rois)
        sides = np.maximum(crop[:, 2:], 1)
        passes, misfits = plan_passes(self.recipe, sides[:, 0], sides[:, 1], request.u, _boxes(request, headers, crop))
        for i, what in misfits.items():
            if headers["status"][i] == Status.OK:  # of the others nothing is known
                refused.setdefault(i, what)
        rows, boxes = passes[0].rows, request.resize_boxes
        rows["crop_x"] += crop[:, 0].astype(np.int32)
        rows["crop_y"] += crop[:, 1].astype(np.int32)
        if boxes is not None:
            boxes, outside = regions.checked_boxes(boxes, crop, headers["status"])
            rows["box"] = boxes
            for i, what in outside.items():
                refused.setdefault(i, what)
        regions.reduce(self.reading, rows, headers, boxes)
        passes[0] = passes[0]._replace(headers=headers)
        size = self.recipe.size
        return Planned(passes, _largest(passes) if size is None else check_size(size), refused)

    def _plan_whole(self, headers: NDArray[np.void], resize: ResizeTo) -> Planned:
        """The plain resize of whole pictures."""
        size = self.recipe.size
        if size is None:
            size = check_size(resize.size_of(headers["height"].item(0), headers["width"].item(0)))
        rows = resize_plan(headers, size, resize.number, self.recipe.reads_gray)
        return Planned((PassPlan(headers, rows),), size, {})

    def decode(self, opened: Opened, planned: Planned, out: NDArray[Any]) -> Failed:
        """Carry out the plan.

        Args:
            out: ``[n, C, height, width]``; see :meth:`pixfeed.backends.Opened.decode_into`.

        Returns:
            What could not be read. The other images are written.
        """
        threads = 1 if len(out) == 1 else context.num_threads()
        kept = None if self._kept is None else self._in_cache(opened, planned) == KEPT_PIXELS
        rows, steps = tables_of(planned.passes, self.recipe.fixed, kept)
        return self._failed(opened, planned, opened.decode_into(rows, out, threads, steps))

    def _in_cache(self, opened: Opened, planned: Planned) -> NDArray[np.int32]:
        """``kept`` of each image's header."""
        kept: NDArray[np.int32] = opened.headers["kept"][planned.passes[0].rows["source"]]
        return kept

    def _cached(self, opened: Opened, planned: Planned, decoding: int) -> tuple[int, int, int]:
        """How many of the images the cache had, the bytes of what it had, and what of ``decoding`` was reading it."""
        if self._kept is None:
            return 0, 0, 0
        in_cache = self._in_cache(opened, planned)
        if self.cache is not None and self.cache.kind == "raw":
            read = in_cache == KEPT_BYTES
            return int(read.sum()), int(opened.headers["bytes"][planned.passes[0].rows["source"]][read].sum()), 0
        kept = in_cache == KEPT_PIXELS
        after = planned.passes[self.recipe.fixed]
        sides = [after.headers[side][kept].astype(np.int64) for side in ("width", "height")]
        channels = np.where(after.rows["gray"][kept], 1, 3)
        return int(kept.sum()), int((sides[0] * sides[1] * channels).sum()), decoding if kept.all() else 0

    def _failed(self, opened: Opened, planned: Planned, decoded: Decoded) -> Failed:
        """The images with errors. The costs of all are noted for :meth:`pixfeed.DataLoader.stats`."""
        looked_at = scalable = 0
        first_is_read = decoded.statuses[0] == Status.OK and opened.headers["kept"][0] != KEPT_PIXELS
        if self._calls % _LOOKED_AT == 0 and first_is_read:  # the first image of some of the calls
            looked_at = 1
            scalable = int(regions.could_scale(self.reading, opened.headers, planned.passes[0].rows))
        self._calls += 1
        failed = Failed({}, {})
        for place, note in decoded.notes.items():
            status = int(decoded.statuses[place])
            kind = failed.recovered if status == Status.RECOVERED else failed.unreadable
            kind[place] = Unreadable(status, note, int(opened.headers["bytes"][place]))
        if self._kept is not None:
            for place in np.flatnonzero(self._in_cache(opened, planned) == LOST_BYTES).tolist():
                if decoded.statuses[place] == Status.OK:
                    source = planned.passes[0].rows["source"][place]
                    failed.recovered[place] = Unreadable(Status.GONE, "", int(opened.headers["bytes"][source]))
        images = len(decoded.statuses) - len(failed.unreadable)
        cached = self._cached(opened, planned, decoded.costs[3])
        context.spend((*decoded.costs, images, looked_at, scalable, *cached))
        for place, what in planned.refused.items():
            failed.unreadable[place] = Unreadable(Status.OK, what)
        return failed
