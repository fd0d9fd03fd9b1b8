"""Teams: the threads that decode, resize and write for the opencv backend, each one image at a time."""

from __future__ import annotations

import itertools
import os
import queue
import threading
import weakref
from collections.abc import Callable

#: Calls without a priority are served first.
NO_PRIORITY = -1
#: The number in place of a crew's for a thread that works by itself.
NO_CREW = -1
#: So many crews keep their teams: iterators come and go.
_KEPT = 8
_numbers = itertools.count()


class _Call:
    """Some tasks that one thread waits for.

    Attributes:
        cancelled: tasks that have not started are left out.
        failure: the exception of a task, to be raised where the call is waited for.
    """

    def __init__(self, n: int, task: Callable[[int], None], places: int):
        self.cancelled = False
        self.failure: BaseException | None = None
        self._n, self._task = n, task
        self._next = itertools.count()
        self._lock = threading.Lock()
        self._places = places  # in the queue; each is with one thread at a time
        self._done = threading.Lock()
        self._done.acquire()

    def step(self) -> bool:
        """Carry out a task. False if there is none left."""
        i = next(self._next)
        if i < self._n and not self.cancelled:
            try:
                self._task(i)
            except BaseException as error:
                self.failure, self.cancelled = error, True
            return True
        with self._lock:
            self._places -= 1
            if self._places == 0:
                self._done.release()
        return False

    def wait(self) -> None:
        """
        Raises:
            BaseException: a task's, or the waiting thread's own; nothing is being carried out any more.
        """
        try:
            self._done.acquire()
        except BaseException:
            self.cancelled = True
            self._done.acquire()
            raise
        if self.failure is not None:
            raise self.failure


#: Priority, order of arrival, and a call; ``None`` ends a thread.
_Waiting = queue.PriorityQueue[tuple[int, int, _Call | None]]


class Team:
    """Some threads, which serve calls with a lower priority number first. They end with this object."""

    def __init__(self, size: int):
        self.size = 0
        self._waiting: _Waiting = queue.PriorityQueue()
        self._under_way: dict[_Call, int] = {}
        for i in range(size):
            thread = threading.Thread(target=_serve, args=(self._waiting,), name=f"pixfeed-opencv_{i}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no more threads, or the interpreter is ending
                break
            self.size += 1
        weakref.finalize(self, _end, self._waiting, self.size).atexit = False

    def each(self, n: int, task: Callable[[int], None], threads: int, priority: int) -> None:
        """Call ``task(0)`` to ``task(n - 1)`` on ``threads`` threads at most, and return when all are done.

        Raises:
            BaseException: what a task has raised.
        """
        places = min(n, threads, self.size)
        if places == 0:
            for i in range(n):
                task(i)
            return
        call = _Call(n, task, places)
        self._under_way[call] = priority
        try:
            for _ in range(places):
                self._waiting.put((priority, next(_numbers), call))
            call.wait()
        finally:
            del self._under_way[call]

    def cancel(self, priority: int) -> None:
        """Calls of that priority leave out the tasks that have not started."""
        for call, its in list(self._under_way.items()):
            if its == priority:
                call.cancelled = True


def _end(waiting: _Waiting, size: int) -> None:
    for _ in range(size):
        waiting.put((NO_PRIORITY, next(_numbers), None))


def _serve(waiting: _Waiting) -> None:
    while True:
        priority, number, call = waiting.get()
        if call is None:
            return
        if call.step():
            waiting.put((priority, number, call))
        del call  # no reference to a batch stays here


class _Mine(threading.local):
    team: Team | None = None


class _Teams:
    """The teams of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.of_crews: dict[int, Team] = {}
        self.mine = _Mine()  # of each thread that works by itself


_teams = _Teams()
_left_behind: list[_Teams] = []


def _forget() -> None:
    """A forked child has none of the threads. Their queues may be locked for good: they are left alone."""
    global _teams
    _left_behind.append(_teams)
    _teams = _Teams()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def team(threads: int, crew: int) -> Team:
    """The team of this thread, or of a crew (see :func:`pixfeed.context.new_crew`)."""
    if crew == NO_CREW:
        mine = _teams.mine
        if mine.team is None or mine.team.size < threads:
            mine.team = Team(threads)
        return mine.team
    with _teams.lock:
        found = _teams.of_crews.pop(crew, None) or Team(threads)
        _teams.of_crews[crew] = found  # the last one is the one that was wanted last
        while len(_teams.of_crews) > _KEPT:
            del _teams.of_crews[next(iter(_teams.of_crews))]
        return found


def cancel(priority: int) -> None:
    """Calls of that priority that are under way leave out the tasks that have not started."""
    for each in list(_teams.of_crews.values()):
        each.cancel(priority)
