"""The checksums of a cache, and its keys: the twin of ``csrc/core/cache/checksum.h``, by the package xxhash."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 64 << 10  # bytes of rows that one checksum is of


class NoXxhash(ImportError):
    """The package of the checksums is not there."""


def _hashes() -> Any:
    try:
        import xxhash
    except ImportError as error:
        raise NoXxhash("a cache with the opencv backend needs xxhash: pip install xxhash", name="xxhash") from error
    return xxhash


def key_of(what: bytes, how: bytes) -> tuple[int, int]:
    """128 bits, low and high, for what a picture is made of and how."""
    xxhash = _hashes()
    number = xxhash.xxh3_128_intdigest(what, seed=xxhash.xxh3_64_intdigest(how))
    return number & 0xFFFFFFFFFFFFFFFF, number >> 64


def checksum(data: Any) -> int:
    number: int = _hashes().xxh3_64_intdigest(data)
    return number


def checksums(rows: memoryview) -> NDArray[np.uint64]:
    return np.array([checksum(rows[at : at + BLOCK]) for at in range(0, len(rows), BLOCK)], "<u8")
