"""Many datasets read as one: torch's ConcatDataset and Subset around pixfeed's datasets."""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from torch.utils.data import ConcatDataset, Dataset, Subset

from pixfeed import memory
from pixfeed.collate import Batch
from pixfeed.datasets.base import Keyed
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.errors import ImageError, RegionError


def reads_natively(dataset: object) -> bool:
    """Whether a dataset's samples are made natively (it says so: ``reads_natively``), by pixfeed's own methods."""
    if type(dataset) is Subset:
        return reads_natively(dataset.dataset)
    if type(dataset) in (ConcatDataset, Joined):
        return all(map(reads_natively, dataset.datasets))
    ours = next((kind for kind in type(dataset).__mro__ if kind.__module__.startswith("pixfeed.")), None)
    return getattr(dataset, "reads_natively", False) is True and all(
        getattr(type(dataset), name, None) is getattr(ours, name, None) for name in ("__getitem__", "__getitems__")
    )


def datasets(dataset: object) -> list[Keyed]:
    """The pixfeed datasets inside."""
    if isinstance(dataset, Keyed):
        return [dataset]
    if isinstance(dataset, Subset):
        return datasets(dataset.dataset)
    inside = dataset.datasets if isinstance(dataset, ConcatDataset) else []
    return [found for each in inside for found in datasets(each)]


def joined(dataset: Dataset) -> Dataset:
    """The same dataset, with a :class:`Joined` in place of each ConcatDataset if all that is inside is pixfeed's."""
    if not reads_natively(dataset):
        return dataset
    if type(dataset) is Subset:
        inside = joined(dataset.dataset)
        return dataset if inside is dataset.dataset else Subset(inside, dataset.indices)
    return Joined(dataset.datasets) if type(dataset) is ConcatDataset else dataset


class Joined(ConcatDataset):
    """A ConcatDataset of what :func:`reads_natively`, which reads a batch in one call into one tensor, whichever of its
    datasets the samples are in. Samples that are read in different ways are read in as many calls."""

    def __getitems__(self, indices: Sequence[int]) -> list:
        """The samples at ``indices``, those that indexing gives."""
        found = [_find(self, index) for index in indices]
        ways: dict[tuple, list[int]] = {}
        for place, (dataset, _) in enumerate(found):
            ways.setdefault(_way(dataset), []).append(place)
        if len({way[0] for way in ways}) > 1:  # no batch of one shape: each sample by itself, which knows its file
            return [dataset[row] for dataset, row in found]
        samples = [None] * len(found)
        for places in ways.values():
            for place, sample in zip(places, _read([found[place] for place in places]), strict=True):
                samples[place] = sample
        return samples


def _find(dataset: Dataset, index: int) -> tuple[Dataset, int]:
    """The dataset that a sample is in, and its index there."""
    while isinstance(dataset, (Subset, ConcatDataset)):
        if isinstance(dataset, Subset):
            dataset, index = dataset.dataset, dataset.indices[index]
            continue
        index, count = operator.index(index), len(dataset)
        if not -count <= index < count:
            dataset[index]  # raises what torch raises
        starts = [0, *dataset.cumulative_sizes]
        place = bisect_right(starts, index % count) - 1
        dataset, index = dataset.datasets[place], index % count - starts[place]
    return dataset, index


def _is_plain(dataset: Dataset) -> bool:
    """Whether FastTxtDataset itself makes the samples, of nothing but file, region and labels."""
    return type(dataset) is FastTxtDataset and dataset.transform is None and dataset._targets is None


def _way(dataset: Dataset) -> tuple:
    """Samples of datasets with the same way can be read in one call. The first part is the shape, where it is known."""
    if not _is_plain(dataset):
        return None, id(dataset)
    reader, tables = dataset._reader, (dataset.rois, dataset.boxes)
    shape = (dataset.channels, dataset.resize_height, dataset.resize_width)
    values = (dataset.dtype, dataset.memory_format)
    return shape, *values, reader.reading, reader.backend.name, *(table is None for table in tables)


def _read(found: Sequence[tuple[Dataset, int]]) -> Sequence:
    """Samples (dataset and index) of datasets that have the same way."""
    first = found[0][0]
    if not _is_plain(first):
        return first.__getitems__([index for _, index in found])
    found = [(dataset, dataset._wrap(index)) for dataset, index in found]
    labels = [dataset.files.labels[row] for dataset, row in found]
    if None in _way(first)[0] or len({(label.shape, label.dtype) for label in labels}) > 1:
        return [dataset[row] for dataset, row in found]
    images = first._empty(first.resize_height, first.resize_width, len(found))
    failures: dict[int, ImageError | RegionError] = {}
    regions = [dataset._regions([row]) for dataset, row in found]
    first._reader.into(
        [dataset._path(row) for dataset, row in found],
        memory.array(images),
        lambda place: found[place][0]._origin(found[place][1]),
        *(None if column[0] is None else np.concatenate(column) for column in zip(*regions, strict=True)),
        failed=lambda place, error: failures.setdefault(place, error),
        recovered=lambda place, error: found[place][0]._note_recovered(place, error),
    )
    for place, error in sorted(failures.items()):
        dataset, row = found[place]
        labels[place] = dataset.files.labels[dataset._replace(row, images[place : place + 1], error)]
    return Batch(images, np.stack(labels)).samples()
