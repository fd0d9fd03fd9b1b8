"""Batches that were made whole pass through torch's default collate without being copied.

``FastTxtDataset.__getitems__`` decodes a batch into one tensor and returns a list of :class:`Sample`, each a view of
its row. torch's ``default_collate`` finds the type in its ``default_collate_fn_map`` and calls :func:`collate_samples`,
which hands that one tensor on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data._utils.collate import collate, default_collate_fn_map


class Sample(tuple):
    """``(image, label)``, which also knows the batch that it is a row of."""

    batch: Batch
    row: int

    def __new__(cls, image: torch.Tensor, label: np.ndarray, batch: Batch, row: int):
        sample = super().__new__(cls, (image, label))
        sample.batch = batch
        sample.row = row
        return sample

    def __reduce__(self):  # to another process goes what a user sees: an ordinary tuple
        return tuple, (tuple(self),)


class Batch:
    """Images ``[B, C, H, W]`` and labels int64 ndarray ``[B, L]``, decoded together."""

    def __init__(self, images: torch.Tensor, labels: np.ndarray):
        self.images = images
        self.labels = labels

    def samples(self) -> list[Sample]:
        rows = zip(self.images.unbind(0), self.labels, strict=True)
        return [Sample(image, label, self, i) for i, (image, label) in enumerate(rows)]


def collate_samples(samples: Sequence[Sample], *, collate_fn_map=None) -> list[torch.Tensor]:
    """``[images, labels]`` as torch's default collate gives for ``(image, label)`` tuples: tensors ``[B, C, H, W]``
    and int64 ``[B, L]``. A whole batch in its order is handed on, anything else is stacked."""
    batch = samples[0].batch
    whole = len(samples) == len(batch.images) and all(s.batch is batch and s.row == i for i, s in enumerate(samples))
    if whole:
        return [batch.images, torch.from_numpy(batch.labels)]
    return collate([tuple(sample) for sample in samples], collate_fn_map=collate_fn_map)


# torch looks a sample's type up here before it looks at tuples.
default_collate_fn_map[Sample] = collate_samples
