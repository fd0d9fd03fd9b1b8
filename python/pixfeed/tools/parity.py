"""``pixfeed parity``: pixfeed's pixels beside those of the OpenCV and the Pillow that are installed, on
anybody's files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import BackendName, choose
from pixfeed.backends.carry_out import is_opencv_4, resize
from pixfeed.backends.cv_decode import imread_flags
from pixfeed.backends.imread import image_of
from pixfeed.errors import BackendError, ImageError
from pixfeed.lists.file_list import FileList
from pixfeed.plan import FORMATS, OPENCV, PILLOW
from pixfeed.reading.functional import imread

#: What pictures are resized to, (height, width): most shrink, small ones grow.
SIZE = (256, 256)
#: Gray ones: sides that are no multiple of what OpenCV's vectors hold.
GRAY_SIZE = (250, 253)
_FORMATS = ("jpeg", "png", "webp", "other")
_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"}
_SUFFIXES |= {".pbm", ".pgm", ".ppm", ".pnm", ".avif", ".jp2"}


@dataclass
class Tally:
    """The comparison of one way of reading one format."""

    files: int = 0
    identical: int = 0
    largest: int = 0  # of the differences, in steps of 255
    total: float = 0.0  # of all differences
    values: int = 0  # that were compared
    worst: str = ""  # the file with the largest difference

    def add(self, name: str, ours: NDArray[Any], theirs: NDArray[Any]) -> None:
        self.files += 1
        difference = np.array([255])  # another size: as wrong as can be
        if ours.shape == theirs.shape:
            difference = np.abs(ours.astype(np.int16) - theirs)
        largest = int(difference.max())
        self.identical += largest == 0
        self.total += float(difference.sum())
        self.values += difference.size
        if largest > self.largest:
            self.largest, self.worst = largest, name

    @property
    def mean(self) -> float:
        return self.total / max(self.values, 1)


@dataclass
class Report:
    """The result of :func:`compare`."""

    #: How many files were compared.
    compared: int = 0
    #: By (format, way of reading, library that it is compared with).
    exact: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    #: decode="scaled" against exact antialiasing, by format: not meant to be identical.
    scaled: dict[str, Tally] = field(default_factory=dict)
    #: Files that both refuse, and those that only one of them reads, with the reason.
    refused: list[str] = field(default_factory=list)
    only_one: list[str] = field(default_factory=list)

    @property
    def different(self) -> int:
        """How many of the ways of reading differ somewhere."""
        return sum(tally.identical < tally.files for tally in self.exact.values())

    @property
    def status(self) -> int:
        """0: all are identical; 1: not all; 2: nothing could be compared."""
        if not self.compared and not self.only_one:
            return 2
        return int(self.different > 0 or len(self.only_one) > 0)

    @property
    def summary(self) -> str:
        """The result in a line."""
        refused = f"; both refuse {len(self.refused):,}, the first: {self.refused[0]}" if self.refused else ""
        if self.status == 2:
            return "nothing could be compared" + refused
        line = "all identical" if self.status == 0 else f"NOT all identical ({self.different} ways differ)"
        files = self.compared + len(self.refused) + len(self.only_one)
        line += f": {self.compared:,} of {files:,} files were compared, in {len(self.exact)} ways"
        line += f"; only one of both reads {len(self.only_one):,}" if self.only_one else ""
        return line + refused


def find(path: Path, images: Path | None = None) -> list[Path]:
    """The images of a folder (with its subfolders), of a list file (names relative to ``images``, or to the list's own
    folder), or the one file.

    Raises:
        FileNotFoundError: there is none.
    """
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES)
    elif path.suffix.lower() in _SUFFIXES and path.is_file():
        files = [path]
    else:
        folder = images or path.parent
        files = [folder / name for name in dict.fromkeys(FileList(path).names())]
    if not files:
        raise FileNotFoundError(f"{path}: no image in there")
    return files


def _by_cv2(data: bytes, flags: int) -> NDArray[Any] | None:
    import cv2

    image, _ = image_of(cv2, data, flags)
    return image[..., ::-1] if image is not None and image.ndim == 3 else image


def _by_pillow(data: bytes) -> NDArray[np.uint8] | None:
    """``None`` for what Pillow is known to convert otherwise: CMYK, alpha, palettes, 16 bits."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode not in ("RGB", "L") or image.format not in ("JPEG", "PNG", "WEBP"):
                return None
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except OSError:
        return None


def _region(width: int, height: int) -> tuple[int, int, int, int]:
    """x, y, w, h somewhere in the middle, on no block border."""
    return width // 3, height // 3, max(width // 4, 1), max(height // 4, 1)


def _ways(
    data: bytes, whole: NDArray[Any], read: Callable[..., NDArray[Any]]
) -> Iterator[tuple[str, str, NDArray[Any], NDArray[Any] | None]]:
    """(way of reading, library that it is compared with, ours, theirs) for one file. ``whole``: as cv2 reads it."""
    import cv2
    from PIL import Image

    for channels, name in (("rgb", "color"), ("gray", "gray")):
        for reduced in (1, 2, 4, 8):
            if min(whole.shape[:2]) < reduced:
                continue
            way = name if reduced == 1 else f"{name}, reduced {reduced}"
            theirs = whole if way == "color" else _by_cv2(data, imread_flags(reduced, channels == "gray"))
            yield way, "OpenCV", read(channels=channels, reduced=reduced), theirs
    yield "color", "Pillow", read(), _by_pillow(data)
    yield "color, orientation ignored", "OpenCV", read(ignore_orientation=True), _by_cv2(data, 1 | 128)
    x, y, w, h = _region(whole.shape[1], whole.shape[0])
    yield "color, region", "OpenCV", read(roi=(x, y, w, h)), whole[y : y + h, x : x + w]
    for channels, size, way in (("rgb", SIZE, "resize"), ("gray", GRAY_SIZE, "gray, resize")):
        image = np.ascontiguousarray(whole if channels == "rgb" else _by_cv2(data, 0))
        picture = Image.fromarray(image)
        for name, number in OPENCV.items():
            whom = "OpenCV without IPP" if name == "cubic" else "OpenCV"
            ours = read(size=size, channels=channels, interpolation=name)
            if name == "nearest_exact" and is_opencv_4(cv2):  # that of OpenCV 5 is Pillow's
                yield f"{way} {name}", "Pillow", ours, np.asarray(picture.resize(size[::-1], Image.Resampling.NEAREST))
                continue
            yield f"{way} {name}", whom, ours, resize(cv2, image, size[::-1], number)
        for name, number in PILLOW.items():
            theirs = np.asarray(picture.resize(size[::-1], Image.Resampling(number - 16)))
            ours = read(size=size, channels=channels, interpolation=name, antialias=True)
            yield f"{way} {name}", "Pillow", ours, theirs


def compare(
    files: Sequence[Path], backend: BackendName | None = None, progress: Callable[[], None] = lambda: None
) -> Report:
    """Read every file in every way, with pixfeed and with OpenCV or Pillow.

    Args:
        files: images.
        backend: see :class:`pixfeed.Reading`.
        progress: called after every file.

    Raises:
        BackendError: OpenCV or Pillow is not there.
    """
    try:
        import cv2  # noqa: F401
        import PIL  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"parity compares with OpenCV and Pillow ({error}): pip install opencv-python-headless pillow"
        ) from error
    report = Report()
    opener = choose(backend)
    for path in files:
        name = os.fspath(path)
        try:
            ours, why = imread(path, backend=backend), ""
        except ImageError as error:
            ours, why = None, str(error)
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        whole = _by_cv2(data, 1) if data else None
        if ours is None and whole is None:
            report.refused.append(why)
        elif ours is None or whole is None:
            report.only_one.append(why or f"{name}: OpenCV does not read it")
        else:
            report.compared += 1
            format = FORMATS.get(int(opener.open([data]).headers["format"][0]), "unknown")
            format = "other" if format == "unknown" else format

            def read(data: bytes = data, **options: Any) -> NDArray[Any]:
                return imread(data, **options, backend=backend)

            for way, whom, ours, theirs in _ways(data, whole, read):
                if theirs is not None:
                    report.exact.setdefault((format, way, whom), Tally()).add(name, ours, theirs)
            if format == "jpeg":
                near, exact = read(size=SIZE, decode="scaled"), read(size=SIZE, antialias=True)
                report.scaled.setdefault(format, Tally()).add(name, near, exact)
        progress()
    return report


def show(report: Report) -> None:
    """Print the report: the summary, then tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(report.summary, style="bold", markup=False)
    if report.status == 2:
        return
    table = Table(box=None, pad_edge=False)
    differs = any(tally.files != tally.identical for tally in report.exact.values())
    numbers = ("files", "identical", "largest", "mean") if differs else ("files", "identical")
    for name in ("format", "read as", "beside", *numbers):
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    last = ""
    for (format, way, whom), tally in sorted(report.exact.items(), key=lambda item: _FORMATS.index(item[0][0])):
        if last and format != last:
            table.add_section()
        last = format
        style = "" if tally.files == tally.identical else "bold red"
        row = (format, way, whom, f"{tally.files:,}", f"{tally.identical:,}", f"{tally.largest}", f"{tally.mean:.4f}")
        table.add_row(*row[: 3 + len(numbers)], style=style)
    console.print()
    console.print(table)
    if differs:
        console.print("largest, mean: of the differences, in steps of 255")
    console.print()
    for format, tally in report.scaled.items():
        console.print(
            f"decode='scaled', {format}, {SIZE[0]} x {SIZE[1]}, beside exact antialiasing (an approximation): "
            f"mean difference {tally.mean:.3f}, largest {tally.largest}"
        )
    for key, tally in report.exact.items():
        if tally.worst:
            console.print(f"differs most, {', '.join(key)}: {tally.worst}", style="red", markup=False)
    for line in report.only_one:
        console.print(f"only one of both reads {line}", style="red", markup=False)
