"""Contact sheets of augmentations, which docs/augmentations.md shows: python -m examples.augmentations [folder]"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from rich.console import Console

from pixfeed import transforms as T
from pixfeed.tools.drawing import Tile, sheet
from pixfeed.transforms.base import Transform

SIDE = 96  # pixels
DRAWS = 7
CAPTION = 24  # pixels: there are none

OPERATIONS = (
    T.RandomRotation(45, "bilinear"),
    T.RandomAffine(20, (0.2, 0.2), (0.7, 1.3), interpolation="bicubic"),
    T.RandomPerspective(0.6, p=1),
    T.RandomZoomOut(128, (1, 3), p=1),
    T.ColorJitter(0.5, 0.5, 0.5, 0.2),
    T.RandomPhotometricDistort(),
    T.RandomChannelPermutation(),
    T.RandomPosterize(2),
    T.RandomSolarize(128),
    T.RandomAutocontrast(),
    T.RandomEqualize(),
    T.RandomInvert(),
    T.RandomAdjustSharpness(4),
    T.GaussianBlur(9, (0.5, 4)),
    T.PillowGaussianBlur((0.5, 4), p=1),
    T.GaussianNoise(sigma=0.15),
)
POLICIES = (
    T.RandAugment(),
    T.TrivialAugmentWide(),
    T.AutoAugment(),
    T.AutoAugment("cifar10"),
    T.AutoAugment("svhn"),
    T.AugMix(),
    T.TimmAugment("rand-m9-mstd0.5-inc1"),
    T.TimmAugment("original-mstd0.5"),
    T.TimmAugment("augmix-m5-w4-d2"),
    T.ThreeAugment(),
)


def scene() -> np.ndarray:
    """A generated picture, uint8 ``[SIDE, SIDE, 3]``: a house before the evening sky."""
    large = 4 * SIDE
    y = np.linspace(0, 1, large)[:, None, None]
    sky = (1 - y) * np.array([60, 90, 170]) + y * np.array([250, 190, 120])
    image = Image.fromarray(np.broadcast_to(sky, (large, large, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    scale = large / 112
    for shape, points, color in (
        ("ellipse", (78, 14, 98, 34), (255, 235, 150)),
        ("rectangle", (0, 84, 112, 112), (70, 120, 60)),
        ("rectangle", (24, 52, 72, 94), (200, 90, 70)),
        ("polygon", (18, 54, 48, 26, 78, 54), (110, 60, 50)),
        ("rectangle", (32, 60, 44, 72), (240, 240, 200)),
        ("rectangle", (52, 70, 63, 94), (60, 40, 30)),
        ("rectangle", (90, 64, 94, 92), (90, 60, 40)),
        ("ellipse", (80, 44, 104, 72), (40, 90, 50)),
    ):
        getattr(draw, shape)([scale * at for at in points], fill=color)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def contact_sheet(transforms: tuple[Transform, ...]) -> Image.Image:
    """A row for each transform, below its call: the picture, and what some draws make of it."""
    torch.manual_seed(5)
    picture, rows = scene(), []
    for transform in transforms:
        steps = [transform, T.Resize((SIDE, SIDE))] if isinstance(transform, T.RandomZoomOut) else [transform]
        drawn = [T.Compose(steps)(picture).permute(1, 2, 0).numpy() for _ in range(DRAWS)]
        rows.append(sheet([[Tile(each, "") for each in (picture, *drawn)]], SIDE, repr(transform)))
    height = rows[0].height - CAPTION
    whole = Image.new("RGB", (rows[0].width, len(rows) * height), "white")
    for place, row in enumerate(rows):
        whole.paste(row, (0, place * height))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs"), help="where the sheets are written")
    folder = parser.parse_args().folder
    for name, transforms in (("operations", OPERATIONS), ("policies", POLICIES)):
        path = folder / f"{name}.jpg"
        contact_sheet(transforms).save(path, quality=75)
        Console().print(f"{path}")


if __name__ == "__main__":
    main()
