"""The order of an epoch: batches of indices from a sampler, from any batch on, and the random states they come from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sized
from itertools import chain, islice
from typing import Any, Protocol, TypedDict

import torch
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler


class Indices(Sized, Iterable[Any], Protocol):
    """torch's index sampler: batches of indices, or single indices with ``batch_size=None``."""


#: By name: states of generators, uint8 tensors; and what a sampler's own ``state_dict()`` gives.
RandomStates = dict[str, Any]


class _Start(TypedDict):
    """The beginning of an epoch: the arguments of :meth:`Position.go_to`."""

    batches: int
    finished: bool
    random: RandomStates
    fresh: bool


class Position:
    """The batch that the running epoch began with, and the random states that its order was drawn with.

    Args:
        samplers: all that decide on the order.
        generator: the loader's, or ``None`` for the global one.
        draws_seed: whether torch draws a seed for worker processes before every epoch.
    """

    def __init__(self, samplers: Iterable[Any], generator: torch.Generator | None, draws_seed: bool):
        self._samplers = [sampler for sampler in samplers if sampler is not None]
        self._generator = generator
        self._draws_seed = draws_seed
        self._next: _Start | None = None  # where the next epoch begins
        self.first = 0  # the batch that the running epoch began with
        self._at_start: RandomStates | None = None

    def go_to(self, batches: int, finished: bool, random: RandomStates, fresh: bool) -> None:
        """The next epoch begins at a batch of the epoch that was drawn with these random states; if that one is
        finished, after it. If they are ``fresh``, from before the first epoch, torch's seed is still to be drawn."""
        self._next = {"batches": batches, "finished": finished, "random": random, "fresh": fresh}
        self.first = 0 if finished else batches

    def from_the_start(self) -> None:
        self._next, self._at_start, self.first = None, None, 0

    def random(self) -> RandomStates:
        """The random states that the running epoch's order was drawn with, or will be."""
        return self._get_random() if self._at_start is None else dict(self._at_start)

    def draw(self, index_sampler: Iterable[Any]) -> Iterator[Any]:
        """An epoch's batches (or indices), drawn now."""
        where, self._next = self._next, None
        if where is None:
            self._at_start = self._get_random()
            return _from(index_sampler, 0)
        outside = torch.get_rng_state() if self._generator is None else None
        self._set_random(where["random"])
        start = where["batches"]
        if where["finished"]:  # what the finished one has drawn at last has been drawn
            deque(_from(index_sampler, start), maxlen=0)
            start = 0
        if where["fresh"] or (where["finished"] and self._draws_seed):
            torch.empty((), dtype=torch.int64).random_(generator=self._generator)
        self._at_start = self._get_random()
        rest = _from(index_sampler, start)
        drawn = chain(list(islice(rest, 1)), rest)
        if outside is not None:  # what the training loop draws is not our business
            torch.set_rng_state(outside)
        return drawn

    def _generators(self) -> dict[str, torch.Generator]:
        found = {"loader": self._generator or torch.default_generator}
        for sampler in self._samplers:
            own = getattr(sampler, "generator", None)
            if isinstance(own, torch.Generator) and own not in found.values():
                found["sampler"] = own
        return found

    def _get_random(self) -> RandomStates:
        states: RandomStates = {name: generator.get_state() for name, generator in self._generators().items()}
        for sampler in self._samplers:
            if hasattr(sampler, "state_dict"):
                states["sampler's own"] = sampler.state_dict()
        return states

    def _set_random(self, states: RandomStates) -> None:
        for name, generator in self._generators().items():
            if name in states:
                generator.set_state(states[name])
        for sampler in self._samplers:
            if hasattr(sampler, "load_state_dict") and "sampler's own" in states:
                sampler.load_state_dict(states["sampler's own"])


class Order:
    """An index sampler, as torch calls it. It begins where a :class:`Position` says, at the first index that is drawn.

    Indices, and the random numbers that are drawn for them, are those of torch's own samplers. torch's plain samplers
    are not iterated: a random order stays one tensor instead of becoming a list of Python integers, and batches before
    the start take no time.
    """

    def __init__(self, index_sampler: Indices, position: Position):
        self._of = index_sampler
        self._position = position

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Any]:
        yield from self._position.draw(self._of)


def _from(index_sampler: Iterable[Any], start: int) -> Iterator[Any]:
    if type(index_sampler) is BatchSampler:
        return _batches(index_sampler.sampler, index_sampler.batch_size, index_sampler.drop_last, start)
    return islice(iter(index_sampler), start, None)


def _batches(sampler: Iterable[int], size: int, drop_last: bool, start: int) -> Iterator[list[int]]:
    whole: range | torch.Tensor
    if type(sampler) is SequentialSampler:
        whole = range(len(sampler.data_source))
    elif type(sampler) is RandomSampler and not sampler.replacement and sampler.num_samples == len(sampler.data_source):
        whole = _permutation(sampler)
    else:
        indices = islice(iter(sampler), start * size, None)
        while batch := list(islice(indices, size)):
            if len(batch) == size or not drop_last:
                yield batch
        return
    for at in range(start * size, len(whole) - size + 1 if drop_last else len(whole), size):
        part = whole[at : at + size]
        yield part.tolist() if isinstance(part, torch.Tensor) else list(part)
    if isinstance(sampler, RandomSampler) and sampler.generator is not None:
        # RandomSampler ends with the empty rest of another permutation. Who shares its generator sees that draw.
        torch.randperm(len(whole), generator=sampler.generator)


def _permutation(sampler: RandomSampler) -> torch.Tensor:
    """int64 ``[n]``, drawn as RandomSampler draws it."""
    generator = sampler.generator
    if generator is None:
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
    return torch.randperm(sampler.num_samples, generator=generator)
