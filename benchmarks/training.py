"""The ImageNet training recipe: pixfeed beside torchvision's way on PIL images, interleaved in one run.

python -m benchmarks.training [--data FOLDER] [--list FILE] [--rounds 5] [--workers 0 1 2 4]

RandomResizedCrop(224), RandomHorizontalFlip, ToTensor, Normalize: float32 batches [B, 3, 224, 224]. The other side does
what torchvision does to a PIL image, step by step, without torchvision. If torchvision is there, its own transforms are
given to pixfeed as well. Every contender runs once in every round. Writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import warnings
from pathlib import Path

import numpy as np
import torch
from examples import photos
from PIL import Image
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

import pixfeed
from benchmarks.loader import batches, best
from benchmarks.measure import console, interleave, medians, record, spread_table
from pixfeed import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE = 224


class PillowDataset(Dataset):
    """The recipe as torchvision carries it out on PIL images."""

    def __init__(self, list_file: Path, image_dir: Path, repeat: int):
        files = pixfeed.lists.file_list.FileList(list_file)
        self.paths = [os.path.join(image_dir, name) for name in files.names()] * repeat
        self.labels = np.tile(files.labels, (repeat, 1))
        self.mean, self.std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, np.ndarray]:
        with open(self.paths[i], "rb") as file:
            image = Image.open(file).convert("RGB")
        x, y, w, h = crop(*image.size)
        image = image.crop((x, y, x + w, y + h)).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
        return tensor.sub_(self.mean).div_(self.std), self.labels[i]


def crop(width: int, height: int) -> tuple[int, int, int, int]:
    """x, y, w, h of RandomResizedCrop's defaults."""
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= width and h <= height:
            return random.randint(0, width - w), random.randint(0, height - h), w, h
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side


def translated(list_file: Path, image_dir: Path, repeat: int) -> pixfeed.FastTxtDataset | None:
    """pixfeed with torchvision's own transforms; ``None`` without torchvision."""
    try:
        from torchvision import transforms as tv
    except (ImportError, RuntimeError) as error:
        console.print(f"torchvision's own transforms are left out: {error}")
        return None
    recipe = tv.Compose([tv.RandomResizedCrop(SIZE), tv.RandomHorizontalFlip(), tv.ToTensor(), tv.Normalize(MEAN, STD)])
    return pixfeed.FastTxtDataset(list_file, image_dir, repeat=repeat, transform=recipe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--repeat", type=int, default=2, help="how often the list is read in one measurement")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "This DataLoader will create")
    data, list_file = photos.find(arguments.data, arguments.list)

    recipe = T.Compose([T.RandomResizedCrop(SIZE), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)])
    ours = pixfeed.FastTxtDataset(list_file, data, repeat=arguments.repeat, transform=recipe)
    pillow, pixfeeds = "Pillow, as torchvision", "pixfeed"
    console.print(ours)
    runs = {}
    contenders = [
        (pillow, DataLoader, PillowDataset(list_file, data, arguments.repeat)),
        (pixfeeds, pixfeed.DataLoader, ours),
    ]
    theirs = translated(list_file, data, arguments.repeat)
    if theirs is not None:
        contenders.append((f"{pixfeeds}, torchvision's transforms", pixfeed.DataLoader, theirs))
    for name, loader, dataset in contenders:
        for n in arguments.workers:
            kept = dict(num_workers=n, persistent_workers=n > 0)
            runs[name, f"{n} workers"] = batches(loader(dataset, arguments.batch_size, **kept))
    speeds = {key: [1 / value for value in values] for key, values in interleave(runs, arguments.rounds).items()}
    middle = medians(speeds)

    console.print(spread_table("images per second", ["path", "setting"], speeds, "{:,.0f}"))
    (slowest, slow), (setting, fast) = best(middle, pillow), best(middle, pixfeeds)
    table = Table("each at its best", "setting", "images per second")
    table.add_row(pillow, slowest, f"{slow:,.0f}")
    table.add_row(pixfeeds, setting, f"{fast:,.0f}")
    table.add_row("times", "", f"{fast / slow:.2f}")
    console.print(table)
    path = record(
        "training",
        images=len(ours),
        batch_size=arguments.batch_size,
        images_per_second={f"{name}, {setting}": values for (name, setting), values in speeds.items()},
        ratio=fast / slow,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
