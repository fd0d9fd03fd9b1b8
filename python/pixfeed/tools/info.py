"""Versions, backends and threads: for users, and for bug reports."""

from __future__ import annotations

import platform
import sys
from typing import TextIO

from pixfeed import backends
from pixfeed._stand_in import HAS_TORCH, torch
from pixfeed._version import __version__
from pixfeed.context import num_threads
from pixfeed.errors import BackendError


def config() -> dict[str, str]:
    """The lines that :func:`show_config` prints, by name."""
    import numpy

    reasons = backends.available()
    lines = {"pixfeed": __version__}
    try:
        chosen = backends.choose()
        lines["backend"] = chosen.name
    except (BackendError, ValueError) as error:
        lines["backend"] = f"none: {error}"
    for name, reason in reasons.items():
        if reason:
            lines[name] = f"not available: {reason}"
            continue
        backend = backends.load(name)
        lines[name] = ", ".join(backend.codecs.values())
        if backend.simd_target:
            lines[name] += f", SIMD {backend.simd_target}"
    lines["threads"] = str(num_threads())
    lines["torch"] = torch.__version__ if HAS_TORCH else "not installed: images and lists are read, no datasets"
    lines["numpy"] = numpy.__version__
    lines["python"] = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return lines


def show_config(file: TextIO | None = None) -> None:
    """Print version, backends, codecs with their versions, SIMD target and threads (``pixfeed doctor`` prints
    more).

    Args:
        file: an open text file, ``sys.stdout`` by default.
    """
    lines = config()
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:<{width}}  {value}", file=file or sys.stdout)
