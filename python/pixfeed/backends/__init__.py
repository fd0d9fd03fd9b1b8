"""The interface of backends, and the choice of one.

``native`` is the C++ extension. ``opencv`` does the same with cv2, NumPy and plain Python: slower, and obviously
correct. The same tests hold both to the same results. This folder is the only one that imports the extension, and
nothing outside of it asks which backend it works with.
"""

from pixfeed.backends.built import has_native, why_no_native
from pixfeed.backends.choice import NAMES, available, cancel, choose, choose_tables, chosen, falls_back, load
from pixfeed.backends.contract import (
    DEFAULT_OPTIONS,
    Backend,
    BackendName,
    Decoded,
    Opened,
    OpenOptions,
    Source,
    Tables,
)

__all__ = [
    "DEFAULT_OPTIONS",
    "NAMES",
    "Backend",
    "BackendName",
    "Decoded",
    "OpenOptions",
    "Opened",
    "Source",
    "Tables",
    "available",
    "cancel",
    "choose",
    "choose_tables",
    "chosen",
    "falls_back",
    "has_native",
    "load",
    "why_no_native",
]
