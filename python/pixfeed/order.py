"""The order of an epoch: batches of indices from a sampler, from any batch on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import torch
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler


class Order:
    """What torch calls an index sampler, begun at batch ``start``.

    The indices and the random numbers drawn for them are those that torch's own samplers give. The plain samplers are
    not asked for one index after the other: a random order stays one tensor instead of becoming a list of Python
    integers, and batches before ``start`` cost nothing.

    Args:
        index_sampler: ``DataLoader._index_sampler``: a batch sampler, or with ``batch_size=None`` a sampler.
        start: called by ``iter()``: how many of its items to leave out.
    """

    def __init__(self, index_sampler: Iterable, start: Callable[[], int]):
        self._of = index_sampler
        self._start = start

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator:
        of, start = self._of, self._start()
        if type(of) is BatchSampler:
            return _batches(of.sampler, of.batch_size, of.drop_last, start)
        return islice(iter(of), start, None)


def _batches(sampler, size: int, drop_last: bool, start: int) -> Iterator[list[int]]:
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
        batch = whole[at : at + size]
        yield batch.tolist() if isinstance(batch, torch.Tensor) else list(batch)
    if isinstance(whole, torch.Tensor) and sampler.generator is not None:
        # RandomSampler ends with the empty rest of another permutation. Who shares its generator sees that draw.
        torch.randperm(len(whole), generator=sampler.generator)


def _permutation(sampler: RandomSampler) -> torch.Tensor:
    """int64 ``[n]``, drawn as RandomSampler draws it."""
    generator = sampler.generator
    if generator is None:
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
    return torch.randperm(sampler.num_samples, generator=generator)
