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
_DAEMONS_PATIENCE = 0.5  # seconds until the loops in daemon threads want their next batch

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
    """To be called by a thread that wants a batch: while the process ends it stays here. A daemon's loop lasts as long
    as the process does, and has no error to report. The main thread, in an exit handler, goes on."""
    _end.pass_by()


class _Work:
    """What the threads share with the FetchThreads, to which they do not refer: it can go while they work.

    Attributes:
        tasks: for the threads; ``None`` ends one.
        fetches: that are not done.
        process: the one that has the threads.
    """

    def __init__(self, n: int):
        self.tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.fetches: set[Fetch] = set()
        self.process = os.getpid()
        self._n = n

    def close(self) -> None:
        """Abandon what is on its way, and end the threads after it."""
        for fetch in list(self.fetches):
            fetch.abandon()
        for _ in range(self._n):
            self.tasks.put(None)


class FetchThreads:
    """``n`` threads, which make what is submitted in that order.

    They are daemons, unlike those of ``concurrent.futures``: a thread that hangs in a read, on a network file system
    say, does not keep the process from ending. When this object is gone another thread closes them, so that no Python
    code, in which a signal's exception would get lost, runs in the thread that has let go of it.
    """

    def __init__(self, n: int):
        stay_if_ending()
        self._work = _Work(n)
        self._crew = new_crew()
        threads = [
            threading.Thread(target=_serve, args=(self._work,), name=f"pixfeed-loader_{i}", daemon=True)
            for i in range(n)
        ]
        _closer.watch(self, self._work)
        _end.start(threads)

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
        self._work.fetches.update(fetches)
        self._work.tasks.put((fetches, after, make, wanted))
        return fetches

    def close(self) -> None:
        """Abandon what is on its way, and end the threads after it."""
        self._work.close()

    def check_process(self) -> None:
        """
        Raises:
            RuntimeError: this is a forked child, which has none of the threads.
        """
        if self._work.process != os.getpid():
            raise RuntimeError(
                f"this iterator's threads are in process {self._work.process}, from which this one was forked; "
                "call iter(loader) in the child"
            )


class _Watched(weakref.ref[FetchThreads]):
    __slots__ = ("work",)

    work: _Work


class _Closer:
    """A thread that closes the work of each FetchThreads that is gone. There is none while there is nothing to do."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may begin an epoch
        self._gone: queue.SimpleQueue[_Watched | None] = queue.SimpleQueue()
        self._watched: set[_Watched] = set()
        self._thread: threading.Thread | None = None

    def watch(self, threads: FetchThreads, work: _Work) -> None:
        watched = _Watched(threads, self._gone.put)
        watched.work = work
        with self._lock:
            self._watched.add(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._close, name="pixfeed-closer", daemon=True)
                self._thread.start()

    def _close(self) -> None:
        while True:
            watched = self._gone.get()
            if watched is None:
                return
            watched.work.close()
            with self._lock:
                self._watched.discard(watched)
                if not self._watched:
                    self._thread = None
                    return
            del watched

    def end(self) -> threading.Thread | None:
        """Close every work.

        Returns:
            The thread, if there is one, which is about to end.
        """
        with self._lock:
            for watched in list(self._watched):
                watched.work.close()
            thread, self._thread = self._thread, None
            if thread is not None:
                self._gone.put(None)
            return thread


class _End:
    """The end of the process.

    A thread that frees a tensor, or makes a view of one, while Python shuts down is inside torch's C++, which aborts;
    and images that are being decoded go into memory that is about to go away. So whatever works for loaders, or takes
    batches from them, is waited for: for a while.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may begin an epoch
        self._has_come = False  # and no batch comes any more
        self._threads: set[threading.Thread] = set()
        self._takers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._staying: set[threading.Thread] = set()  # those that never get another batch

    def start(self, threads: list[threading.Thread]) -> None:
        """Start threads, which are waited for in the end. When it has come a daemon stays here instead."""
        with self._lock:
            if not self._has_come or threading.current_thread() is threading.main_thread():
                for thread in threads:
                    thread.start()
                self._threads = {thread for thread in self._threads if thread.is_alive()}.union(threads)
                return
        self.pass_by()

    def pass_by(self) -> None:
        """A thread wants a batch. When the end has come it stays here, but for the main one."""
        thread = threading.current_thread()
        if self._has_come and thread is not threading.main_thread():
            self._staying.add(thread)
            threading.Event().wait()
        if thread not in self._takers:
            with self._lock:
                self._takers.add(thread)

    def come(self) -> None:
        """The process ends: no batch comes any more, and what works is waited for."""
        with self._lock:
            self._has_come = True
            threads, takers = list(self._threads), set(self._takers)
        closer = _closer.end()
        until = time.monotonic() + _PATIENCE
        for thread in threads if closer is None else [*threads, closer]:
            thread.join(max(0, until - time.monotonic()))
        until = time.monotonic() + _DAEMONS_PATIENCE
        others = takers - {threading.main_thread()}
        while any(each.is_alive() for each in others - self._staying) and time.monotonic() < until:
            time.sleep(0.001)


def _forget() -> None:
    global _closer, _end
    _closer, _end = _Closer(), _End()


_closer, _end = _Closer(), _End()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # which has none of the threads


def _serve(work: _Work) -> None:
    while (task := work.tasks.get()) is not None:
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
        work.fetches.difference_update(fetches)
        del task, fetches, after, make, wanted  # no reference to a batch stays here


@atexit.register
def _at_exit() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        _end.come()
