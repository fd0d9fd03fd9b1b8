"""What files are, by their headers; many at a time, on all cores."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends
from pixfeed.backends import foreign
from pixfeed.backends.contract import Backend, OpenOptions, Source
from pixfeed.context import num_threads
from pixfeed.errors import Status
from pixfeed.plan import FORMATS, JPEG, OPENCV, SAMPLES, resize_plan

# A thread reads that many files at a time, or that many bytes: what was read is still in the cache when it is hashed.
_FILES, _BYTES = 32, 2 << 20
# File times move in steps of up to 10 ms.
_STEP = 20_000_000  # nanoseconds
_NO_FILE = bytes(8)  # in place of the bytes of a pipe or a device, which may have no end
_ONE = (8, 8)  # what pictures are resized to, to decode them


class Facts(NamedTuple):
    """What is known about a file.

    Attributes:
        status: a :class:`pixfeed.Status`, by its header, or by its pixels if those were decoded.
        note: the words of the codec or of the system about it.
        bytes: its size.
        format: in lower case; empty if it is not known.
        width, height: in pixels, as displayed.
        orientation: EXIF, 1 to 8.
        bits: per channel.
        color: ``"rgb"``, ``"gray"``, ``"cmyk"``, ...
        digest: of its bytes, in hexadecimal digits.
        warning: of the codec, which read the picture all the same; known if it was decoded.
    """

    status: int
    note: str = ""
    bytes: int = 0
    format: str = ""
    width: int = 0
    height: int = 0
    orientation: int = 1
    bits: int = 8
    color: str = ""
    digest: str = ""
    warning: str = ""


def of_files(
    paths: Sequence[str], decode: bool, done: Callable[[int], None] = lambda count: None
) -> Iterator[tuple[int, Facts]]:
    """The facts of files, in any order, with the number of each.

    Args:
        paths: n files.
        decode: decode every picture. Otherwise those whose header or end leaves doubts.
        done: called with the number of files that are done since the last call.
    """
    backend = backends.choose()
    parts = (range(at, min(at + _FILES, len(paths))) for at in range(0, len(paths), _FILES))
    with ThreadPoolExecutor(num_threads()) as pool:
        try:
            for part, facts in pool.map(lambda part: (part, list(_of_part(backend, paths, part, decode))), parts):
                yield from zip(part, facts, strict=True)
                done(len(part))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _of_part(backend: Backend, paths: Sequence[str], part: Iterable[int], decode: bool) -> Iterator[Facts]:
    names: list[str] = []
    sources: list[Source] = []
    size = 0
    for i in part:
        try:
            with open(paths[i], "rb", buffering=0, opener=_without_waiting) as file:
                is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                data = (file.readall() or b"") if is_file else _NO_FILE
            sources.append(data)
            size += len(data)
        except (OSError, ValueError):
            sources.append(paths[i])  # the backend says it in its words
        names.append(paths[i])
        if size > _BYTES:
            yield from _of_sources(backend, names, sources, decode)
            names, sources, size = [], [], 0
    yield from _of_sources(backend, names, sources, decode)


def _without_waiting(path: str, flags: int) -> int:
    """Nobody waits for the writer of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _of_sources(backend: Backend, names: Sequence[str], sources: Sequence[Source], decode: bool) -> Iterator[Facts]:
    from xxhash import xxh3_128_hexdigest

    if not sources:
        return
    opened = backend.open(sources, OpenOptions(strict=decode))
    headers = opened.headers
    statuses, notes = headers["status"].tolist(), {}
    warnings: dict[int, str] = {}
    doubtful = [
        i
        for i, (source, status) in enumerate(zip(sources, statuses, strict=True))
        if status == Status.OK and (decode or _ends_early(source, int(headers["format"][i])))
    ]
    if doubtful:
        plans = resize_plan(headers, _ONE, OPENCV["nearest"])[doubtful]
        decoded = opened.decode_into(plans, _slots(len(doubtful)))
        for place, i in enumerate(doubtful):
            statuses[i] = int(decoded.statuses[place])
            notes[i] = decoded.notes.get(place, "")
        for i in [i for i in doubtful if decode and statuses[i] == Status.CORRUPT]:
            again = backend.open([sources[i]])
            status = int(again.decode_into(resize_plan(again.headers, _ONE, OPENCV["nearest"]), _slots(1)).statuses[0])
            if status == Status.OK:
                statuses[i], warnings[i] = status, notes[i] or "its data is damaged"
    names = ("format", "width", "height", "orientation", "samples", "depth")
    fields = (headers[name].tolist() for name in names)
    for i, (source, number, width, height, orientation, *pixel) in enumerate(zip(sources, *fields, strict=True)):
        if source is _NO_FILE:
            yield Facts(Status.UNREADABLE, "it is a pipe or a device")
            continue
        status = statuses[i]
        note = "" if status == Status.OK else notes.get(i) or opened.note(i)
        if not isinstance(source, bytes):
            yield Facts(status, note)
            continue
        format, bits, color = _pixels(source, number, *pixel)
        yield Facts(
            status,
            note,
            len(source),
            format,
            width,
            height,
            orientation,
            bits,
            color,
            xxh3_128_hexdigest(source),
            warnings.get(i, ""),
        )


def _slots(n: int) -> NDArray[np.uint8]:
    return np.empty((n, 3, *_ONE), np.uint8)


def _ends_early(data: Source, format: int) -> bool:
    """Whether a file may be cut off, though its header is sound: a JPEG without its last marker."""
    return format == JPEG and isinstance(data, bytes) and data[-2:] != b"\xff\xd9"


def _pixels(data: bytes, number: int, samples: int, depth: int) -> tuple[str, int, str]:
    """Format, bits per channel and color."""
    if number:
        return FORMATS[number], depth or 8, SAMPLES[samples]
    kind = foreign.kind(data[: foreign.HEAD])
    if kind is None or not kind.suffix:
        return kind.name if kind else "", 8, ""
    return kind.suffix[1:], *_by_pillow(data)


def _by_pillow(data: bytes) -> tuple[int, str]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return 16 if "16" in image.mode else 32 if image.mode in ("I", "F") else 8, image.mode.lower()
    except Exception:  # what Pillow does not know says nothing about the file
        return 8, ""


def stamp_of(path: str) -> str:
    """What the system says of a file: it differs when the file has been written to. Empty if there is none, or if it
    was written this very moment: a further write might leave the same times."""
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return ""
    if 0 <= time.time_ns() - info.st_ctime_ns < _STEP:
        return ""
    return f"{info.st_dev} {info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"
