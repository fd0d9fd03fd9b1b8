"""What tests of states share: a dataset, ways to read it, samplers, and a loader in the middle of an epoch."""

from __future__ import annotations

import io

import images
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    Dataset,
    Sampler,
)

COUNT = 23


def write_pictures(folder):
    """COUNT small JPEGs with their numbers as labels, and their list. Returns the folder."""
    for i in range(COUNT):
        (folder / f"{i}.jpg").write_bytes(images.jpeg(images.picture(10 + i, 20, seed=i)))
    (folder / "train.txt").write_text("".join(f"{i}.jpg {i}\n" for i in range(COUNT)))
    return folder


WAYS = {
    "main": dict(num_workers=0),
    "threads": dict(num_workers=2),
    "fork": dict(num_workers=2, workers="process", multiprocessing_context="fork"),
}


def seeded(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows_of(batch) -> list[int]:
    return batch[1].reshape(-1).tolist()


def rows(loader) -> list[list[int]]:
    return [rows_of(batch) for batch in loader]


def saved(state):
    """As a checkpoint has it."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file)


class Shuffled(BatchSampler):
    """Shuffles its batches as well, with a generator of its own."""

    def __init__(self, sampler, batch_size, generator):
        super().__init__(sampler, batch_size, False)
        self.generator = generator

    def __iter__(self):
        batches = list(super().__iter__())
        yield from (batches[i] for i in torch.randperm(len(batches), generator=self.generator))


class Wrapped(Sampler):
    """Another sampler inside."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __iter__(self):
        return iter(self.sampler)

    def __len__(self):
        return len(self.sampler)


class Counting(Sampler):
    """Keeps a state itself, as torchdata's samplers do."""

    def __init__(self, count: int, shift: int):
        self.count, self.shift = count, shift

    def __iter__(self):
        self.shift += 1
        return iter([(i * 7 + self.shift) % self.count for i in range(self.count)])

    def __len__(self):
        return self.count

    def state_dict(self):
        return {"shift": self.shift}

    def load_state_dict(self, state):
        self.shift = state["shift"]


class Numbers(Dataset):
    """Not of pixfeed's; it reads single samples and whole batches."""

    def __getitem__(self, index):
        return torch.zeros(1), torch.tensor(index)

    def __len__(self):
        return COUNT


def in_the_middle(loader) -> dict:
    iterator = iter(loader)
    next(iterator)
    next(iterator)
    return saved(loader.state_dict())


def check_refused(loader, state, words: str) -> None:
    before = loader.state_dict()
    seeds = [dataset.seed for dataset in [loader.dataset] if hasattr(dataset, "seed")]
    with pytest.raises(ValueError, match=words):
        loader.load_state_dict(state)
    after = loader.state_dict()  # it stays as it was
    assert repr(after) == repr(before)
    assert seeds == [dataset.seed for dataset in [loader.dataset] if hasattr(dataset, "seed")]
