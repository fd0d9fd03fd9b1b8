"""Slots: batches of a worker process in shared memory that is used again.

A slot is a segment of shared memory for one batch. In a worker process :func:`empty` returns a tensor in a slot. When
the tensor goes through the loader's queue, only the number of the slot and a ticket are sent. The main process attaches
the segment of a slot the first time that it receives its number. When the last view of the tensor is gone there, it
writes into the ticket, as soon as it receives the next one. A slot that is held in neither process is used for another
batch. Tickets are bytes of one small segment per worker process.

No descriptor stays open: that of a segment is sent once and closed on both sides. Small tensors are sent by value.

A fork would make a second holder that is not counted: slots that are held at that moment are not used again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing import resource_sharer, util  # noqa: F401  before there are threads, as torch does it
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch
from pixfeed._torch import (
    given_queues,
    in_storage,
    is_shared,
    reduce_tensor,
    runs_feeder_of,
    shared_storage,
    under_share_memory_lock,
)
from pixfeed.memory import shared_memory
from pixfeed.memory.idle import Pool
from pixfeed.memory.lent import Lent, lent_array

#: Tensors of fewer bytes are sent by value.
SMALL = 64 << 10

# The values of tickets, and the bytes of their segment that are no tickets.
_FREE, _OUT, _BACK, _SPOILT = range(4)
_KNOWN, _ENDED, _FIRST = range(3)  # the other process has attached it; the worker process has ended; the first ticket
_BYTES = 1 << 16

#: What a pickle has of a tensor: a function, and its arguments.
_Reduced = tuple[Callable[..., torch.Tensor], tuple[Any, ...]]


class _Descriptor(Protocol):
    """A descriptor on its way to another process: what ``DupFd`` makes."""

    def detach(self) -> int:
        """The descriptor, in the process that has received it. It is the caller's to close."""


_forks = 0  # of this process


def _count_fork() -> None:
    global _forks
    _collect()
    _forks += 1


def _forget() -> None:
    global _lender
    _lender = None
    _borrowed.clear()
    _returned.clear()


# -- the worker process ---------------------------------------------------------------------------------------------


class _Slot:
    def __init__(self, size: int, number: int, dropped: list[int]):
        self.number = number
        self.nbytes = size
        self.holders = 0  # the tensor here, and tickets
        self.spoilt = False
        self._dropped = dropped
        self._fd: int | None = shared_memory.reserve(size)
        self.memory = shared_memory.attach(self._fd, size)

    def descriptor(self) -> _Descriptor | None:
        """The segment's, the first time."""
        if self._fd is None:
            return None
        descriptor: _Descriptor = DupFd(self._fd)  # has a duplicate, until the other process has fetched that
        self._close()
        return descriptor

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __del__(self) -> None:
        if hasattr(self, "memory"):
            self._close()
            self._dropped.append(self.number)


class _Lender:
    """The slots of this worker process."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        self.pool = Pool(self._make)
        self._lock = threading.RLock()
        self._made = 0
        self._dropped: list[int] = []  # slots that are no more, which the other process need not keep either
        self._at: weakref.WeakValueDictionary[int, _Slot] = weakref.WeakValueDictionary()  # by address
        self._released: deque[Lent] = deque()  # by tensors here
        self._fd = shared_memory.reserve(_BYTES)
        self._tickets = shared_memory.attach(self._fd, _BYTES)
        self._out: dict[int, _Slot] = {}  # by ticket
        self._unused: list[int] = []
        self._end = _FIRST  # after the last ticket that was ever used
        util.Finalize(None, self._tickets.__setitem__, (_ENDED, 1), exitpriority=-100)

    def _make(self, size: int) -> _Slot:
        self._made += 1
        return _Slot(size, self._made, self._dropped)

    def empty(self, size: int) -> torch.Tensor:
        # Sizes in steps of a sixteenth: batches that are never quite of one size (pad_collate) share slots.
        step = 1 << max(12, size.bit_length() - 5)
        with self._lock:
            self._collect()
            slot = self.pool.take(-(-size // step) * step)
            slot.holders = 1
            self._at[slot.memory.ctypes.data] = slot
        # torch.from_numpy holds on to the array as long as any view of the tensor lives.
        return torch.from_numpy(lent_array(slot.memory[:size], (slot, _forks), self._released.append))

    def shrink(self, limit: int) -> int:
        with self._lock:
            self._collect()
            return self.pool.shrink(limit)

    def _collect(self) -> None:
        """Takes note of what was released and returned."""
        while self._released:
            slot, forks = self._released.popleft().what
            self._let_go(slot, forks != _forks)
        tickets = self._tickets[: self._end]
        for ticket in (_FIRST + np.flatnonzero(tickets[_FIRST:] >= _BACK)).tolist():
            spoilt = tickets[ticket] == _SPOILT
            tickets[ticket] = _FREE
            self._unused.append(ticket)
            self._let_go(self._out.pop(ticket), spoilt)

    def _let_go(self, slot: _Slot, spoilt: bool) -> None:
        slot.spoilt |= bool(spoilt)
        slot.holders -= 1
        if slot.holders == 0 and not slot.spoilt:
            self.pool.give(slot)

    def reduce(self, tensor: torch.Tensor) -> _Reduced | None:
        """The pickle of a tensor in a slot; ``None`` if it is in none, or no ticket is left."""
        slot = self._at.get(tensor.untyped_storage().data_ptr())
        if slot is None:
            return None
        with self._lock:
            self._collect()
            if self._unused:
                ticket = self._unused.pop()
            elif self._end < _BYTES:
                ticket, self._end = self._end, self._end + 1
            else:
                return None
            self._out[ticket] = slot
            slot.holders += 1
            self._tickets[ticket] = _OUT
            dropped = self._dropped[:]
            del self._dropped[: len(dropped)]
            tickets = None if self._tickets[_KNOWN] else DupFd(self._fd)
            lender = (self.name, os.getpid(), tickets, dropped)
            lent = (slot.number, slot.nbytes, slot.descriptor(), ticket)
        return _receive, (lender, lent, tensor.dtype, tensor.storage_offset(), tuple(tensor.shape), tensor.stride())


_lender: _Lender | None = None


def lend() -> None:
    """From now on tensors leave this worker process in slots or, if they are small, by value."""
    global _lender
    if _lender is None and shared_memory.POSSIBLE:
        _lender = _Lender()
        ForkingPickler.register(torch.Tensor, _reduce)


def empty(shape: tuple[int, ...], dtype: torch.dtype, size: int, limit: int) -> torch.Tensor:
    """An uninitialised contiguous tensor in a slot of this worker process.

    Args:
        shape, dtype, size: the tensor's, size in bytes.
        limit: idle bytes that are kept at most.

    Raises:
        MemoryError: there is not enough shared memory.
    """
    if _lender is None:  # this system has no slots
        return in_storage(shared_storage(size), dtype, shape)
    _lender.pool.limit = limit
    return _lender.empty(size).view(dtype).view(shape)


def shrink(limit: int) -> int:
    """Gives idle memory beyond ``limit`` bytes back to the system; how many bytes. Forgets the slots of processes that
    have ended."""
    _collect()
    _tidy()
    return 0 if _lender is None else _lender.shrink(limit)


def _reduce(tensor: torch.Tensor) -> _Reduced:
    """In place of torch's reduce_tensor in a worker process: for ordinary tensors on their way to the loader."""
    if _lender is None or not _plain(tensor) or not _for_the_loader():
        return reduce_tensor(tensor)
    return _reduce_storage(tensor.untyped_storage(), tensor, _lender)


@under_share_memory_lock
def _reduce_storage(_: torch.UntypedStorage, tensor: torch.Tensor, lender: _Lender) -> _Reduced:
    """Under the lock of torch's that share_memory_() takes: a user's own queue, which has the same tensor, moves it to
    other memory in a thread of its own."""
    reduced = lender.reduce(tensor)
    # Neither shared on purpose, nor a part of something that others may be parts of, too.
    whole = tensor.is_contiguous() and tensor.nbytes == tensor.untyped_storage().nbytes() and not is_shared(tensor)
    if reduced is None and whole and tensor.nbytes < SMALL:
        flat = tensor.as_strided((tensor.numel(),), (1,))  # a dimension of one or none may have any stride
        return _rebuild, (flat.view(torch.uint8).numpy().tobytes(), tensor.dtype, tuple(tensor.shape))
    if reduced is None and whole:
        with contextlib.suppress(MemoryError):  # torch has its own words for that
            copy = lender.empty(tensor.nbytes).view(tensor.dtype).view(tensor.shape).copy_(tensor)
            reduced = lender.reduce(copy)
    return reduced or reduce_tensor(tensor)


def _plain(tensor: torch.Tensor) -> bool:
    return (
        tensor.is_cpu
        and tensor.layout is torch.strided
        and not (tensor.is_nested or tensor.is_quantized or tensor.requires_grad or tensor.is_conj() or tensor.is_neg())
    )


def _for_the_loader() -> bool:
    """Whether this thread feeds a queue that this process was started with: the loader's. Of other queues, a user's,
    it is not known where they end."""
    return runs_feeder_of(given_queues())


# -- the main process -------------------------------------------------------------------------------------------------


class _Borrowed:
    """The slots of one worker process that were received here. Memory in use is kept alive by its tensors."""

    def __init__(self, worker: int, tickets: _Descriptor):
        self._worker = worker
        self.tickets = self._attach(tickets, _BYTES)
        self.tickets[_KNOWN] = 1
        self._slots: dict[int, NDArray[np.uint8]] = {}

    def slot(self, number: int, size: int, descriptor: _Descriptor | None) -> NDArray[np.uint8]:
        if descriptor is not None:
            self._slots[number] = self._attach(descriptor, size)
        return self._slots[number]

    def _attach(self, descriptor: _Descriptor, size: int) -> NDArray[np.uint8]:
        try:
            fd = descriptor.detach()
        except (ConnectionError, FileNotFoundError, EOFError):
            for process in _children(self._worker):
                process.join(5)  # it was killed just now: until that is seen torch does not say so
            raise
        try:
            return shared_memory.attach(fd, size)
        finally:
            os.close(fd)

    def drop(self, numbers: list[int]) -> None:
        for number in numbers:
            self._slots.pop(number, None)

    def tidy(self) -> None:
        if self.tickets[_ENDED]:
            self._slots.clear()


_borrowed: dict[str, _Borrowed] = {}
_returned: deque[Lent] = deque()  # by tensors here; not yet said to their lenders


def _collect() -> None:
    """Tells worker processes what was returned."""
    while _returned:
        name, ticket, forks, process = _returned.popleft().what
        borrowed = _borrowed.get(name)
        if borrowed is not None and os.getpid() == process:  # and not a forked child with what its parent holds
            borrowed.tickets[ticket] = _BACK if forks == _forks else _SPOILT
            borrowed.tidy()


def _tidy() -> None:
    for borrowed in list(_borrowed.values()):
        borrowed.tidy()


def _children(number: int) -> list[BaseProcess]:
    return [process for process in multiprocessing.active_children() if process.pid == number]


def _receive(
    lender: tuple[str, int, _Descriptor | None, list[int]],
    lent: tuple[int, int, _Descriptor | None, int],
    dtype: torch.dtype,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
) -> torch.Tensor:
    """The tensor in its slot, without a copy."""
    name, worker, tickets, dropped = lender
    number, size, descriptor, ticket = lent
    _collect()
    borrowed = _borrowed.get(name)
    if borrowed is None:
        _tidy()
        assert tickets is not None  # a worker process sends them until they are known here
        borrowed = _borrowed[name] = _Borrowed(worker, tickets)
        for process in _children(worker):  # an iterator of the loader holds it, and it is gone with that
            weakref.finalize(process, _borrowed.pop, name, None).atexit = False
    elif tickets is not None:
        os.close(tickets.detach())
    borrowed.drop(dropped)
    slot = borrowed.slot(number, size, descriptor)
    storage = torch.from_numpy(
        lent_array(slot, (name, ticket, _forks, os.getpid()), _returned.append)
    ).untyped_storage()
    return torch.empty(0, dtype=dtype).set_(storage, offset, shape, stride)


def _rebuild(data: bytes, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """A tensor that was sent by value."""
    return torch.frombuffer(bytearray(data), dtype=dtype).view(shape) if data else torch.empty(shape, dtype=dtype)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_count_fork, after_in_parent=_count_fork, after_in_child=_forget)
