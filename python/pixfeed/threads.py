"""How many threads decode."""

from __future__ import annotations

import os

import torch.utils.data


def num_threads() -> int:
    """Threads that one call decodes on: 1 in a worker process of a DataLoader, which has its share of the cores
    already; elsewhere PIXFEED_NUM_THREADS, or the number of cores that this process may run on.

    Raises:
        ValueError: PIXFEED_NUM_THREADS is no positive integer.
    """
    if torch.utils.data.get_worker_info() is not None:
        return 1
    wanted = os.environ.get("PIXFEED_NUM_THREADS")
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise ValueError(f"PIXFEED_NUM_THREADS is {wanted!r}; it must be a positive integer")
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
