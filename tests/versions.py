"""What older versions of OpenCV and torch do otherwise: marks for tests that compare with them.

Expectations are those of the reference versions, which CONTRIBUTING.md names.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

import cv2
import pytest
import torch


def version(text: str) -> tuple[int, ...]:
    """Its first two numbers."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


OPENCV, TORCH = version(cv2.__version__), version(torch.__version__)


def opencv(major: int, minor: int, before: str) -> pytest.MarkDecorator:
    """Skips a test with an older OpenCV. ``before`` says what that does otherwise."""
    return pytest.mark.skipif((major, minor) > OPENCV, reason=f"OpenCV before {major}.{minor} {before}")


reads_gif = opencv(4, 12, "reads no GIF")
newer_libpng = opencv(4, 12, "has an older libpng, which refuses damaged chunks and takes other ones for a gamma")
turns_webp = opencv(4, 13, "does not turn WebP pictures")
pickles_generators = pytest.mark.skipif(TORCH < (2, 4), reason="torch before 2.4 does not pickle generators")


def marked(names: Iterable[object], mark: pytest.MarkDecorator, which: Container[object]) -> list[object]:
    """Parameters, some of them with a mark."""
    made = []
    for name in names:
        values = name if isinstance(name, tuple) else (name,)
        made.append(pytest.param(*values, marks=mark if name in which else ()))
    return made
