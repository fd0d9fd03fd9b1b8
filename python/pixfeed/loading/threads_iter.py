"""ThreadsIter: an epoch that threads read, with the native pool."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from pixfeed import context
from pixfeed._torch import LoaderIter, pin_memory
from pixfeed.collate import pad_collate
from pixfeed.collate.batch import Batch, Images
from pixfeed.context import Costs, Priority, take_costs
from pixfeed.datasets.concat import image_datasets
from pixfeed.loading.fetch_threads import Fetch, FetchThreads, stay_if_ending
from pixfeed.loading.iterators import Timed
from pixfeed.loading.own_collate import Uncollated

#: Small batches are read together, at most so many images at a time: the work of Python per call is divided among them.
GROUP = 16
#: Images that take longer need no such help: so much work per thread (nanoseconds) is enough for one call.
ENOUGH = 8_000_000


class _Making(NamedTuple):
    """The settings that batches are made with.

    Attributes:
        fetcher: torch's: dataset and ``collate_fn``.
        epoch: that random transforms draw for.
        threads: threads of the native pool.
        pinned_device: the device for whose sake memory is pinned, or ``None``.
    """

    fetcher: Any
    epoch: int
    threads: int
    pinned_device: str | None


class ThreadsIter(Timed, LoaderIter):
    """An epoch, read by threads.

    A few Python threads (``prefetch_factor`` of them) each have a batch on its way, or a group of small ones. They wait
    for the native pool, which serves the oldest batch first.
    """

    def __init__(self, loader: Any):
        super().__init__(loader)
        self._fetcher = self._new_fetcher()
        self._epoch = loader.drawn_epoch()
        self._keeps_order = loader.in_order
        self._ahead = max(1, loader.prefetch_factor)
        self._threads = FetchThreads(self._ahead)
        self._datasets = image_datasets(loader.dataset)
        self._groups: deque[deque[Fetch]] = deque()  # on their way
        self._going: Fetch | None = None  # the batch that is about to be yielded
        self._failure: Exception | None = None  # of the sampler, after the last group
        self._filled = False
        self._group = 1  # images that are read together, as long as nothing is known of them
        self._fill()

    def _started(self, loader: Any) -> None:
        stay_if_ending()
        self._cancel()
        self._going = self._failure = None
        self._epoch = loader.drawn_epoch()
        self._fill()

    def _fill(self) -> None:
        self._submit_groups()
        self._filled = True  # Ctrl-C was not pressed in between

    def _submit_groups(self) -> None:
        if self._failure is not None:
            return
        how = _Making(self._fetcher, self._epoch, self._threads_wanted, self._pinned_device)
        # An epoch's first batch has the cores to itself: it comes a tenth faster, and the last one no later.
        begins = self._keeps_order and not self._groups
        while len(self._groups) < self._ahead:
            step = next(filter(None, (each.python_step for each in self._datasets)), "")
            if step:
                self._failure = RuntimeError(
                    f"the transform was changed to one that runs in Python ({step}) while threads read the epoch: "
                    "begin a new one"
                )
                return
            wanted = self._draw_group(alone=not self._groups)
            if not wanted:
                return
            first = self._groups[0][0] if begins and self._groups else None
            self._groups.append(deque(self._threads.submit(partial(_make, how), wanted, after=first)))

    def _draw_group(self, alone: bool) -> list[Any]:
        """The indices of the next batches that are made together; ``alone``: of one batch."""
        # Pinned memory is torch's own, a piece per batch. Failures that are counted are counted once.
        alone |= self._pinned_device is not None or not all(each.reads_ahead_safely for each in self._datasets)
        wanted: list[Any] = []
        images = 0
        while not wanted or (self._makes_batches and not alone and images < self._group):
            try:
                indices = self._draw_indices()
            except StopIteration:
                break
            except Exception as error:  # it comes after the batches that were drawn before it
                self._failure = error
                break
            if self._makes_batches and not isinstance(indices, list):  # a sampler may yield a set
                indices = list(indices)
            wanted.append(indices)
            images += len(indices) if self._makes_batches else 1
        return wanted

    def _next_batch(self) -> Any:
        stay_if_ending()
        fetch = self._next_done()
        try:
            batch, costs = fetch.result()
            if isinstance(batch, Uncollated):
                batch = self._fetcher.collate_fn.finish(batch)
                batch = batch if self._pinned_device is None else pin_memory(batch, self._pinned_device)
        except CancelledError:
            stay_if_ending()
            self._go_past()
            raise
        except Exception:
            self._go_past()
            raise
        self.stopwatch.spent(costs)
        work = costs.reading + costs.running  # none for images that are in memory
        wanted = ENOUGH * self._threads_wanted * costs.images // work if work > 0 else GROUP
        self._group = max(1, min(GROUP, wanted))
        self._go_past()
        return batch

    def _go_past(self) -> None:
        self._gone_past()
        self._going = None

    def _next_done(self) -> Fetch:
        """The next batch, and others are on their way. If Ctrl-C is pressed before it is yielded, it is the next one
        again."""
        if self._going is not None:
            return self._going
        if not (self._groups or self._filled):
            self._fill()
        if not self._groups:
            failure, self._failure = self._failure, None
            raise StopIteration if failure is None else failure
        self._threads.check_process()
        group, fetch = self._first_done()
        self._going = fetch
        group.remove(fetch)
        if not group:
            self._filled = False
            self._groups.remove(group)
            self._fill()
        return fetch

    def _first_done(self) -> tuple[deque[Fetch], Fetch]:
        """The next batch, and the group that it is in."""
        if self._keeps_order:
            group = self._groups[0]
            if not group[0].done() and not wait([group[0]], self._patience).done:
                raise RuntimeError(f"DataLoader timed out after {self._patience} seconds")
            return group, group[0]
        done, _ = wait(chain.from_iterable(self._groups), self._patience, FIRST_COMPLETED)
        if not done:
            raise RuntimeError(f"DataLoader timed out after {self._patience} seconds")
        return next((group, fetch) for group in self._groups for fetch in group if fetch in done)

    def _cancel(self) -> None:
        for fetch in chain.from_iterable(self._groups):
            fetch.abandon()
        self._groups.clear()


def _make(how: _Making, priority: Priority, wanted: Sequence[Any]) -> Sequence[Any]:
    """Batches and what they cost, in a thread that waits for the pool."""
    take_costs()  # what a batch spent that could not be read does not count
    pads = how.fetcher.collate_fn is pad_collate
    with context.for_loader(how.threads, priority, how.pinned_device is not None, how.epoch, pads):
        if len(wanted) > 1:
            try:
                return _make_together(how, wanted)
            except Exception:  # each for itself: the exception belongs to one of them
                take_costs()
        return [_make_one(how, indices) for indices in wanted]


def _make_one(how: _Making, indices: Any) -> tuple[Any, Costs] | Exception:
    try:
        context.set_indices(indices)
        data = how.fetcher.fetch(indices)
        return _pinned(how, data), take_costs()
    except Exception as error:
        return error


def _make_together(how: _Making, wanted: Sequence[Any]) -> list[tuple[Any, Costs]]:
    samples = how.fetcher.dataset.__getitems__(list(chain.from_iterable(wanted)))
    samples = samples.batch if isinstance(samples, Images) else samples
    assert isinstance(samples, Batch)
    costs = take_costs().divided(len(wanted))
    parts = samples.split([len(indices) for indices in wanted])
    made = []
    for indices, part, cost in zip(wanted, parts, costs, strict=True):
        context.set_indices(indices)
        made.append((how.fetcher.collate_fn(part.as_samples()), cost))
    return made


def _pinned(how: _Making, data: Any) -> Any:
    """Images are there already: this pins the labels."""
    if isinstance(data, Uncollated):
        return data
    return data if how.pinned_device is None else pin_memory(data, how.pinned_device)
