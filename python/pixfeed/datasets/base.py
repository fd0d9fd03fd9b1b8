"""ImageDataset: what pixfeed's datasets have in common."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context, draws
from pixfeed._real_torch import Dataset, torch
from pixfeed.backends import Backend
from pixfeed.datasets.failure_log import Failure
from pixfeed.errors import Origin
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.stages import run_stages

_NO_NUMBERS = np.empty((1, 0))


class ImageDataset(Dataset[Any]):
    """A dataset of pixfeed's: it reads whole batches, and draws random numbers by (seed, epoch, index, occurrence).

    Attributes:
        seed: what random transforms draw from, besides the epoch and a sample's index.
        epoch: the epoch that :meth:`set_epoch` has set, ``None`` if it was not called.
        memory_format: of the images.
    """

    seed: int | None = None
    epoch: int | None = None
    memory_format: torch.memory_format = torch.contiguous_format

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        """The samples of a whole batch, read in one call: a :class:`pixfeed.Batch`, or a list of what a subclass makes.
        torch's DataLoader calls this."""
        raise NotImplementedError

    @property
    def transform(self) -> Callable[..., Any] | None:
        """The transform of each image. It may be replaced at any time: the next batch that is read has the new one.
        (Worker processes that are running already have the old one.)"""
        raise NotImplementedError

    @property
    def reads_natively(self) -> bool:
        """Whether no Python function is called per sample. Threads then serve as well as processes."""
        return not self.python_step

    @property
    def reads_ahead_safely(self) -> bool:
        """Whether small batches may be read together: not if each image takes memory of its own size, nor if failures
        are counted, because batches are read once more if one of them fails."""
        return True

    @property
    def python_step(self) -> str:
        """What is called per sample in Python, where it holds the GIL: the first such step; empty if none is."""
        return ""

    @property
    def is_random(self) -> bool:
        """Whether random numbers are drawn for a sample, or may be, in Python."""
        return True

    @property
    def makes_floats(self) -> bool:
        """Whether images have a floating-point dtype."""
        return False

    @property
    def augments(self) -> bool:
        """Whether pictures go through steps of augmentation, natively: their time is counted as resizing."""
        return False

    @property
    def has_cache(self) -> bool | None:
        """Whether decoded pictures are kept; ``None`` if they cannot be."""
        return None

    def report(self) -> list[Failure]:
        """Every image that could not be read so far; none for a dataset in memory."""
        return []

    def set_epoch(self, epoch: int | None) -> None:
        """The epoch that random transforms draw for from now on.

        pixfeed.DataLoader counts epochs by itself, unless this was called (``None`` takes it back). With torch's
        DataLoader call it before every epoch, as for DistributedSampler, and without ``persistent_workers``, whose
        copies of the dataset it does not reach.

        Args:
            epoch: counted from 0.
        """
        self.epoch = None if epoch is None else operator.index(epoch)

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles of any protocol. That of ``torch.save`` cannot write a memory format: it is a name
        here, or left out."""
        state = dict(vars(self))
        name = str(state.pop("memory_format", torch.contiguous_format))
        return state if name == "torch.contiguous_format" else {**state, "memory_format": name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "memory_format" in state:
            self.memory_format = getattr(torch, state["memory_format"].removeprefix("torch."))

    @property
    def _has_own_items(self) -> bool:
        """Whether a subclass has overridden ``__getitem__`` and left ``__getitems__`` as it was: torch asks the latter
        for batches, which must not do without what the subclass does."""
        kinds = type(self).__mro__
        item, items = (
            next(place for place, kind in enumerate(kinds) if name in vars(kind))
            for name in ("__getitem__", "__getitems__")
        )
        return item < items

    def _backend(self) -> Backend:
        """What carries out native steps."""
        raise NotImplementedError

    def _drawn_epoch(self) -> int:
        """The epoch that this thread's random transforms draw for."""
        told = context.epoch()
        return (self.epoch or 0) if told is None else told

    def _draw(self, recipe: Recipe, keys: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Uniform random numbers ``[n, recipe.draws]`` of samples by their indices and occurrences."""
        if recipe.draws == 0:
            return _NO_NUMBERS if len(keys) == 1 else np.empty((len(keys), 0))
        return draws.uniform(self.seed or 0, self._drawn_epoch(), keys, recipe.draws)

    def _in_python(
        self, recipe: Recipe, images: Iterable[Any], keys: Iterable[int], origin: Callable[[int], Origin]
    ) -> Any:
        """The transform's Python functions, per sample, with random numbers of their own, and the native steps after
        them: a list of images, or a tensor of all.

        Args:
            origin: tells where image ``i`` comes from. An exception gets a note about it.
        """
        key = self.seed or 0, self._drawn_epoch()
        return run_stages(recipe.python, images, key, keys, self._backend(), origin)


def read_by_pixfeed(dataset: object) -> bool:
    """Whether the dataset is one of pixfeed's that reads natively, by pixfeed's own ``__getitem__`` and
    ``__getitems__``."""
    ours = next((kind for kind in type(dataset).__mro__ if kind.__module__.startswith("pixfeed.")), None)
    return getattr(dataset, "reads_natively", False) is True and all(
        getattr(type(dataset), name, None) is getattr(ours, name, None) for name in ("__getitem__", "__getitems__")
    )
