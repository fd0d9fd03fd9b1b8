"""The iterators of a DataLoader that torch drives: the main process (``num_workers=0``) and worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from pixfeed import context
from pixfeed._torch import MultiProcessIter, SingleProcessIter, given_queues, report_feeder_errors
from pixfeed.collate import pad_collate
from pixfeed.context import take_costs
from pixfeed.loading.stopwatch import Stopwatch


class Timed:
    """The first base class of iterators that are timed. Their ``_next_batch()`` reports what was spent, and calls
    ``_gone_past()`` for a batch that it will not give again.

    Several threads may ask one iterator: each batch goes to one of them, and all come to the end.

    Attributes:
        stopwatch: measures the epoch; the loader sets it.
    """

    stopwatch: Stopwatch

    def __init__(self, loader: Any):
        self._turn, self._process = threading.RLock(), os.getpid()
        super().__init__(loader)  # type: ignore[call-arg]

    def __next__(self) -> Any:
        if self._process != os.getpid():  # a forked child: another thread of its parent may have had the lock
            self._turn, self._process = threading.RLock(), os.getpid()
        with self._turn:
            stopwatch = self.stopwatch
            stopwatch.asked()
            yielded = False
            try:
                batch = super().__next__()  # type: ignore[misc]
                yielded = True
                return batch
            finally:
                stopwatch.answered(yielded)

    def _gone_past(self) -> None:
        self.stopwatch.passed += 1


class MainIter(Timed, SingleProcessIter):
    """torch's iterator of ``num_workers=0``."""

    def __init__(self, loader: Any, epoch: int):
        self._epoch = epoch
        self._pads = loader.collate_fn is pad_collate
        super().__init__(loader)

    def _next_batch(self) -> Any:
        take_costs()  # what the loop itself has read does not count
        try:
            context.set_pads(self._pads)
            with context.for_epoch(self._epoch):
                return super()._next_batch()
        finally:
            context.set_pads(False)
            self.stopwatch.spent(take_costs())

    def _reads(self, indices: Any) -> None:
        context.set_indices(indices)


class EpochIndices:
    """Indices for a worker process, and the epoch that they are for.

    Unpickled it is just the indices: the process that receives them reads for that epoch from then on. So worker
    processes that stay alive need not be told, and two iterators of one loader do not disturb each other.
    """

    def __init__(self, epoch: int, indices: object):
        self._epoch = epoch
        self._indices = indices

    def __reduce__(self) -> tuple[Callable[[int, object], object], tuple[int, object]]:
        return _received, (self._epoch, self._indices)


def _received(epoch: int, indices: object) -> object:
    context.set_epoch(epoch)
    context.set_indices(indices)
    return indices


class EndsWithMain:
    """A ``worker_init_fn``: the worker process ends with the main process, also if that is killed.

    torch looks whether the parent process has changed. That of forkserver's processes never does, and a process that
    is stopped, or hangs in a read, does not look. The kernel can do it: when the main process has ended, so has the
    pipe to it that every process of multiprocessing has, and SIGKILL is the signal for that.

    Args:
        init: called afterwards with the worker's number, if there is one.
        pads: see :func:`pixfeed.context.set_pads`.
    """

    def __init__(self, init: Callable[[int], None] | None, pads: bool):
        self._init = init
        self._pads = pads

    def __call__(self, worker: int) -> None:
        context.set_pads(self._pads)
        main = multiprocessing.parent_process()
        if main is not None and sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.fcntl(main.sentinel, fcntl.F_SETOWN, os.getpid())
                fcntl.fcntl(main.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
                flags = fcntl.fcntl(main.sentinel, fcntl.F_GETFL)
                fcntl.fcntl(main.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
            if not main.is_alive():  # it ended before
                os.kill(os.getpid(), signal.SIGKILL)
        if self._init is not None:
            self._init(worker)


class WithCosts:
    """A ``collate_fn`` whose batches bring along what they cost, from the process that made them."""

    def __init__(self, collate_fn: Callable[[Any], Any]):
        self.collate_fn = collate_fn

    def __call__(self, samples: Any) -> tuple[Any, tuple[int, ...]]:
        for queue in given_queues():
            report_feeder_errors(queue)
        batch = self.collate_fn(samples)
        return batch, tuple(take_costs())


class ProcessesIter(Timed, MultiProcessIter):
    """torch's iterator of worker processes, of a loader whose ``collate_fn`` is :class:`WithCosts`."""

    def __init__(self, loader: Any):
        take_costs()  # a forked process would inherit it
        super().__init__(loader)

    def _starts(self, loader: Any) -> None:
        self._epoch = loader.drawn_epoch()

    def _indices_to_send(self, indices: Any) -> EpochIndices:
        return EpochIndices(self._epoch, indices)

    def _next_batch(self) -> Any:
        batch, costs = super()._next_batch()
        self.stopwatch.spent(costs)
        return batch
