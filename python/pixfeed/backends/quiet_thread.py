"""QuietThread: a thread in which a function of cv2's may print what it likes.

The codecs inside OpenCV write warnings to file descriptor 2 and tell their caller nothing. On Linux a thread may have
descriptors of its own (``unshare``). Its descriptor 2 is a file in memory then, which nobody else writes to: other
threads' lines are never touched, and any number of such threads decode at the same time.

A file that is closed in such a thread stays open everywhere else. So it runs nothing but C: a queue's ``get``,
the function, another queue's ``put``. No garbage collection begins in there, whose finalizers could close files.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from numpy.typing import NDArray

_CLONE_FILES = 0x400
_OPEN_FILES = "/proc/thread-self/fd"
_starting = threading.Lock()


class QuietThread:
    """A thread that calls a function, one picture at a time. It ends with this object.

    Attributes:
        is_quiet: whether it has descriptors of its own. If not, it has ended.
        is_idle: no picture is on its way.
    """

    def __init__(self, function: Callable[..., Any]):
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._results: SimpleQueue[Any] = SimpleQueue()
        self._said = -1
        self.is_quiet, self.is_idle = False, True
        if not (os.path.isdir(_OPEN_FILES) and hasattr(os, "memfd_create")):
            return
        self._said = _above_stderr(os.memfd_create("pixfeed-stderr"))
        weakref.finalize(self, _end, self._jobs, self._said).atexit = False
        arguments = (function, self._jobs, self._results, self._said)
        thread = threading.Thread(target=_serve, args=arguments, name="pixfeed-imdecode", daemon=True)
        with _starting:
            collects = gc.isenabled()
            gc.disable()
            try:
                thread.start()
                self.is_quiet = self._results.get()
            finally:
                if collects:
                    gc.enable()

    def call(self, *arguments: object) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
        """What the function returns, and the lines that were printed.

        Raises:
            Exception: what the function has raised.
        """
        self.is_idle = False
        self._jobs.put(arguments)
        found = self._results.get()
        self.is_idle = True
        said = self._take()
        if isinstance(found, BaseException):
            raise found
        return found, said

    def _take(self) -> tuple[str, ...]:
        size = os.lseek(self._said, 0, os.SEEK_CUR)  # the position is common to both descriptors
        if size == 0:
            return ()
        written = os.pread(self._said, size, 0)
        os.ftruncate(self._said, 0)
        os.lseek(self._said, 0, os.SEEK_SET)
        return texts(written.splitlines())


def texts(lines: list[bytes]) -> tuple[str, ...]:
    """Lines that are not empty, as text."""
    return tuple(text for line in lines if (text := line.decode("utf-8", "replace").strip()))


def _above_stderr(file: int) -> int:
    """Not in the place of a descriptor 0, 1 or 2 that happens to be closed."""
    if file > 2:
        return file
    import fcntl

    moved = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(file)
    return moved


def _have_own_descriptors(said: int) -> bool:
    """0 and 1 as they are, 2 is ``said``, and no others. False if the system does not allow it."""
    if ctypes.CDLL(None).unshare(_CLONE_FILES) != 0:
        return False
    os.dup2(said, 2)
    for name in os.listdir(_OPEN_FILES):  # a copy of a pipe would keep its reader waiting
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the folder itself
                os.close(int(name))
    return True


def _end(jobs: SimpleQueue[Any], said: int) -> None:
    jobs.put(None)
    os.close(said)


def _serve(function: Callable[..., Any], jobs: SimpleQueue[Any], results: SimpleQueue[Any], said: int) -> None:
    try:
        is_quiet = _have_own_descriptors(said)
    except OSError:
        is_quiet = False
    if not is_quiet:
        results.put(False)
        return
    answer: object = True  # it is heard of when nothing but C runs
    while True:
        answers = itertools.starmap(function, iter(jobs.get, None))
        try:
            deque(map(results.put, itertools.chain((answer,), answers)), maxlen=0)
        except Exception as error:  # rare, and the only time that Python's code runs here
            answer = error
        else:
            return
