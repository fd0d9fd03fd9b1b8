"""OwnCollate: a collate function of the user's own, beside threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Uncollated(NamedTuple):
    """Samples that the loop's thread collates."""

    samples: Any


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
        return Uncollated(samples)

    def finish(self, samples: Any) -> Any:
        """In the loop's thread: the batch."""
        return self._function(samples)
