"""The order of an epoch: batches of indices from a sampler, from any batch on, and the random states they come from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, Protocol, TypedDict

from pixfeed._real_torch import BatchSampler, RandomSampler, SequentialSampler, torch
from pixfeed.loading.occurrences import Occurrences


class Indices(Sized, Iterable[Any], Protocol):
    """torch's index sampler: batches of indices, or single indices with ``batch_size=None``."""


#: By name: states of generators, uint8 tensors; and what a sampler's own ``state_dict()`` gives.
RandomStates = dict[str, Any]
_GLOBAL = "the global generator"
#: Indices before the start that are drawn at a time.
_AT_ONCE = 1 << 16


class _Start(TypedDict):
    """The beginning of an epoch: see :meth:`Position.go_to`."""

    batches: int
    finished: bool
    random: RandomStates
    fresh: bool
    restored: bool  # whether the program has set the global generator to the state that it had


class Position:
    """The batch that the running epoch began with, and the random states that its order was drawn with.

    Args:
        samplers: all that decide on the order.
        generator: the loader's, or ``None`` for the global one.
        draws_seed: whether torch draws a seed for worker processes before every epoch.

    Attributes:
        first: the number of the batch that the running epoch began with.
    """

    def __init__(self, samplers: Iterable[Any], generator: torch.Generator | None, draws_seed: bool):
        self._samplers = [sampler for sampler in samplers if sampler is not None]
        self._generator = generator
        self._draws_seed = draws_seed
        self._next: _Start | None = None  # where the next epoch begins
        self.first = 0
        self._at_start: RandomStates | None = None

    def go_to(self, batches: int, finished: bool, random: RandomStates, fresh: bool) -> None:
        """The next epoch begins at a batch of the epoch that was drawn with these random states; if that one is
        finished, after it. If they are ``fresh``, from before the first epoch, torch's seed is still to be drawn."""
        restored = (finished or fresh) and torch.equal(torch.get_rng_state(), random[_GLOBAL])
        self._next = _Start(batches=batches, finished=finished, random=random, fresh=fresh, restored=restored)
        self.first = 0 if finished else batches

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Inside the block torch makes an iterator, and draws a seed for worker processes. In the middle of an epoch
        that was drawn already: the global generator goes back."""
        where = self._next
        outside = torch.get_rng_state()
        yield
        if where is not None and not (where["finished"] or where["fresh"]):
            torch.set_rng_state(outside)

    def from_the_start(self) -> None:
        """The next epoch begins at its first batch, with an order of its own."""
        self._next, self._at_start, self.first = None, None, 0

    def random(self, finished: bool = False) -> RandomStates:
        """The random states that the running epoch's order was drawn with, or will be. After a ``finished`` epoch the
        global generator's is that of now: others have drawn from it."""
        if self._at_start is None:
            return self._get_random()
        return {**self._at_start, _GLOBAL: torch.get_rng_state()} if finished else dict(self._at_start)

    def check(self, random: RandomStates) -> RandomStates:
        """Random states for these samplers and generators, in the CPU's memory.

        Raises:
            ValueError: they are others, or none.
        """
        generators, samplers = self._generators(), self._with_state()
        if random.keys() != generators.keys() | samplers.keys():
            raise ValueError(
                f"this state was saved by another loader: it has random states of {_names(random)}, and this loader "
                f"needs those of {_names(generators | samplers)}. Make the loader with the same generator and sampler"
            )
        random = {name: it.cpu() if isinstance(it, torch.Tensor) else it for name, it in random.items()}
        for name, generator in generators.items():
            try:
                torch.Generator(generator.device).set_state(random[name])
            except (TypeError, RuntimeError) as error:
                why = str(error).partition("\n")[0]
                raise ValueError(f"this state is damaged: it has no random state of {name} ({why})") from error
        for name, sampler in samplers.items():
            try:
                sampler.load_state_dict(random[name])
            except Exception as error:
                raise ValueError(f"this state does not go with {name}: {error!r}") from error
        return random

    def draw(self, index_sampler: Iterable[Any], again: Occurrences | None = None) -> Iterator[Any]:
        """An epoch's batches (or indices), drawn now.

        Args:
            again: counts what is drawn, from the epoch's beginning; ``None`` if nobody asks.
        """
        where, self._next = self._next, None
        if where is None:
            self._at_start = self._get_random()
            return _from(index_sampler, 0, again)
        outside = torch.get_rng_state()
        self._set_random(where["random"])
        start = where["batches"]
        if where["finished"]:  # what the finished one has drawn at last has been drawn
            counted = [(it, it.epoch) for it in self._samplers if hasattr(it, "set_epoch") and hasattr(it, "epoch")]
            deque(_from(index_sampler, start, None), maxlen=0)
            for sampler, epoch in counted:  # one that counts its epochs has begun this one only
                sampler.set_epoch(epoch)
            torch.set_rng_state(where["random"][_GLOBAL])
            start = 0
        if where["fresh"] or (where["finished"] and self._draws_seed):
            torch.empty((), dtype=torch.int64).random_(generator=self._generator)
        if where["restored"]:  # torch has drawn its seed from it, and the program goes on with it
            torch.set_rng_state(outside)
        self._at_start = self._get_random()
        rest = _from(index_sampler, start, again)
        drawn = chain(list(islice(rest, 1)), rest)
        if not where["restored"]:  # what the training loop draws is not our business
            torch.set_rng_state(outside)
        return drawn

    def _generators(self) -> dict[str, torch.Generator]:
        """All that an order may be drawn from, each once. A sampler without a generator draws from the global one, also
        if the loader has another."""
        found = {_GLOBAL: torch.default_generator}
        if self._generator is not None and self._generator is not torch.default_generator:
            found["the loader's generator"] = self._generator
        for place, sampler in enumerate(self._samplers):
            own = getattr(sampler, "generator", None)
            if isinstance(own, torch.Generator) and own not in found.values():
                found[f"the generator of sampler {place}"] = own
        return found

    def _with_state(self) -> dict[str, Any]:
        """The samplers that keep a state themselves."""
        named = {f"sampler {place}": sampler for place, sampler in enumerate(self._samplers)}
        return {name: it for name, it in named.items() if hasattr(it, "state_dict") and hasattr(it, "load_state_dict")}

    def _get_random(self) -> RandomStates:
        states: RandomStates = {name: generator.get_state() for name, generator in self._generators().items()}
        return states | {name: sampler.state_dict() for name, sampler in self._with_state().items()}

    def _set_random(self, states: RandomStates) -> None:
        for name, generator in self._generators().items():
            generator.set_state(states[name])
        for name, sampler in self._with_state().items():
            sampler.load_state_dict(states[name])


def _names(states: Iterable[str]) -> str:
    return ", ".join(sorted(states))


class Order:
    """An index sampler, as torch calls it. It begins where a :class:`Position` says, at the first index that is drawn.

    Indices, and the random numbers that are drawn for them, are those of torch's own samplers. torch's plain samplers
    are not iterated: a random order stays one tensor instead of becoming a list of Python integers, and batches before
    the start take no time.

    Args:
        index_sampler: torch's.
        position: where the epoch begins.
        counter: makes what counts an epoch's indices; see :meth:`Position.draw`.
    """

    def __init__(
        self, index_sampler: Indices, position: Position, counter: Callable[[], Occurrences | None] = lambda: None
    ):
        self._of = index_sampler
        self._position = position
        self._counter = counter

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Any]:
        yield from self._position.draw(self._of, self._counter())


def _from(index_sampler: Iterable[Any], start: int, again: Occurrences | None) -> Iterator[Any]:
    if type(index_sampler) is BatchSampler:
        return _batches(index_sampler.sampler, index_sampler.batch_size, index_sampler.drop_last, start, again)
    drawn = iter(index_sampler)
    if again is None:
        return islice(drawn, start, None)
    deque(map(again.mark, islice(drawn, start)), maxlen=0)
    return map(again.mark, drawn)


def _batches(
    sampler: Iterable[int], size: int, drop_last: bool, start: int, again: Occurrences | None
) -> Iterator[list[int]]:
    whole: range | torch.Tensor
    if type(sampler) is SequentialSampler:
        whole = range(len(sampler.data_source))
    elif type(sampler) is RandomSampler and not sampler.replacement and sampler.num_samples == len(sampler.data_source):
        whole = _permutation(sampler)
    else:
        indices = iter(sampler)
        _go_past(islice(indices, start * size), again)
        while batch := list(islice(indices, size)):
            if len(batch) == size or not drop_last:
                yield batch if again is None else again.mark(batch)
        return
    again = again if again is not None and again.may_repeat else None
    if again is not None:
        again.count(_numbers(whole[: start * size]))
    for at in range(start * size, len(whole) - size + 1 if drop_last else len(whole), size):
        batch = _numbers(whole[at : at + size])
        yield batch if again is None else again.mark(batch)
    if isinstance(sampler, RandomSampler) and sampler.generator is not None:
        # RandomSampler ends with the empty rest of another permutation. Who shares its generator sees that draw.
        torch.randperm(len(whole), generator=sampler.generator)


def _go_past(indices: Iterator[int], again: Occurrences | None) -> None:
    while passed := list(islice(indices, _AT_ONCE)):
        if again is not None:
            again.count(passed)


def _numbers(part: range | torch.Tensor) -> list[int]:
    return part.tolist() if isinstance(part, torch.Tensor) else list(part)


def _permutation(sampler: RandomSampler) -> torch.Tensor:
    """int64 ``[n]``, drawn as RandomSampler draws it."""
    generator = sampler.generator
    if generator is None:
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
    return torch.randperm(sampler.num_samples, generator=generator)
