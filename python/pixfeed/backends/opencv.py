"""OpenCV and NumPy as a backend: slower than the extension, and obviously correct.

cv2 does not read headers. Those of sound files are read here (``headers``), and each picture is decoded when its turn
comes. Where the header is not understood, the picture is decoded when it is opened. It is kept until it is needed, up
to a limit; pictures beyond that are decoded again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import perf_counter_ns
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context
from pixfeed._packages import foreign
from pixfeed.backends import remedy, teams
from pixfeed.backends.carry_out import Plan, check, check_out, check_wide, finish, plans_of, resize_crop, values_of
from pixfeed.backends.contract import DEFAULT_OPTIONS, Caching, Decoded, OpenOptions, Source
from pixfeed.backends.cv_decode import decode
from pixfeed.backends.encoded_picture import EncodedPicture, read
from pixfeed.backends.headers import header
from pixfeed.backends.kept_picture import Keep, KeptPicture, through_cache
from pixfeed.backends.plain import Plain
from pixfeed.cache.store import Store
from pixfeed.errors import BackendError, Status
from pixfeed.plan import HEADER, KEPT_PIXELS, first_rows

#: Bytes of decoded pictures that the sources of one ``open`` keep.
KEPT = 64 << 20


def _each(n: int, task: Any, threads: int) -> None:
    """Call ``task(0)`` to ``task(n - 1)``. A thread that works by itself decodes a single picture itself.

    Raises:
        CancelledError: the result is no longer wanted.
    """
    threads, priority, crew = context.workers(threads)
    if crew == teams.NO_CREW and (n == 1 or threads == 1):
        for i in range(n):
            task(i)
    else:
        teams.team(threads, crew).each(n, task, threads, priority)
    context.check_cancelled()


class Opened:
    """See :class:`pixfeed.backends.Opened`."""

    def __init__(
        self,
        cv2: ModuleType,
        sources: Sequence[Source],
        options: OpenOptions,
        threads: int,
        caching: Caching | None = None,
    ):
        self._cv2 = cv2
        self._depth = options.depth
        self._pictures: list[EncodedPicture | KeptPicture] = []
        self._kept = [0] * len(sources)  # of their headers
        self._keep: dict[int, Keep] = {}  # by source: where it goes, if the cache may get it
        start = perf_counter_ns()
        for i, source in enumerate(sources):
            context.check_cancelled()
            if caching is not None and caching.raw:
                source, self._kept[i] = through_cache(caching, i, source)
                self._pictures.append(EncodedPicture(cv2, source, options))
                continue
            keep = None if caching is None else Keep.of(caching, i, source)
            kept = keep.find() if keep is not None and caching is not None and caching.finds else None
            self._pictures.append(EncodedPicture(cv2, source, options) if kept is None else kept)
            self._kept[i] = 0 if kept is None else KEPT_PIXELS
            if keep is not None and kept is None and keep.is_still(source):
                self._keep[i] = keep
        read = perf_counter_ns()
        self._room, self._lock = KEPT, threading.Lock()
        unknown = [each for each in self._pictures if isinstance(each, EncodedPicture) and not each.is_known]
        if unknown:
            _each(len(unknown), lambda i: self._find_out(unknown[i]), threads)
        decoding = (perf_counter_ns() - read) * min(len(unknown), threads)
        self._costs: tuple[int, ...] = (
            sum(picture.bytes for picture in self._pictures),
            read - start,
            decoding,
            decoding,
            0,
            0,
        )
        self.headers = np.array(
            [
                (
                    each.header.width,
                    each.header.height,
                    each.header.orientation,
                    each.header.format,
                    each.status,
                    self._kept[i],
                    each.bytes,
                    each.header.samples,
                    each.header.depth,
                )
                for i, each in enumerate(self._pictures)
            ],
            HEADER,
        )

    def _find_out(self, picture: EncodedPicture) -> None:
        size = picture.find_out()
        with self._lock:
            if size <= self._room:
                self._room -= size
            else:
                picture.forget()

    def note(self, i: int) -> str:
        return self._pictures[i].note

    def decode_into(
        self, plans: NDArray[np.void], out: NDArray[Any], threads: int = 1, steps: NDArray[np.void] | None = None
    ) -> Decoded:
        check_out(len(first_rows(plans)), out)
        return self.decode_slots(plans, list(out), threads, steps)

    def decode_slots(
        self,
        plans: NDArray[np.void],
        slots: Sequence[NDArray[Any]],
        threads: int,
        steps: NDArray[np.void] | None = None,
    ) -> Decoded:
        """:meth:`decode_into` slots ``[C, h, w]`` that do not lie one after the other."""
        rows = plans_of(plans, steps)
        statuses = [Status.OK] * len(rows)
        wanted = []
        for row, each in enumerate(rows):
            if not 0 <= each[0].source < len(self._pictures):
                raise ValueError("there is no such source")
            picture = self._pictures[each[0].source]
            statuses[row] = picture.status
            if picture.status == Status.OK:
                if each[0].reduced not in (1, 2, 4, 8):
                    raise ValueError("reduced may be 1, 2, 4 or 8")
                check(each, *picture.reduced_size(each[0].reduced), slots[row])
                if self._depth == 16:
                    check_wide(each, slots[row])
                wanted.append(row)
        notes: dict[int, str] = {}
        costs = [self._costs]
        self._costs = (0,) * 6

        def carry_out(i: int) -> None:
            row = wanted[i]
            source = rows[row][0].source
            statuses[row], notes[row], spent = self._carry_out(source, rows[row], slots[row])
            costs.append(spent)

        if wanted:
            _each(len(wanted), carry_out, threads)
        failed = [row for row, status in enumerate(statuses) if status != Status.OK]
        for row in failed:
            picture = self._pictures[rows[row][0].source]
            picture.note = notes.setdefault(row, picture.note)
        spent = tuple(map(sum, zip(*costs, strict=True)))
        return Decoded(np.array(statuses, np.int32), {row: notes[row] for row in failed}, spent)

    def _carry_out(self, source: int, plans: Sequence[Plan], slot: NDArray[Any]) -> tuple[Status, str, tuple[int, ...]]:
        """The status, the reason and the costs of one picture."""
        cv2, plan, picture = self._cv2, plans[0], self._pictures[source]
        start = perf_counter_ns()
        try:
            status, note, image = picture.image(plan.reduced, bool(plan.gray))
            decoded = resized = written = perf_counter_ns()
            if image is not None:
                image = resize_crop(cv2, image, plan, bgr=image.ndim == 3)
                resized = perf_counter_ns()
                keep = None if picture.is_recovered else self._keep.get(source)
                keeping = None if keep is None else keep.of_picture(picture)
                finish(cv2, image, plans, slot, image.ndim == 3, keeping)
                written = perf_counter_ns()
        except MemoryError as error:
            return Status.OUT_OF_MEMORY, str(error), (0,) * 6
        if status == Status.OK and picture.is_recovered:
            status, note = Status.RECOVERED, picture.note
        return status, note, (0, 0, written - start, decoded - start, resized - decoded, written - resized)


class OpenCV(Plain):
    name = "opencv"
    simd_target = ""

    def __init__(self, cv2: ModuleType):
        self._cv2 = cv2
        self.codecs = {"opencv": f"OpenCV {cv2.__version__}"}

    def open(
        self,
        sources: Sequence[Source],
        options: OpenOptions = DEFAULT_OPTIONS,
        threads: int = 1,
        caching: Caching | None = None,
    ) -> Opened:
        return Opened(self._cv2, sources, options, threads, caching)

    def open_store(self, folder: str, max_bytes: int, free_bytes: int) -> Store:
        return Store(folder, max_bytes, free_bytes)

    def cancel(self, priority: int) -> None:
        teams.cancel(priority)

    def resample(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        plans: NDArray[np.void],
        out: NDArray[Any],
        threads: int = 1,
        steps: NDArray[np.void] | None = None,
    ) -> None:
        rows = plans_of(plans, steps)
        check_out(len(rows), out)
        for each, slot in zip(rows, out, strict=True):
            if not 0 <= each[0].source < len(pictures):
                raise ValueError("there is no such source")
            height, width = pictures[each[0].source].shape[:2]
            check(each, width, height, slot)
        failed: list[MemoryError] = []

        def carry_out(i: int) -> None:
            first, image = rows[i][0], pictures[rows[i][0].source]
            try:
                image = image[..., 0] if first.gray else image
                finish(self._cv2, resize_crop(self._cv2, image, first), rows[i], out[i])
            except MemoryError as error:
                failed.append(error)

        _each(len(rows), carry_out, threads)
        if failed:
            raise failed[0]

    def write_pictures(
        self,
        pictures: NDArray[np.uint8],
        rows: NDArray[np.int64],
        out: NDArray[Any],
        mean: Sequence[float],
        std: Sequence[float],
        threads: int = 1,
    ) -> None:
        check_out(len(rows), out)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(pictures):
            raise ValueError("there is no such picture")
        if pictures.dtype != np.uint8 or pictures.shape[1:] != out.shape[1:]:
            raise ValueError("pictures and out differ in shape")
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and all(std)):
            raise ValueError("unusable mean or std")
        if out.dtype == np.uint8:
            out[...] = pictures[rows]
            return
        table = values_of(tuple(mean), tuple(std), out.dtype)
        for c in range(out.shape[1]):
            out[:, c] = table[c].take(pictures[rows, c])

    def mix(self, table: NDArray[np.void], images: NDArray[np.float32], threads: int = 1) -> None:
        if len(table) != len(images) or images.dtype != np.float32 or {*table["partner"]} != {*range(len(images))}:
            raise ValueError("the table does not fit the images")
        left, upper, right, lower = table["box"][table["cut"] != 0].reshape(-1, 4).T
        height, width = images.shape[2:]
        if ((left < 0) | (upper < 0) | (right > width) | (lower > height) | (right < left)).any():
            raise ValueError("a box does not fit the image")
        partners = images[table["partner"]]
        for image, partner, row in zip(images, partners, table, strict=True):
            left, upper, right, lower = row["box"].tolist()
            if row["cut"]:
                image[:, upper:lower, left:right] = partner[:, upper:lower, left:right]
            elif (row["own"], row["other"]) != (1, 0):
                image *= row["own"]
                image += partner * row["other"]

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
        return np.zeros(len(paths), np.bool_)  # OpenCV turns the places of a palette into colors

    def read_unchanged(
        self, source: Source, *, strict: bool, max_pixels: int
    ) -> tuple[Status, str, int, NDArray[Any] | None]:
        cv2 = self._cv2
        status, note, data = read(source)
        if status != Status.OK:
            return status, note, 0, None
        found = []
        seen = header(data, ignore_orientation=True)
        flags = cv2.IMREAD_UNCHANGED
        _each(1, lambda _: found.append(decode(cv2, data, flags, seen, strict, max_pixels)), 1)
        status, note, image = found[0]
        if image is not None and image.ndim == 3 and image.shape[2] in (3, 4):
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
        return status, note, len(data), image


def backend() -> OpenCV:
    try:
        import cv2
    except ImportError as error:
        raise BackendError(f"OpenCV cannot be imported ({error}): {remedy.for_opencv(error)}") from error
    if not hasattr(cv2, "imdecode"):
        raise BackendError(foreign(cv2, "OpenCV"))
    return OpenCV(cv2)
