"""The folder of ``cache="memory"``: in shared memory, one per user and job, removed when nobody uses it any more."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil

FOLDER = "/dev/shm"

#: A file in the folder. Each process that uses the folder holds a shared lock of it, which the system releases when the
#: process ends, however it ends.
_USERS = "users"

_held: dict[str, int] = {}  # by folder: the descriptor whose lock this process, or its parent, holds


def job() -> str:
    """A name that the processes of a training job on this machine have in common: that of the batch system, or of
    torchrun, or the number of the process that has started the ranks, or of this process."""
    for name in ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"):
        if os.environ.get(name):
            return f"{name.split('_')[0].lower()}-{os.environ[name]}".replace("/", "-")
    if "LOCAL_RANK" in os.environ:  # torchrun and its like start the ranks from one process
        return f"ranks-{os.getppid()}"
    return f"process-{os.getpid()}"


def folder(parent: str = FOLDER) -> str:
    """This job's folder, which is made if it is not there. What other jobs of this user have left behind is removed.

    Raises:
        OSError: ``parent`` cannot be used.
    """
    sweep(parent)
    path = os.path.join(parent, f"pixfeed-{os.getuid()}-{job()}")
    hold(path)
    return path


def hold(path: str) -> None:
    """Use a folder, until this process and those that it has forked have ended."""
    import fcntl  # Windows has none, and no caches

    if path in _held:
        return
    while True:
        os.makedirs(path, mode=0o700, exist_ok=True)
        fd = os.open(os.path.join(path, _USERS), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_SH)
        if _is_there(path, fd):
            break
        os.close(fd)  # somebody has removed it in between
    _held[path] = fd
    atexit.register(let_go, path)


def let_go(path: str) -> None:
    """The last one removes the folder."""
    fd = _held.pop(path, None)
    if fd is not None:
        os.close(fd)
        _remove_if_unused(path)


def sweep(parent: str = FOLDER) -> None:
    """Remove the folders of this user that nobody uses: their processes were killed."""
    start = f"pixfeed-{os.getuid()}-"
    with contextlib.suppress(OSError):
        for name in os.listdir(parent):
            path = os.path.join(parent, name)
            if name.startswith(start) and path not in _held:
                _remove_if_unused(path)


def _remove_if_unused(path: str) -> None:
    import fcntl

    try:
        fd = os.open(os.path.join(path, _USERS), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_there(path, fd):
            gone = f"{path}.{os.getpid()}"  # from here on somebody may make the folder anew
            os.rename(path, gone)
            shutil.rmtree(gone, ignore_errors=True)
    except OSError:
        pass  # somebody uses it
    finally:
        os.close(fd)


def _is_there(path: str, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(os.path.join(path, _USERS)), os.fstat(fd))
    except OSError:
        return False
