"""One column of a batch, its items all alike -> one tensor, in memory that is used again (shared in a worker process).

Natively where the extension is there, otherwise with NumPy and torch. Each function returns ``None`` for a column that
is not as plain as it has to be: that is torch's own business then. No result shares memory with its items.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import get_worker_info

from pixfeed import memory
from pixfeed.context import num_threads

# How torch describes its tensors to C; an older torch does not.
_EXCHANGE = getattr(torch.Tensor, "__dlpack_c_exchange_api__", None)
# Tensors of fewer values are left to torch, whose torch.stack is done before we have looked at all of them: with the
# extension, and without it. (But of tensors without dimensions torch.stack makes much ado.)
_SMALL, _LARGE = 1 << 8, 1 << 12
# From here on threads are worth their waking, in bytes.
_THREADS = 1 << 20

_DTYPES = [
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
# NumPy's dtypes, in the machine's byte order, and torch's. The newest of them are not in every torch.
_TORCH = {np.dtype(name): getattr(torch, name) for name in _DTYPES if hasattr(torch, name)}
# NumPy's scalars that keep their dtype on the way to a tensor. Of uint64 torch takes no list.
_SCALARS = {dtype.type for dtype in _TORCH if dtype != np.uint64}
# Python's numbers: the tensor's dtype and the extension's function.
_NUMBERS = {
    bool: (torch.bool, "gather_bools"),
    int: (torch.int64, "gather_ints"),
    float: (torch.float64, "gather_floats"),
}


@functools.cache
def _native():
    """The extension, or ``None`` where it was not built or PIXFEED_BACKEND chooses another backend. Asked once a
    process: the answer is needed for every column of every batch."""
    if os.environ.get("PIXFEED_BACKEND", "native") not in ("", "native"):
        return None
    try:
        from pixfeed import _native as module
    except ImportError:
        return None
    return module


def tensors(batch: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """``torch.stack`` of contiguous CPU tensors of one shape and dtype that need no gradient."""
    first = batch[0]
    here = get_worker_info() is None  # in a worker process torch.stack takes shared memory, and a descriptor, each time
    if here and first.numel() < _SMALL and first.ndim > 0:
        return torch.stack(batch, 0) if first.layout is torch.strided and not first.is_nested else None
    if not isinstance(batch, (list, tuple)) or not _packed(first):
        return None
    native = _native()
    if native is not None and _EXCHANGE is not None:
        batch = tuple(batch)
        out = memory.empty((len(batch), *first.shape), first.dtype)
        return out if native.gather_tensors(batch, _EXCHANGE, out.data_ptr(), out.nbytes, _threads(out)) else None
    if (here and first.numel() < _LARGE) or not all(
        _packed(item) and item.dtype is first.dtype and item.shape == first.shape for item in batch
    ):
        return None
    return torch.stack(batch, out=memory.empty((len(batch), *first.shape), first.dtype))


def _threads(out: torch.Tensor) -> int:
    return num_threads() if out.nbytes >= _THREADS else 1


def _packed(item: torch.Tensor) -> bool:
    """Whether the tensor is no more than its bytes in memory, in order."""
    return (
        type(item) is torch.Tensor  # a subclass may mean anything
        and item.layout is torch.strided
        and item.is_cpu
        and not (item.is_nested or item.is_quantized or item.requires_grad or item.is_conj() or item.is_neg())
        and item.is_contiguous()
    )


def arrays(batch: Sequence[np.ndarray]) -> torch.Tensor | None:
    """The stack of C-contiguous ndarrays of one shape and dtype, one that torch knows. Read-only ones will do."""
    first = batch[0]
    dtype = _TORCH.get(first.dtype)
    if dtype is None or type(first) not in (np.ndarray, np.memmap):
        return None
    batch = tuple(batch)
    out = memory.empty((len(batch), *first.shape), dtype)
    native = _native()
    if native is not None:
        return out if native.gather_arrays(batch, out.data_ptr(), _threads(out)) else None
    strides = tuple(stride * dtype.itemsize for stride in out.stride()[1:])
    if any(type(item) is not type(first) or item.strides != strides or item.shape != first.shape for item in batch):
        return None
    if any(item.dtype != first.dtype for item in batch):
        return None
    np.stack(batch, out=out.numpy())
    return out


def numbers(batch: Sequence[bool | int | float]) -> torch.Tensor | None:
    """Python's numbers, all of one type: bool, int64 or float64 ``[B]``. ``None`` if one is too large for int64."""
    kind = type(batch[0])
    if kind not in _NUMBERS:
        return None
    dtype, function = _NUMBERS[kind]
    batch = tuple(batch)
    native = _native()
    if native is not None:
        out = memory.empty((len(batch),), dtype)
        return out if getattr(native, function)(batch, out.data_ptr()) else None
    if set(map(type, batch)) != {kind}:
        return None
    try:
        return _copied(np.array(batch, kind))
    except OverflowError:
        return None


def scalars(batch: Sequence[np.generic]) -> torch.Tensor | None:
    """NumPy's scalars, all of one type: a tensor ``[B]`` of their dtype."""
    kinds = set(map(type, batch))
    if len(kinds) > 1 or not kinds <= _SCALARS:
        return None
    return _copied(np.array(batch))


def _copied(array: np.ndarray) -> torch.Tensor:
    out = memory.empty(array.shape, _TORCH[array.dtype])
    out.numpy()[...] = array
    return out
