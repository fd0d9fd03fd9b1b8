"""Kept: a pipeline's pictures in a cache: what is done to them before, and what else their keys depend on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from typing import Any

from pixfeed.backends import Backend
from pixfeed.backends.contract import Caching
from pixfeed.cache import Cache
from pixfeed.errors import ImageError, Status
from pixfeed.reading.options import Reading
from pixfeed.reading.request import Request
from pixfeed.transforms.fuse import fixed_steps

#: Of the pixels that this code makes. It changes if a picture may come out otherwise than before.
_VERSION = 1

#: How the bytes of a file are made: they are what they are.
_FILE = b"file"

#: How the numbers of a mask are made.
_MASK = f"numbers of a mask {_VERSION}".encode()


class Kept:
    """
    Args:
        cache: where pictures are kept.
        backend, reading, transforms: how they are made.

    Raises:
        ValueError: what is kept would depend on random numbers.
    """

    def __init__(self, cache: Cache, backend: Backend, reading: Reading, transforms: Sequence[Callable[..., Any]]):
        self._cache, self._backend = cache, backend
        self._how = _FILE if cache.kind == "raw" else self._how_made(backend, reading, transforms)
        self._store: Any = None
        self._why_not = ""
        self._told = -1  # the process that has been told why nothing is kept

    @staticmethod
    def _how_made(backend: Backend, reading: Reading, transforms: Sequence[Callable[..., Any]]) -> bytes:
        fixed = transforms[: fixed_steps(transforms)]
        if reading.decode == "scaled" and not fixed and transforms:
            raise ValueError(
                "decode='scaled' does not go with a cache where the first step is random: the scale would depend on "
                "the crop. Leave decode away, or put a Resize before the random step"
            )
        codecs = ", ".join(sorted(backend.codecs.values()))
        steps = "; ".join(f"{type(step).__name__}{astuple(step)}" for step in fixed)  # type: ignore[call-overload]
        chosen = [os.environ.get(name) for name in ("PIXFEED_JPEG", "PIXFEED_PNG")]
        how = (_VERSION, backend.name, codecs, *chosen, astuple(replace(reading, backend=None)), steps)
        return " | ".join(map(str, how)).encode()

    def caching(self, request: Request) -> Caching | None:
        """For the backend; ``None`` if the cache cannot be used."""
        if not self._open():
            return None
        if self._cache.kind == "raw":
            return Caching(self._store, self._how, raw=True)
        named = {b"region": request.rois, b"box": request.resize_boxes}
        tables = [(name, table) for name, table in named.items() if table is not None]
        count = len(request) if tables else 0
        more = [b"".join(name + table[i].tobytes() for name, table in tables) for i in range(count)]
        return Caching(self._store, self._how, more)

    def caching_masks(self) -> Caching | None:
        """For masks: their numbers, or the bytes of their files."""
        if not self._open():
            return None
        raw = self._cache.kind == "raw"
        return Caching(self._store, _FILE if raw else _MASK, raw=raw)

    def _open(self) -> bool:
        """Whether the cache can be used."""
        if self._store is None and not self._why_not:
            try:
                self._store = self._cache.open(self._backend)
            except OSError as error:
                self._why_not = error.strerror or str(error)
        return self._store is not None

    def news(self) -> ImageError | None:
        """Why no more pictures are kept: once in each process."""
        why = self._why_not or ("" if self._store is None else self._store.why_stopped())
        if not why or self._told == os.getpid():
            return None
        self._told = os.getpid()
        folder = self._cache.folder
        what = f"the cache {folder}: {why}; pictures that are not in it are read from their files"
        return ImageError(what, status=Status.GONE, path=folder)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_store": None, "_why_not": ""}  # each process opens it
