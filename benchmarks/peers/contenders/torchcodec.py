"""torchcodec's image decoder; torch resizes; two worker processes of torch's DataLoader."""

from __future__ import annotations

import torch
import torch.nn.functional as F
import torchcodec
from torch.utils.data import DataLoader, Dataset
from torchcodec.decoders import decode_image

from benchmarks.peers.job import CORES, SIDE, Samples

VERSION = f"torchcodec {torchcodec.__version__}"
torch.set_num_threads(1)


def decode(data: bytes) -> torch.Tensor:
    return decode_image(data)


class Pictures(Dataset):
    def __init__(self, samples: Samples):
        self.paths = samples.paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with open(self.paths[i], "rb") as file:
            image = decode_image(file.read()).unsqueeze(0)
        image = F.interpolate(image, (SIDE, SIDE), mode="bilinear", align_corners=False)
        return image.squeeze(0).to(torch.float32).div_(255), i


def batches(samples: Samples, batch: int) -> DataLoader:
    return DataLoader(Pictures(samples), batch, num_workers=CORES, persistent_workers=True)
