"""OwnCollate: a collate function of the user's own, beside threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from pixfeed import draws


class Uncollated(NamedTuple):
    """Samples that the loop's thread collates."""

    samples: Any


class OwnCollate:
    """A ``collate_fn`` that threads call where that is safe, one at a time.

    The loop's thread collates the first batches, and looks whether the function draws from torch's, NumPy's or Python's
    global generators. These are the program's: if other threads drew from them, no run would be like another. So a
    function that draws stays in the loop's thread, where it draws in the order of the batches, as with
    ``num_workers=0``.

    Args:
        function: the user's.

    Attributes:
        draws: whether it draws random numbers; ``None`` while that is not known.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self._function = function
        self._lock = threading.Lock()
        self.draws: bool | None = None

    def __call__(self, samples: Any) -> Any:
        """In one of the threads: the batch, or the samples."""
        if self.draws is not False:
            return Uncollated(samples)
        with self._lock:
            return self._function(samples)

    def finish(self, samples: Any) -> Any:
        """In the loop's thread: the batch of samples that are not collated yet."""
        with self._lock:
            if self.draws is not None:
                return self._function(samples)
            before = draws.global_states()
            try:
                return self._function(samples)
            finally:
                self.draws = draws.global_states() != before
