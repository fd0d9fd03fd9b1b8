"""One column of a batch -> one tensor, if its items are all alike.

Each function returns ``None`` for a column that is not as plain as it has to be: torch collates that. Results lie in
memory that is used again (shared memory in a worker process), and share none with their items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends, memory
from pixfeed._real_torch import get_worker_info, torch
from pixfeed.context import num_threads

# Tensors of fewer values are left to torch, whose torch.stack is done before we have looked at all of them. (With
# tensors that have no dimensions torch.stack is slow.)
_SMALL = 1 << 8
# From here on, in bytes, threads are worth waking.
_THREADS = 1 << 20

_DTYPES = [
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
# NumPy's dtypes, in the machine's byte order, and torch's. The newest of them are not in every torch.
_TORCH = {np.dtype(name): getattr(torch, name) for name in _DTYPES if hasattr(torch, name)}
# NumPy's scalars that keep their dtype on the way to a tensor. Of uint64 torch takes no list.
_SCALARS = {dtype.type for dtype in _TORCH if dtype != np.uint64}
# Python's numbers, and the tensor's dtype.
_NUMBERS = {bool: torch.bool, int: torch.int64, float: torch.float64}


def tensors(batch: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """``torch.stack`` of contiguous CPU tensors of one shape and dtype that need no gradient."""
    first = batch[0]
    here = get_worker_info() is None  # in a worker process torch.stack takes shared memory, and a descriptor, each time
    if here and first.numel() < _SMALL and first.ndim > 0:
        return torch.stack(list(batch), 0) if first.layout is torch.strided and not first.is_nested else None
    if not isinstance(batch, (list, tuple)) or type(first) is not torch.Tensor or first.layout is not torch.strided:
        return None
    if first.is_nested or first.is_quantized or not first.is_cpu:
        return None
    out = memory.empty((len(batch), *first.shape), first.dtype)
    return out if backends.choose_tables().gather_tensors(tuple(batch), out, _threads(out)) else None


def _threads(out: torch.Tensor) -> int:
    return num_threads() if out.nbytes >= _THREADS else 1


def arrays(batch: Sequence[NDArray[Any]]) -> torch.Tensor | None:
    """The stack of C-contiguous ndarrays of one shape and a dtype that torch knows. Read-only ones will do."""
    first = batch[0]
    dtype = _TORCH.get(first.dtype)
    if dtype is None or type(first) not in (np.ndarray, np.memmap):
        return None
    out = memory.empty((len(batch), *first.shape), dtype)
    return out if backends.choose_tables().gather_arrays(tuple(batch), out, _threads(out)) else None


def numbers(batch: Sequence[bool | int | float]) -> torch.Tensor | None:
    """Python's numbers, all of one type: bool, int64 or float64 ``[B]``. ``None`` if one is too large for int64."""
    dtype = _NUMBERS.get(type(batch[0]))
    if dtype is None:
        return None
    out = memory.empty((len(batch),), dtype)
    return out if backends.choose_tables().gather_numbers(tuple(batch), out) else None


def scalars(batch: Sequence[np.generic[Any]]) -> torch.Tensor | None:
    """NumPy's scalars, all of one type: a tensor ``[B]`` of their dtype."""
    kinds = set(map(type, batch))
    if len(kinds) > 1 or not kinds <= _SCALARS:
        return None
    return _copied(np.array(batch))


def _copied(array: NDArray[Any]) -> torch.Tensor:
    out = memory.empty(array.shape, _TORCH[array.dtype])
    out.numpy()[...] = array
    return out
