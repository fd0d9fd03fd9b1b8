"""The only door to private names of torch and of Python's multiprocessing.

Everything here may change with a new torch or a new Python. ``tests/test_architecture.py`` finds private names anywhere
else. Known to work: torch 2.3 to 2.13, CPython 3.11 to 3.14.
"""

from __future__ import annotations

import inspect
import multiprocessing
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import queues
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pixfeed._stand_in import HAS_TORCH, torch

if TYPE_CHECKING or HAS_TORCH:
    import torch.utils.data
    from torch._utils import ExceptionWrapper
    from torch.multiprocessing import reductions
    from torch.storage import _share_memory_lock_protected
    from torch.utils.data._utils import collate as collating
    from torch.utils.data._utils import pin_memory as pinning
    from torch.utils.data.dataloader import (
        _BaseDataLoaderIter,
        _DatasetKind,
        _MultiProcessingDataLoaderIter,
        _SingleProcessDataLoaderIter,
    )
else:
    ExceptionWrapper = reductions = collating = pinning = torch
    _share_memory_lock_protected = torch.decorator
    _BaseDataLoaderIter = _DatasetKind = _MultiProcessingDataLoaderIter = _SingleProcessDataLoaderIter = torch

__all__ = [
    "PROCESSES_KNOW_IN_ORDER",
    "TENSOR_EXCHANGE",
    "LoaderBase",
    "LoaderIter",
    "MultiProcessIter",
    "SingleProcessIter",
    "asked_itself",
    "collating",
    "given_queues",
    "in_storage",
    "is_shared",
    "pin_memory",
    "reduce_tensor",
    "report_feeder_errors",
    "runs_feeder_of",
    "shared_storage",
    "under_share_memory_lock",
]

_T_co = TypeVar("_T_co", covariant=True)
_Function = TypeVar("_Function", bound=Callable[..., Any])

#: How torch describes its tensors to C: a capsule with DLPack's exchange table. An older torch has none.
TENSOR_EXCHANGE = getattr(torch.Tensor, "__dlpack_c_exchange_api__", None)


#: ``reduce_tensor(tensor)``: what a pickle of a tensor has.
reduce_tensor: Callable[[torch.Tensor], tuple[Any, ...]] = reductions.reduce_tensor
#: A decorator for functions whose first argument is a storage: torch's lock of that storage is held.
under_share_memory_lock: Callable[[_Function], _Function] = _share_memory_lock_protected
#: ``pin_memory(data, device)``: the same structure, with its tensors in pinned memory.
pin_memory: Callable[[Any, str | None], Any] = pinning.pin_memory


def shared_storage(size: int) -> torch.UntypedStorage:
    """``size`` bytes of torch's own shared memory."""
    new_shared: Callable[..., torch.UntypedStorage] = torch.UntypedStorage._new_shared
    return new_shared(size, device="cpu")


def in_storage(storage: torch.UntypedStorage, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """The contiguous tensor at the beginning of a storage."""
    tensor: Any = torch.empty(0, dtype=dtype)
    made: torch.Tensor = tensor.set_(storage, 0, shape)
    return made


def is_shared(tensor: torch.Tensor) -> bool:
    """Whether a tensor lies in torch's shared memory."""
    shared: Callable[[], bool] = tensor.is_shared
    return shared()


# -- the DataLoader ----------------------------------------------------------------------------------------------------

#: Whether torch's worker processes know ``in_order=False``: those of torch 2.6 and newer do.
PROCESSES_KNOW_IN_ORDER = HAS_TORCH and "in_order" in inspect.signature(torch.utils.data.DataLoader).parameters


class LoaderBase(torch.utils.data.DataLoader[_T_co]):
    """torch's DataLoader. Subclasses say how an iterator is made and in which order samples come.

    Args:
        *args, **kwargs: as for torch's.
        in_order: kept here for threads, where an older torch does not know it.
    """

    in_order: bool

    def __init__(self, *args: Any, in_order: bool, **kwargs: Any):
        if PROCESSES_KNOW_IN_ORDER:
            super().__init__(*args, in_order=in_order, **kwargs)
        else:
            super().__init__(*args, **kwargs)
            self.in_order = in_order

    def _make_iterator(self) -> _BaseDataLoaderIter:
        raise NotImplementedError

    def _ordered(self, index_sampler: Any) -> Any:
        """The index sampler that iterators use in place of torch's."""
        raise NotImplementedError

    @property
    def _is_iterable(self) -> bool:
        """Whether the dataset is an IterableDataset."""
        return self._dataset_kind == _DatasetKind.Iterable

    @property
    def _makes_batches(self) -> bool:
        """Whether samples are collated: not with ``batch_size=None``."""
        return bool(self._auto_collation)

    def _get_iterator(self) -> _BaseDataLoaderIter:
        return self._make_iterator()

    @property
    def _index_sampler(self) -> Any:
        return self._ordered(super()._index_sampler)

    def _drop_workers(self) -> None:
        """The next epoch starts new worker processes, also with ``persistent_workers``."""
        self._iterator = None


class LoaderIter(_BaseDataLoaderIter):
    """An iterator over the batches of a loader that subclasses fetch in their own way."""

    def _started(self, loader: LoaderBase[Any]) -> None:
        """Called when an epoch begins with an iterator that has served one already."""

    def _next_batch(self) -> Any:
        """
        Raises:
            StopIteration: the epoch is over.
        """
        raise NotImplementedError

    def _new_fetcher(self) -> Any:
        """torch's object whose ``fetch(indices)`` reads samples and collates them."""
        create: Callable[..., Any] = _DatasetKind.create_fetcher
        return create(self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last)

    @property
    def _makes_batches(self) -> bool:
        """Whether samples are collated: not with ``batch_size=None``."""
        return bool(self._auto_collation)

    @property
    def _pinned_device(self) -> str | None:
        return self._pin_memory_device if self._pin_memory else None

    @property
    def _patience(self) -> float | None:
        """Seconds to wait for a batch, ``None`` for no limit."""
        return self._timeout or None

    @property
    def _threads_wanted(self) -> int:
        """``num_workers``."""
        return self._num_workers

    def _draw_indices(self) -> Any:
        draw: Callable[[], Any] = self._next_index
        return draw()

    def _reset(self, loader: LoaderBase[Any], first_iter: bool = False) -> None:
        super()._reset(loader, first_iter)
        self._started(loader)

    def _next_data(self) -> Any:
        return self._next_batch()


class SingleProcessIter(_SingleProcessDataLoaderIter):
    """torch's iterator of ``num_workers=0``. A batch in which Ctrl-C was pressed is the next one again."""

    def __init__(self, loader: LoaderBase[Any]):
        self._drawn: list[Any] = []  # the indices of the batch that is being made
        super().__init__(loader)

    def _gone_past(self) -> None:
        """Called for a batch that is yielded, or failed."""

    def _reads(self, indices: Any) -> None:
        """Called with the indices of a batch before it is read."""

    def _next_batch(self) -> Any:
        fetch: Callable[[], Any] = super()._next_data
        try:
            batch = fetch()
        except Exception as error:
            if self._drawn and not isinstance(error, StopIteration):
                self._gone_past()
            self._drawn.clear()
            raise
        self._drawn.clear()
        self._gone_past()
        return batch

    def _next_index(self) -> Any:
        if not self._drawn:
            draw: Callable[[], Any] = super()._next_index
            self._drawn.append(draw())
        self._reads(self._drawn[0])
        return self._drawn[0]

    def _reset(self, loader: LoaderBase[Any], first_iter: bool = False) -> None:
        self._drawn.clear()
        super()._reset(loader, first_iter)

    def _next_data(self) -> Any:
        return self._next_batch()


def _keep_until_now(_: object) -> None:
    """What a :class:`weakref.finalize` calls whose arguments are to live as long as its object."""


class MultiProcessIter(_MultiProcessingDataLoaderIter):
    """torch's iterator of worker processes, which end at once when the garbage collector finds it."""

    def __init__(self, loader: LoaderBase[Any]):
        super().__init__(loader)
        # The traceback of an error makes a cycle of this iterator. When the garbage collector frees a cycle, it ends
        # the threads of the queues in it before it calls __del__: the processes are not told to end, and torch waits
        # 5 s for each of them. Queues that are referred to from outside the cycle are freed after __del__.
        weakref.finalize(self, _keep_until_now, self._index_queues).atexit = False

    def _starts(self, loader: LoaderBase[Any]) -> None:
        """Called when an epoch begins, before indices are sent to workers."""

    def _indices_to_send(self, indices: Any) -> Any:
        """What is sent to a worker in place of a batch of indices."""
        return indices

    def _gone_past(self) -> None:
        """Called for a batch that is yielded, or failed."""

    def _next_batch(self) -> Any:
        fetch: Callable[[], Any] = super()._next_data
        before = self._rcvd_idx
        try:
            batch = fetch()
        except StopIteration:
            raise
        except BaseException:  # of the batch, if torch has gone past it; else of a worker, or there was no time
            if self._rcvd_idx != before:
                self._gone_past()
            raise
        self._gone_past()
        return batch

    def _reset(self, loader: LoaderBase[Any], first_iter: bool = False) -> None:
        self._starts(loader)
        super()._reset(loader, first_iter)

    def _next_index(self) -> Any:
        draw: Callable[[], Any] = super()._next_index
        return self._indices_to_send(draw())

    def _next_data(self) -> Any:
        return self._next_batch()


def asked_itself(method: _Function) -> _Function:
    """A decorator for ``__getitems__``, which torch looks for in the dataset that it was given.

    A wrapper with a ``__getattr__`` that asks the dataset inside would have it, too, and torch would go past the
    wrapper's own ``__getitem__``. It does not find it there: an attribute that a ``__getattr__`` asks for is not there.
    """

    class Asked:
        def __get__(self, instance: object, owner: type | None = None) -> Any:
            if instance is not None and sys._getframe(1).f_code.co_name == "__getattr__":
                raise AttributeError(f"{method.__name__} is for who asks the dataset itself")
            bind: Any = method
            return bind.__get__(instance, owner)

    asked: Any = Asked()
    return cast(_Function, asked)


# -- collating ---------------------------------------------------------------------------------------------------------

#: A ``collate_fn_map``: what collates samples of a type.
CollateFunctions = dict[type | tuple[type, ...], Callable[..., Any]]


def register_collate(kind: type, function: Callable[..., Any]) -> None:
    """torch's ``default_collate`` calls ``function`` for samples of that type from now on."""
    collating.default_collate_fn_map[kind] = function


# -- worker processes --------------------------------------------------------------------------------------------------


def given_queues() -> list[queues.Queue[Any]]:
    """The queues that this process was started with: in a DataLoader's worker process, the loader's."""
    started_with: Iterable[Any] = getattr(multiprocessing.current_process(), "_args", ())
    return [it for it in started_with if isinstance(it, queues.Queue)]


def runs_feeder_of(given: Sequence[queues.Queue[Any]]) -> bool:
    """Whether this thread is the one that pickles and sends what is put into one of these queues."""
    thread = threading.current_thread()
    return any(getattr(queue, "_thread", None) is thread for queue in given)


def report_feeder_errors(queue: queues.Queue[Any]) -> None:
    """A batch that cannot be pickled becomes an error in the loop that waits for it.

    Python's queues pickle in a thread of their own. They drop what cannot be pickled, and print a traceback; torch's
    loader then waits for that batch without end.
    """

    all_queues: Any = queues.Queue
    this_queue: Any = queue
    wrapper: Callable[..., object] = ExceptionWrapper

    def handler(error: Exception, sent: object) -> None:
        number = sent[0] if isinstance(sent, tuple) and len(sent) == 2 else None
        if not isinstance(number, int):  # no batch
            all_queues._on_queue_feeder_error(error, sent)
            return
        info: tuple[type[BaseException], BaseException, TracebackType | None]
        info = type(error), error, error.__traceback__
        where = "in a DataLoader worker process, where the batch could not be sent"
        queue.put((number, wrapper(info, where)))

    this_queue._on_queue_feeder_error = handler
