"""DataLoader: torch's, with threads of the native pool in place of worker processes where that is possible."""

from __future__ import annotations

import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, wait
from itertools import islice
from typing import TypeVar

import torch
import torch.utils.data
from torch.utils.data import Dataset, Sampler, _utils
from torch.utils.data.dataloader import _BaseDataLoaderIter, _DatasetKind

from pixfeed import draws
from pixfeed.collate import default_collate, pad_collate
from pixfeed.context import Turn, cores, for_loader
from pixfeed.costs import Costs, take
from pixfeed.datasets.concat import datasets, joined, reads_natively
from pixfeed.datasets.failure_log import Failure
from pixfeed.loading.fetch_threads import Fetch, Fetchers
from pixfeed.loading.order import Order, Position
from pixfeed.loading.stats import Stats
from pixfeed.loading.stopwatch import Counted, MainIter, ProcessesIter, Watch, Watched

# Held while a loader is changed for the iterator that is being made. A forked child may find it locked by a thread that
# it does not have.
_changed = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: globals().update(_changed=threading.RLock()))

#: Functions that make a batch of pixfeed's samples without Python work for each sample.
_COLLATES = (default_collate, pad_collate, _utils.collate.default_collate, _utils.collate.default_convert)


_T_co = TypeVar("_T_co", covariant=True)


class DataLoader(torch.utils.data.DataLoader[_T_co]):
    """``torch.utils.data.DataLoader``, with its whole signature and meaning, and faster where pixfeed reads the images.

    A pixfeed dataset (also inside ``Subset`` or ``ConcatDataset``) with ``num_workers > 0`` is read by ``num_workers``
    threads of the process-wide native pool instead of worker processes: nothing is pickled, nothing goes through
    shared memory, nothing has to start up, and an error arrives as it was raised. ``prefetch_factor`` batches are in
    flight; the oldest is worked on first, and its last images share the cores with the first of the next. Everything
    else goes torch's own way: other datasets, iterable ones, ``num_workers=0``, a ``collate_fn`` of one's own,
    ``worker_init_fn``, ``multiprocessing_context``.

    The order of samples is torch's for the same generator and sampler, whatever the number and kind of workers. A
    sampler with ``set_epoch`` (DistributedSampler) is told the epoch at every ``iter()``, unless somebody else does it.
    Random transforms of pixfeed's datasets draw for that epoch, too, whoever reads: main process, threads, worker
    processes that stay alive, several iterators at a time.

    Args:
        dataset, batch_size, shuffle, sampler, batch_sampler, num_workers, collate_fn, pin_memory, drop_last, timeout,
            worker_init_fn, multiprocessing_context, generator, prefetch_factor, persistent_workers, pin_memory_device,
            in_order: as for ``torch.utils.data.DataLoader``; ``collate_fn`` is :func:`pixfeed.default_collate` by
            default. With threads, ``pin_memory`` decodes straight into pinned memory, ``prefetch_factor`` (2) is the
            number of batches in flight altogether, and there is nothing that ``persistent_workers`` would have to keep.
        workers: ``"thread"`` or ``"process"``; ``None`` for threads where that is possible.

    Raises:
        ValueError: as torch's; or ``workers="thread"`` where it is not possible.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context=None,
        generator: torch.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        workers: str | None = None,
    ):
        if workers not in (None, "thread", "process"):
            raise ValueError(f"workers is {workers!r}; it may be 'thread', 'process' or None")
        self._epoch = -1  # the one that runs, or ran last
        self._told: dict[int, int] = {}  # the epoch that a sampler was told, by its place among the samplers
        self._loaded: dict | None = None  # the state that the next epoch goes on from
        self._watch: Watch | None = None  # over the epoch that runs, or ran last
        self._has_threads = False  # whether threads read that epoch
        self._position: Position | None = None
        if collate_fn is None and (batch_size is not None or batch_sampler is not None):
            collate_fn = default_collate
        with warnings.catch_warnings():
            if workers != "process" and reads_natively(dataset):  # threads are no processes
                warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
            super().__init__(
                dataset,
                batch_size,
                shuffle,
                sampler,
                batch_sampler,
                num_workers,
                collate_fn,
                pin_memory,
                drop_last,
                timeout,
                worker_init_fn,
                multiprocessing_context,
                generator,
                prefetch_factor=prefetch_factor,
                persistent_workers=persistent_workers,
                pin_memory_device=pin_memory_device,
                in_order=in_order,
            )
        self.workers = workers
        self._position = self._new_position()
        why_not = self._why_no_threads()
        if workers == "thread" and why_not:
            raise ValueError(f"workers='thread' is not possible: {why_not}")

    def _why_no_threads(self) -> str:
        """Why threads cannot do it; empty if they can."""
        if self.num_workers == 0:
            return "num_workers is 0"
        if not reads_natively(self.dataset):
            if any(dataset.runs_python for dataset in datasets(self.dataset)):
                return "a part of the transform runs in Python, for which threads would wait for each other"
            return f"{type(self.dataset).__name__} is no pixfeed dataset, or its __getitem__ is not pixfeed's"
        if self.collate_fn not in _COLLATES:
            return "collate_fn is a function of your own"
        if self.worker_init_fn is not None or self.multiprocessing_context is not None:
            return "worker_init_fn and multiprocessing_context are for processes"
        return ""

    @property
    def _index_sampler(self):
        of = super()._index_sampler
        return of if self._position is None or self._iterable else Order(of, self._position)

    @property
    def _iterable(self) -> bool:
        return self._dataset_kind == _DatasetKind.Iterable

    def _get_iterator(self) -> _BaseDataLoaderIter:
        why_not = self._why_no_threads()
        if self.workers == "thread" and why_not:  # since the loader was made, something was changed
            raise ValueError(f"workers='thread' is not possible: {why_not}")
        self._has_threads = self.workers != "process" and not why_not
        with _changed:
            given = {"dataset": self.dataset, "collate_fn": self.collate_fn}
            vars(self)["dataset"] = joined(self.dataset)  # for the iterator alone
            try:
                if self._has_threads:
                    return _ThreadsIter(self)
                if self.num_workers == 0:
                    return MainIter(self)
                self.check_worker_number_rationality()
                vars(self)["collate_fn"] = Counted(self.collate_fn)
                return ProcessesIter(self)
            finally:
                vars(self).update(given)

    def __iter__(self) -> _BaseDataLoaderIter:
        state, self._loaded = self._loaded, None
        self._position.from_the_start()
        self._epoch += 1
        if state is not None:
            finished = self._is_behind(state["batches"])
            self._epoch = state["epoch"] + finished
            self._position.go_to(state["batches"], finished, state["random"], state.get("fresh", False))
        for place, sampler in enumerate(self._samplers()):
            self._tell_epoch(place, sampler)
        watch = Watch()
        batches = super().__iter__()
        batches.watch = watch
        first = self._position.first
        if self._iterable:  # there is no other way to get to a batch
            batches.watch = Watch()  # those batches are not the epoch's
            deque(islice(batches, first), maxlen=0)
            batches.watch = watch
        self._watch, self._first = watch, first
        watch.made()
        return batches

    def _is_behind(self, batch: int) -> bool:
        """Whether an epoch has no such batch."""
        try:
            return not self._iterable and batch >= len(self)
        except TypeError:  # a sampler that does not know how many there are
            return False

    def stats(self) -> Stats:
        """Where the time of the current epoch went, or of the last one if none is running: ``print(loader.stats())``
        tells whether the training step or the loader is the limit, and what in it. See :class:`pixfeed.Stats`.

        It may be asked for at any time; before the first batch it says that there is none. Images are those that
        pixfeed read in the loader's threads or processes, by whatever dataset. With threads and worker processes the
        batches of an epoch that are not yet yielded do not count.
        """
        watch = self._watch or Watch()
        return Stats(
            epoch=max(self._epoch, 0),
            batches=watch.batches,
            start_up=watch.start_up,
            waiting=watch.waiting,
            stepping=watch.stepping,
            costs=watch.costs,
            workers=self.num_workers,
            threads=self._has_threads,
            cores=cores(),
            floats=any(dataset.dtype.is_floating_point for dataset in datasets(self.dataset)),
        )

    def report(self) -> list[Failure]:
        """Every image of the pixfeed datasets in here that could not be read so far, in this process and in worker
        processes, and was skipped or replaced by zeros (``on_error`` of :class:`pixfeed.FastTxtDataset`); and those
        that were read in part (``min_recovered`` of :class:`pixfeed.Reading`)."""
        return [failure for dataset in datasets(self.dataset) for failure in dataset.report()]

    def _new_position(self) -> Position:
        return Position(self._samplers(), self.generator, not (self.persistent_workers and self.num_workers))

    def _drawn_epoch(self) -> int:
        """The epoch that random transforms draw for: the running one, unless somebody has told a dataset another."""
        told = [dataset.epoch for dataset in datasets(self.dataset) if dataset.epoch is not None]
        return told[0] if told else self._epoch

    # -- where we are ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict:
        """Where the loader is, behind the batch that was yielded last: the protocol of torchdata's StatefulDataLoader.

        Returns:
            A dict of integers and uint8 tensors, for ``torch.save``; its size does not depend on the dataset's.

        Raises:
            RuntimeError: ``in_order=False``: what comes next depends on which batches happened to be made first.
        """
        if self._loaded is not None:
            return dict(self._loaded)
        fresh = self._watch is None
        if not (self.in_order or fresh or self.num_workers == 0):
            raise RuntimeError(
                "with in_order=False the batches that were yielded are not those in front of the others, so no state "
                "can say where to go on; use in_order=True"
            )
        return {
            "epoch": self._epoch + fresh,
            "batches": 0 if fresh else self._first + self._watch.batches,
            "random": self._position.random(),
            "fresh": fresh,
            "seeds": [dataset.seed for dataset in datasets(self.dataset)],
        }

    def load_state_dict(self, state: dict) -> None:
        """The next ``iter()`` goes on where :meth:`state_dict` was taken: with the same remaining batches, if dataset,
        sampler and batch size are the same. It costs the same at every batch of the epoch. (An iterable dataset is read
        and thrown away up to there.) Behind the last batch of an epoch the next one begins.

        A ``generator`` that was given to the loader or its sampler is set to the state it had; of the global one only
        the order is drawn in that state.

        Raises:
            ValueError: it is no state of a loader.
        """
        if not isinstance(state, dict) or not {"epoch", "batches", "random"} <= state.keys():
            raise ValueError("this is no state of a pixfeed.DataLoader: it needs 'epoch', 'batches' and 'random'")
        self._loaded = dict(state)
        inside, seeds = datasets(self.dataset), state.get("seeds", [])
        if len(seeds) == len(inside) and seeds != [dataset.seed for dataset in inside]:
            for dataset, seed in zip(inside, seeds, strict=True):
                dataset.seed = seed
            self._iterator = None  # workers that stayed alive have the old ones

    def _samplers(self) -> list:
        """All that decide on the order, each once."""
        candidates = (self.batch_sampler, getattr(self.batch_sampler, "sampler", None), self.sampler)
        return list({id(sampler): sampler for sampler in candidates if sampler is not None}.values())

    def _tell_epoch(self, place: int, sampler) -> None:
        if not hasattr(sampler, "set_epoch"):
            return
        told = self._told.get(place, 0)
        if getattr(sampler, "epoch", told) != told:
            return  # somebody else tells it
        sampler.set_epoch(self._epoch)
        self._told[place] = self._epoch

    def __getstate__(self) -> dict:
        """For copies and pickles: the loader, without the epoch that it is in the middle of."""
        return {**vars(self), "_watch": None, "_iterator": None, "_told": dict(self._told)}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._position = self._new_position()


def _fetch(turn: Turn, fetcher, index, epoch: int, threads: int, pinned_device: str | None) -> tuple[object, Costs]:
    """One batch and what it cost, in a thread that waits for the pool."""
    take()  # what a batch spent that could not be read does not count
    with draws.for_epoch(epoch), for_loader(threads, turn, pinned_device is not None):
        data = fetcher.fetch(index)
        if pinned_device is not None:  # images are there already: this pins the labels
            data = _utils.pin_memory.pin_memory(data, pinned_device)
        return data, take()


class _ThreadsIter(Watched, _BaseDataLoaderIter):
    """An epoch, read by threads. As many Python threads as there are batches in flight wait for the native pool, which
    serves the oldest first."""

    def __init__(self, loader: DataLoader):
        super().__init__(loader)
        self._fetcher = _DatasetKind.create_fetcher(
            self._dataset_kind, self._dataset, self._auto_collation, self._collate_fn, self._drop_last
        )
        self._epoch = loader._drawn_epoch()
        self._in_order = loader.in_order
        self._ahead = max(1, loader.prefetch_factor)
        self._fetchers = Fetchers(self._ahead)
        self._flying: deque[Fetch] = deque()
        self._fill()

    def _reset(self, loader, first_iter=False):
        super()._reset(loader, first_iter)
        self._cancel()
        self._epoch = loader._drawn_epoch()
        self._fill()

    def _fill(self) -> None:
        device = self._pin_memory_device if self._pin_memory else None
        # An epoch's first batch has the cores to itself: it comes a tenth sooner, and the last one no later.
        begins = self._in_order and not self._flying
        while len(self._flying) < self._ahead:
            try:
                index = self._next_index()
            except StopIteration:
                return
            what = (_fetch, self._fetcher, index, self._epoch, self._num_workers, device)
            first = self._flying[0] if begins and self._flying else None
            self._flying.append(self._fetchers.submit(*what, after=first))

    def _next_data(self):
        if not self._flying:
            raise StopIteration
        self._fetchers.check_process()
        timeout = self._timeout or None
        some = [self._flying[0]] if self._in_order else self._flying
        done, _ = wait(some, timeout, FIRST_COMPLETED)
        if not done:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
        future = self._flying[0] if self._in_order else next(f for f in self._flying if f in done)
        self._flying.remove(future)
        self._fill()
        batch, costs = future.result()
        self.watch.spent(costs)
        return batch

    def _cancel(self) -> None:
        for fetch in self._flying:
            fetch.abandon()
        self._flying.clear()

    def __del__(self):
        if hasattr(self, "_fetchers"):
            self._fetchers.close()
