"""Pool: idle pieces of memory by size, to be used again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Pool:
    """Makes pieces of memory (anything that has ``nbytes``) and keeps those that were given back.

    Args:
        make: a size in bytes -> a new piece of that ``nbytes``.
        limit: idle bytes that are kept at most.
    """

    def __init__(self, make: Callable[[int], Any], limit: int = 1 << 30):
        self.limit = limit
        self._make = make
        # Reentrant: the garbage collector may run a finaliser, which gives memory back, inside take() or give().
        self._lock = threading.RLock()
        self._idle: OrderedDict[int, list[Any]] = OrderedDict()  # by size, least recently used first
        self._kept = 0

    def take(self, size: int) -> Any:
        with self._lock:
            idle = self._idle.get(size)
            if idle:
                self._kept -= size
                self._idle.move_to_end(size)
                return idle.pop()
        return self._make(size)

    def give(self, memory: Any) -> None:
        size = memory.nbytes
        if size > self.limit:
            return
        with self._lock:
            self._idle.setdefault(size, []).append(memory)
            self._idle.move_to_end(size)
            self._kept += size
            self.shrink(self.limit)

    def shrink(self, limit: int) -> int:
        """Gives the system all idle memory beyond ``limit`` bytes, least recently used first; how many bytes."""
        with self._lock:
            before = self._kept
            while self._kept > limit:
                oldest = next(iter(self._idle))
                if self._idle[oldest]:
                    self._idle[oldest].pop()
                    self._kept -= oldest
                else:
                    del self._idle[oldest]
            return before - self._kept
