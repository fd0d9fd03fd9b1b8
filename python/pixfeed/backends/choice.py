"""The choice of a backend, and what is said to all of them."""

from __future__ import annotations

import functools
import os
import warnings
from typing import TYPE_CHECKING, cast

from pixfeed.backends.built import has_native, why_no_native
from pixfeed.backends.contract import Backend, BackendName, Tables
from pixfeed.backends.plain import Plain
from pixfeed.context import Priority
from pixfeed.errors import BackendError

if TYPE_CHECKING:
    from pixfeed.backends.opencv import OpenCV

NAMES: tuple[BackendName, ...] = ("native", "opencv")

_loaded: list[Backend] = []


@functools.cache
def load(name: str) -> Backend:
    """The backend of that name, imported when it is first needed.

    Raises:
        ValueError: there is no backend of that name.
        BackendError: it cannot be used here.
    """
    backend: Backend
    if name == "native":
        from pixfeed.backends import native

        backend = native.backend(lambda: cast("OpenCV", load("opencv")))
    elif name == "opencv":
        from pixfeed.backends import opencv

        backend = opencv.backend()
    else:
        raise ValueError(f"backend is {name!r}; it may be one of {', '.join(map(repr, NAMES))} or None")
    _loaded.append(backend)
    return backend


def cancel(priority: Priority) -> None:
    """Give up the batch of that priority: images that are not yet begun are not decoded."""
    priority.is_cancelled = True
    for backend in _loaded:
        backend.cancel(priority.number)


def available() -> dict[str, str]:
    """Every backend's name, and why it cannot be used (an empty string if it can)."""
    reasons: dict[str, str] = {}
    for name in NAMES:
        try:
            load(name)
        except BackendError as error:
            reasons[name] = str(error)
        else:
            reasons[name] = ""
    return reasons


@functools.cache
def _warn_of_fallback() -> None:
    warnings.warn(
        f"pixfeed uses OpenCV, about three times slower, because its C++ extension is missing: {why_no_native()}. "
        "PIXFEED_BACKEND=opencv chooses OpenCV without this warning",
        RuntimeWarning,
        stacklevel=2,
    )


def falls_back() -> bool:
    """Whether OpenCV is the default because the extension is missing, and not by PIXFEED_BACKEND."""
    return not os.environ.get("PIXFEED_BACKEND") and not has_native()


def chosen(name: str | None = None) -> str:
    """The name of the backend that :func:`choose` gives.

    Raises:
        ValueError: PIXFEED_BACKEND names none.
    """
    wanted = os.environ.get("PIXFEED_BACKEND")
    if not name and wanted and wanted not in NAMES:
        raise ValueError(
            f"the environment variable PIXFEED_BACKEND is {wanted!r}; it may be one of {', '.join(NAMES)}, or unset"
        )
    return name or wanted or ("native" if has_native() else "opencv")


def choose(name: str | None = None) -> Backend:
    """The backend of that name. For ``None`` the one that PIXFEED_BACKEND names; without it ``native`` if the extension
    was built, else ``opencv``, with one warning per process.

    Raises:
        ValueError: there is no backend of that name.
        BackendError: it cannot be used here.
    """
    try:
        backend = load(chosen(name))
    except BackendError as error:
        if name is None and falls_back():
            raise BackendError(f"the C++ extension is missing ({why_no_native()}), and {error}") from error
        raise
    if name is None and falls_back():
        _warn_of_fallback()
    return backend


def choose_tables(name: str | None = None) -> Tables:
    """The backend that parses lists and gathers columns: the extension if it is the chosen backend, else plain Python
    and NumPy, which work without OpenCV.

    Raises:
        ValueError: there is no backend of that name.
        BackendError: the extension was chosen, and cannot be used here.
    """
    name = chosen(name)
    return Plain() if name == "opencv" else load(name)
