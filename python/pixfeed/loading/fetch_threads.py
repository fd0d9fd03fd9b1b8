"""Fetchers: a few threads that get batches. They end with the process, whatever they wait for."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait

from pixfeed import backends
from pixfeed.context import Turn

_PATIENCE = 2  # seconds for images that are being decoded when the process ends


class Fetch(Future):
    """A batch on its way."""

    def __init__(self):
        super().__init__()
        self.turn = Turn()

    def abandon(self) -> None:
        """Nobody wants it any more: images that nobody has begun with are left out."""
        if not self.cancel():
            backends.cancel(self.turn)


class Fetchers:
    """``n`` threads, which get what is submitted in that order.

    They are daemons, unlike those of ``concurrent.futures``: one that hangs in a read, on a network file system say,
    does not keep a process from ending.
    """

    def __init__(self, n: int):
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
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

    def submit(self, function: Callable, *args, after: Fetch | None = None) -> Fetch:
        """``function(turn, *args)``, in one of the threads, which waits until ``after`` is there or abandoned."""
        fetch = Fetch()
        self._fetches.add(fetch)
        self._tasks.put((fetch, after, function, args))
        return fetch

    def close(self) -> None:
        """What is on its way is abandoned; the threads end behind it."""
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


_live: weakref.WeakSet[Fetchers] = weakref.WeakSet()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def _serve(tasks: queue.SimpleQueue) -> None:
    while (task := tasks.get()) is not None:
        fetch, after, function, args = task
        if after is not None:
            wait([after])
        if fetch.set_running_or_notify_cancel():
            try:
                result = function(fetch.turn, *args)
            except BaseException as error:  # to be raised where the batch is waited for
                fetch.set_exception(error)
            else:
                fetch.set_result(result)
                del result
        del task, fetch, after, function, args  # the batch belongs to whoever waits for it


@atexit.register
def _at_exit() -> None:
    """Waits for the threads, also for those of iterators that are gone: images that are being decoded go into memory
    that is about to go away, and a thread that frees a batch while Python shuts down is inside torch's C++, which
    aborts."""
    for fetchers in list(_live):
        if fetchers._process == os.getpid():
            fetchers.close()
    until = time.monotonic() + _PATIENCE
    with contextlib.suppress(KeyboardInterrupt):
        for thread in list(_threads):  # in a forked child none of them is alive
            thread.join(max(0, until - time.monotonic()))
