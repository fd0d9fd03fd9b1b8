"""The pure-Python path: the list-file Dataset as tutorials have it, which pixfeed replaces."""

from __future__ import annotations

import os

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset


class PurePythonDataset(Dataset):
    """cv2.imread, BGR to RGB, cv2.resize, ToTensor; batches by torch's default collate.

    Same list format and same result as :class:`pixfeed.FastTxtDataset`. ToTensor's arithmetic is ``permute`` and
    ``div(255)``, so torchvision is not needed.
    """

    def __init__(self, filename, image_dir, resize_height=256, resize_width=256, repeat=1):
        with open(filename) as file:
            fields = [line.split() for line in file if line.strip()]
        self.samples = [(name, [int(label) for label in labels]) for name, *labels in fields]
        self.image_dir = image_dir
        self.size = (resize_width, resize_height)
        self.repeat = repeat

    def __len__(self):
        return 10_000_000 if self.repeat is None else len(self.samples) * self.repeat

    def __getitem__(self, i):
        name, labels = self.samples[i % len(self.samples)]
        image = cv2.imread(os.path.join(self.image_dir, name))
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = cv2.resize(image, self.size)
        tensor = torch.from_numpy(image).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        return tensor, np.array(labels)
