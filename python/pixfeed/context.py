"""The current work of a thread: number of threads, priority, epoch, memory, costs.

A DataLoader sets it for the thread that makes a batch; reading asks for it. It is the only thread-local state of the
package.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from itertools import count
from operator import add
from typing import Any, NamedTuple

from pixfeed import control_groups

_numbers = count()


class Costs(NamedTuple):
    """The costs of images, summed up. Times are nanoseconds, summed over all threads, so they may exceed elapsed time.

    Attributes:
        bytes: encoded bytes.
        reading: reading files.
        running: decoding, resizing and writing.
        decoding, resizing, writing: how ``running`` divides up, measured on a sample of the images (in C++ one of 32,
            because timing every row of every image would be too expensive).
        images: images that were read.
        looked_at: images that were checked for whether ``decode="scaled"`` would decode them at a half or less.
        scalable: how many of those it would.
        cached: images that a cache had already.
        cached_bytes: of their pixels.
        from_cache: the part of ``decoding`` that is reading the cache, namely in batches of which it had all pictures.
    """

    bytes: int = 0
    reading: int = 0
    running: int = 0
    decoding: int = 0
    resizing: int = 0
    writing: int = 0
    images: int = 0
    looked_at: int = 0
    scalable: int = 0
    cached: int = 0
    cached_bytes: int = 0
    from_cache: int = 0

    def plus(self, other: tuple[int, ...]) -> Costs:
        """The sum. ``other`` may have fewer fields."""
        return Costs(*map(add, self, other), *self[len(other) :])

    def divided(self, n: int) -> list[Costs]:
        """``n`` costs, as equal as possible, whose sum is this."""
        return [Costs(*(value * (i + 1) // n - value * i // n for value in self)) for i in range(n)]


_NO_COSTS = Costs()


class Priority:
    """A batch's priority in the native thread pool. Earlier batches get the pool's threads first.

    Args:
        crew: the number of the threads that work on it; see :func:`new_crew`.

    Attributes:
        number: lower numbers go first.
        crew: as given.
        is_cancelled: the batch is no longer wanted.
    """

    def __init__(self, crew: int):
        self.number = next(_numbers)
        self.crew = crew
        self.is_cancelled = False


def new_crew() -> int:
    """A number for the threads of one iterator: they are its own, so that it never has more of them at work than it
    may have."""
    return next(_numbers)


class _Context(threading.local):
    def __init__(self) -> None:
        self.threads: int | None = None
        self.priority: Priority | None = None
        self.pinned = False
        self.pads = False
        self.epoch: int | None = None
        self.indices: Any = ()
        self.costs: list[int] = list(_NO_COSTS)


_context = _Context()


@contextlib.contextmanager
def for_loader(threads: int, priority: Priority, pinned: bool, epoch: int, pads: bool = False) -> Iterator[None]:
    """Inside the block this thread makes a batch for a DataLoader.

    Args:
        threads: threads of the crew that decode while this one waits.
        priority: of the batch.
        pinned: whether :func:`pixfeed.memory.empty` gives pinned memory.
        epoch: that random transforms draw for.
        pads: see :func:`set_pads`.
    """
    with for_epoch(epoch):
        set_pads(pads)
        _context.threads, _context.priority, _context.pinned = threads, priority, pinned
        try:
            yield
        finally:
            _context.threads, _context.priority, _context.pinned = None, None, False
            set_pads(False)


@contextlib.contextmanager
def for_epoch(epoch: int) -> Iterator[None]:
    """Inside the block random transforms draw for that epoch."""
    before, _context.epoch = _context.epoch, epoch
    try:
        yield
    finally:
        _context.epoch = before


def set_epoch(epoch: int) -> None:
    """From now on this thread's random transforms draw for that epoch: for worker processes, which have one thread."""
    _context.epoch = epoch


def set_indices(indices: Any) -> None:
    """This thread makes the batch of these indices from now on."""
    _context.indices = indices


def indices() -> Any:
    """Those of the batch that this thread makes."""
    return _context.indices


def set_pads(pads: bool) -> None:
    """Whether this thread's batches go to :func:`pixfeed.pad_collate`. Then images of different sizes are parts of one
    tensor from the start, even if most of that is padding."""
    _context.pads = pads


def pads() -> bool:
    return _context.pads


def epoch() -> int | None:
    """The epoch that a pixfeed.DataLoader has set for this thread, if one has."""
    return _context.epoch


def priority() -> int:
    """The number of this thread's priority; -1 if it works by itself and waits for nobody."""
    return -1 if _context.priority is None else _context.priority.number


def workers(threads: int) -> tuple[int, int, int]:
    """Who works on a native call that this thread makes: the number of threads, the number of the priority, and the
    crew. Both are -1 if this thread works itself, with others that help, ``threads`` in all. A thread that makes a
    batch for a DataLoader only waits."""
    priority = _context.priority
    if priority is None or _context.threads is None:
        return threads, -1, -1
    return _context.threads, priority.number, priority.crew


def check_cancelled() -> None:
    """
    Raises:
        CancelledError: this thread's batch is no longer wanted.
    """
    if _context.priority is not None and _context.priority.is_cancelled:
        raise CancelledError


def pinned() -> bool:
    """Whether this thread's batches belong in pinned memory."""
    return _context.pinned


def spend(costs: tuple[int, ...]) -> None:
    """Add to what this thread has spent: the fields of :class:`Costs`, or the first of them."""
    sums = _context.costs
    for i, cost in enumerate(costs):
        sums[i] += cost


def take_costs() -> Costs:
    """The costs of this thread since the last call."""
    costs, _context.costs = _context.costs, list(_NO_COSTS)
    return Costs(*costs)


def in_worker() -> bool:
    """Whether this is a worker process of a DataLoader."""
    data = sys.modules.get("torch.utils.data")  # who has no torch, or has not imported it, is none
    return data is not None and data.get_worker_info() is not None


def num_threads() -> int:
    """Threads that one call decodes on.

    1 in a worker process of a DataLoader, which has its share of the cores already; a DataLoader's ``num_workers`` in a
    thread that works for it; elsewhere PIXFEED_NUM_THREADS, or :func:`cores`.

    Raises:
        ValueError: PIXFEED_NUM_THREADS is no positive integer.
    """
    if in_worker():
        return 1
    if _context.threads is not None:
        return _context.threads
    wanted = os.environ.get("PIXFEED_NUM_THREADS")
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise ValueError(f"PIXFEED_NUM_THREADS is {wanted!r}; it must be a positive integer")
        return int(wanted)
    return cores()


def cores() -> int:
    """The number of cores that this process may use: its affinity mask, or fewer if a container has a quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cached_quota()
    return count if quota is None else max(1, min(count, int(quota)))


@functools.cache  # reading those files for every picture would cost a tenth of its time
def _cached_quota() -> float | None:
    return control_groups.cpu_quota()
