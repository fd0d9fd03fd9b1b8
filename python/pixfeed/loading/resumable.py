"""Resumable: where a loader is in its epoch, as a state that is saved and loaded."""

from __future__ import annotations

from typing import Any, TypeVar

from pixfeed._torch import LoaderBase
from pixfeed.datasets.concat import image_datasets
from pixfeed.loading.order import Position
from pixfeed.loading.state import LoaderState, check_same_batches, checked
from pixfeed.loading.stopwatch import Stopwatch

_T_co = TypeVar("_T_co", covariant=True)


class Resumable(LoaderBase[_T_co]):
    """A loader with ``state_dict`` and ``load_state_dict``."""

    _epoch: int  # the one that runs, or ran last
    _loaded: LoaderState | None  # the state that the next epoch goes on from
    _stopwatch: Stopwatch | None  # over the epoch that runs, or ran last
    _position: Position | None
    _first: int  # the batch that the epoch began with

    def state_dict(self) -> dict[str, Any]:
        """The position of the loader after the batch that was yielded last, as torchdata's StatefulDataLoader has it.

        Returns:
            A dict of integers and uint8 tensors, for ``torch.save``. Its size does not depend on the dataset.

        Raises:
            RuntimeError: with ``in_order=False``, where the next batches depend on which were ready first.
        """
        if self._loaded is not None:
            return dict(self._loaded)
        stopwatch = self._stopwatch
        fresh = stopwatch is None
        if not (self.in_order or fresh or self.num_workers == 0):
            raise RuntimeError(
                "with in_order=False the batches that were yielded are not those in front of the others, so no state "
                "can say where to go on; use in_order=True"
            )
        batches = 0 if stopwatch is None else self._first + stopwatch.passed
        finished = self._is_after_end(batches) and not fresh
        state = LoaderState(
            epoch=self._epoch + fresh,
            batches=batches,
            finished=finished,
            fresh=fresh,
            random=self._known_position.random(finished),
            seeds=[dataset.seed for dataset in image_datasets(self.dataset)],
            batch_size=self._samples_per_batch(),
            samples=self._samples_per_epoch(),
            samplers=self._sampler_names(),
        )
        return dict(state)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Make the next ``iter()`` continue where :meth:`state_dict` was called.

        The remaining batches are the same if dataset, sampler and batch size are the same. It takes the same time at
        every batch of the epoch, except for an iterable dataset, which is read from its beginning. After the last batch
        of an epoch the next epoch begins. A ``generator`` of the loader or its samplers is set to the state that it
        had. The global generator keeps its state; only the order is drawn with the one that it had. (Programs save it
        themselves, with ``torch.get_rng_state()``. If they set it again before ``iter()``, all later epochs are the
        same as well.)

        A batch that failed counts as any other: who catches its error and goes on does not get a batch twice.

        Args:
            state: the result of :meth:`state_dict`, of a loader with the same arguments.

        Raises:
            ValueError: ``state`` is no state of a loader, a damaged one, or that of a loader with another batch size,
                another number of samples, or other generators. The message says which; the loader stays as it was.
        """
        loaded = checked(state)
        check_same_batches(loaded, self._samples_per_batch(), self._samples_per_epoch(), self._sampler_names())
        known = [] if self._is_iterable or loaded["finished"] else list(filter(None, map(_length, self.samplers())))
        if known and loaded["batches"] > max(known):
            raise ValueError(f"this state is damaged: no epoch of this loader has {loaded['batches']} batches")
        inside, seeds = image_datasets(self.dataset), loaded["seeds"]
        if len(seeds) != len(inside):
            raise ValueError(
                f"this state was saved by a loader with {len(seeds)} pixfeed datasets; this one has {len(inside)}"
            )
        loaded["random"] = self._known_position.check(loaded["random"])
        self._loaded = loaded
        changed = [i for i, dataset in enumerate(inside) if seeds[i] not in (None, dataset.seed)]
        for i in changed:
            inside[i].seed = seeds[i]
        if changed:
            self._drop_workers()  # those that stayed alive have the old ones

    @property
    def _batches(self) -> Any:
        """The sampler that makes batches, if there is one."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _samples_per_batch(self) -> int | None:
        size = getattr(self._batches, "batch_size", None)
        return size if isinstance(size, int) else None

    def _samples_per_epoch(self) -> int | None:
        if self._is_iterable:
            return None
        inside, size = getattr(self._batches, "sampler", None), self._samples_per_batch()
        if inside is None and size is not None:  # batches of another's batches, a part of which may be left out
            batches = _length(self._batches)
            return None if batches is None else batches * size
        return _length(self.sampler if inside is None else inside)

    def samplers(self) -> list[Any]:
        """All that may decide on the order, each once: samplers, and those inside of them."""
        found = {id(each): each for sampler in (self.batch_sampler, self.sampler) for each in _with_inner(sampler)}
        return list(found.values())

    def _sampler_names(self) -> list[str]:
        """The classes of those that do."""
        return [] if self._is_iterable else [type(each).__name__ for each in _with_inner(self._batches)]

    def next_epoch(self) -> int:
        """The number of the epoch that the next ``iter()`` begins, or goes on with."""
        state = self._loaded
        return self._epoch + 1 if state is None else state["epoch"] + self._is_finished(state)

    def _is_finished(self, state: LoaderState) -> bool:
        return state["finished"] or self._is_after_end(state["batches"])

    def _is_after_end(self, batch: int) -> bool:
        """Whether an epoch has no such batch; not if nobody knows how many there are."""
        length = None if self._is_iterable else _length(self)
        return length is not None and batch >= length

    @property
    def _known_position(self) -> Position:
        assert self._position is not None  # it is None only while torch's __init__ runs
        return self._position

    def _new_position(self) -> Position:
        return Position(self.samplers(), self.generator, not (self.persistent_workers and self.num_workers))


def _with_inner(sampler: Any) -> list[Any]:
    """The sampler, the one inside of it, and so on."""
    found: dict[int, Any] = {}
    while sampler is not None and id(sampler) not in found:
        found[id(sampler)] = sampler
        inside = getattr(sampler, "sampler", None)
        sampler = getattr(sampler, "batch_sampler", None) if inside is None else inside
    return list(found.values())


def _length(sampler: Any) -> int | None:
    try:
        return len(sampler)
    except (TypeError, NotImplementedError):
        return None
