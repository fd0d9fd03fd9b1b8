"""The codecs inside OpenCV write their warnings to file descriptor 2. This catches them."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

# libjpeg's warnings, libpng's messages, OpenCV's log, whose further lines begin with ">". Everything else was written
# by somebody else meanwhile.
_CODEC = re.compile(
    rb"Corrupt JPEG data|Premature end of JPEG|Inconsistent progression|Invalid SOS parameters|Unknown Adobe|"
    rb"Warning: unknown JFIF|Unsupported marker|libpng (warning|error):|\[ *(WARN|ERROR|INFO):|> |\n"
)

_lock = threading.RLock()  # reentrant: a block may read pictures that go through another block

# No fork while descriptor 2 is redirected: the child would inherit that, and a lock that nobody opens.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class Caught:
    """The messages of the codecs, one item per line."""

    lines: tuple[str, ...] = ()


def _file() -> BinaryIO:
    """Without a name, and in memory where that can be: no folder has to be writable."""
    with contextlib.suppress(AttributeError, OSError):
        return os.fdopen(os.memfd_create("pixfeed-stderr"), "w+b")
    return tempfile.TemporaryFile()


@contextlib.contextmanager
def caught() -> Iterator[Caught]:
    """Catch what codecs write to file descriptor 2 inside the block; one block at a time in the process.

    Lines that no codec wrote (another thread may write as well) are passed on when the block ends.
    """
    result = Caught()
    with _lock, _file() as file:
        try:
            saved = os.dup(2)
        except OSError:  # no stderr at all: nothing can be printed
            yield result
            return
        try:
            os.dup2(file.fileno(), 2)
            try:
                yield result
            finally:
                os.dup2(saved, 2)
                file.seek(0)
                written = file.read().splitlines(keepends=True)
                result.lines = tuple(line.decode("utf-8", "replace").strip() for line in written if _CODEC.match(line))
                others = b"".join(line for line in written if not _CODEC.match(line))
                if others:
                    os.write(2, others)
        finally:
            os.close(saved)
