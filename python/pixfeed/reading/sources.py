"""What may be read: paths, encoded bytes, and objects that give them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from pixfeed._stand_in import torch
from pixfeed.backends import Source


class Readable(Protocol):
    """A binary file object."""

    def read(self) -> bytes: ...


#: What :func:`pixfeed.imread` takes: a path, the bytes of an encoded image, uint8 ``[n]`` of them, or a binary file.
Given = Source | Readable | torch.Tensor

_ENCODED = (str, bytes, bytearray, memoryview, os.PathLike)


def source_of(given: Any) -> Source:
    """A path, or the bytes of an encoded image.

    Raises:
        TypeError: it is something else. The message says what to do with it.
        ValueError: a file object is at its end.
    """
    if isinstance(given, _ENCODED):
        return given
    if isinstance(given, torch.Tensor):
        given = given.detach().cpu().numpy()
    if isinstance(given, np.ndarray):
        if given.ndim == 1 and given.dtype == np.uint8:
            return np.ascontiguousarray(given)
        if given.ndim in (2, 3):
            raise TypeError(
                f"an array {list(given.shape)} is a picture that is decoded already: pixfeed.resize takes it, uint8 "
                "[H, W, 3]; an encoded image is uint8 [n]"
            )
        raise TypeError(f"an array of {given.dtype} {list(given.shape)} is no encoded image; that is uint8 [n]")
    if hasattr(given, "convert") and hasattr(given, "mode"):
        raise TypeError("a PIL image is decoded already: pixfeed.resize takes np.asarray(image)")
    if hasattr(given, "read"):
        data = given.read()
        if isinstance(data, str):
            raise TypeError(f"{given!r} is open as text; open it as binary: open(path, 'rb')")
        if len(data) == 0 and hasattr(given, "tell") and given.tell() > 0:
            raise ValueError("nothing is left to read of this file object: seek(0) first")
        return bytes(data)
    raise TypeError(f"an image is a path, encoded bytes or a binary file, not {type(given).__name__}")


def each_of(given: Iterable[Any]) -> Iterator[str | os.PathLike[str] | bytes]:
    """Paths, and encoded images as bytes.

    Raises:
        TypeError: it is a single image, or one of them is none.
    """
    if isinstance(given, (*_ENCODED, torch.Tensor)) or not isinstance(given, Iterable):
        raise TypeError(f"paths is one {type(given).__name__}; it must be a list: [path]")
    for each in given:
        source = source_of(each)
        yield source if isinstance(source, (str, os.PathLike)) else bytes(source)


def sources_of(given: Iterable[Any]) -> list[Source]:
    """Those of several images.

    Raises:
        TypeError: it is a single image, or one of them is none.
    """
    if isinstance(given, (*_ENCODED, torch.Tensor)) or hasattr(given, "read") or not isinstance(given, Iterable):
        raise TypeError(f"sources is one {type(given).__name__}; it must be a list of images: [source]")
    if isinstance(given, np.ndarray) and given.dtype == np.uint8:
        raise TypeError("sources is one array; it must be a list of images: [source]")
    return [each if type(each) is str else source_of(each) for each in given]
