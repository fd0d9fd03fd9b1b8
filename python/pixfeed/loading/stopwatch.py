"""Stopwatch: how long a loop waits for its batches, and what they cost."""

from __future__ import annotations

from time import perf_counter

from pixfeed.context import Costs


class Stopwatch:
    """Times what happens between an iterator and the loop that asks it for batches. It starts when it is made.

    Attributes:
        batches: batches that were yielded.
        passed: the loop has gone past so many: batches that were yielded, and those that failed.
        start_up: seconds until the first batch, without those that the program spent in between.
        waiting: seconds that the loop waited for all other batches.
        stepping: seconds between batches.
        costs: what the images of these batches cost.
    """

    def __init__(self) -> None:
        self._start = perf_counter()
        self.batches = self.passed = 0
        self.start_up = self.waiting = self.stepping = 0.0
        self.costs = Costs()
        self._pending = Costs()  # of the batch that is on its way

    def made(self) -> None:
        """The iterator is there."""
        self.start_up = perf_counter() - self._start

    def spent(self, costs: tuple[int, ...]) -> None:
        """The next batch has cost this."""
        self._pending = self._pending.plus(costs)

    def asked(self) -> None:
        """The loop asks for a batch."""
        now = perf_counter()
        if self.batches:
            self.stepping += now - self._start
        self._start = now

    def answered(self, yielded: bool) -> None:
        """The loop goes on, with the batch or without one."""
        now = perf_counter()
        if self.batches or not yielded:
            self.waiting += now - self._start
        else:
            self.start_up += now - self._start
        self._start = now
        if yielded:
            self.batches += 1
            self.costs = self.costs.plus(self._pending)
        self._pending = Costs()
