"""Where batches live: torch's memory, ordinary or shared, used again when nobody holds it any more.

Fresh memory costs a page fault every 4 kB, which takes longer than copying the page. So batches of one size come from
a pool and go back to it when the last tensor that views them is gone, never before: a batch that somebody holds is
never written again.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections import OrderedDict

import numpy as np
import torch
from torch.utils.data import get_worker_info

from pixfeed.threads import pinned

# Below this size malloc keeps its own memory and a pool only adds work.
_SMALL = 64 << 10


class _Pool:
    def __init__(self, limit: int = 1 << 30):
        self.limit = limit  # idle bytes that are kept at most
        # Reentrant: the garbage collector may run a finaliser, which gives memory back, inside take() or give().
        self._lock = threading.RLock()
        self._idle: OrderedDict[int, list[np.ndarray]] = OrderedDict()  # by size, least recently used first
        self._kept = 0

    def take(self, size: int) -> np.ndarray:
        with self._lock:
            idle = self._idle.get(size)
            if idle:
                self._kept -= size
                self._idle.move_to_end(size)
                return idle.pop()
        memory = np.empty(size + 63, np.uint8)
        start = -memory.ctypes.data % 64  # whole cache lines, as torch's own memory
        return memory[start : start + size]

    def give(self, memory: np.ndarray) -> None:
        size = memory.nbytes
        if size > self.limit:
            return
        with self._lock:
            self._idle.setdefault(size, []).append(memory)
            self._idle.move_to_end(size)
            self._kept += size
            self.shrink(self.limit)

    def shrink(self, limit: int) -> int:
        """Gives the system all idle memory beyond ``limit`` bytes, least recently used first; how many bytes."""
        with self._lock:
            before = self._kept
            while self._kept > limit:
                oldest = next(iter(self._idle))
                if self._idle[oldest]:
                    self._idle[oldest].pop()
                    self._kept -= oldest
                else:
                    del self._idle[oldest]
            return before - self._kept


_pool = _Pool()


def _forget() -> None:
    global _pool
    _pool = _Pool(_pool.limit)


# A forked child leaves its parent's pool alone: its pages would be copied when written, its lock may be taken.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def set_limit(size: int) -> None:
    """Keep at most ``size`` bytes of idle batch memory, 1 GiB by default. Batches that somebody holds do not count.

    Raises:
        ValueError: ``size`` is negative.
    """
    if size < 0:
        raise ValueError(f"the limit is {size} bytes; it must not be negative")
    _pool.limit = size
    _pool.shrink(size)


def trim() -> int:
    """Give all idle batch memory back to the system. Batches that somebody holds are not touched.

    Returns:
        How many bytes it was.
    """
    return _pool.shrink(0)


def _give_back(memory: np.ndarray) -> None:
    _pool.give(memory)


def empty(
    shape: tuple[int, ...], dtype: torch.dtype, memory_format: torch.memory_format = torch.contiguous_format
) -> torch.Tensor:
    """An uninitialised tensor to decode into, or to gather a batch in.

    Ordinary memory from the pool; pinned memory where a DataLoader asked for it; in a worker process of a DataLoader
    shared memory, so that the batch reaches the main process without a copy.

    Args:
        shape: the tensor's shape.
        dtype: any dtype of torch but the quantized ones.
        memory_format: ``torch.contiguous_format``; or ``torch.channels_last`` for images ``[..., C, H, W]`` whose
            channels lie side by side.
    """
    if memory_format == torch.channels_last:
        return empty((*shape[:-3], *shape[-2:], shape[-3]), dtype).movedim(-1, -3)
    size = math.prod(shape) * dtype.itemsize
    if get_worker_info() is not None:
        storage = torch.UntypedStorage._new_shared(size, device="cpu")
        return torch.empty(0, dtype=dtype).set_(storage, 0, shape)
    if pinned():
        return torch.empty(shape, dtype=dtype, pin_memory=True)  # torch keeps pinned memory and uses it again
    if size < _SMALL:
        return torch.empty(shape, dtype=dtype)
    memory = _pool.take(size)
    slot = memory.view()  # torch.from_numpy holds on to this object as long as any view of the tensor lives
    weakref.finalize(slot, _give_back, memory).atexit = False
    return torch.from_numpy(slot).view(dtype).view(shape)


def array(tensor: torch.Tensor) -> np.ndarray:
    """The memory of a CPU tensor, to be written to. NumPy has no bfloat16: its bits are uint16 there, as the backends
    expect them."""
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(np.uint16)
    return tensor.numpy()
