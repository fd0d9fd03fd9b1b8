"""csrc/bind. Private: use pixfeed's Python functions.

``workers`` is what ``pixfeed.context.workers()`` gives: number of threads, priority, crew.
"""

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import Buffer

_Workers = tuple[int, int, int]
_Buffer = Buffer | NDArray[Any]  # before Python 3.12 arrays are no Buffer to type checkers

#: Has to be what backends/native.py expects.
interface: int

class Opened:
    def headers(self, dtype: np.dtype[np.void]) -> NDArray[np.void]: ...
    def note(self, i: int) -> bytes: ...
    def bytes(self, i: int) -> builtins.bytes: ...
    def costs(self) -> tuple[int, int, int, int, int, int]: ...
    def decode_into(
        self, plans: _Buffer, steps: _Buffer | None, out: _Buffer, workers: _Workers
    ) -> NDArray[np.int32]: ...

class Store:
    def __init__(self, folder: str, max_bytes: int, free_bytes: int, first_pages: int) -> None: ...
    def read(self, key: tuple[int, int]) -> NDArray[np.uint8] | None: ...
    def put(
        self, key: tuple[int, int], picture: NDArray[np.uint8], source: Sequence[int], source_bytes: int
    ) -> None: ...
    def entries(self) -> bytes: ...
    def why_stopped(self) -> str: ...
    def counts(self) -> tuple[int, int, int, int, int]: ...

def key_of(what: bytes, how: bytes) -> tuple[int, int]: ...
def open(
    sources: list[str | _Buffer],
    strict: bool,
    turbo: bool,
    libpng: bool,
    defer: bool,
    ignore_orientation: bool,
    max_pixels: int,
    min_recovered: float,
    depth: int,
    store: Store | None,
    how: bytes,
    raw: bool,
    more: list[bytes],
    workers: _Workers,
) -> Opened: ...
def resample(
    pictures: list[_Buffer], plans: _Buffer, steps: _Buffer | None, out: _Buffer, workers: _Workers
) -> NDArray[np.int32]: ...
def write_pictures(
    pictures: _Buffer,
    rows: _Buffer,
    out: _Buffer,
    mean: Sequence[float],
    std: Sequence[float],
    workers: _Workers,
) -> None: ...
def read_masks(
    paths: list[str],
    sizes: _Buffer,
    y: _Buffer,
    x: _Buffer,
    out: _Buffer,
    fill: int,
    classes: _Buffer,
    store: Store | None,
    how: bytes,
    raw: bool,
    workers: _Workers,
) -> NDArray[np.bool_]: ...
def mix(table: _Buffer, images: _Buffer, workers: _Workers) -> None: ...
def cancel(priority: int) -> None: ...
def collect_words(
    source: int | _Buffer, begin: int, end: int, delimiter: int, roi_columns: int, threads: int
) -> tuple[int, list[bytes]]: ...
def parse_list(
    source: int | _Buffer,
    begin: int,
    end: int,
    first_line: int,
    delimiter: int,
    roi_columns: int,
    label_dtype: np.dtype[Any] | None,
    threads: int,
    words: Mapping[bytes, int] | None,
) -> tuple[
    tuple[int, int, int, int, int, int, int],
    NDArray[np.uint32] | NDArray[np.int64],
    NDArray[np.int64],
    NDArray[Any],
    NDArray[np.int64],
]: ...
def read_names(
    source: int | _Buffer, begins: Sequence[int], ends: Sequence[int], delimiter: int, folder: str
) -> list[str] | None: ...
def gather_tensors(
    batch: tuple[torch.Tensor, ...], exchange: object, out: int, size: int, workers: _Workers
) -> bool: ...
def gather_arrays(batch: tuple[NDArray[Any], ...], out: int, workers: _Workers) -> bool: ...
def gather_bools(batch: tuple[bool, ...], out: int) -> bool: ...
def gather_ints(batch: tuple[int, ...], out: int) -> bool: ...
def gather_floats(batch: tuple[float, ...], out: int) -> bool: ...
def codecs() -> dict[str, str]: ...
def simd_target() -> str: ...
def struct_offsets() -> dict[str, dict[str, int]]: ...
