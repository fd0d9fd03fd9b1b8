"""The C++ extension as a backend. What its codecs do not know goes to OpenCV, picture by picture, if that is there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from operator import add

import numpy as np

from pixfeed import backends
from pixfeed.backends import BackendError, Opened, Source
from pixfeed.context import turn
from pixfeed.errors import Status
from pixfeed.list_parser import Problem, Table
from pixfeed.plan import HEADER, PLAN

# The extension checks the size of a row; the buffer protocol would spell out every field.
_PLAN_ROW = np.dtype((np.void, PLAN.itemsize))


_NOT_OURS = frozenset((Status.UNSUPPORTED.value, Status.NOT_AN_IMAGE.value))


def _refused(statuses: np.ndarray) -> list[int]:
    """The rows that the core says are not for it."""
    return [i for i, status in enumerate(statuses.tolist()) if status in _NOT_OURS]


class _Opened:
    def __init__(self, opened, sources: Sequence[Source], options: dict, fallback: backends.Backend | None):
        self._opened = opened
        self._sources = sources
        self._options = options
        self._fallback = fallback
        self._others: dict[int, Opened] = {}  # by source: opened by the fallback
        self.headers = opened.headers(HEADER)
        for i in _refused(self.headers["status"]):
            other = self._other(i)
            if other is not None:
                self.headers[i] = other.headers[0]

    def _other(self, i: int) -> Opened | None:
        if i not in self._others and self._fallback is not None:
            self._others[i] = self._fallback.open([self._sources[i]], **self._options, threads=1)
        return self._others.get(i)

    def note(self, i: int) -> str:
        other = self._others.get(i)
        return other.note(0) if other is not None else self._opened.note(i).decode("utf-8", "replace")

    def costs(self) -> tuple[int, ...]:
        costs = self._opened.costs()
        for other in self._others.values():
            costs = (costs[0], *map(add, costs[1:], other.costs()[1:]))  # the bytes are the same
        return costs

    def decode_into(self, plans: np.ndarray, out: np.ndarray, threads: int) -> np.ndarray:
        statuses = self._opened.decode_into(plans.view(_PLAN_ROW), out, threads, turn())
        turn()  # cancelled in the meantime, it has left something out
        for row in _refused(statuses):
            other = self._other(int(plans["source"][row]))
            if other is not None:
                plan = plans[row : row + 1].copy()
                plan["source"] = 0
                statuses[row] = other.decode_into(plan, out[row : row + 1], threads)[0]
        return statuses


class _Native:
    name = "native"
    piece = 1 << 30  # sources to open at a time: all, only their encoded bytes are kept

    def __init__(self, module):
        self._module = module
        self.codecs: dict[str, str] = module.codecs()
        self.simd_target: str = module.simd_target()
        # PIXFEED_JPEG=turbo decodes every JPEG with libjpeg-turbo, for those who doubt our own decoder.
        self._turbo = os.environ.get("PIXFEED_JPEG") == "turbo"
        self._has_opencv = importlib.util.find_spec("cv2") is not None  # not imported before it is needed

    def open(
        self,
        sources: Sequence[Source],
        *,
        strict: bool = False,
        ignore_orientation: bool = False,
        max_pixels: int = 1 << 30,
        min_recovered: float = 1.0,
        threads: int = 1,
    ) -> _Opened:
        # A str is a path to the extension, anything else is a buffer.
        plain = [os.fsdecode(s) if isinstance(s, (str, os.PathLike)) else s for s in sources]
        options = dict(
            strict=strict, ignore_orientation=ignore_orientation, max_pixels=max_pixels, min_recovered=min_recovered
        )
        opened = self._module.open(
            plain, turbo=self._turbo, defer=self._has_opencv, threads=threads, turn=turn(), **options
        )
        turn()  # cancelled in the meantime, it has left something out
        return _Opened(opened, sources, options, _Lazy() if self._has_opencv else None)

    def parse_list(
        self,
        source: int | bytes,
        begin: int,
        end: int,
        first_line: int,
        delimiter: str | None,
        roi_columns: int,
        label_dtype: np.dtype,
        threads: int,
    ) -> tuple[Problem, Table]:
        """:func:`pixfeed.list_parser.parse`, in C++."""
        problem, *tables = self._module.parse_list(
            source, begin, end, first_line, ord(delimiter or "\0"), roi_columns, label_dtype, threads
        )
        return Problem(*problem), Table(*tables)

    def resample(self, image: np.ndarray, plan: np.ndarray, out: np.ndarray) -> None:
        self._module.resample(image, plan.view(_PLAN_ROW), out)

    def take(
        self,
        pictures: np.ndarray,
        rows: np.ndarray,
        out: np.ndarray,
        mean: Sequence[float],
        std: Sequence[float],
        threads: int,
    ) -> None:
        self._module.take(pictures, rows, out, mean, std, threads, turn())
        turn()


class _Lazy:
    """The opencv backend, imported at its first use."""

    def open(self, sources: Sequence[Source], **options) -> Opened:
        return backends.load("opencv").open(sources, **options)


def backend() -> _Native:
    try:
        from pixfeed import _native
    except ImportError as error:
        try:
            from pixfeed._build import WHY_NO_NATIVE as why
        except ImportError:
            why = ""
        raise BackendError(
            f"the native backend is not there: {why or error}. PIXFEED_BACKEND=opencv does without it"
        ) from error
    return _Native(_native)
