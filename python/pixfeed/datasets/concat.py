"""ConcatImages: torch's ConcatDataset and Subset around pixfeed's datasets, read as one."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from pixfeed import draws
from pixfeed._real_torch import ConcatDataset, Dataset, Subset
from pixfeed.collate.batch import Batch, Images
from pixfeed.datasets.base import ImageDataset, read_by_pixfeed
from pixfeed.datasets.list_images import ListImages
from pixfeed.draws import Drawn
from pixfeed.reading.request import Request
from pixfeed.targets.base import Column


def reads_natively(dataset: Any) -> bool:
    """Whether a dataset's samples are made natively, by pixfeed's own methods, also inside Subset and ConcatDataset."""
    if type(dataset) in SUBSETS:
        return reads_natively(dataset.dataset)
    if type(dataset) in CONCATS:
        return all(map(reads_natively, dataset.datasets))
    return read_by_pixfeed(dataset)


def image_datasets(dataset: object) -> list[ImageDataset]:
    """The pixfeed datasets inside."""
    if isinstance(dataset, ImageDataset):
        return [dataset]
    if isinstance(dataset, Subset):
        return image_datasets(dataset.dataset)
    inside = dataset.datasets if isinstance(dataset, ConcatDataset) else []
    return [found for each in inside for found in image_datasets(each)]


def with_concat_images(dataset: Dataset[Any]) -> Dataset[Any]:
    """The same dataset, with :class:`ConcatImages` in place of each ConcatDataset that has only pixfeed's inside.
    Others that have one, and Subset, tell it how often an index was drawn before: see :class:`pixfeed.draws.Drawn`."""
    if type(dataset) is Subset and image_datasets(dataset):
        return _Subset(with_concat_images(dataset.dataset), dataset.indices)
    if type(dataset) is ConcatDataset and image_datasets(dataset):
        native = reads_natively(dataset)
        return ConcatImages(dataset.datasets) if native else _Concat(map(with_concat_images, dataset.datasets))
    return dataset


class _Subset(Subset[Any]):
    """A Subset whose dataset gets an index with its occurrence."""

    def __getitem__(self, index: Any) -> Any:
        if type(index) is Drawn:
            return self.dataset[_inside(self, [index])[0]]
        item: Any = Subset.__getitem__(self, index)  # type: ignore[no-untyped-call]
        return item

    def __getitems__(self, indices: list[int]) -> list[Any]:
        inside, of_batches = _inside(self, indices), getattr(self.dataset, "__getitems__", None)
        items: list[Any] = of_batches(inside) if callable(of_batches) else [self.dataset[index] for index in inside]
        return items


def _inside(subset: Subset[Any], indices: Sequence[int]) -> list[int]:
    return draws.like([subset.indices[index] for index in indices], indices)


class _Concat(ConcatDataset[Any]):
    """A ConcatDataset whose datasets get an index with its occurrence."""

    def __getitem__(self, index: int) -> Any:
        part = next(parts_of(self, [index]))
        return part.dataset[part.indices[0]]


class Part(NamedTuple):
    """Samples of one dataset: their indices there, and their places in the batch."""

    dataset: Any
    indices: Sequence[int]
    places: list[int]


class ConcatImages(_Concat):
    """A ConcatDataset that reads a batch in one call into one tensor, whichever of its datasets the samples are in.
    Samples that are read in different ways are read in as many calls."""

    def __repr__(self) -> str:
        inside = [line for dataset in self.datasets for line in repr(dataset).splitlines()]
        return "\n  ".join([f"ConcatDataset({len(self)} images, read as one) of", *inside])

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        """The samples at ``indices``, those that indexing gives."""
        parts = _gathered(parts_of(self, indices))
        groups: dict[Hashable, list[Part]] = {}
        for part in parts:
            key = part.dataset.merge_key if isinstance(part.dataset, ListImages) else (None, id(part.dataset))
            groups.setdefault(key, []).append(part)
        if len(groups) == 1:
            return _read(next(iter(groups.values())))
        batches: list[Any] = []
        found: list[tuple[int, int]] = [(0, 0)] * len(indices)  # the batch of each sample, and its place there
        for group in groups.values():
            places = sorted(place for part in group for place in part.places)
            number = {place: i for i, place in enumerate(places)}
            batches.append(_read([part._replace(places=[number[place] for place in part.places]) for part in group]))
            for i, place in enumerate(places):
                found[place] = len(batches) - 1, i
        whole = [batch.batch if isinstance(batch, Images) else batch for batch in batches]
        if len({batch.form for batch in whole}) > 1:  # torch's collate says what it thinks of that
            return [batches[of][at] for of, at in found]
        return Batch.joined(whole, found).as_samples()


SUBSETS = Subset, _Subset
CONCATS = ConcatDataset, ConcatImages, _Concat


def parts_of(dataset: Any, indices: Sequence[int]) -> Iterator[Part]:
    """The datasets inside Subset and ConcatDataset that samples are in, with their indices there. One that is inside
    more than once may have several parts.

    Raises:
        IndexError: there is no such sample.
    """
    return _parts(dataset, list(indices), list(range(len(indices))))


def _parts(dataset: Any, indices: Sequence[int], places: list[int]) -> Iterator[Part]:
    if type(dataset) in SUBSETS:
        yield from _parts(dataset.dataset, _inside(dataset, indices), places)
        return
    if type(dataset) not in CONCATS:
        yield Part(dataset, indices, places)
        return
    wanted, count = np.array([operator.index(index) for index in indices], np.int64), len(dataset)
    wrong = (wanted < -count) | (wanted >= count)
    if wrong.any():
        ConcatDataset(dataset.datasets)[indices[int(wrong.argmax())]]  # raises what torch raises
    wanted %= count
    starts = np.array([0, *dataset.cumulative_sizes])
    numbers = np.searchsorted(starts, wanted, "right") - 1
    for number in np.unique(numbers).tolist():
        mine = np.flatnonzero(numbers == number)
        local = draws.like((wanted[mine] - starts[number]).tolist(), [indices[i] for i in mine.tolist()])
        yield from _parts(dataset.datasets[number], local, [places[i] for i in mine.tolist()])


def _gathered(parts: Iterator[Part]) -> list[Part]:
    """One part per dataset: a dataset may be inside more than once."""
    found: dict[int, Part] = {}
    for part in parts:
        known = found.get(id(part.dataset))
        found[id(part.dataset)] = (
            part if known is None else Part(part.dataset, [*known.indices, *part.indices], known.places + part.places)
        )
    return list(found.values())


def _read(parts: list[Part]) -> Sequence[Any]:
    """Samples of datasets that can be read together, ordered by their places, which are all of 0, 1, ..."""
    first = parts[0].dataset
    if len(parts) == 1:
        order = np.argsort(parts[0].places)
        samples: Sequence[Any] = first.__getitems__([parts[0].indices[i] for i in order.tolist()])
        return samples
    return _read_together([(part.dataset, part) for part in parts if isinstance(part.dataset, ListImages)])


def _read_together(parts: list[tuple[ListImages, Part]]) -> Sequence[Any]:
    requests = [dataset.request(part.indices) for dataset, part in parts]
    merged = Request.merge(
        [(np.array(part.places), request.images) for (_, part), request in zip(parts, requests, strict=True)]
    )
    read = parts[0][0].read_images(merged)
    n = len(merged)
    form = parts[0][0].form
    columns: dict[str, list[Any]] = {name: [None] * n for name in ("target", *form.parts[1:])}
    owners: list[Any] = [None] * n

    def first_failure(number: int) -> int:
        return min((place for place in parts[number][1].places if place in read.failed.unreadable), default=n)

    for number in sorted(range(len(parts)), key=first_failure):  # the batch's first error is the one that is raised
        (dataset, part), request = parts[number], requests[number]
        completed = dataset.columns(request.rows, dataset.complete(request, read.part(part.places)))
        for i, place in enumerate(part.places):
            for name, column in completed.items():
                columns[name][place] = column[i]
            owners[place] = (dataset, request, i)
    made: dict[str, Column] = dict(columns)
    for name, items in columns.items():
        if all(isinstance(item, (np.ndarray, np.integer)) for item in items):
            kinds = {(np.shape(item), item.dtype) for item in items}
            made[name] = np.stack(items) if len(kinds) == 1 else items

    def origin(place: int) -> Any:
        dataset, request, i = owners[place]
        return dataset.origin(request.rows[i])

    return Batch(read.images, made.pop("target"), origin, parts[0][0].fill, made, form).as_samples()
