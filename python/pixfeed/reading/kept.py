"""Kept: a pipeline's pictures in a cache: what is done to them before, and what else their keys depend on."""

from __future__ import annotations

import os
import warnings
from dataclasses import astuple
from typing import Any

from pixfeed.backends import Backend
from pixfeed.backends.contract import Caching
from pixfeed.cache import Cache
from pixfeed.reading.options import Reading
from pixfeed.reading.request import Request
from pixfeed.transforms.fuse import Recipe

#: Of the pixels that this code makes. It changes if a picture may come out otherwise than before.
_VERSION = 1


class Kept:
    """
    Args:
        cache: where pictures are kept.
        backend, reading, recipe: how they are made.

    Raises:
        ValueError: what is kept would depend on random numbers.
    """

    def __init__(self, cache: Cache, backend: Backend, reading: Reading, recipe: Recipe):
        steps = [step for each in recipe.passes[: recipe.fixed] for step, _ in each.steps]
        if reading.decode == "scaled" and not steps and recipe.draws:
            raise ValueError(
                "decode='scaled' does not go with a cache where the first step is random: the scale would depend on "
                "the crop. Leave decode away, or put a Resize before the random step"
            )
        self._cache, self._backend = cache, backend
        codecs = ", ".join(sorted(backend.codecs.values()))
        how = f"{_VERSION} | {backend.name} | {codecs} | {astuple(reading)} | {recipe.fixed_text()}"
        self._how = how.encode()
        self._stores: dict[int, Any] = {}  # by process

    def caching(self, request: Request) -> Caching | None:
        """For the backend; ``None`` if the cache cannot be used."""
        store = self._store()
        if store is None:
            return None
        tables = [table for table in (request.rois, request.resize_boxes) if table is not None]
        more = [b"".join(table[i].tobytes() for table in tables) for i in range(len(request))] if tables else ()
        return Caching(store, self._how, more)

    def _store(self) -> Any:
        process = os.getpid()
        if process not in self._stores:
            try:
                self._stores[process] = self._cache.open(self._backend)
            except OSError as error:
                self._stores[process] = None
                warnings.warn(
                    f"the cache in {self._cache.folder!r} cannot be used ({error.strerror or error}): pictures are read "
                    "from their files",
                    RuntimeWarning,
                    stacklevel=2,
                )
        return self._stores[process]
