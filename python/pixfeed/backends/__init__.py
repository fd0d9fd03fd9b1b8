"""The verbs that every backend has, and the choice of one.

``native`` is the C++ extension; ``opencv`` does the same with cv2 and NumPy, slower and obviously correct. Both are
held to the same results by the same tests.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pixfeed.context import Turn

#: What can be opened: a path, or the bytes of an encoded image.
Source = str | os.PathLike | bytes | bytearray | memoryview | np.ndarray

NAMES = ("native", "opencv")


class Opened(Protocol):
    """Sources that have been opened: their headers are known, no pixel is decoded yet."""

    #: HEADER rows ``[n]``, one a source.
    headers: np.ndarray

    def note(self, i: int) -> str:
        """The codec's or the operating system's own words on what is wrong with source ``i``; often empty."""

    def costs(self) -> tuple[int, ...]:
        """What was spent on these sources so far: the fields of :class:`pixfeed.costs.Costs` up to ``writing``."""

    def decode_into(self, plans: np.ndarray, out: np.ndarray, threads: int) -> np.ndarray:
        """Carry out PLAN rows.

        Args:
            plans: PLAN rows ``[b]``.
            out: ``[b, 3, h, w]``, or ``[b, 1, h, w]`` for gray, any strides; uint8, float32, float16, or uint16 for the
                bits of bfloat16. Row ``i`` of ``plans`` is written to ``out[i]``.
            threads: how many threads may work on it, the caller among them.

        Returns:
            int32 ``[b]``, a :class:`pixfeed.errors.Status` a row. ``out[i]`` is undefined where it is neither OK nor
            RECOVERED.

        Raises:
            ValueError: a plan does not fit its picture or ``out``: a programming error, nothing was decoded.
        """


class Backend(Protocol):
    #: "native" or "opencv".
    name: str
    #: How many sources are best opened at a time, for the sake of memory.
    piece: int
    #: The libraries that decode, with their versions, and what SIMD they were given ("" where that is their business).
    codecs: dict[str, str]
    simd_target: str

    def open(
        self,
        sources: Sequence[Source],
        *,
        strict: bool,
        ignore_orientation: bool,
        max_pixels: int,
        min_recovered: float,
        threads: int,
    ) -> Opened:
        """Read and probe ``sources``. One that fails has its status in its header. The options are those of
        :class:`pixfeed.Reading`."""

    def resample(self, image: np.ndarray, plan: np.ndarray, out: np.ndarray) -> None:
        """What :meth:`Opened.decode_into` does after decoding, to a picture that is decoded already.

        Args:
            image: uint8 ``[H, W, 3]``, each row in one piece.
            plan: one PLAN row ``[1]``; ``source`` and ``reduced`` do not count.
            out: one slot, as for :meth:`Opened.decode_into`.

        Raises:
            ValueError: the plan does not fit the picture or ``out``.
        """

    def take(
        self,
        pictures: np.ndarray,
        rows: np.ndarray,
        out: np.ndarray,
        mean: Sequence[float],
        std: Sequence[float],
        threads: int,
    ) -> None:
        """Some of the pictures of a set that is in memory, written as a PLAN's are: ``(value / 255 - mean) / std``.

        Args:
            pictures: uint8 ``[n, C, h, w]``, any strides; C is 1 or 3.
            rows: int64 ``[b]``: picture ``rows[i]`` is written to ``out[i]``.
            out: ``[b, C, h, w]``, as for :meth:`Opened.decode_into`.
            mean, std: three numbers each, of which C count.
            threads: how many threads may work on it, the caller among them.

        Raises:
            ValueError: the arguments do not fit each other.
        """


class BackendError(RuntimeError):
    """The backend that was asked for is not there; the message says why and what to do."""


@functools.cache
def load(name: str) -> Backend:
    """The backend of that name, imported when it is first needed.

    Raises:
        ValueError: there is no backend of that name.
        BackendError: it cannot be used here.
    """
    if name == "native":
        from pixfeed.backends import native as module
    elif name == "opencv":
        from pixfeed.backends import opencv as module
    else:
        raise ValueError(f"backend is {name!r}; it may be one of {', '.join(map(repr, NAMES))} or None")
    return module.backend()


def cancel(turn: Turn) -> None:
    """Nobody waits any more for the batch whose turn this is: what has not been begun for it is left out."""
    turn.is_cancelled = True
    native = sys.modules.get("pixfeed._native")
    if native is not None:
        native.cancel(turn.number)


def available() -> dict[str, str]:
    """Every backend's name, and why it cannot be used (an empty string if it can)."""
    reasons = {}
    for name in NAMES:
        try:
            load(name)
        except BackendError as error:
            reasons[name] = str(error)
        else:
            reasons[name] = ""
    return reasons


@functools.cache  # looking for it takes as long as decoding a small picture
def has_native() -> bool:
    """Whether the extension was built. It is not imported."""
    return importlib.util.find_spec("pixfeed._native") is not None


def chosen(name: str | None = None) -> str:
    """That name; for ``None`` that of the environment variable PIXFEED_BACKEND, and without one ``native`` where it was
    built, else ``opencv``."""
    return name or os.environ.get("PIXFEED_BACKEND") or ("native" if has_native() else "opencv")


def choose(name: str | None = None) -> Backend:
    """The backend that is :func:`chosen` for that name."""
    return load(chosen(name))
