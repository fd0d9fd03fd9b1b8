"""Pairs of images and masks in a list file, split into two parts."""

import torch
from swaps.plain import PairDataset  # swap: from pixfeed import FastTxtDataset
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader


def main(folder):
    size = dict(resize_height=24, resize_width=32)
    # swap: dataset = FastTxtDataset(folder / "pairs.txt", folder, targets="mask", **size)
    dataset = PairDataset(folder / "pairs.txt", folder, **size)
    for part in torch.utils.data.random_split(dataset, [8, 4], generator=torch.Generator().manual_seed(0)):
        yield from DataLoader(part, batch_size=3, num_workers=2)  # images, masks
