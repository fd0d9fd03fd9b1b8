"""What projects have before the swap: datasets in plain Python, with cv2 or Pillow, an image at a time."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset


def to_tensor(image) -> torch.Tensor:
    """uint8 [H, W, 3] to float32 [3, H, W] from 0 to 1."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div(255)


class TxtDataset(Dataset):
    """A list file: a name and labels a line. OpenCV reads and resizes, as tutorials do it."""

    def __init__(self, filename, image_dir, resize_height=256, resize_width=256, repeat=1):
        self.image_dir, self.size, self.repeat = image_dir, (resize_width, resize_height), repeat
        self.lines = [line.split() for line in Path(filename).read_text().splitlines()]

    def __len__(self):
        return len(self.lines) * self.repeat

    def __getitem__(self, i):
        name, *labels = self.lines[i % len(self.lines)]
        image = cv2.cvtColor(cv2.imread(os.path.join(self.image_dir, name)), cv2.COLOR_BGR2RGB)
        return to_tensor(cv2.resize(image, self.size)), np.array(labels, np.int64)


class DictDataset(Dataset):
    """Paths and labels; an item is a dict."""

    def __init__(self, paths, labels, height, width):
        self.paths, self.labels, self.size = paths, labels, (width, height)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        image = cv2.cvtColor(cv2.imread(str(self.paths[i])), cv2.COLOR_BGR2RGB)
        return {"image": to_tensor(cv2.resize(image, self.size)), "label": self.labels[i]}


class FolderDataset(Dataset):
    """A folder with a sub-folder per class. Pillow reads, and the transform gets its image."""

    def __init__(self, root, transform):
        self.transform = transform
        self.classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
        self.samples = [
            (path, number)
            for number, name in enumerate(self.classes)
            for path in sorted(map(str, Path(root, name).iterdir()))
        ]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        path, number = self.samples[i]
        return self.transform(Image.open(path).convert("RGB")), number


class PairDataset(Dataset):
    """A list file: the names of an image and of its mask a line."""

    def __init__(self, filename, image_dir, resize_height, resize_width):
        self.image_dir, self.size = image_dir, (resize_width, resize_height)
        self.lines = [line.split() for line in Path(filename).read_text().splitlines()]

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, i):
        image, mask = (Image.open(os.path.join(self.image_dir, name)) for name in self.lines[i])
        pixels = cv2.resize(np.asarray(image.convert("RGB")), self.size)
        return to_tensor(pixels), torch.from_numpy(np.array(mask.resize(self.size, Image.NEAREST))).long()


class BoxDataset(Dataset):
    """A list file: a name, and label x y w h for each box, in pixels. Boxes follow the image to its new size."""

    def __init__(self, filename, image_dir, resize_height, resize_width):
        self.image_dir, self.size = image_dir, (resize_width, resize_height)
        self.lines = [line.split() for line in Path(filename).read_text().splitlines()]

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, i):
        name, *numbers = self.lines[i]
        image = cv2.cvtColor(cv2.imread(os.path.join(self.image_dir, name)), cv2.COLOR_BGR2RGB)
        given = np.array(numbers, np.int64).reshape(-1, 5)
        height, width = image.shape[:2]
        scale = np.array([self.size[0] / width, self.size[1] / height] * 2)
        boxes = torch.from_numpy((given[:, 1:] * scale).astype(np.float32))
        return to_tensor(cv2.resize(image, self.size)), {"boxes": boxes, "labels": torch.from_numpy(given[:, 0])}


class YoloDataset(Dataset):
    """A file with the path of an image per line; ``images/0.jpg`` has its boxes in ``labels/0.txt``."""

    def __init__(self, list_path, size):
        self.paths, self.size = Path(list_path).read_text().split(), size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        image = cv2.cvtColor(cv2.imread(self.paths[i]), cv2.COLOR_BGR2RGB)
        height, width = image.shape[:2]
        ratio = min(self.size / height, self.size / width)
        new_width, new_height = round(width * ratio), round(height * ratio)
        left, top = (self.size - new_width) // 2, (self.size - new_height) // 2
        image = cv2.resize(image, (new_width, new_height))
        borders = (top, self.size - new_height - top, left, self.size - new_width - left)
        image = cv2.copyMakeBorder(image, *borders, cv2.BORDER_CONSTANT, value=(114,) * 3)
        path = self.paths[i].replace("images", "labels").replace(".jpg", ".txt")
        boxes = torch.tensor([list(map(float, line.split())) for line in Path(path).read_text().splitlines()])
        boxes[:, [1, 3]] *= new_width / self.size
        boxes[:, [2, 4]] *= new_height / self.size
        boxes[:, 1] += left / self.size
        boxes[:, 2] += top / self.size
        return to_tensor(image), boxes


def yolo_collate(batch):
    """Images [B, 3, H, W] and boxes [N, 6]: number in the batch, class, cx, cy, w, h."""
    images, boxes = zip(*batch, strict=True)
    numbers = [torch.full((len(some), 1), float(i)) for i, some in enumerate(boxes)]
    return torch.stack(images), torch.cat([torch.cat(numbers), torch.cat(boxes)], 1)


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


class Resize:
    def __init__(self, size):
        self.size = size

    def __call__(self, image):
        return image.resize(self.size[::-1], Image.BILINEAR)


class CenterCrop:
    def __init__(self, size):
        self.size = size

    def __call__(self, image):
        left, top = (image.width - self.size) // 2, (image.height - self.size) // 2
        return image.crop((left, top, left + self.size, top + self.size))


class ToTensor:
    def __call__(self, image):
        return to_tensor(image)


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = (torch.tensor(values)[:, None, None] for values in (mean, std))

    def __call__(self, image):
        return (image - self.mean) / self.std
