"""FetchThreads: a few threads that make batches. They end with the process, whatever they wait for."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any

from pixfeed import backends
from pixfeed.context import Priority, new_crew

_PATIENCE = 2  # seconds for images that are being decoded when the process ends

#: Makes some batches: their priority and what each is made of -> the batches, or an exception in place of one.
Make = Callable[[Priority, Sequence[Any]], Sequence[Any]]


class Fetch(Future[Any]):
    """A batch on its way.

    Args:
        priority: of the batch, and of those that are made together with it.
    """

    def __init__(self, priority: Priority):
        super().__init__()
        self.priority = priority

    def abandon(self) -> None:
        """Give the batch up: images that are not yet begun are not decoded."""
        if not self.cancel():
            backends.cancel(self.priority)


def stay_if_ending() -> None:
    """While the process ends, a thread that waits for batches stays here: a daemon's loop lasts as long as the process
    does, and has no error to report. The main thread, in an exit handler, goes on."""
    if _ending and threading.current_thread() is not threading.main_thread():
        threading.Event().wait()


class FetchThreads:
    """``n`` threads, which make what is submitted in that order.

    They are daemons, unlike those of ``concurrent.futures``: a thread that hangs in a read, on a network file system
    say, does not keep the process from ending.
    """

    def __init__(self, n: int):
        stay_if_ending()
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._crew = new_crew()
        self._process = os.getpid()
        self._fetches: weakref.WeakSet[Fetch] = weakref.WeakSet()
        self._threads = [
            threading.Thread(target=_serve, args=(self._tasks,), name=f"pixfeed-loader_{i}", daemon=True)
            for i in range(n)
        ]
        for thread in self._threads:
            thread.start()
        _threads.update(self._threads)
        _live.add(self)

    def submit(self, make: Make, wanted: Sequence[Any], after: Fetch | None = None) -> list[Fetch]:
        """Make some batches together, in one of the threads.

        Args:
            make: makes them.
            wanted: what each is made of.
            after: they wait until this one is there or abandoned.

        Returns:
            The batches, one per item of ``wanted``.
        """
        priority = Priority(self._crew)
        fetches = [Fetch(priority) for _ in wanted]
        self._fetches.update(fetches)
        self._tasks.put((fetches, after, make, wanted))
        return fetches

    def close(self) -> None:
        """Abandon what is on its way, and end the threads after it."""
        for fetch in list(self._fetches):
            fetch.abandon()
        for _ in self._threads:
            self._tasks.put(None)

    def check_process(self) -> None:
        """
        Raises:
            RuntimeError: this is a forked child, which has none of the threads.
        """
        if self._process != os.getpid():
            raise RuntimeError(
                f"this iterator's threads are in process {self._process}, from which this one was forked; "
                "call iter(loader) in the child"
            )


_ending = False  # the process ends, and no batch comes any more
_live: weakref.WeakSet[FetchThreads] = weakref.WeakSet()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def _serve(tasks: queue.SimpleQueue[Any]) -> None:
    while (task := tasks.get()) is not None:
        fetches, after, make, wanted = task
        if after is not None:
            wait([after])
        going_on = [fetch.set_running_or_notify_cancel() for fetch in fetches]
        if any(going_on):
            try:
                results = make(fetches[0].priority, wanted)
            except BaseException as error:  # to be raised where the batches are waited for
                results = [error] * len(fetches)
            for fetch, goes_on, result in zip(fetches, going_on, results, strict=True):
                if goes_on and isinstance(result, BaseException):
                    fetch.set_exception(result)
                elif goes_on:
                    fetch.set_result(result)
            del results, result, fetch
        del task, fetches, after, make, wanted  # no reference to a batch stays here


@atexit.register
def _at_exit() -> None:
    """Waits for the threads, also for those of iterators that are gone: images that are being decoded go into memory
    that is about to go away, and a thread that frees a batch while Python shuts down is inside torch's C++, which
    aborts."""
    global _ending
    _ending = True
    for threads in list(_live):
        if threads._process == os.getpid():
            threads.close()
    until = time.monotonic() + _PATIENCE
    with contextlib.suppress(KeyboardInterrupt):
        for thread in list(_threads):  # in a forked child none of them is alive
            thread.join(max(0, until - time.monotonic()))
