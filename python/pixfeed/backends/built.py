"""Whether the extension was built, and if not, why."""

from __future__ import annotations

import functools
import importlib.util


@functools.cache  # looking for it takes as long as decoding a small picture
def has_native() -> bool:
    """Whether the extension was built. It is not imported."""
    return importlib.util.find_spec("pixfeed._native") is not None


@functools.cache
def why_no_native() -> str:
    """Why the extension was not built, in the build's own words; empty if it was, or if that is not known."""
    if has_native():
        return ""
    try:
        from pixfeed._build import WHY_NO_NATIVE
    except ImportError:
        return "it was not built"
    return str(WHY_NO_NATIVE) or "it was not built"
