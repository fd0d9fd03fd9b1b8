"""The memory of batches: torch's memory, ordinary or shared, which is used again when no tensor views it any more.

Fresh memory costs a page fault every 4 kB, which takes longer than copying the page. So batches of one size come from
a pool. They go back to it when the last tensor that views them is gone, never before: a batch that is still in use is
never overwritten.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch
from pixfeed.context import in_worker, pinned
from pixfeed.memory import shared_batches
from pixfeed.memory.idle import Pool

# Below this size malloc keeps its own memory and a pool only adds work.
_SMALL = shared_batches.SMALL


def _aligned(size: int) -> NDArray[np.uint8]:
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64  # whole cache lines, as torch's own memory
    return memory[start : start + size]


_pool = Pool(_aligned)


def _forget() -> None:
    global _pool
    _pool = Pool(_aligned, _pool.limit)


# A forked child leaves its parent's pool alone: its pages would be copied when written, its lock may be taken.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def set_limit(size: int) -> None:
    """Limit the idle batch memory of this process. What is idle beyond the limit is given back to the system at once.

    The limit holds for the memory of earlier batches that is kept for later ones; batches that are still in use do not
    count. With batches of several sizes more may be kept, until the next one is made. Each process has its own limit. A
    forked worker process starts with the limit of its parent; a spawned one may call this in ``worker_init_fn``.

    Args:
        size: the limit in bytes, 1 GiB (``1 << 30``) by default. 0 keeps nothing.

    Raises:
        ValueError: ``size`` is negative.
    """
    if size < 0:
        raise ValueError(f"the limit is {size} bytes; it must not be negative")
    _pool.limit = size
    _pool.shrink(size)
    shared_batches.shrink(size)


def trim() -> int:
    """Give all idle batch memory of this process back to the system. Batches that are still in use stay as they are.

    Returns:
        The number of bytes that were given back.
    """
    return _pool.shrink(0) + shared_batches.shrink(0)


def empty(
    shape: tuple[int, ...],
    dtype: torch.dtype,
    memory_format: torch.memory_format = torch.contiguous_format,
    part: bool = False,
    varies: bool = False,
) -> torch.Tensor:
    """An uninitialised tensor to decode into, or to gather a batch in.

    Ordinary memory from the pool; pinned memory where a DataLoader asked for it; in a worker process of a DataLoader a
    slot of shared memory, so that the batch reaches the main process without a copy.

    Args:
        shape: the tensor's shape.
        dtype: any dtype of torch but the quantized ones.
        memory_format: ``torch.contiguous_format``; or ``torch.channels_last`` for images ``[..., C, H, W]`` whose
            channels lie side by side.
        part: the tensor is to become a part of a batch, and does not leave a worker process by itself.
        varies: batches of this kind differ in size: idle memory is used that is up to twice as large.

    Raises:
        MemoryError: there is not enough shared memory.
    """
    if memory_format == torch.channels_last:
        return empty((*shape[:-3], *shape[-2:], shape[-3]), dtype, part=part, varies=varies).movedim(-1, -3)
    size = math.prod(shape) * dtype.itemsize
    if in_worker():
        shared_batches.lend()
        if size >= _SMALL and not part:
            return shared_batches.empty(shape, dtype, size, _pool.limit)
    if pinned():
        return torch.empty(shape, dtype=dtype, pin_memory=True)  # torch keeps pinned memory and uses it again
    if size < _SMALL:
        return torch.empty(shape, dtype=dtype)
    # torch.from_numpy holds on to the array as long as any view of the tensor lives.
    return torch.from_numpy(_pool.lend(size, 2 * size if varies else size)).view(dtype).view(shape)


def array(tensor: torch.Tensor) -> NDArray[Any]:
    """The memory of a CPU tensor, to be written to. NumPy has no bfloat16: its bits are uint16 there, as the backends
    expect them."""
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(np.uint16)
    return tensor.numpy()


def split(tensor: torch.Tensor, sizes: Sequence[int]) -> list[torch.Tensor]:
    """Parts of a CPU tensor along its first dimension, in the same memory, each a tensor of its own: what is done to
    one in place is no change of another for autograd, and ``torch.save`` writes no more than the part.

    Args:
        sizes: of the parts, which add up to ``len(tensor)``.
    """
    values, parts, end = array(tensor), [], 0
    for size in sizes:
        begin, end = end, end + size
        part = torch.from_numpy(values[begin:end])
        parts.append(part.view(tensor.dtype) if part.dtype != tensor.dtype else part)
    return parts
