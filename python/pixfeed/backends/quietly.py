"""``cv2.imdecode`` and ``cv2.imread``, and what their codecs have to say. Nothing is printed.

Pictures are decoded by quiet threads (see ``quiet_thread``). Where a system does not allow them (Docker's default
rules, macOS), the calling thread decodes, with OpenCV's log switched off. Descriptor 2 of the process is redirected
meanwhile, but only for a file that looks irregular.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.encoded import checksums_are_right
from pixfeed.backends.quiet_thread import QuietThread, texts

# With the process's descriptor 2 redirected, other threads' lines arrive as well. These are certainly a codec's. The
# last one is OpenCV's log, an entry of which may have several lines.
_CODEC = re.compile(
    rb"^(Corrupt JPEG data: |Premature end of JPEG file|Inconsistent progression sequence for component|"
    rb"Invalid SOS parameters for sequential JPEG|Unknown Adobe color transform code|Warning: unknown JFIF revision|"
    rb"Unsupported marker type 0x|libpng (warning|error): )[^\n]*\n|"
    rb"^im(decode|read)_\('[^\n]*'\): can't read (header|data): [^\n]*\n\n?|"  # OpenCV 4.8 past its log
    rb"^\[ *(WARN|ERROR):\d+@[\d.]+\] global (loadsave|grfmt_\w+|exif\w*|bitstrm)\.cpp:[^\n]*\n(> [^\n]*\n)*\n?",
    re.MULTILINE,
)

_lock = threading.RLock()  # of the redirection
_idle: dict[str, deque[QuietThread]] = {"imdecode": deque(), "imread": deque()}
_left_behind: list[object] = []
_SILENT = 0  # LOG_LEVEL_SILENT, a name that cv2 lacks before OpenCV 4.13
_silencing, _level = 0, 0  # blocks that need OpenCV's log to be silent, and its level without them
_are_allowed = True  # quiet threads are, as far as is known


def _forget() -> None:
    """A forked child has none of the threads, and their queues may be locked for good."""
    global _silencing
    if _silencing:  # by threads that the child does not have
        log_of(sys.modules["cv2"]).setLogLevel(_level)
        _silencing = 0
    for function, threads in _idle.items():
        _left_behind.append(threads)
        _idle[function] = deque()
    _lock.release()


# No fork while descriptor 2 is redirected: the child would inherit that.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_forget)


def call(
    cv2: ModuleType, function: str, source: object, flags: int, irregular: bool
) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    """What ``cv2.imdecode`` or ``cv2.imread`` returns, and the lines that the codec has printed.

    Args:
        function: ``"imdecode"`` or ``"imread"``.
        source: the encoded bytes, uint8 ``[n]``, or a path.
        irregular: if quiet threads are not allowed: catch what the codec prints, one picture at a time in the process.
            Lines that are not certainly a codec's are passed on then.

    Raises:
        cv2.error, MemoryError: what cv2 has raised.
    """
    thread = _quiet_thread(cv2, function)
    if thread is not None:
        try:
            return thread.call(source, flags)
        finally:
            if thread.is_idle:  # it is not after Ctrl-C
                _idle[function].append(thread)
    caught: list[str] = []
    irregular |= isinstance(source, np.ndarray) and not checksums_are_right(source.tobytes())
    with _silenced_log(cv2), _redirected(caught) if irregular else contextlib.nullcontext():
        image = getattr(cv2, function)(source, flags)
    return image, tuple(caught)


def _quiet_thread(cv2: ModuleType, function: str) -> QuietThread | None:
    global _are_allowed
    with contextlib.suppress(IndexError):
        return _idle[function].pop()
    if _are_allowed:
        with contextlib.suppress(RuntimeError, OSError):  # the system has no more threads, or descriptors
            thread = QuietThread(getattr(cv2, function))
            if thread.is_quiet:
                return thread
            _are_allowed = False
    return None


def log_of(cv2: ModuleType) -> Any:
    """What has ``getLogLevel`` and ``setLogLevel``: before OpenCV 4.13 the module itself."""
    return cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging


@contextlib.contextmanager
def _silenced_log(cv2: ModuleType) -> Iterator[None]:
    """OpenCV's own log says nothing inside the block. Its level is the process's."""
    global _silencing, _level
    log = log_of(cv2)
    with _lock:
        _silencing += 1
        if _silencing == 1:
            _level = log.getLogLevel()
            log.setLogLevel(_SILENT)
    try:
        yield
    finally:
        with _lock:
            _silencing -= 1
            if _silencing == 0:
                log.setLogLevel(_level)


@contextlib.contextmanager
def _redirected(caught: list[str]) -> Iterator[None]:
    """Inside the block the process's descriptor 2 is a file; the codecs' lines are in ``caught`` afterwards."""
    with _lock, tempfile.TemporaryFile() as file:
        try:
            saved = os.dup(2)
        except OSError:  # no stderr at all: nothing can be printed
            yield
            return
        try:
            os.dup2(file.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(saved, 2)
                file.seek(0)
                written = file.read()
                caught += texts([entry[0] for entry in _CODEC.finditer(written)])
                others = _CODEC.sub(b"", written)
                if others:
                    os.write(2, others)
        finally:
            os.close(saved)
