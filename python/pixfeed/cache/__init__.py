"""Decoded pictures that are kept between epochs, runs and jobs."""

import os

from pixfeed import control_groups
from pixfeed.cache import memory
from pixfeed.cache.settings import Cache

__all__ = ["Cache", "as_cache"]


def as_cache(cache: Cache | str | os.PathLike[str] | None) -> Cache | None:
    """What ``cache=`` of a dataset stands for.

    Raises:
        ValueError: the folder lies on a network file system.
    """
    if cache is None or isinstance(cache, Cache):
        return cache
    if cache != "memory":
        return Cache(cache)
    free = control_groups.free_memory()  # what lies in shared memory counts there
    return Cache(memory.folder(), max_bytes=None if free is None else free // 2)
