"""Lists and gathering in plain Python and NumPy: the part of the opencv backend that needs no OpenCV."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import list_parser
from pixfeed.list_parser import Problem, Table

if TYPE_CHECKING:
    import torch


class Plain:
    """See :class:`pixfeed.backends.Tables`."""

    def parse_list(
        self,
        source: int | bytes,
        begin: int,
        end: int,
        first_line: int,
        delimiter: str | None,
        roi_columns: int,
        label_dtype: np.dtype[Any] | None,
        threads: int = 1,
        words: Mapping[bytes, int] | None = None,
    ) -> tuple[Problem, Table]:
        return list_parser.parse(source, begin, end, first_line, delimiter, roi_columns, label_dtype, words)

    def collect_words(
        self, source: int | bytes, begin: int, end: int, delimiter: str | None, roi_columns: int, threads: int = 1
    ) -> tuple[int, list[bytes]]:
        return list_parser.collect_words(source, begin, end, delimiter, roi_columns)

    def read_names(
        self, source: int | bytes, begins: list[int], ends: list[int], delimiter: str | None, folder: str
    ) -> list[str] | None:
        paths = []
        for begin, end in zip(begins, ends, strict=True):
            data = list_parser.read(source, begin, end)
            if len(data) < end - begin:
                return None
            name = os.fsdecode(data if delimiter == "" else list_parser.first_field(data, delimiter))
            paths.append(os.path.join(folder, name))
        return paths

    def gather_tensors(self, batch: tuple[torch.Tensor, ...], out: torch.Tensor, threads: int = 1) -> bool:
        first = batch[0]
        if not all(_is_packed(item) and item.dtype is first.dtype and item.shape == first.shape for item in batch):
            return False
        import torch

        torch.stack(batch, out=out)
        return True

    def gather_arrays(self, batch: tuple[NDArray[Any], ...], out: torch.Tensor, threads: int = 1) -> bool:
        first = batch[0]
        strides = tuple(stride * first.itemsize for stride in out.stride()[1:])
        if any(type(item) is not type(first) or item.strides != strides or item.shape != first.shape for item in batch):
            return False
        if any(item.dtype != first.dtype for item in batch):
            return False
        np.stack(batch, out=out.numpy())
        return True

    def gather_numbers(self, batch: tuple[bool | int | float, ...], out: torch.Tensor) -> bool:
        kind = type(batch[0])
        if set(map(type, batch)) != {kind}:
            return False
        try:
            out.numpy()[...] = np.array(batch, kind)
        except OverflowError:
            return False
        return True


def _is_packed(item: torch.Tensor) -> bool:
    """Whether the tensor is no more than its bytes in memory, in order."""
    import torch  # lists are read without it

    return (
        type(item) is torch.Tensor  # a subclass may mean anything
        and item.layout is torch.strided
        and item.is_cpu
        and not (item.is_nested or item.is_quantized or item.requires_grad or item.is_conj() or item.is_neg())
        and item.is_contiguous()
    )
