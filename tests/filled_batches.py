"""Batches that say which they are, in shared memory."""

from __future__ import annotations

import os

import torch
from torch.utils.data import DataLoader, Dataset

from pixfeed import memory

SHAPE = (2, 3, 128, 128)  # of a batch; float32
CONTEXTS = ["fork", "spawn", "forkserver"]


class Filled(Dataset):
    """Batch i is full of i."""

    def __init__(self, length: int, shape: tuple[int, ...] = SHAPE):
        self.length, self.shape = length, shape

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        return memory.empty(self.shape, torch.float32).fill_(i), torch.tensor([i, -i])


def load(length: int = 40, dataset=None, **options) -> DataLoader:
    dataset = Filled(length) if dataset is None else dataset
    return DataLoader(dataset, batch_size=None, **{"num_workers": 2, "multiprocessing_context": "fork", **options})


def check(batch, i: int) -> None:
    images, labels = batch
    assert type(images) is type(labels) is torch.Tensor
    assert images.shape == SHAPE and (images == i).all() and labels.tolist() == [i, -i]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
