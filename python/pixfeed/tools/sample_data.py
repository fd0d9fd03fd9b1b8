"""A small data set that is drawn: pictures of three shapes with labels, masks, boxes and keypoints. The examples of the
documentation run on it."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixfeed import draws

CLASSES = ("circle", "square", "triangle")
_PER_CLASS = 12
_WIDTH, _HEIGHT = 320, 240  # pixels
_SEED = 7
_NAMES = "".join(f"{name}\n" for name in CLASSES)
_AUGMENT = """from pixfeed import transforms as T

train = T.Compose([T.RandomResizedCrop(224, scale=(0.4, 1.0)), T.RandomHorizontalFlip(), T.ColorJitter(0.3, 0.3)])
"""
_BESIDE = {"train.classes.txt": _NAMES, "boxes.classes.txt": _NAMES, "augment.py": _AUGMENT}


class _Shape(NamedTuple):
    """Where a shape is: its corners (of a circle: the points right, below, left and above), and its box."""

    corners: list[tuple[float, float]]
    box: tuple[int, int, int, int]


def write(folder: Path) -> list[str]:
    """Write the data set.

    Args:
        folder: it is made if it is not there.

    Returns:
        What was written, in words.

    Raises:
        FileExistsError: something of that name is there.
    """
    from PIL import Image, ImageDraw

    lists: dict[str, list[str]] = {name: [] for name in ("train.txt", "val.txt", "train.csv", "masks.txt")}
    lists |= {"boxes.jsonl": [], "keypoints.jsonl": []}
    for name in ("photos", "masks", *lists, *_BESIDE):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} is there already; choose another folder")
    lists["train.csv"].append("name,label")
    for i in range(len(CLASSES) * _PER_CLASS):
        number = i % len(CLASSES)
        name = f"{CLASSES[number]}/{i // len(CLASSES):02}.jpg"
        u = draws.uniform(_SEED, 0, [i], 12)[0].tolist()
        y, x = np.mgrid[:_HEIGHT, :_WIDTH]
        shade = 70 + 120 * (u[0] * x / _WIDTH + (1 - u[0]) * y / _HEIGHT)
        image = Image.fromarray(np.stack([shade * (0.6 + 0.4 * each) for each in u[1:4]], -1).astype(np.uint8))
        mask = Image.new("L", image.size)
        shape = _shape(number, u[4:8])
        color = tuple(int(60 + 195 * each) for each in u[8:11])
        for canvas, fill in ((image, color), (mask, number + 1)):
            draw = ImageDraw.Draw(canvas)
            if number == 0:
                left, upper, w, h = shape.box
                draw.ellipse((left, upper, left + w - 1, upper + h - 1), fill=fill)
            else:
                draw.polygon(shape.corners, fill=fill)
        for path, picture in ((folder / "photos" / name, image), (folder / "masks" / name, mask)):
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path if path.parts[-3] == "photos" else path.with_suffix(".png"), quality=90)
        lists["val.txt" if i // len(CLASSES) >= _PER_CLASS - 3 else "train.txt"].append(f"{name} {number}")
        lists["train.csv"].append(f"{name},{number}")
        lists["masks.txt"].append(f"{name} {os.path.splitext(name)[0]}.png")
        lists["boxes.jsonl"].append(json.dumps({"image": name, "boxes": [shape.box], "labels": [number]}))
        points = [[round(x, 1), round(y, 1), 2] for x, y in shape.corners]
        lists["keypoints.jsonl"].append(json.dumps({"image": name, "keypoints": points}))
    for file, lines in lists.items():
        (folder / file).write_text("".join(f"{line}\n" for line in lines))
    for name, text in _BESIDE.items():
        (folder / name).write_text(text)
    pictures = [f"photos: {len(CLASSES) * _PER_CLASS} pictures, a folder per class", "masks: of each"]
    return [*pictures, *lists, "train.classes.txt, boxes.classes.txt: names of classes", "augment.py: a transform"]


def _shape(number: int, u: list[float]) -> _Shape:
    """A circle, square or triangle inside the picture, by four numbers from 0 to 1."""
    radius = 35 + 45 * u[0]
    x = radius + 2 + u[1] * (_WIDTH - 2 * radius - 4)
    y = radius + 2 + u[2] * (_HEIGHT - 2 * radius - 4)
    n, turn = (4, 4, 3)[number], 0.0 if number == 0 else 2 * math.pi * u[3]
    angles = [turn + 2 * math.pi * i / n for i in range(n)]
    corners = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]
    low = [math.floor(min(corner[axis] for corner in corners)) for axis in (0, 1)]
    high = [math.ceil(max(corner[axis] for corner in corners)) + 1 for axis in (0, 1)]
    return _Shape(corners, (low[0], low[1], high[0] - low[0], high[1] - low[1]))
