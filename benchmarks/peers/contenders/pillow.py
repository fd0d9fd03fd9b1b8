"""Pillow as torchvision uses it, step by step, in torch's DataLoader with two worker processes. Photos: draft mode."""

from __future__ import annotations

import io
import random

import numpy as np
import PIL
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples, crop

VERSION = f"Pillow {PIL.__version__}"
WORKERS = CORES
BILINEAR = Image.Resampling.BILINEAR


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def photo(path: str) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE), BILINEAR))


class Pictures(Dataset):
    def __init__(self, samples: Samples, augment: bool):
        self.paths, self.augment = samples.paths, augment
        self.mean, self.std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with open(self.paths[i], "rb") as file:
            image = Image.open(file).convert("RGB")
        if not self.augment:
            return self.tensor(image.resize((SIDE, SIDE), BILINEAR)), i
        x, y, w, h = crop(*image.size)
        image = image.crop((x, y, x + w, y + h)).resize((CROP, CROP), BILINEAR)
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return self.tensor(image).sub_(self.mean).div_(self.std), i

    @staticmethod
    def tensor(image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


def loader(samples: Samples, batch: int, augment: bool) -> DataLoader:
    return DataLoader(Pictures(samples, augment), batch, num_workers=WORKERS, persistent_workers=WORKERS > 0)


def batches(samples: Samples, batch: int) -> DataLoader:
    return loader(samples, batch, augment=False)


def augmented(samples: Samples, batch: int) -> DataLoader:
    return loader(samples, batch, augment=True)
