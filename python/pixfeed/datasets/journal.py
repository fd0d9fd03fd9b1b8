"""Journal: a file without a name, which the processes of a run append lines to.

Having no name it goes with the last process that has it open, however that ends. Other processes find it by its
descriptor: forked ones inherit that, multiprocessing's get it when they start, and others open it while the process
that made it has it open.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import weakref
from collections.abc import Callable
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import DupFd
from typing import Any


class Journal:
    """
    Args:
        descriptor: of the file, open to append; or why there is none.
    """

    def __init__(self, descriptor: int | OSError):
        self._descriptor = descriptor
        if isinstance(descriptor, int):
            _open[_identity(descriptor)] = self

    @property
    def file(self) -> int:
        """The descriptor.

        Raises:
            OSError: there is no file.
        """
        if isinstance(self._descriptor, OSError):
            raise self._descriptor
        return self._descriptor

    @property
    def size(self) -> int:
        """Bytes that it has now."""
        return os.fstat(self._descriptor).st_size if isinstance(self._descriptor, int) else 0

    def __del__(self) -> None:
        if isinstance(self._descriptor, int):
            os.close(self._descriptor)

    def __deepcopy__(self, _: Any) -> Journal:
        return self

    def __reduce__(self) -> tuple[Callable[..., Journal], tuple[Any, ...]]:
        if isinstance(self._descriptor, OSError):
            return own, ()
        if get_spawning_popen() is not None:
            return _received, (DupFd(self._descriptor),)
        return _found, (os.getpid(), self._descriptor, _identity(self._descriptor))


#: A device and a file on it.
_Identity = tuple[int, int]
_open: weakref.WeakValueDictionary[_Identity, Journal] = weakref.WeakValueDictionary()
_own: weakref.ref[Journal] | None = None


def own() -> Journal:
    """The journal of this process, made when it is first needed."""
    global _own
    journal = None if _own is None else _own()
    if journal is None:
        journal = _made()
        _own = weakref.ref(journal)
    return journal


def _made() -> Journal:
    try:
        import fcntl

        try:
            descriptor = os.memfd_create("pixfeed-failures")
        except (AttributeError, OSError):  # an old system, or one that forbids it
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    except ImportError:  # Windows
        return Journal(OSError(errno.ENOSYS, "this system has no file that several processes append to"))
    except OSError as error:
        return Journal(error)
    return Journal(descriptor)


def _identity(file: int | str) -> _Identity:
    info = os.stat(file)
    return info.st_dev, info.st_ino


def _received(sent: Any) -> Journal:
    descriptor = sent.detach()
    os.set_inheritable(descriptor, False)
    return _known(descriptor)


def _known(descriptor: int) -> Journal:
    journal = _open.get(_identity(descriptor))
    if journal is None:
        return Journal(descriptor)
    os.close(descriptor)
    return journal


def _found(process: int, descriptor: int, identity: _Identity) -> Journal:
    """Another process's. If it has ended, or is not to be seen, this process has one of its own."""
    if identity in _open:
        return _open[identity]
    path = f"/proc/{process}/fd/{descriptor}"
    with contextlib.suppress(OSError):
        if _identity(path) == identity:  # and not another file that has the number by now
            opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK)
            if _identity(opened) == identity:
                return _known(opened)
            os.close(opened)
    return own()
