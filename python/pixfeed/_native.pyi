"""csrc/bind. Private: use pixfeed's Python functions."""

import numpy as np
from typing_extensions import Buffer

class Opened:
    def headers(self, dtype: np.dtype) -> np.ndarray: ...
    def note(self, i: int) -> bytes: ...
    def decode_into(self, plans: Buffer, out: Buffer, threads: int) -> np.ndarray: ...

def open(
    sources: list[str | Buffer],
    strict: bool,
    turbo: bool,
    defer: bool,
    ignore_orientation: bool,
    max_pixels: int,
    threads: int,
) -> Opened: ...
def resample(image: Buffer, plan: Buffer, out: Buffer) -> None: ...
def parse_list(
    source: int | Buffer,
    begin: int,
    end: int,
    first_line: int,
    delimiter: int,
    roi_columns: int,
    label_dtype: np.dtype,
    threads: int,
) -> tuple[tuple[int, ...], np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
def codecs() -> dict[str, str]: ...
def simd_target() -> str: ...
def struct_offsets() -> dict[str, dict[str, int]]: ...
