"""What is to be typed so that ``import cv2`` works: it depends on what is installed."""

from __future__ import annotations

import importlib.metadata

# All of them bring the same package cv2: two of them overwrite each other's files.
_FLAVOURS = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")


def installed_flavours() -> list[str]:
    """The distributions of OpenCV that are installed."""
    found = []
    for name in _FLAVOURS:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def for_opencv(error: ImportError) -> str:
    """The command that fits what is there.

    Args:
        error: what ``import cv2`` has raised.
    """
    there = installed_flavours()
    if not there:
        return f"pip install {_FLAVOURS[0]}"
    headless = [name for name in there if name.endswith("headless")]
    wanted = headless[0] if headless else there[0]
    if len(there) == 1 and (headless or ".so" not in str(error)):
        return f"pip install --force-reinstall --no-deps {wanted}"
    if not headless:  # a library of the desktop is missing (libGL.so.1), which the headless flavours do without
        wanted += "-headless"
    return f"pip uninstall --yes {' '.join(there)} && pip install {wanted}"
