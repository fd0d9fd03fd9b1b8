"""The outcome of a file: what pixfeed's backends, cv2.imread and Pillow make of it, and where they must agree."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageOps

import pixfeed

#: Ways of reading. Each case is read in the first and in one of the others.
WAYS: dict[str, dict[str, Any]] = {
    "color": {},
    "gray": {"channels": "gray"},
    "reduced": {"reduced": 2},
    "resized": {"size": (16, 24)},
    "scaled": {"size": (8, 8), "decode": "scaled"},
    "strict": {"strict": True},
    "stored": {"ignore_orientation": True},
    "partly": {"min_recovered": 0},
    "area": {"size": (9, None), "interpolation": "area"},
}
_IMREAD = {
    "color": cv2.IMREAD_COLOR,
    "gray": cv2.IMREAD_GRAYSCALE,
    "reduced": cv2.IMREAD_REDUCED_COLOR_2,
    "stored": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
}


# What cv2.imread says when it refuses what is meant to be read.
_CV2_ALONE = ("Internal imread issue", "bad header (invalid type)")


class Outcome(NamedTuple):
    """
    Attributes:
        word: "read", a status, or what went wrong.
        shape: of the picture.
        sum: a checksum of its pixels.
        said: what was printed meanwhile.
        seconds: how long it took.
    """

    word: str
    shape: tuple[int, ...] = ()
    sum: int = 0
    said: str = ""
    seconds: float = 0.0

    @property
    def picture(self) -> tuple[tuple[int, ...], int] | None:
        """What must be equal of two outcomes that were read."""
        return (self.shape, self.sum) if self.word == "read" else None


@contextlib.contextmanager
def _heard(lines: list[str]) -> Iterator[None]:
    """What the block writes to the descriptors 1 and 2."""
    with tempfile.TemporaryFile() as file:
        saved = os.dup(1), os.dup(2)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
            file.seek(0)
            lines.append(file.read().decode("utf-8", "replace"))


def _outcome(read: Callable[[], np.ndarray | str]) -> Outcome:
    said: list[str] = []
    begin = time.perf_counter()
    with _heard(said):
        found = read()
    seconds = time.perf_counter() - begin
    if isinstance(found, str):
        return Outcome(found, said=said[0], seconds=seconds)
    return Outcome("read", found.shape, zlib.crc32(np.ascontiguousarray(found)), said[0], seconds)


def ours(path: str, data: bytes, way: str) -> dict[str, Outcome]:
    """Of both backends: from bytes on one, from the file on the other, so that both are tried."""

    def read(backend: str) -> np.ndarray | str:
        source = data if backend == "native" else path
        try:
            return pixfeed.imread(source, backend=backend, **WAYS[way])
        except pixfeed.ImageError as error:
            return error.status.name if error.status is not None else f"no status: {error}"
        except Exception as error:
            return f"!{type(error).__name__}: {error}"

    return {backend: _outcome(lambda backend=backend: read(backend)) for backend in pixfeed.backends.NAMES}


def others(path: str, data: bytes, way: str) -> dict[str, Outcome]:
    """Of cv2.imread and Pillow, if they have this way of reading."""

    def by_cv2() -> np.ndarray | str:
        try:
            image = cv2.imread(path, _IMREAD[way])
        except cv2.error as error:
            return f"refused: {error.err}"
        if image is None:
            return "refused"
        return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def by_pillow() -> np.ndarray | str:
        try:
            with Image.open(io.BytesIO(data)) as image:
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        except Exception as error:
            return f"refused: {error}"

    found = {"cv2": _outcome(by_cv2)} if way in _IMREAD else {}
    return found | ({"Pillow": _outcome(by_pillow)} if way == "color" else {})


def refused_alike(found: dict[str, Outcome]) -> bool:
    """Whether both backends refuse the file, for whatever reason: a file that is damaged twice may be refused for
    either."""
    return not any(
        found[who].word in ("read", "RECOVERED") or found[who].word[0] == "!" for who in ("native", "opencv")
    )


def findings(found: dict[str, Outcome], way: str, data: bytes) -> list[str]:
    """What is wrong with the outcomes of a file, in words; nothing as a rule.

    Differences that are meant, or cv2's own faults, are left out: ``decode="scaled"`` approximates in two ways; some
    TIFF and PFM files make cv2.imread fail an assertion, where imdecode reads them; cv2 refuses an animated PNG that
    claims to have no frames, and PNG chunks with names that are none, where pixfeed passes over all chunks that no
    pixel depends on.
    """
    native, opencv = found["native"], found["opencv"]
    wrong = [f"{who} raised {found[who].word[1:]}" for who in ("native", "opencv") if found[who].word[0] == "!"]
    wrong += [f"{who} printed {found[who].said!r}" for who in ("native", "opencv") if found[who].said]
    wrong += [f"{who} took {found[who].seconds:.0f} s" for who in ("native", "opencv") if found[who].seconds > 5]
    if wrong:
        return wrong
    if native.word != opencv.word and not refused_alike(found):
        wrong.append(f"native: {native.word}, opencv: {opencv.word}")
    elif native.picture != opencv.picture and (way != "scaled" or native.shape != opencv.shape):
        wrong.append(f"the backends' pixels differ: {native.shape} {opencv.shape}")
    by_cv2 = found.get("cv2")
    if by_cv2 is None or any(words in by_cv2.said for words in _CV2_ALONE):
        return wrong
    whole = by_cv2.word == "read" and not by_cv2.said  # a codec that makes something up says so
    for who in ("native", "opencv"):
        ours = found[who]
        if ours.word in ("read", "RECOVERED") and by_cv2.picture not in (None, ours.picture):
            wrong.append(f"{who}: other pixels than cv2's: {ours.shape} {by_cv2.shape}")
        elif ours.word == "read" and by_cv2.word != "read" and b"acTL" not in data:
            wrong.append(f"{who}: read what cv2 refuses")
        elif ours.word != "read" and whole:
            wrong.append(f"{who}: {ours.word}, and cv2 reads it without a word")
    return wrong
