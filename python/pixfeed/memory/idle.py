"""Pool: idle pieces of memory by size, to be used again."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.memory.lent import Lent, lent_array

#: So many sizes are kept apart; then the least recently used one is forgotten.
_SIZES = 256


class Pool:
    """Makes pieces of memory (anything that has ``nbytes``) and keeps those that were given back.

    Args:
        make: a size in bytes -> a new piece of that ``nbytes``.
        limit: idle bytes that are kept at most. Of several sizes together there may be more until the next call.
    """

    def __init__(self, make: Callable[[int], Any], limit: int = 1 << 30):
        self._limit = limit
        self._make = make
        # Reentrant: a signal handler or a finaliser may read images inside take() or give().
        self._lock = threading.RLock()
        # By size, least recently used first. What would be too much of one size falls out at the other end.
        self._idle: OrderedDict[int, deque[Any]] = OrderedDict()

    @property
    def limit(self) -> int:
        """Idle bytes that are kept at most; may be set."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        with self._lock:
            if limit != self._limit:
                self._limit = limit
                for size, idle in self._idle.items():  # what is lent now comes back to a deque that nobody knows
                    self._idle[size] = deque(idle, limit // size)

    @property
    def kept(self) -> int:
        """Idle bytes."""
        with self._lock:
            return sum(size * len(idle) for size, idle in self._idle.items())

    def take(self, size: int) -> Any:
        """A piece of ``size`` bytes: an idle one, or a new one. What is in it is undefined."""
        with self._lock:
            idle = self._idle_of(size)
            self.shrink(self._limit)
            if idle:
                piece = idle.pop()
                return piece.what if type(piece) is Lent else piece
        return self._make(size)

    def give(self, memory: Any) -> None:
        """Keep a piece for the next :meth:`take` of its size. The caller must not use it any more."""
        with self._lock:
            self._idle_of(memory.nbytes).append(memory)
            self.shrink(self._limit)

    def lend(self, size: int, most: int = 0) -> NDArray[np.uint8]:
        """An array ``[size]`` whose memory comes back by itself when no view of it is left.

        Args:
            most: an idle piece may be as large as this, in bytes.
        """
        with self._lock:
            fit = min((kept for kept, idle in self._idle.items() if size <= kept <= most and idle), default=size)
            memory = self.take(fit)
        return lent_array(memory[:size], memory, self._idle_of(memory.nbytes).append)

    def shrink(self, limit: int) -> int:
        """Gives the system all idle memory beyond ``limit`` bytes, least recently used first; how many bytes."""
        with self._lock:
            before = kept = self.kept
            if len(self._idle) > _SIZES:
                size, idle = self._idle.popitem(last=False)
                kept -= size * len(idle)
            for size, idle in self._idle.items():
                while idle and kept > limit:
                    idle.popleft()
                    kept -= size
            return before - kept

    def _idle_of(self, size: int) -> deque[Any]:
        """The idle pieces of a size, which is now the one used last."""
        with self._lock:
            if size not in self._idle:
                self._idle[size] = deque(maxlen=self._limit // size)
            self._idle.move_to_end(size)
            return self._idle[size]
