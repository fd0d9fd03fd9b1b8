"""Decoded pictures that are kept between epochs, runs and jobs."""

import os

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
    return Cache(memory.folder()) if cache == "memory" else Cache(cache)
