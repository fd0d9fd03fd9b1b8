"""Keyed: what pixfeed's datasets have in common, above all random numbers by (seed, epoch, index)."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import numpy as np
from torch.utils.data import Dataset

from pixfeed import draws
from pixfeed.transforms.fuse import Recipe


class Keyed(Dataset):
    """A dataset of pixfeed's.

    Attributes:
        seed, epoch: what random numbers depend on, besides a sample's index.
    """

    seed: int | None = None
    epoch: int | None = None
    #: Of the transform, if it is pixfeed's.
    _recipe: Recipe | None = None

    @property
    def runs_python(self) -> bool:
        """Whether a part of the transform runs in Python, for each sample, and so keeps the GIL."""
        return self._recipe is not None and bool(self._recipe.python)

    def set_epoch(self, epoch: int | None) -> None:
        """The epoch that random transforms draw for from now on.

        pixfeed.DataLoader counts epochs by itself, unless this was called (``None`` takes it back). With torch's
        DataLoader call it before every epoch, as DistributedSampler's, and without ``persistent_workers``, whose copies
        of the dataset it does not reach."""
        self.epoch = None if epoch is None else operator.index(epoch)

    @property
    def _has_items_of_its_own(self) -> bool:
        """Whether a subclass has overridden ``__getitem__`` and left ``__getitems__`` as it was: torch asks the latter
        for batches, which must not do without what the subclass does."""
        kinds = type(self).__mro__
        item, items = (
            next(place for place, kind in enumerate(kinds) if name in vars(kind))
            for name in ("__getitem__", "__getitems__")
        )
        return item < items

    def _draws(self, keys: Sequence[int]) -> tuple[int, np.ndarray]:
        """The epoch, and the random numbers of samples by their indices, ``[n, recipe.draws]``."""
        told = draws.epoch()
        epoch = (self.epoch or 0) if told is None else told
        return epoch, draws.uniform(self.seed or 0, epoch, keys, self._recipe.draws)

    def _in_python(self, images: Iterable, keys: Sequence[int], epoch: int) -> list:
        """The transform's Python part, each sample with random numbers of its own."""
        made = []
        for image, key in zip(images, keys, strict=True):
            with draws.python(self.seed, epoch, key):
                made.append(self._recipe.in_python(image))
        return made
