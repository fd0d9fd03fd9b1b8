"""Today's recipes: pixfeed beside torchvision v2 on PIL images and Albumentations, interleaved in one run.

python -m benchmarks.recipes [--data FOLDER] [--list FILE] [--rounds 5] [--workers 1 2 4] [--threads 2]

RandomResizedCrop(224), RandomHorizontalFlip, RandAugment(2, 9) or TrivialAugmentWide, ToTensor, Normalize and
RandomErasing: float32 batches [B, 3, 224, 224]. pixfeed has threads. The others are measured with each number of worker
processes, and compared at their best. Albumentations has neither policy: it draws as many of the operations of its own
that come next to theirs, reads with OpenCV and resizes without antialiasing. Each contender has its own process and
runs once in every round.

Run it where torchvision is installed: `bash benchmarks/peers/install.sh python3 --judge` makes .venv-peers-cuda, with
pixfeed. What is not installed is left out. Writes benchmarks/results/recipes.json.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import torch
from examples import photos
from PIL import Image
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

import pixfeed
from benchmarks.loader import batches, best
from benchmarks.measure import OwnProcess, console, interleave, medians, record, spread_table
from pixfeed.lists.file_list import FileList

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
POLICIES: dict[str, Callable[[Any], object]] = {
    "RandAugment(2, 9)": lambda transforms: transforms.RandAugment(2, 9),
    "TrivialAugmentWide": lambda transforms: transforms.TrivialAugmentWide(),
}
THEIRS = "torchvision v2, PIL"
ALBUMENTATIONS = "Albumentations, cv2"
AXES = ("xy", "yx")


def recipe(transforms: Any, policy: str, to_tensor: list[object]) -> Any:
    """``transforms``: pixfeed's, or torchvision's, which have the same names."""
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            POLICIES[policy](transforms),
            *to_tensor,
            transforms.Normalize(MEAN, STD),
            transforms.RandomErasing(0.25),
        ]
    )


class PillowDataset(Dataset):
    """Files by Pillow, and torchvision's transforms on its images."""

    def __init__(self, list_file: Path, image_dir: Path, repeat: int, policy: str):
        from torchvision.transforms import v2

        files = FileList(list_file)
        self.paths = [os.path.join(image_dir, name) for name in files.names()] * repeat
        self.transform = recipe(v2, policy, [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[i]) as image:
            return self.transform(image.convert("RGB")), i


def albumentations_recipe(policy: str) -> Any:
    """The same steps, as far as Albumentations has them: RandAugment's operations at magnitude 9 of 30, or those of
    TrivialAugmentWide at any magnitude."""
    import albumentations as A
    from albumentations.pytorch import ToTensorV2

    is_rand = policy.startswith("Rand")
    turn, part, change = (9, 0.09, 0.27) if is_rand else (135, 0.99, 0.99)
    moved = 34 if is_rand else 32
    sheared = part * 57.3

    def jitter(name: str) -> Any:
        others = dict.fromkeys(("brightness", "contrast", "saturation"), (1, 1))
        return A.ColorJitter(**{**others, "hue": (0, 0), name: (1 - change, 1 + change)}, p=1)

    operations = [
        A.NoOp(p=1),
        *(A.Affine(shear={axis: (-sheared, sheared), other: 0}, interpolation=0, p=1) for axis, other in AXES),
        *(
            A.Affine(translate_px={axis: (-moved, moved), other: 0}, interpolation=0, p=1)
            for axis, other in ("xy", "yx")
        ),
        A.Rotate((-turn, turn), interpolation=0, p=1),
        *map(jitter, ("brightness", "saturation", "contrast")),
        A.Sharpen((0.0, change), (1.0, 1.0), p=1),
        A.Posterize(num_bits=7 if is_rand else (2, 8), p=1),
        A.Solarize(threshold_range=(0.7, 0.7) if is_rand else (0, 1), p=1),
        A.AutoContrast(p=1),
        A.Equalize(p=1),
    ]
    return A.Compose(
        [
            A.RandomResizedCrop((224, 224)),
            A.HorizontalFlip(),
            A.SomeOf(operations, n=2 if is_rand else 1, replace=True, p=1),
            A.Normalize(MEAN, STD),
            A.Erasing(p=0.25),
            ToTensorV2(),
        ]
    )


class AlbumentationsDataset(Dataset):
    """Files by OpenCV, and Albumentations' transforms."""

    def __init__(self, list_file: Path, image_dir: Path, repeat: int, policy: str):
        self.paths = [os.path.join(image_dir, name) for name in FileList(list_file).names()] * repeat
        self.transform = albumentations_recipe(policy)
        cv2.setNumThreads(0)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        picture = cv2.cvtColor(cv2.imread(self.paths[i]), cv2.COLOR_BGR2RGB)
        return self.transform(image=picture)["image"], i


#: Others than pixfeed, with the package that they need.
PEERS: dict[str, tuple[str, type[Dataset]]] = {
    THEIRS: ("torchvision", PillowDataset),
    ALBUMENTATIONS: ("albumentations", AlbumentationsDataset),
}


def contender(
    who: str, policy: str, workers: int, list_file: Path, image_dir: Path, repeat: int, batch_size: int
) -> Callable[[], float]:
    """What measures seconds an image."""
    warnings.filterwarnings("ignore", "This DataLoader will create")
    options = {"batch_size": batch_size, "shuffle": True, "num_workers": workers}
    if who in PEERS:
        dataset = PEERS[who][1](list_file, image_dir, repeat, policy)
        return batches(DataLoader(dataset, persistent_workers=workers > 0, **options))
    from pixfeed import transforms as T

    transform = recipe(T, policy, [T.ToTensor()])
    return batches(
        pixfeed.DataLoader(pixfeed.FastTxtDataset(list_file, image_dir, transform=transform, repeat=repeat), **options)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="of the others")
    parser.add_argument("--threads", type=int, default=2, help="of pixfeed")
    parser.add_argument("--repeat", type=int, default=2, help="how often the list is read in one measurement")
    arguments = parser.parse_args()
    data, list_file = photos.find(arguments.data, arguments.list)

    settings = [("pixfeed", arguments.threads)]
    peers = [who for who, (package, _) in PEERS.items() if find_spec(package)]
    for who in set(PEERS) - set(peers):
        console.print(f"{PEERS[who][0]} is not installed here; see python -m benchmarks.recipes --help")
    settings += [(who, workers) for who in peers for workers in arguments.workers]
    make = partial(
        contender, list_file=list_file, image_dir=data, repeat=arguments.repeat, batch_size=arguments.batch_size
    )
    runs: dict[tuple[str, str, str], Callable[[], float]] = {
        (policy, who, f"{workers} {'threads' if who == 'pixfeed' else 'workers'}"): OwnProcess(
            make, who, policy, workers
        )
        for policy in POLICIES
        for who, workers in settings
    }
    seconds = interleave(runs, arguments.rounds)
    speeds = {key: [1 / value for value in values] for key, values in seconds.items()}
    console.print(spread_table("images per second", ["recipe", "who", "setting"], speeds, "{:,.0f}"))

    middle = medians(speeds)
    ratios = {}
    table = Table("recipe", "beside", "at its best with", "times as fast", title="pixfeed against the others")
    for policy in POLICIES:
        mine = {(who, setting): speed for (name, who, setting), speed in middle.items() if name == policy}
        for who in peers:
            setting, speed = best(mine, who)
            ratios[f"{policy}, {who}"] = best(mine, "pixfeed")[1] / speed
            table.add_row(policy, who, setting, f"{ratios[f'{policy}, {who}']:.2f}")
    if peers:
        console.print(table)
    path = record(
        "recipes",
        images=len(pixfeed.FastTxtDataset(list_file, data)),
        batch_size=arguments.batch_size,
        images_per_second={", ".join(key): values for key, values in speeds.items()},
        ratios=ratios,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    photos.run(main)
