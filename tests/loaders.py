"""What tests of the loader share: a small dataset's files, orders of samples, ways to read them."""

from __future__ import annotations

import images
import torch
from torch.utils.data import BatchSampler, DistributedSampler, IterableDataset, RandomSampler, WeightedRandomSampler

COUNT = 23


def write_pictures(folder, count: int):
    """``count`` JPEGs with their numbers as labels, and ``train.txt``, their list. Returns the folder."""
    for i in range(count):
        (folder / f"{i}.jpg").write_bytes(images.jpeg(images.picture(40 + i, 50, seed=i)))
    (folder / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(count)))
    return folder


def rows(loader) -> list[list[int]]:
    return [labels[:, 0].tolist() for _, labels in loader]


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


WAYS = {
    "main": dict(num_workers=0),
    "1 thread": dict(num_workers=1),
    "2 threads": dict(num_workers=2),
    "8 threads": dict(num_workers=8, prefetch_factor=3),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}
# Ways of which each is another one: for tests that are about something else.
THREADS, FORK = dict(num_workers=2), WAYS["fork"]
THREE_WAYS = {"main": WAYS["main"], "threads": THREADS, "fork": FORK}

ORDERS = {
    "sequential": lambda d: dict(batch_size=4),
    "shuffled": lambda d: dict(batch_size=4, shuffle=True),
    "drop_last": lambda d: dict(batch_size=4, shuffle=True, drop_last=True),
    "sequential drop_last": lambda d: dict(batch_size=4, drop_last=True),
    "exact": lambda d: dict(batch_size=COUNT, shuffle=True),
    "larger": lambda d: dict(batch_size=100),
    "larger drop_last": lambda d: dict(batch_size=100, drop_last=True),
    "replacement": lambda d: dict(batch_size=4, sampler=RandomSampler(d, True, 50, generator=seeded())),
    "more samples": lambda d: dict(batch_size=4, sampler=RandomSampler(d, num_samples=60, generator=seeded())),
    "own generator": lambda d: dict(batch_size=4, sampler=RandomSampler(d, generator=seeded(9))),
    "weighted": lambda d: dict(
        batch_size=4, sampler=WeightedRandomSampler(range(1, COUNT + 1), 30, generator=seeded())
    ),
    "list": lambda d: dict(batch_size=4, sampler=[5, 3, 3, 1, 0]),
    "batches": lambda d: dict(batch_sampler=[[1, 2], [3], [], [4, 5, 6]][:2]),
    "batch sampler": lambda d: dict(batch_sampler=BatchSampler(RandomSampler(d, generator=seeded()), 6, False)),
    "distributed": lambda d: dict(batch_size=4, sampler=DistributedSampler(d, 2, 1, shuffle=True, seed=5)),
}


class Counting(IterableDataset):
    def __iter__(self):
        return iter(range(10))
