"""OwnCollate: a collate function of the user's own, beside threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pixfeed import context


class Uncollated(NamedTuple):
    """Samples that the loop's thread collates, and what it needs to know of their batch: the epoch that random
    transforms draw for, and the indices."""

    samples: Any
    epoch: int
    indices: Any


class OwnCollate:
    """A ``collate_fn`` that the loop's thread calls, batch by batch, while threads read the next ones.

    It may draw from the program's random generators, or keep something from batch to batch: it then does what it does
    with ``num_workers=0``, in every run.

    Args:
        function: the user's.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self._function = function

    def __call__(self, samples: Any) -> Uncollated:
        """In one of the threads."""
        return Uncollated(samples, context.epoch() or 0, context.indices())

    def finish(self, uncollated: Uncollated) -> Any:
        """In the loop's thread: the batch."""
        with context.for_epoch(uncollated.epoch):
            context.set_indices(uncollated.indices)
            return self._function(uncollated.samples)
