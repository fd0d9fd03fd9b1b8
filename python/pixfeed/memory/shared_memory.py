"""Segments: anonymous shared memory that is reserved before it is used.

A segment is a memfd. It has no name, so none can be left over, and it is limited by memory only, not by the size of
/dev/shm (64 MB in a container by default). On systems without memfd it is a file without a name in /dev/shm.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pixfeed import control_groups
from pixfeed._stand_in import torch

FOLDER = "/dev/shm"

# Whether this system supports segments.
POSSIBLE = hasattr(os, "posix_fallocate") and os.path.isdir("/proc/self/fd")


def reserve(size: int) -> int:
    """A descriptor of ``size`` bytes of zeros that are reserved already. It is the caller's to close.

    Raises:
        MemoryError: there is too little memory. The message has the size needed, the size that is free and a remedy.
    """
    free: Callable[[], int]
    try:
        fd = os.memfd_create("pixfeed", os.MFD_CLOEXEC)
        free = _free
    except (AttributeError, OSError):  # an old system, or one that forbids it
        fd = os.open(FOLDER, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        free = _free_in_folder
    try:
        if size > free():  # the system might kill a process to make room
            raise OSError(errno.ENOSPC, "that is too little")
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        os.close(fd)
        where, remedy = "of memory", "give the container or the machine more memory"
        if free is _free_in_folder:
            where, remedy = f"of {FOLDER}", f"make {FOLDER} larger (docker run --shm-size=8g)"
        raise MemoryError(
            f"a batch of a worker process needs {size / 1e6:.1f} MB of shared memory, and {free() / 1e6:.1f} MB "
            f"{where} are free ({error.strerror}); {remedy}, or use fewer workers, a smaller batch_size or "
            "prefetch_factor, or hold fewer batches"
        ) from error
    return fd


def attach(fd: int, size: int) -> NDArray[np.uint8]:
    """The segment's bytes, uint8 ``[size]``, shared with everybody who attaches it. They stay when ``fd`` is closed,
    until the array and its views are gone (an ``mmap`` of Python's would keep a descriptor of its own)."""
    return torch.from_file(f"/proc/self/fd/{fd}", shared=True, size=size, dtype=torch.uint8).numpy()


def _free_in_folder() -> int:
    at = os.statvfs(FOLDER)
    return at.f_bavail * at.f_frsize


def _free(meminfo: str = "/proc/meminfo") -> int:
    """Bytes of memory that are available in the system, or in this process's control groups if they have fewer."""
    with open(meminfo) as file:
        # The values are in kB.
        fields = {name: int(rest.split()[0]) << 10 for name, rest in (line.split(":", 1) for line in file)}
    free = fields["MemAvailable"] + fields.get("SwapFree", 0)
    left = control_groups.free_memory()
    return free if left is None else min(free, left)
