"""The conversion of uint8 values: dtype, mean and std."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pixfeed._stand_in import torch

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.uint8)
#: For pictures of 16 bits a sample. torch has uint16 from 2.3 on.
WIDE_DTYPES = (torch.float32, *(getattr(torch, name) for name in ("uint16",) if hasattr(torch, name)))
MEMORY_FORMATS = (torch.contiguous_format, torch.channels_last)


def check_dtype(dtype: torch.dtype, depth: int = 8) -> torch.dtype:
    """
    Args:
        depth: 8, or 16: of :class:`pixfeed.Reading`.

    Raises:
        ValueError: images cannot have that dtype.
    """
    known = WIDE_DTYPES if depth == 16 else DTYPES
    if dtype not in known:
        hint = "; for uint16 say depth=16, too" if depth == 8 and dtype in WIDE_DTYPES else ""
        raise ValueError(f"dtype is {dtype}; {'with depth=16 ' * (depth == 16)}it may be {_or(known)}{hint}")
    return dtype


def check_memory_format(memory_format: torch.memory_format) -> torch.memory_format:
    """
    Raises:
        ValueError: images cannot lie in memory that way.
    """
    if memory_format not in MEMORY_FORMATS:
        raise ValueError(f"memory_format is {memory_format}; it may be {_or(MEMORY_FORMATS)}")
    return memory_format


def _or(names: Sequence[object]) -> str:
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}"


class Values(NamedTuple):
    """``(value / 255 - mean) / std`` as ``dtype``, every step rounded to float32; or with uint8 the value itself."""

    dtype: torch.dtype = torch.float32
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def fit(self, channels: int) -> bool:
        """Whether they can be carried out: a finite number for all channels or one for each, and no std 0."""
        counts = (1, channels)
        return (
            len(self.mean) in counts
            and len(self.std) in counts
            and all(map(math.isfinite, (*self.mean, *self.std)))
            and all(self.std)
        )

    def three(self) -> tuple[list[float], list[float]]:
        """Mean and std as the backends take them."""
        mean, std = ([*numbers, *numbers[:1] * 2][:3] for numbers in (self.mean, self.std))
        return mean, std


def numbers(given: float | Sequence[float] | torch.Tensor) -> tuple[float, ...]:
    """A number, or some, as torchvision's Normalize takes them, rounded to float32.

    Raises:
        TypeError, ValueError: they are no numbers, or there are none.
    """
    found = torch.as_tensor(given, dtype=torch.float32).flatten().tolist()
    if not found:
        raise ValueError("mean and std need at least one number")
    return tuple(found)
