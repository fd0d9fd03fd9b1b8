"""How many threads decode, and for whom."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from itertools import count

import torch.utils.data

_turns = count()


class Turn:
    """When a batch has the native backend's threads to itself: when those that were asked for earlier need no more."""

    def __init__(self):
        self.number = next(_turns)
        self.is_cancelled = False


class _Loan(threading.local):
    """What this thread does for a DataLoader, if it does."""

    threads: int | None = None
    turn: Turn | None = None
    pinned = False


_loan = _Loan()


@contextlib.contextmanager
def for_loader(threads: int, turn: Turn, pinned: bool) -> Iterator[None]:
    """Inside the block this thread works for a DataLoader: decoding is done by ``threads`` threads of the pool while
    this one waits for its ``turn``; :func:`pixfeed.memory.empty` gives pinned memory if ``pinned``."""
    _loan.threads, _loan.turn, _loan.pinned = threads, turn, pinned
    try:
        yield
    finally:
        _loan.threads, _loan.turn, _loan.pinned = None, None, False


def turn() -> int:
    """The number of this thread's turn to have the native backend's threads; -1 if it is one of them itself.

    Raises:
        CancelledError: nobody wants this thread's batch any more.
    """
    if _loan.turn is None:
        return -1
    if _loan.turn.is_cancelled:
        raise CancelledError
    return _loan.turn.number


def pinned() -> bool:
    """Whether this thread's batches belong in pinned memory."""
    return _loan.pinned


def num_threads() -> int:
    """Threads that one call decodes on: 1 in a worker process of a DataLoader, which has its share of the cores
    already; a DataLoader's ``num_workers`` in a thread that works for it; elsewhere PIXFEED_NUM_THREADS, or
    :func:`cores`.

    Raises:
        ValueError: PIXFEED_NUM_THREADS is no positive integer.
    """
    if torch.utils.data.get_worker_info() is not None:
        return 1
    if _loan.threads is not None:
        return _loan.threads
    wanted = os.environ.get("PIXFEED_NUM_THREADS")
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise ValueError(f"PIXFEED_NUM_THREADS is {wanted!r}; it must be a positive integer")
        return int(wanted)
    return cores()


def cores() -> int:
    """How many cores this process may use: those of its affinity mask, or fewer where a container's quota says so."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _granted()
    return count if quota is None else max(1, min(count, int(quota)))


@functools.cache  # looking at those files for every picture would cost a tenth of it
def _granted() -> float | None:
    return _quota()


def _quota(root: str = "/sys/fs/cgroup") -> float | None:
    """Cores' worth of time that the control group grants (cgroup v2 ``cpu.max``, v1 ``cpu.cfs_quota_us``), or None."""
    for name in ("cpu.max", "cpu/cpu.cfs_quota_us"):
        try:
            with open(os.path.join(root, name)) as file:
                fields = file.read().split()
            if name == "cpu/cpu.cfs_quota_us":
                with open(os.path.join(root, "cpu/cpu.cfs_period_us")) as file:
                    fields += file.read().split()
            quota, period = float(fields[0]), float(fields[1])  # "max": no quota
            if quota > 0 and period > 0:
                return quota / period
        except (OSError, ValueError, IndexError):
            continue
    return None
