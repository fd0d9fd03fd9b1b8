"""torchvision on tensors: its own JPEG decoder and transforms v2, in torch's DataLoader with two worker processes."""

from __future__ import annotations

import torch
import torchvision
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import v2

from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples

VERSION = f"torchvision {torchvision.__version__}"
torch.set_num_threads(1)


def decode(data: bytes) -> torch.Tensor:
    # The copy is torch's condition: bytes are read-only.
    return decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode=ImageReadMode.RGB)


class Pictures(Dataset):
    def __init__(self, samples: Samples, transform: v2.Compose):
        self.paths, self.transform = samples.paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(decode_jpeg(read_file(self.paths[i]), mode=ImageReadMode.RGB)), i


def loader(samples: Samples, batch: int, *steps) -> DataLoader:
    return DataLoader(Pictures(samples, v2.Compose(steps)), batch, num_workers=CORES, persistent_workers=True)


def batches(samples: Samples, batch: int) -> DataLoader:
    return loader(samples, batch, v2.Resize((SIDE, SIDE), antialias=False), v2.ToDtype(torch.float32, scale=True))


def augmented(samples: Samples, batch: int) -> DataLoader:
    crop = v2.RandomResizedCrop(CROP, antialias=False)
    to_float = v2.ToDtype(torch.float32, scale=True)
    return loader(samples, batch, crop, v2.RandomHorizontalFlip(), to_float, v2.Normalize(MEAN, STD))
