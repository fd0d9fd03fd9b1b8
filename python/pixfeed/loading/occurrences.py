"""Occurrences: how often an epoch has drawn each sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.datasets.concat import CONCATS, SUBSETS, parts_of
from pixfeed.draws import Drawn


class Occurrences:
    """Counts what an epoch draws, in the order in which it is drawn.

    Samples are told apart by their index in the dataset that reads them, inside Subset and ConcatDataset. What is no
    index of it (its own error will say so), or belongs to a dataset without a length, is not counted.

    Args:
        dataset: the loader's.
        makes_batches: whether a sampler yields batches of indices; else single ones.
    """

    def __init__(self, dataset: Any, makes_batches: bool):
        self._dataset = dataset
        self._makes_batches = makes_batches
        self._counts: dict[int, NDArray[np.uint32]] = {}  # by dataset inside

    @property
    def may_repeat(self) -> bool:
        """Whether different indices may be the same sample."""
        return _may_repeat(self._dataset, set())

    def count(self, indices: Iterable[Any]) -> list[int]:
        """By index, how often it was drawn before, also among these."""
        found = list(indices)
        before = [0] * len(found)
        try:
            for part in parts_of(self._dataset, found):
                counts = self._counts.get(id(part.dataset))
                if counts is None:
                    counts = self._counts[id(part.dataset)] = np.zeros(len(part.dataset), np.uint32)
                rows = np.array(part.indices, np.int64)
                rows[rows < 0] += len(counts)
                if len(np.unique(rows)) == len(rows):
                    drawn = counts[rows]
                    counts[rows] += 1
                else:
                    drawn = np.empty_like(counts, shape=len(rows))
                    for i, row in enumerate(rows.tolist()):
                        drawn[i] = counts[row]
                        counts[row] += 1
                for place, times in zip(part.places, drawn.tolist(), strict=True):
                    before[place] = times
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, NotImplementedError):
            return [0] * len(found)
        return before

    def mark(self, drawn: Any) -> Any:
        """What a sampler has drawn. Indices that were drawn before become :class:`pixfeed.draws.Drawn`; those that are
        keep what they say."""
        indices = list(drawn) if self._makes_batches else [drawn]
        before = self.count(indices)
        if not any(before):
            return indices if self._makes_batches and not isinstance(drawn, Sequence) else drawn
        marked = [
            Drawn(int(index), times) if times and type(index) is not Drawn else index
            for index, times in zip(indices, before, strict=True)
        ]
        return marked if self._makes_batches else marked[0]


def _may_repeat(dataset: Any, seen: set[int]) -> bool:
    if type(dataset) in CONCATS:
        inside = [_may_repeat(each, seen) for each in dataset.datasets]  # all of them, to have seen them
        return any(inside)
    repeats = type(dataset) in SUBSETS or id(dataset) in seen
    seen.add(id(dataset))
    return repeats
