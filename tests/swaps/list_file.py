"""A list file and a folder of images, as tutorials read them."""

from swaps.plain import TxtDataset  # swap: from pixfeed import FastTxtDataset as TxtDataset
from torch.utils.data import DataLoader  # swap: from pixfeed import DataLoader


def main(folder):
    dataset = TxtDataset(folder / "train.txt", folder, resize_height=24, resize_width=32, repeat=2)
    loader = DataLoader(dataset, batch_size=4, num_workers=2)
    for _epoch in range(2):
        yield from loader  # images, labels
