"""Paths with labels of their own, as dict items."""

import torch
from swaps.plain import DictDataset  # swap: from pixfeed import FastTxtDataset
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader


def main(folder):
    paths = sorted(folder.glob("*.jpg"))
    labels = [len(path.name) for path in paths]
    # swap: dataset = FastTxtDataset.from_samples(paths, labels, 24, 32, keys=("image", "label"))
    dataset = DictDataset(paths, labels, 24, 32)
    order = torch.Generator().manual_seed(5)
    yield from DataLoader(dataset, batch_size=3, shuffle=True, num_workers=2, generator=order)
