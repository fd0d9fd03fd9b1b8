"""A script as it is written for torchvision: ImageFolder, its transforms, a loader. What was changed is two imports.

python -m examples.folder [--train FOLDER] [--val FOLDER] [--epochs N]

A folder has one sub-folder of pictures per class. Without --train, pictures of stripes are made: the class is how they
run. The transforms are torchvision's if it is installed, and pixfeed's, which have the same names, if it is not.
print(dataset) shows what became of them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from torch import nn

from examples.imagenet import SmallResNet
from pixfeed import DataLoader  # was: from torch.utils.data import DataLoader
from pixfeed.datasets import ImageFolder  # was: from torchvision.datasets import ImageFolder

try:
    from torchvision import transforms
except (ImportError, RuntimeError):  # it is not there, or was built for another torch
    from pixfeed import transforms

console = Console(highlight=False)

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SLOPES = {"down": -1.0, "flat": 0.0, "up": 1.0}


def write_stripes(folder: Path, per_class: int, seed: int) -> Path:
    """JPEGs of 120 x 160 pixels, ``per_class`` in each sub-folder."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:120, :160]
    for name, slope in SLOPES.items():
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            wave = np.sin((y + slope * x + rng.uniform(0, 60)) / rng.uniform(5, 9))
            color = rng.uniform(40, 110, 3)
            picture = 128 + wave[..., None] * color + rng.normal(0, 20, (120, 160, 3))
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / name / f"{i}.jpg", quality=90)
    return folder


def run(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer | None = None) -> float:
    """An epoch of training, or without an optimizer of validation: the share of pictures that were told right."""
    model.train(optimizer is not None)
    right = count = 0
    with torch.set_grad_enabled(optimizer is not None):
        for images, target in loader:  # [B, 3, H, W] and [B]
            output = model(images)
            if optimizer is not None:
                loss = nn.functional.cross_entropy(output, target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            right += int((output.argmax(1) == target).sum())
            count += len(target)
    return right / count


def main(arguments: list[str] | None = None) -> dict:
    """Returns the datasets, and the accuracy in each epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, help="folder of training pictures")
    parser.add_argument("--val", type=Path, help="folder of validation pictures (default: those of --train)")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=120, help="of each class, if they are made")
    options = parser.parse_args(arguments)
    torch.manual_seed(0)

    with tempfile.TemporaryDirectory() as made:
        train_folder, val_folder = options.train, options.val or options.train
        if train_folder is None:
            train_folder = write_stripes(Path(made) / "train", options.pictures, seed=0)
            val_folder = write_stripes(Path(made) / "val", max(options.pictures // 4, 4), seed=1)
        normalize = transforms.Normalize(mean=MEAN, std=STD)
        train = ImageFolder(
            train_folder,
            transforms.Compose(
                [
                    transforms.RandomResizedCrop(options.size, scale=(0.5, 1.0)),
                    transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4)], p=0.8),
                    transforms.RandomGrayscale(p=0.2),
                    transforms.ToTensor(),
                    normalize,
                ]
            ),
        )
        resize = transforms.Resize(options.size * 8 // 7)
        val = ImageFolder(
            val_folder,
            transforms.Compose([resize, transforms.CenterCrop(options.size), transforms.ToTensor(), normalize]),
        )
        console.print(str(train))
        console.print(str(val))
        train_loader = DataLoader(train, options.batch_size, shuffle=True, num_workers=options.workers)
        val_loader = DataLoader(val, options.batch_size, num_workers=options.workers)

        model = SmallResNet(len(train.classes))
        optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
        accuracies = []
        for epoch in range(options.epochs):
            trained = run(model, train_loader, optimizer)
            accuracies.append(run(model, val_loader))
            console.print(f"epoch {epoch}: training {trained:.1%}, validation {accuracies[-1]:.1%}")
        console.print(str(train_loader.stats()))
    return {"train": train, "val": val, "accuracies": accuracies}


if __name__ == "__main__":
    main()
