"""What images cost: counted in the thread that reads them, taken by the loader that waits for them."""

from __future__ import annotations

import threading
from operator import add
from typing import NamedTuple


class Costs(NamedTuple):
    """Sums over images. Times are nanoseconds of all threads that worked, so they add up to more than the clock's."""

    bytes: int = 0  # encoded
    reading: int = 0  # files
    running: int = 0  # decoding, resizing and writing
    #: The same of some of the images (in C++ one of 32; timing every row of all would cost too much), apart.
    decoding: int = 0
    resizing: int = 0
    writing: int = 0
    #: Images that were read, and how many of some of them ``decode="scaled"`` would decode at a half or less.
    images: int = 0
    looked_at: int = 0
    scalable: int = 0

    def plus(self, other: tuple[int, ...]) -> Costs:
        """The sum; ``other`` may end early."""
        return Costs(*map(add, self, other), *self[len(other) :])


_NOTHING = Costs()


class _Spent(threading.local):
    costs = _NOTHING


_spent = _Spent()


def spend(costs: tuple[int, ...]) -> None:
    """Adds to what this thread has spent: the fields of :class:`Costs`, or the first of them."""
    _spent.costs = _spent.costs.plus(costs)


def take() -> Costs:
    """What this thread has spent since the last call."""
    costs = _spent.costs
    _spent.costs = _NOTHING
    return costs
