"""torch for modules that cannot do without it: they cannot be imported where it is not installed.

All that they import by name from torch comes through here. A module that imports torch itself would say less.
"""

from __future__ import annotations

from pixfeed._stand_in import HAS_TORCH, needs_torch, torch

if not HAS_TORCH:
    needs_torch("this part of pixfeed")

from torch import distributed
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    Dataset,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    get_worker_info,
)
from torch.utils.data import DataLoader as TorchLoader

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "Dataset",
    "DistributedSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TorchLoader",
    "distributed",
    "get_worker_info",
    "torch",
]
