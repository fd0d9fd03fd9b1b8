"""Watch: a stopwatch over an epoch, and the iterators that carry one."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from time import perf_counter

from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter

from pixfeed import draws
from pixfeed.costs import Costs, take
from pixfeed.feeder import report_errors


class Watch:
    """Times what goes on between an iterator and the loop that asks it for batches; started when it is made."""

    def __init__(self):
        self._start = perf_counter()
        self.batches = 0
        self.start_up = self.waiting = self.stepping = 0.0  # seconds
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


class Watched:
    """What an iterator over batches inherits from first to have a watch. Its ``_next_data()`` says what was spent."""

    watch: Watch

    def __next__(self):
        watch = self.watch
        watch.asked()
        yielded = False
        try:
            batch = super().__next__()
            yielded = True
            return batch
        finally:
            watch.answered(yielded)


class MainIter(Watched, _SingleProcessDataLoaderIter):
    """torch's iterator of ``num_workers=0``."""

    def __init__(self, loader):
        self._epoch = loader._drawn_epoch()
        super().__init__(loader)

    def _next_data(self):
        take()  # what the loop itself has read does not count
        try:
            with draws.for_epoch(self._epoch):
                return super()._next_data()
        finally:
            self.watch.spent(take())


class Counted:
    """A ``collate_fn`` whose batches bring along what they cost, from the process that made them."""

    def __init__(self, collate_fn: Callable):
        self.collate_fn = collate_fn

    def __call__(self, samples) -> tuple:
        report_errors()
        batch = self.collate_fn(samples)
        return batch, tuple(take())


def _keep_until_now(_: object) -> None:
    """What a :class:`weakref.finalize` calls whose arguments are to live as long as its object."""


class ProcessesIter(Watched, _MultiProcessingDataLoaderIter):
    """torch's iterator of worker processes, of a loader whose ``collate_fn`` is :class:`Counted`. Each batch of indices
    tells the process that makes it which epoch it is for."""

    def __init__(self, loader):
        take()  # a forked process would inherit it
        super().__init__(loader)
        # The traceback of an error makes a cycle of this iterator. When the garbage collector frees a cycle, it ends
        # the threads of the queues in it before it calls __del__: the processes are not told to end, and torch waits
        # 5 s for each of them. Queues that are referred to from outside the cycle are freed after __del__.
        weakref.finalize(self, _keep_until_now, self._index_queues).atexit = False

    def _reset(self, loader, first_iter=False):
        self._epoch = loader._drawn_epoch()
        super()._reset(loader, first_iter)

    def _next_index(self):
        return draws.Letter(self._epoch, super()._next_index())

    def _next_data(self):
        batch, costs = super()._next_data()
        self.watch.spent(costs)
        return batch
