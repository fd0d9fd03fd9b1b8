"""Mutations of a file: case ``number`` is always the same bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np

Random = np.random.Generator

# Numbers at which arithmetic goes wrong.
_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _place(rng: Random, data: bytearray) -> int:
    """Headers matter more than the data behind them: half of the places are in the first 64 bytes."""
    return int(rng.integers(min(len(data), 64) if rng.random() < 0.5 else len(data)))


def _flip(rng: Random, data: bytearray) -> None:
    data[_place(rng, data)] ^= 1 << int(rng.integers(8))


def _set(rng: Random, data: bytearray) -> None:
    data[_place(rng, data)] = int(rng.choice((0, 255, 0xD8, 0xD9, int(rng.integers(256)))))


def _number(rng: Random, data: bytearray) -> None:
    at, form = _place(rng, data), str(rng.choice((">H", "<H", ">I", "<I")))
    value = int(rng.choice(_EXTREMES)) & (1 << 8 * struct.calcsize(form)) - 1
    data[at : at + struct.calcsize(form)] = struct.pack(form, value)


def _cut(rng: Random, data: bytearray) -> None:
    del data[int(rng.integers(len(data))) :]


def _cut_little(rng: Random, data: bytearray) -> None:
    del data[-int(rng.integers(1, 9)) :]


def _remove(rng: Random, data: bytearray) -> None:
    at = _place(rng, data)
    del data[at : at + int(rng.integers(1, 33))]


def _repeat(rng: Random, data: bytearray) -> None:
    at = _place(rng, data)
    data[at:at] = data[at : at + int(rng.integers(1, 65))]


def _insert(rng: Random, data: bytearray) -> None:
    data[(at := _place(rng, data)) : at] = rng.bytes(int(rng.integers(1, 17)))


def _append(rng: Random, data: bytearray) -> None:
    data += rng.bytes(int(rng.integers(1, 65)))


def _before_the_end(rng: Random, data: bytearray) -> None:
    at = max(0, len(data) - int(rng.integers(1, 17)))
    marker = int(rng.choice((0xD8, 0xC0, 0xC2, 0xDA, 0xDB, 0xC4, 0xE1, 0x01, 0x02, 0xD0)))
    data[at:at] = bytes((0xFF, marker)) + rng.bytes(int(rng.integers(0, 9)))


_KINDS: tuple[Callable[[Random, bytearray], None], ...] = (
    _flip,
    _flip,
    _set,
    _number,
    _cut,
    _cut_little,
    _remove,
    _repeat,
    _insert,
    _append,
    _before_the_end,
)


def _with_right_sums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of their bytes, so that more than the first check is tried."""
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        size = int.from_bytes(made[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(made):
            break
        made[end : end + 4] = struct.pack(">I", zlib.crc32(made[at + 4 : end]))
        at = end + 4
    return bytes(made)


def case(files: Sequence[tuple[str, bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Name and bytes of a case. The first ``len(files)`` are the files themselves."""
    if number < len(files):
        return files[number]
    rng = np.random.default_rng([seed, number])
    name, original = files[int(rng.integers(len(files)))]
    data = bytearray(original)
    for _ in range(int(rng.choice((1, 1, 1, 2, 4)))):
        if data:
            _KINDS[int(rng.integers(len(_KINDS)))](rng, data)
    return name, _with_right_sums(bytes(data)) if name.startswith("png") and rng.random() < 0.7 else bytes(data)
