"""What masks are: their sides, and the numbers in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixfeed.context import num_threads
from pixfeed.errors import ImageError, Origin
from pixfeed.targets import mask_files


class MaskFacts(NamedTuple):
    """What is known about a mask.

    Attributes:
        problem: why it cannot be read; else empty.
        width, height: in pixels.
        values: the numbers in it, sorted.
        digest: of its numbers, in hexadecimal digits.
    """

    problem: str = ""
    width: int = 0
    height: int = 0
    values: list[int] = []  # noqa: RUF012 (never changed)
    digest: str = ""


def of_masks(paths: Sequence[str], done: Callable[[int], None]) -> Iterator[tuple[int, MaskFacts]]:
    """The facts of masks, with the number of each.

    Raises:
        BackendError: Pillow is not there.
    """
    with ThreadPoolExecutor(num_threads()) as pool:
        try:
            for i, facts in enumerate(pool.map(_of_mask, paths)):
                yield i, facts
                done(1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _of_mask(path: str) -> MaskFacts:
    from xxhash import xxh3_128_hexdigest

    try:
        numbers = mask_files.read(path, Origin(""), None)
    except ImageError as error:
        if os.path.isdir(path):
            return MaskFacts("a folder is no mask; name a file, or say --targets labels if this is a class")
        return MaskFacts(str(error).removeprefix(": ").lstrip())
    height, width = numbers.shape
    return MaskFacts("", width, height, _values(numbers), xxh3_128_hexdigest(numbers.tobytes()))


def _values(numbers: NDArray[np.integer]) -> list[int]:
    if numbers.dtype.itemsize == 1:
        found: list[int] = np.flatnonzero(np.bincount(numbers.ravel().view(np.uint8), minlength=256)).tolist()
    else:
        found = np.unique(numbers).tolist()
    return found
