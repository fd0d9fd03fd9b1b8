"""What every contender is asked for: the pictures and the numbers that all of them share."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

SIDE = 256  # of batches and of shrunken photos, pixels
CROP = 224  # of the training recipe
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CORES = 2


@dataclass(frozen=True)
class Samples:
    """A list file with the line's number as its label, so that any order of batches can be checked."""

    list_file: str
    folder: str

    @property
    def paths(self) -> list[str]:
        lines = Path(self.list_file).read_text().splitlines()
        return [f"{self.folder}/{line.split()[0]}" for line in lines]


def crop(width: int, height: int) -> tuple[int, int, int, int]:
    """x, y, w, h as RandomResizedCrop draws them by default."""
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, width - w), random.randint(0, height - h), w, h
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side, side
