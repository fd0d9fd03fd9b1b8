"""The C++ extension as a backend. Pictures that its codecs do not know go to OpenCV, if that is there."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from operator import add, sub
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context
from pixfeed.backends.built import why_no_native
from pixfeed.backends.contract import DEFAULT_OPTIONS, Backend, Caching, Decoded, OpenOptions, Source
from pixfeed.backends.foreign import HEAD, refusal_without_opencv
from pixfeed.backends.plain import Plain
from pixfeed.cache.index import FIRST_PAGES
from pixfeed.errors import BackendError, Status
from pixfeed.list_parser import Problem, Table
from pixfeed.mix import MIX
from pixfeed.plan import HEADER, JPEG, KEPT_BYTES, PLAN, first_rows
from pixfeed.plan_steps import STEP, of_pictures

if TYPE_CHECKING:
    import torch

    from pixfeed import _native
    from pixfeed.backends.opencv import OpenCV, Opened

#: The interface between this file and the extension; the same number stands in csrc/bind/module.cpp.
INTERFACE = 14

# The extension checks the size of a row; the buffer protocol would spell out every field.
_PLAN_ROW = np.dtype((np.void, PLAN.itemsize))
_MIX_ROW = np.dtype((np.void, MIX.itemsize))
_STEP_ROW = np.dtype((np.void, STEP.itemsize))

_NOT_OURS = frozenset((Status.UNSUPPORTED.value, Status.NOT_AN_IMAGE.value))
_NO_COSTS = (0,) * 6
_GATHER = {bool: "gather_bools", int: "gather_ints", float: "gather_floats"}


class _Opened:
    def __init__(
        self,
        opened: _native.Opened,
        sources: Sequence[Source],
        options: OpenOptions,
        fallback: Callable[[], OpenCV] | None,
        threads: int,
        caching: Caching | None,
    ):
        self._opened = opened
        self._caching = caching
        self._sources = sources
        self._options = options
        self._fallback = fallback
        self._others: dict[int, tuple[Opened, int]] = {}  # by source: opened by the fallback, and its place there
        self._names: dict[int, str] = {}  # by source: what it is that nobody here reads
        self._all: Opened | None = None  # the fallback's, if all of them were opened there
        self._reported = _NO_COSTS
        self.headers = opened.headers(HEADER)
        statuses = self.headers["status"].tolist()
        if any(statuses):
            self._hand_over([i for i, status in enumerate(statuses) if status in _NOT_OURS], threads)
            for i, (other, place) in self._others.items():
                kept = self.headers["kept"][i]
                self.headers[i] = other.headers[place]
                self.headers["kept"][i] = kept
            for i, status in enumerate(statuses):
                if i not in self._others and status in _NOT_OURS and self.headers["format"][i] != JPEG:
                    self.headers["status"][i], self._names[i] = refusal_without_opencv(_beginning(self._source(i)))
            if len(self._others) == len(statuses):
                self._all = self._others[0][0]

    def _hand_over(self, sources: list[int], threads: int) -> None:
        """Let the fallback open them, together."""
        sources = [i for i in sources if i not in self._others]
        if sources and self._fallback is not None:
            caching = self._caching
            caching = None if caching is None or caching.raw else caching.to_be_kept(sources)
            other = self._fallback().open([self._source(i) for i in sources], self._options, threads, caching)
            self._others |= {i: (other, place) for place, i in enumerate(sources)}

    def _source(self, i: int) -> Source:
        """What source ``i`` was opened from: the bytes that the cache had of it, or what was given."""
        return self._opened.bytes(i) if self.headers["kept"][i] == KEPT_BYTES else self._sources[i]

    def note(self, i: int) -> str:
        if i in self._others:
            other, place = self._others[i]
            return other.note(place)
        return self._names.get(i) or self._opened.note(i).decode("utf-8", "replace")

    def decode_into(
        self, plans: NDArray[np.void], out: NDArray[Any], threads: int = 1, steps: NDArray[np.void] | None = None
    ) -> Decoded:
        if self._all is not None:
            return self._all.decode_into(plans, out, threads, steps)
        statuses = self._opened.decode_into(plans.view(_PLAN_ROW), _rows(steps), out, context.workers(threads))
        context.check_cancelled()  # in that case images were left out
        spent = self._opened.costs()
        costs, self._reported = tuple(map(sub, spent, self._reported)), spent
        if not any(statuses.tolist()):
            return Decoded(statuses, {}, costs)
        rows = np.flatnonzero(statuses).tolist()
        by_source = plans["source"][first_rows(plans)].tolist()
        not_ours = [row for row in rows if statuses[row] in _NOT_OURS]
        self._hand_over(sorted({by_source[row] for row in not_ours}), threads)
        handed_over = [row for row in not_ours if by_source[row] in self._others]
        notes = {}
        for row in set(rows).difference(handed_over):
            notes[row] = self.note(by_source[row])
            if by_source[row] in self._names:
                statuses[row] = self.headers["status"][by_source[row]]
        for other in {id(other): other for other, _ in self._others.values()}.values():
            its = [row for row in handed_over if self._others[by_source[row]][0] is other]
            if not its:
                continue
            theirs, their_steps = of_pictures(plans, steps, its)
            theirs["source"][first_rows(theirs)] = [self._others[by_source[row]][1] for row in its]
            decoded = other.decode_slots(theirs, [out[row] for row in its], threads, their_steps)
            for place, row in enumerate(its):
                statuses[row] = decoded.statuses[place]
                if place in decoded.notes:
                    notes[row] = decoded.notes[place]
            costs = (costs[0], *map(add, costs[1:], decoded.costs[1:]))  # the bytes are the same
        return Decoded(statuses, notes, costs)


def _cache_of(caching: Caching | None) -> tuple[_native.Store | None, bytes, bool]:
    return (None, b"", False) if caching is None else (caching.store, caching.how, caching.raw)


def _rows(steps: NDArray[np.void] | None) -> NDArray[np.void] | None:
    return None if steps is None else steps.view(_STEP_ROW)


def _beginning(source: Source) -> bytes:
    """Enough bytes to tell what it is; fewer if the file is gone."""
    if not isinstance(source, (str, os.PathLike)):
        view = source.data if isinstance(source, np.ndarray) else memoryview(source)
        return bytes(view.cast("B")[:HEAD])
    with contextlib.suppress(OSError), open(source, "rb") as file:
        return file.read(HEAD)
    return b""


class _Native:
    name = "native"

    def __init__(self, module: ModuleType, opencv: Callable[[], OpenCV]):
        self._module = module
        self.codecs: dict[str, str] = module.codecs()
        self.simd_target: str = module.simd_target()
        # For those who doubt our own decoders: every JPEG is decoded with libjpeg-turbo, or every PNG with libpng.
        self._turbo = os.environ.get("PIXFEED_JPEG") == "turbo"
        self._libpng = os.environ.get("PIXFEED_PNG") == "libpng"
        self._has_opencv = importlib.util.find_spec("cv2") is not None  # not imported before it is needed
        self._opencv = opencv
        self._fallback = opencv if self._has_opencv else None

    def open(
        self,
        sources: Sequence[Source],
        options: OpenOptions = DEFAULT_OPTIONS,
        threads: int = 1,
        caching: Caching | None = None,
    ) -> _Opened:
        # A str is a path to the extension, anything else is a buffer.
        plain = [s if type(s) is str else os.fsdecode(s) if isinstance(s, os.PathLike) else s for s in sources]
        strict, ignore_orientation, max_pixels, min_recovered, depth = options
        context.check_cancelled()
        opened = self._module.open(
            plain,
            strict,
            self._turbo,
            self._libpng,
            self._has_opencv,
            ignore_orientation,
            max_pixels,
            min_recovered,
            depth,
            *_cache_of(caching),
            [] if caching is None else list(caching.more),
            context.workers(threads),
        )
        context.check_cancelled()  # in that case sources were left out
        return _Opened(opened, sources, options, self._fallback, threads, caching)

    def resample(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        plans: NDArray[np.void],
        out: NDArray[Any],
        threads: int = 1,
        steps: NDArray[np.void] | None = None,
    ) -> None:
        context.check_cancelled()
        rows, workers = plans.view(_PLAN_ROW), context.workers(threads)
        statuses = self._module.resample(list(pictures), rows, _rows(steps), out, workers)
        context.check_cancelled()
        if statuses.any():
            raise MemoryError

    def write_pictures(
        self,
        pictures: NDArray[np.uint8],
        rows: NDArray[np.int64],
        out: NDArray[Any],
        mean: Sequence[float],
        std: Sequence[float],
        threads: int = 1,
    ) -> None:
        context.check_cancelled()
        self._module.write_pictures(pictures, rows, out, mean, std, context.workers(threads))
        context.check_cancelled()

    def mix(self, table: NDArray[np.void], images: NDArray[np.float32], threads: int = 1) -> None:
        context.check_cancelled()
        self._module.mix(table.view(_MIX_ROW), images, context.workers(threads))
        context.check_cancelled()

    def read_masks(
        self,
        paths: Sequence[str],
        sizes: NDArray[np.int32],
        pixels: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
        out: NDArray[np.int64] | NDArray[np.uint8],
        fill: int,
        classes: NDArray[np.int64] | None = None,
        threads: int = 1,
        caching: Caching | None = None,
    ) -> NDArray[np.bool_]:
        if not paths or self._libpng:
            return np.zeros(len(paths), np.bool_)
        context.check_cancelled()
        y, x = (np.concatenate(places) for places in zip(*pixels, strict=True))
        table = np.empty(0, np.int64) if classes is None else classes
        sides = np.ascontiguousarray(sizes, np.int32).ravel()
        done: NDArray[np.bool_] = self._module.read_masks(
            list(paths), sides, y, x, out, fill, table, *_cache_of(caching), context.workers(threads)
        )
        context.check_cancelled()  # in that case files were left out
        return done

    def read_unchanged(
        self, source: Source, *, strict: bool, max_pixels: int
    ) -> tuple[Status, str, int, NDArray[Any] | None]:
        return self._opencv().read_unchanged(source, strict=strict, max_pixels=max_pixels)

    def open_store(self, folder: str, max_bytes: int, free_bytes: int) -> Any:
        return self._module.Store(folder, max_bytes, free_bytes, FIRST_PAGES)

    def cancel(self, priority: int) -> None:
        self._module.cancel(priority)

    def parse_list(
        self,
        source: int | bytes,
        begin: int,
        end: int,
        first_line: int,
        delimiter: str | None,
        roi_columns: int,
        label_dtype: np.dtype[Any] | None,
        threads: int = 1,
        words: Mapping[bytes, int] | None = None,
    ) -> tuple[Problem, Table]:
        problem, *tables = self._module.parse_list(
            source, begin, end, first_line, ord(delimiter or "\0"), roi_columns, label_dtype, threads, words
        )
        return Problem(*problem), Table(*tables)

    def collect_words(
        self, source: int | bytes, begin: int, end: int, delimiter: str | None, roi_columns: int, threads: int = 1
    ) -> tuple[int, list[bytes]]:
        found: tuple[int, list[bytes]] = self._module.collect_words(
            source, begin, end, ord(delimiter or "\0"), roi_columns, threads
        )
        return found

    def read_names(
        self, source: int | bytes, begins: list[int], ends: list[int], delimiter: str | None, folder: str
    ) -> list[str] | None:
        number = -1 if delimiter == "" else ord(delimiter or "\0")
        paths: list[str] | None = self._module.read_names(source, begins, ends, number, folder)
        return paths

    def gather_tensors(self, batch: tuple[torch.Tensor, ...], out: torch.Tensor, threads: int = 1) -> bool:
        from pixfeed._torch import TENSOR_EXCHANGE  # images are read without torch

        if TENSOR_EXCHANGE is None:
            return Plain().gather_tensors(batch, out, threads)
        gathered: bool = self._module.gather_tensors(
            batch, TENSOR_EXCHANGE, out.data_ptr(), out.nbytes, context.workers(threads)
        )
        return gathered

    def gather_arrays(self, batch: tuple[NDArray[Any], ...], out: torch.Tensor, threads: int = 1) -> bool:
        gathered: bool = self._module.gather_arrays(batch, out.data_ptr(), context.workers(threads))
        return gathered

    def gather_numbers(self, batch: tuple[bool | int | float, ...], out: torch.Tensor) -> bool:
        gathered: bool = getattr(self._module, _GATHER[type(batch[0])])(batch, out.data_ptr())
        return gathered


def backend(opencv: Callable[[], OpenCV]) -> Backend:
    """
    Args:
        opencv: gives the opencv backend, for images that the extension's codecs do not know.

    Raises:
        BackendError: the extension is missing, cannot be loaded, or was built from other sources.
    """
    try:
        from pixfeed import _native
    except ImportError as error:
        why = why_no_native() or f"{error}. pip install --force-reinstall --no-deps pixfeed"
        raise BackendError(f"the native backend is not there: {why}. PIXFEED_BACKEND=opencv does without it") from error
    found = getattr(_native, "interface", None)
    if found != INTERFACE:
        raise BackendError(
            f"{_native.__file__} was built from other sources than this Python code (interface {found}, needed is "
            f"{INTERFACE}): rebuild it with pip install . (in a checkout: make setup)"
        )
    return _Native(_native, opencv)
