"""Boxes in a list file, collated to a list as detection models take it."""

import torch
from swaps.plain import BoxDataset  # swap: from pixfeed import FastTxtDataset
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader


def collate(batch):
    images, targets = zip(*batch, strict=True)
    return torch.stack(images), list(targets)


def main(folder):
    size = dict(resize_height=24, resize_width=32)
    # swap: dataset = FastTxtDataset(folder / "boxes.txt", folder, targets="boxes", **size)
    dataset = BoxDataset(folder / "boxes.txt", folder, **size)
    yield from DataLoader(dataset, batch_size=3, collate_fn=collate)  # images, targets
