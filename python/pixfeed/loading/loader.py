"""DataLoader: torch's, with threads of the native pool in place of worker processes where that is possible."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from pixfeed import backends, draws
from pixfeed._real_torch import Dataset, Sampler, TorchLoader, torch
from pixfeed._torch import PROCESSES_KNOW_IN_ORDER, collating
from pixfeed.collate import default_collate, pad_collate
from pixfeed.collate.detection import detection_collate
from pixfeed.context import cores
from pixfeed.datasets.concat import image_datasets, reads_natively, with_concat_images
from pixfeed.datasets.failure_log import Failure
from pixfeed.loading.iterators import EndsWithMain, MainIter, ProcessesIter, Timed, WithCosts
from pixfeed.loading.mixed_collate import MixedCollate
from pixfeed.loading.mixed_collate import checked as checked_transform
from pixfeed.loading.occurrences import Occurrences
from pixfeed.loading.order import Order, Position
from pixfeed.loading.own_collate import OwnCollate
from pixfeed.loading.resumable import Resumable
from pixfeed.loading.state import LoaderState
from pixfeed.loading.stats import Stats
from pixfeed.loading.stopwatch import Stopwatch
from pixfeed.loading.threads_iter import ThreadsIter
from pixfeed.transforms.python_steps import name_of

#: Functions that make a batch of pixfeed's samples without Python work per sample.
_COLLATES = (
    *(default_collate, pad_collate, detection_collate),
    *(collating.default_collate, collating.default_convert),
)

#: How the warning begins that says that another library has put torch's loader in the place of ours.
TAKEN_APART = "Accelerate makes a loader of torch's"

_T_co = TypeVar("_T_co", covariant=True)


class DataLoader(Resumable[_T_co]):
    """``torch.utils.data.DataLoader`` with the same arguments and results, and faster for pixfeed's datasets.

    With ``num_workers > 0`` a pixfeed dataset (also inside ``Subset`` or ``ConcatDataset``) is read by threads instead
    of worker processes. ``num_workers`` native threads decode the images, and never more, whatever else runs. Nothing
    is pickled, nothing goes through shared memory, no process has to start, and an error arrives as it was raised.
    ``prefetch_factor`` batches are in flight. The threads work on the oldest first; the last images of a batch share
    the cores with the first ones of the next. In all other cases torch's own way is used: other datasets,
    iterable datasets, ``num_workers=0``, ``worker_init_fn``, ``multiprocessing_context``.

    A ``collate_fn`` of your own gets a :class:`pixfeed.Batch`, a Sequence of samples. It runs in the loop's thread,
    batch by batch, while threads read the next ones: what it draws or keeps is the same as with ``num_workers=0``. One
    that takes long is for ``workers="process"``; ``print(loader.stats())`` says so.

    For the same generator and sampler the order of samples is torch's, with every number and kind of workers. A
    sampler with ``set_epoch`` (DistributedSampler) is told the epoch at every ``iter()``, unless the program does it.
    Random transforms of pixfeed's datasets draw for the same epoch, wherever they run: in the main process, in threads,
    in worker processes that stay alive, and with several iterators at a time.

    Args:
        dataset, batch_size, shuffle, sampler, batch_sampler, num_workers, collate_fn, pin_memory, drop_last, timeout,
            worker_init_fn, multiprocessing_context, generator, prefetch_factor, persistent_workers, pin_memory_device,
            in_order: as for ``torch.utils.data.DataLoader``. The default of ``collate_fn`` is
            :func:`pixfeed.default_collate`. With threads, ``pin_memory`` decodes straight into pinned memory,
            ``prefetch_factor`` (default 2) is the number of batches in flight in total, and ``persistent_workers`` has
            no effect.
        workers: ``"thread"``, ``"process"``, or ``None`` for threads wherever they are possible.
        batch_transform: :class:`pixfeed.transforms.MixUp`, ``CutMix``, ``TimmMixup``, or a ``RandomChoice`` or
            ``RandomApply`` of them (torchvision's and timm's become these). The workers mix each batch in its own
            memory, after ``collate_fn``: images are floats, labels one column, and become soft labels, float32
            ``[B, num_classes]``. What is drawn depends on the seed of the first pixfeed dataset (it gets one if it has
            none), the epoch, and the batch's first sample, and is the same for any number and kind of workers.

    Raises:
        ValueError: as torch's; ``workers="thread"`` where threads are not possible; or ``batch_transform`` does not go
            with dataset or ``collate_fn``. The message says why.
    """

    def __init__(
        self,
        dataset: Dataset[_T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[..., Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: torch.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        workers: Literal["thread", "process"] | None = None,
        batch_transform: Callable[..., Any] | None = None,
    ):
        if workers not in (None, "thread", "process"):
            raise ValueError(f"workers is {workers!r}; it may be 'thread', 'process' or None")
        self._epoch = -1  # the one that runs, or ran last
        self._told: dict[int, int] = {}  # the epoch that a sampler was told, by its place among the samplers
        self._loaded: LoaderState | None = None  # the state that the next epoch goes on from
        self._stopwatch: Stopwatch | None = None  # over the epoch that runs, or ran last
        self._has_threads = False  # whether threads read that epoch
        self._position: Position | None = None
        self._collates_in_loop = False  # in that epoch
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
        self.batch_transform = batch_transform
        if batch_transform is not None:
            self.batch_transform = checked_transform(
                batch_transform, self.collate_fn, self._makes_batches, image_datasets(dataset)
            )
            self._mixing_seed()
        self._position = self._new_position()
        why_not = self._why_no_threads()
        if workers == "thread" and why_not:
            raise ValueError(f"workers='thread' is not possible: {why_not}")
        if not (in_order or PROCESSES_KNOW_IN_ORDER or num_workers == 0) and (workers == "process" or why_not):
            raise ValueError("in_order=False with worker processes needs torch 2.6 or newer")

    def _why_no_threads(self) -> str:
        """Why threads cannot do it; empty if they can."""
        if self.num_workers == 0:
            return "num_workers is 0"
        if not reads_natively(self.dataset):
            step = self._python_step()
            if step:
                return f"{step} runs in Python, for which threads would wait for each other; leave workers= away"
            return f"{type(self.dataset).__name__} is no pixfeed dataset, or its __getitem__ is not pixfeed's"
        if self.worker_init_fn is not None or self.multiprocessing_context is not None:
            return "worker_init_fn and multiprocessing_context are for processes"
        return ""

    def _python_step(self) -> str:
        """What runs in Python per sample, if anything does."""
        return next(filter(None, (dataset.python_step for dataset in image_datasets(self.dataset))), "")

    def _ordered(self, index_sampler: Any) -> Any:
        if self._position is None or self._is_iterable:
            return index_sampler
        return Order(index_sampler, self._position, self._new_occurrences)

    def _new_occurrences(self) -> Occurrences | None:
        inside = image_datasets(self.dataset)
        if inside and self.batch_transform is None and not any(dataset.is_random for dataset in inside):
            return None
        return Occurrences(self.dataset, self._makes_batches)

    def _make_iterator(self) -> Any:
        why_not = self._why_no_threads()
        if self.workers == "thread" and why_not:  # since the loader was made, something was changed
            raise ValueError(f"workers='thread' is not possible: {why_not}")
        self._has_threads = self.workers != "process" and not why_not
        loader = self._for_iterator()
        if self._has_threads:
            return ThreadsIter(loader)
        if self.num_workers == 0:
            return MainIter(loader, self.drawn_epoch())
        self.check_worker_number_rationality()
        return ProcessesIter(loader)

    def _mixing_seed(self) -> int:
        first = image_datasets(self.dataset)[0]
        if first.seed is None:
            first.seed = draws.new_seed(first)
        return first.seed

    def _for_iterator(self) -> DataLoader[_T_co]:
        """This loader as an iterator sees it: a throw-away object, so that the user's own stays as it is."""
        loader = object.__new__(type(self))
        vars(loader).update(vars(self))
        vars(loader)["dataset"] = with_concat_images(self.dataset)
        self._collates_in_loop = self._has_threads and self.collate_fn not in (*_COLLATES, None)
        if self.batch_transform is not None:
            collate_fn: Callable[[Any], Any] = MixedCollate(self.collate_fn, self.batch_transform, self._mixing_seed())
            vars(loader)["collate_fn"] = collate_fn
        if self._collates_in_loop:
            vars(loader)["collate_fn"] = OwnCollate(loader.collate_fn)
        if self.num_workers > 0 and not self._has_threads:
            vars(loader)["collate_fn"] = WithCosts(loader.collate_fn)
            vars(loader)["worker_init_fn"] = EndsWithMain(self.worker_init_fn, self.collate_fn is pad_collate)
        return loader

    def __iter__(self) -> Any:
        state, self._loaded = self._loaded, None
        position = self._known_position
        position.from_the_start()
        self._epoch += 1
        if state is not None:
            finished = self._is_finished(state)
            self._epoch = state["epoch"] + finished
            position.go_to(state["batches"], finished, state["random"], state["fresh"])
        for place, sampler in enumerate(self.samplers()):
            self._tell_epoch(place, sampler)
        if self._has_threads and self._why_no_threads():  # something was changed: not by threads any more
            self._drop_workers()
        stopwatch = Stopwatch()
        with position.beginning():
            batches = super().__iter__()
        assert isinstance(batches, Timed)
        first = position.first
        if self._is_iterable:  # there is no other way to get to a batch
            batches.stopwatch = Stopwatch()  # those batches are not the epoch's
            _go_past(batches, first)
        batches.stopwatch = stopwatch
        self._stopwatch, self._first = stopwatch, first
        stopwatch.made()
        return batches

    def stats(self) -> Stats:
        """How the current epoch spent its time, or the last one if none is running. ``print(loader.stats())`` tells
        whether the training step or the loader is the limit, and which part of it. See :class:`pixfeed.Stats`.

        It may be called at any time, also before the first batch. It counts the images that pixfeed read in the
        loader's threads or processes, for all datasets. Batches that threads or worker processes have made but the
        loop has not received do not count.
        """
        stopwatch = self._stopwatch or Stopwatch()
        recovered = [failure.recovered for failure in self.report()]
        caches = [dataset.has_cache for dataset in image_datasets(self.dataset)]
        return Stats(
            epoch=max(self._epoch, 0),
            batches=stopwatch.batches,
            start_up=stopwatch.start_up,
            waiting=stopwatch.waiting,
            stepping=stopwatch.stepping,
            costs=stopwatch.costs,
            workers=self.num_workers,
            threads=self._has_threads,
            collates_in_loop=self._collates_in_loop,
            batch_transform="" if self.batch_transform is None else name_of(self.batch_transform),
            cores=cores(),
            floats=any(dataset.makes_floats for dataset in image_datasets(self.dataset)),
            augments=any(dataset.augments for dataset in image_datasets(self.dataset)),
            fallback=backends.why_no_native() if backends.falls_back() and image_datasets(self.dataset) else "",
            native=reads_natively(self.dataset) and not self._collates_in_loop and self.batch_transform is None,
            python_step=self._python_step(),
            failed=recovered.count(False),
            recovered=recovered.count(True),
            cache=None if set(caches) <= {None} else any(caches),
        )

    def report(self) -> list[Failure]:
        """The failures of all pixfeed datasets in this loader so far, in this process and in worker processes: images
        that were skipped or replaced by zeros (``on_error`` of :class:`pixfeed.FastTxtDataset`), and images that were
        read in part (``min_recovered`` of :class:`pixfeed.Reading`)."""
        return [failure for dataset in image_datasets(self.dataset) for failure in dataset.report()]

    def drawn_epoch(self) -> int:
        """The epoch that random transforms draw for: the running one, unless ``set_epoch`` of a dataset was called."""
        told = [dataset.epoch for dataset in image_datasets(self.dataset) if dataset.epoch is not None]
        return told[0] if told else self._epoch

    def _tell_epoch(self, place: int, sampler: Any) -> None:
        if not hasattr(sampler, "set_epoch"):
            return
        told = self._told.get(place, 0)
        if getattr(sampler, "epoch", told) != told:
            return  # the program tells it
        sampler.set_epoch(self._epoch)
        self._told[place] = self._epoch

    def take_over(self, torchs: TorchLoader[_T_co]) -> None:
        """Become the loader that a framework has made of this one's attributes: its dataset, samplers and settings,
        read as this loader reads. Nothing of an epoch is kept."""
        given = {name: value for name, value in vars(torchs).items() if name != "_iterator"}
        vars(self).update(given, _epoch=-1, _told={}, _loaded=None)
        self._position = self._new_position()

    @property
    def _is_accelerate_prepared(self) -> bool:
        """Accelerate's ``prepare()`` asks for it, and then makes a loader of torch's with this one's attributes."""
        if self.workers != "process" and not self._why_no_threads():
            warnings.warn(
                f"{TAKEN_APART} of this pixfeed.DataLoader, with worker processes, without stats() and state. Call "
                "pixfeed.accelerate.prepare(accelerator, ...) in place of accelerator.prepare(...) to keep it",
                UserWarning,
                stacklevel=2,
            )
        return False

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: the loader, without the epoch that it is in the middle of."""
        return {
            **vars(self),
            "_stopwatch": None,
            "_iterator": None,
            "_told": dict(self._told),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._position = self._new_position()


def _go_past(batches: Timed, count: int) -> None:
    """Read ``count`` batches, or find that they fail."""
    stopwatch = batches.stopwatch
    while (before := stopwatch.passed) < count:
        try:
            next(batches)
        except StopIteration:
            return
        except Exception:
            if stopwatch.passed == before:
                raise
