"""The tutorials' Dataset in torch's DataLoader. Two worker processes are its best setting here; they stay alive."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader

from benchmarks.peers.job import CORES, Samples
from benchmarks.pure_python import PurePythonDataset

VERSION = f"pure Python, torch {torch.__version__}"


def batches(samples: Samples, batch: int) -> DataLoader:
    dataset = PurePythonDataset(samples.list_file, samples.folder)
    return DataLoader(dataset, batch, num_workers=CORES, persistent_workers=True)
