"""os.pread, which Windows lacks."""

from __future__ import annotations

import os
import threading

_lock = threading.Lock()


def pread(descriptor: int, size: int, place: int) -> bytes:
    """At most ``size`` bytes of a file from ``place`` on. Where the file stands is kept, but on Windows."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, place)
    with _lock:
        os.lseek(descriptor, place, os.SEEK_SET)
        return os.read(descriptor, size)
