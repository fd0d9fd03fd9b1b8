"""Random numbers that depend on a seed, an epoch, a sample's index and its occurrence, and on nothing else.

They do not depend on the batch that a sample is in, or on the worker that reads it. They come
from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds scramble a
counter, so every number can be computed by itself.

torch is imported by the functions that use its generators: commands draw samples without it.
"""

from __future__ import annotations

import contextlib
import random
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_QUARTER = np.uint64(16)
_ZERO = np.uint64(0)
_OF_BATCHES = 0x6D6978  # other numbers than those of samples
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_STEPS = 0x9E3779B9, 0xBB67AE85  # of the two halves of the key from round to round


def philox(counter: Sequence[NDArray[np.uint64] | np.uint64], key: tuple[int, int]) -> list[NDArray[np.uint64]]:
    """Four words of 32 bits for each counter.

    Args:
        counter: four arrays of uint64 below 2**32, broadcast with each other.
        key: two numbers below 2**32.

    Returns:
        Four arrays of uint64 below 2**32, of the counters' common shape.
    """
    a, b, c, d = counter
    for i in range(10):
        left, right = ((k + i * step) & 0xFFFFFFFF for k, step in zip(key, _STEPS, strict=True))
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = (second >> _HALF) ^ b ^ np.uint64(left), second & _LOW
        c, d = (first >> _HALF) ^ d ^ np.uint64(right), first & _LOW
    return cast("list[NDArray[np.uint64]]", [a, b, c, d])  # one of them is an array


class Drawn(int):
    """An index that was drawn before in this epoch. It is the index wherever one is asked for; random numbers also
    depend on its occurrence, so that a sample that is drawn again gets another augmentation.

    Args:
        index: of the sample.
        occurrence: how many times it was drawn before, below 2**32. An index that is no ``Drawn`` has 0.
    """

    occurrence: int

    def __new__(cls, index: int, occurrence: int) -> Drawn:
        drawn = super().__new__(cls, index)
        drawn.occurrence = occurrence
        return drawn

    def __reduce__(self) -> tuple[type, tuple[int, int]]:
        return Drawn, (int(self), self.occurrence)


def like(indices: list[int], drawn: Iterable[Any]) -> list[int]:
    """``indices`` with the occurrences of ``drawn``: what stands for these indices elsewhere, inside a dataset say."""
    if not _has_occurrences(drawn):
        return indices
    return [Drawn(int(i), it.occurrence) if type(it) is Drawn else i for i, it in zip(indices, drawn, strict=True)]


def _has_occurrences(indices: Iterable[Any]) -> bool:
    return not isinstance(indices, (np.ndarray, range)) and Drawn in map(type, indices)


def uniform(seed: int, epoch: int, indices: Sequence[int] | NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1).

    Args:
        seed: 64 bits of it count.
        epoch: 32 bits of it count.
        indices: of n samples, from 0 to 2**48; see :class:`Drawn`.
        count: numbers per sample.

    Returns:
        float64 ``[n, count]``, multiples of 2**-32. The first of them do not depend on ``count``.
    """
    at = np.asarray(indices, np.uint64)[:, None]
    again: NDArray[np.uint64] | np.uint64 = _ZERO
    if _has_occurrences(indices):
        again = np.array([getattr(index, "occurrence", 0) for index in indices], np.uint64)[:, None]
    blocks = np.arange(-(-count // 4), dtype=np.uint64)  # fewer than 2**16
    # The halves of the occurrence are where indices and blocks have zeros.
    high = at >> _HALF | (again << _QUARTER & _LOW)
    counter = at & _LOW, high, blocks | (again >> _QUARTER << _QUARTER), np.uint64(epoch & 0xFFFFFFFF)
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))
    numbers: NDArray[np.float64] = np.stack(words, 2).reshape(len(at), 4 * len(blocks))[:, :count] * np.float64(
        2.0**-32
    )
    return numbers


#: A stream of random numbers: NumPy's legacy generator, whose numbers stay the same with every version of NumPy.
Stream = np.random.RandomState


def of_batch(seed: int, epoch: int, first: int) -> Stream:
    """The stream of a batch, by its first index: what is drawn for a batch as a whole."""
    key = (seed ^ _OF_BATCHES) & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF
    again = getattr(first, "occurrence", 0)
    counter = [first & 0xFFFFFFFF, first >> 32 & 0xFFFF | (again << 16 & 0xFFFFFFFF), again >> 16 << 16, epoch]
    words = philox([np.uint64(word & 0xFFFFFFFF) for word in counter], key)
    return np.random.RandomState([int(word) for word in words])


def stream_from_torch() -> Stream:
    """A stream that torch's global generator seeds: for single calls of a transform."""
    from pixfeed._stand_in import torch

    return np.random.RandomState(int(torch.randint(2**32, ())))


def stream(u: float) -> Stream:
    """A stream that follows from one uniform number: for what draws until something fits."""
    return np.random.RandomState(int(u * 2**32))


def permutation(n: int, seed: int) -> torch.Tensor:
    """int64 ``[n]``: the order that torch's distributed samplers draw for that seed."""
    from pixfeed._stand_in import torch

    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def normal(shape: Sequence[int], u: float) -> torch.Tensor:
    """float32 of that shape, standard normal, that follow from one uniform number."""
    from pixfeed._stand_in import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(int(u * 2**32)))


def gamma(shape: float, count: int, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 ``[n, count]`` of a gamma distribution, that follow from one uniform number each, ``[n]``."""
    keys = (u * 2**32).astype(np.uint64).tolist()
    each = [np.random.Generator(np.random.Philox(key=key)).standard_gamma(shape, count) for key in keys]
    return np.array(each).reshape(len(u), count)


def from_torch(count: int, n: int = 1) -> NDArray[np.float64]:
    """float64 ``[n, count]``, uniform in [0, 1), from torch's global generator: for single calls of a transform."""
    from pixfeed._stand_in import torch

    return torch.rand(n, count, dtype=torch.float64).numpy()


_seeds: weakref.WeakValueDictionary[int, object] = weakref.WeakValueDictionary()  # by seed: whose it is


def new_seed(owner: object) -> int:
    """A seed that follows from the state of torch's global generator. Nothing is drawn from that generator, so a
    script's shuffles and weights stay as they are.

    Args:
        owner: whose seed it is. While it lives, nobody else gets the same one: two datasets that are made one after the
            other do not draw alike.
    """
    from pixfeed._stand_in import torch

    generator = torch.Generator()
    generator.set_state(torch.get_rng_state())
    while True:
        seed = int(torch.empty((), dtype=torch.int64).random_(generator=generator).item())
        if _seeds.setdefault(seed, owner) is owner:
            return seed


def generators() -> tuple[Any, ...]:
    """The states of torch's, NumPy's and Python's global generators."""
    from pixfeed._stand_in import torch

    return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002


def set_generators(states: tuple[Any, ...]) -> None:
    from pixfeed._stand_in import torch

    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])


@contextlib.contextmanager
def generators_kept() -> Iterator[None]:
    """After the block torch's, NumPy's and Python's global generators are as they were before."""
    before = generators()
    try:
        yield
    finally:
        set_generators(before)


def seeds(seed: int, epoch: int, indices: Sequence[int]) -> list[int]:
    """A seed for each of n samples, which depends on these three only."""
    return [int(u * 2**32) for u in uniform(~seed, epoch, indices, 1)[:, 0].tolist()]


def seed_generators(seed: int) -> None:
    """Seed torch's, NumPy's and Python's global generators, for functions that draw from them."""
    from pixfeed._stand_in import torch

    torch.default_generator.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
