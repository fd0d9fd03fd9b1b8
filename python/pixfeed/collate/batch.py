"""Batch: samples that were read together; Sample, DictSample and Target: what is in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed import memory
from pixfeed._real_torch import torch
from pixfeed.errors import Origin


class Sample(tuple[Any, ...]):
    """``(image, target)``, with an index and a path if these were asked for, which also knows where the image comes
    from.

    Attributes:
        fill: the number that a mask is padded with; ``None`` if the target is no mask.
    """

    fill: int | None
    _origin: Callable[[], Origin | None] | None

    def __new__(cls, *parts: Any, origin: Callable[[], Origin | None] | None = None, fill: int | None = None) -> Sample:
        sample = super().__new__(cls, parts)
        sample._origin = origin
        sample.fill = fill
        return sample

    @property
    def origin(self) -> Origin | None:
        """The origin of the image, ``None`` if it is not known."""
        return None if self._origin is None else self._origin()

    def __reduce__(self) -> tuple[type, tuple[tuple[Any, ...]]]:  # another process gets what a user sees: a tuple
        return tuple, (tuple(self),)


class DictSample(dict[str, Any]):
    """The same as a dict, for ``keys=``.

    Attributes:
        fill: as of a :class:`Sample`.
    """

    fill: int | None = None
    _origin: Callable[[], Origin | None] | None = None

    @property
    def origin(self) -> Origin | None:
        """The origin of the image, ``None`` if it is not known."""
        return None if self._origin is None else self._origin()

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class Form(NamedTuple):
    """What an item is made of.

    Attributes:
        parts: names of its parts, in their order: "image", and "target", "index" and "path" if they are wanted.
        keys: those of a dict; ``None`` for a tuple, or for the image itself if there is nothing else.
    """

    parts: tuple[str, ...] = ("image", "target")
    keys: tuple[str, ...] | None = None

    @property
    def is_image(self) -> bool:
        """Whether an item is nothing but an image."""
        return len(self.parts) == 1 and self.keys is None

    def item(self, parts: Iterable[Any], origin: Callable[[], Origin | None] | None, fill: int | None) -> Any:
        """An item of its parts."""
        if self.keys is not None:
            sample = DictSample(zip(self.keys, parts, strict=True))
            sample._origin, sample.fill = origin, fill
            return sample
        return next(iter(parts)) if self.is_image else Sample(*parts, origin=origin, fill=fill)

    def whole(self, columns: list[Any]) -> Any:
        """A batch of its collated parts."""
        if self.keys is not None:
            return dict(zip(self.keys, columns, strict=True))
        return columns[0] if self.is_image else columns


class Images(list[Any]):
    """A batch of items that are images alone: a list of tensors, as ``torch.stack`` takes it.

    Attributes:
        batch: the same, whose images are one tensor.
    """

    def __init__(self, batch: Batch):
        super().__init__(batch)
        self.batch = batch

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (list(self),)


class Target(dict[str, torch.Tensor]):
    """The boxes or keypoints of one image: a dict of tensors by name, as many rows as there are boxes or keypoints.

    ``{"boxes": float32 [N, 4], "labels": int64 [N]}`` with ``targets="boxes"``, in pixels of the image (torchvision's
    detection models take it as it is with ``box_format="xyxy"``); ``{"keypoints": float32 [K, 3]}``, x, y in pixels and
    v, with ``targets="keypoints"``. In a batch there is a list of B dicts, or with :func:`pixfeed.pad_collate` one dict
    of padded tensors.

    Attributes:
        fill: by name, the number that :func:`pixfeed.pad_collate` pads with: -1 for ``"labels"``. All others are padded
            with 0.
        form: of boxes, what their four numbers are: ``"xywh"`` or ``"xyxy"``.
    """

    fill: ClassVar[dict[str, int]] = {"labels": -1}
    form: str | None = None


_PAIR = Form()


class Batch(Sequence[Any]):
    """Samples that were read together: what ``dataset.__getitems__`` returns.

    It is a Sequence of items, ``(image, target)`` unless another form was asked for, for collate functions that take
    samples. Both default collates, pixfeed's and torch's, return its tensors without a copy.

    Attributes:
        images: a tensor ``[B, C, H, W]``; or a list of B images, if their sizes differ or Python made them.
        targets: an ndarray ``[B, L]`` or ``[B]`` of labels, an int64 tensor ``[B, H, W]`` of masks, or a list of B
            targets.
        more: by name, an int64 ndarray ``[B]`` ("index") and a list of B strings ("path"), if items have them.
        form: of the items.
        padded: a tensor ``[B, C, H, W]`` that has the images of a list at the top left of each of its own, and zeros
            around them; ``None`` if there is none.
    """

    def __init__(
        self,
        images: torch.Tensor | list[Any],
        targets: NDArray[Any] | torch.Tensor | list[Any],
        origin: Callable[[int], Origin | None] | None = None,
        fill: int | None = None,
        more: Mapping[str, Any] = MappingProxyType({}),
        form: Form = _PAIR,
        padded: torch.Tensor | None = None,
    ):
        """
        Args:
            origin: tells where image ``i`` comes from, for errors.
            fill: the number that masks are padded with.
            padded: see the class.
        """
        self.images = images
        self.padded = padded
        self.targets = targets
        self.more = more
        self.form = form
        self._origin = origin
        self._fill = fill

    @classmethod
    def joined(cls, batches: Sequence[Batch], places: Sequence[tuple[int, int]]) -> Batch:
        """A batch of samples of several ones, whose images are a list.

        Args:
            batches: of one form, one or more.
            places: of each sample, the number of its batch and its place there.
        """
        columns: dict[str, Any] = {}
        for name in {"image", "target", *batches[0].form.parts}:
            found = [list(_items(batch.column(name))) for batch in batches]
            columns[name] = [found[number][place] for number, place in places]
        if "index" in columns:
            columns["index"] = np.array(columns["index"], np.int64)

        def origin(place: int) -> Origin | None:
            number, at = places[place]
            tells = batches[number]._origin
            return None if tells is None else tells(at)

        fills = {batch._fill for batch in batches}
        fill = fills.pop() if len(fills) == 1 else None
        return cls(columns.pop("image"), columns.pop("target"), origin, fill, columns, batches[0].form)

    def column(self, name: str) -> Any:
        """One part of all samples."""
        return self.images if name == "image" else self.targets if name == "target" else self.more[name]

    def origins(self) -> list[Origin | None]:
        """Where the images come from."""
        return [None if self._origin is None else self._origin(place) for place in range(len(self))]

    def as_samples(self) -> Sequence[Any]:
        """The batch as torch's fetcher and collate functions get it."""
        return Images(self) if self.form.is_image else self

    def with_targets(self, targets: NDArray[Any] | torch.Tensor | list[Any]) -> Batch:
        """The same images, with other targets."""
        return Batch(self.images, targets, self._origin, self._fill)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice) -> Any:
        places = range(len(self))[index]
        if isinstance(places, range):
            return self._with([_taken(column, places) for column in self._columns()], places)
        parts = (self.column(name)[places] for name in self.form.parts)
        return self._sample(places, (int(part) if isinstance(part, np.integer) else part for part in parts))

    def __iter__(self) -> Iterator[Any]:
        columns = (_items(self.column(name)) for name in self.form.parts)
        for place, parts in enumerate(zip(*columns, strict=True)):
            yield self._sample(place, parts)

    def replaced(self, images: torch.Tensor | list[Any], targets: Any) -> Batch:
        """The same samples with other images and targets."""
        return Batch(images, targets, self._origin, self._fill, self.more, self.form)

    def split(self, sizes: Sequence[int]) -> list[Batch]:
        """Batches of their own; images lie where they are. See :func:`pixfeed.memory.split`."""
        ends = list(accumulate(sizes))
        places = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        columns = [
            memory.split(column, sizes) if isinstance(column, torch.Tensor) else [_taken(column, at) for at in places]
            for column in self._columns()
        ]
        return [self._with(parts, at) for parts, at in zip(zip(*columns, strict=True), places, strict=True)]

    def __repr__(self) -> str:
        return f"Batch of {len(self)}"

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:  # another process gets what a user sees
        return list, (list(self),)

    def _columns(self) -> list[Any]:
        return [self.images, self.targets, *self.more.values()]

    def _with(self, columns: Sequence[Any], places: range) -> Batch:
        """Some samples of this batch."""
        images, targets, *more = columns
        named = dict(zip(self.more, more, strict=True))
        return Batch(images, targets, self._origin_in(places), self._fill, named, self.form)

    def _sample(self, place: int, parts: Iterable[Any]) -> Any:
        return self.form.item(parts, None if self._origin is None else partial(self._origin, place), self._fill)

    def _origin_in(self, places: range) -> Callable[[int], Origin | None] | None:
        origin = self._origin
        return None if origin is None else lambda place: origin(places[place])


def _items(column: Any) -> Iterable[Any]:
    """The items of a column, numbers as Python's."""
    if isinstance(column, torch.Tensor):
        return column.unbind(0)
    items: Iterable[Any] = column.tolist() if isinstance(column, np.ndarray) and column.ndim == 1 else column
    return items


def _taken(column: Any, places: range) -> Any:
    """Some items of a column; a view if they follow each other."""
    if isinstance(column, list):
        return [column[place] for place in places]
    return column[places.start : places.stop : places.step] if places.step > 0 else column[list(places)]
