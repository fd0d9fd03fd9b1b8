"""Pictures with a red marker, for every orientation, and lists with its masks, boxes and keypoints."""

from __future__ import annotations

import images
import numpy as np
import torch
from PIL import Image

from pixfeed import FastTxtDataset

HEIGHT, WIDTH = 90, 120
X, Y, W, H = 66, 24, 18, 14  # of the marker, in the picture as displayed
MARKER = [X, Y, X + W, Y + H]
RED, BLUE = (255, 0, 0), (0, 0, 90)
GREEN = (0, 255, 0)
NUMBER = 7  # of the marker in masks; around it 3
IGNORE = 200


def palette_png(indices: np.ndarray, path) -> None:
    mask = Image.fromarray(indices)
    mask.putpalette(list(range(255, -1, -1)) * 3)
    mask.save(path)


def red(image: torch.Tensor) -> np.ndarray:
    """Where the marker is, bool [H, W]."""
    image = image if image.dtype == torch.uint8 else image * 255
    if len(image) == 1:  # red is 76, blue 10
        return (image[0] > 43).numpy()
    return ((image[0] > 127) & (image[1] < 127)).numpy()


def green(image: torch.Tensor) -> np.ndarray:
    """Where the picture is padded, bool [H, W]."""
    image = image if image.dtype == torch.uint8 else image * 255
    return (image[1 % len(image)] > 200).numpy()


def extent(where: np.ndarray) -> list[int]:
    """left, upper, right, lower of what is true."""
    y, x = np.nonzero(where)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


def corners(box: torch.Tensor) -> list[float]:
    x, y, w, h = box.tolist()
    return [x, y, x + w, y + h]


def write_pictures(folder):
    """A picture with a red marker, for every orientation as PNG and JPEG, and lists of them. Returns the folder."""
    picture = np.full((HEIGHT, WIDTH, 3), BLUE, np.uint8)
    picture[Y : Y + H, X : X + W] = RED
    indices = np.full((HEIGHT, WIDTH), 3, np.uint8)
    indices[Y : Y + H, X : X + W] = NUMBER
    palette_png(indices, folder / "mask.png")
    names = []
    for orientation in range(1, 9):
        bgr = images.stored(picture, orientation)[..., ::-1]
        for ending, encode in (("png", images.png), ("jpg", lambda bgr: images.jpeg(bgr, 95, "4:4:4"))):
            names.append(f"{orientation}.{ending}")
            (folder / names[-1]).write_bytes(images.with_orientation(encode(bgr), orientation))
    box, points = f"5 {X} {Y} {W} {H}", f"{X} {Y} 2 {X + W / 2} {Y + H / 2} 1 1 1 0"
    for kind, what in (("mask", "mask.png"), ("boxes", box), ("keypoints", points), ("labels", "1")):
        (folder / f"{kind}.txt").write_text("".join(f"{name} {what}\n" for name in names))
    return folder


def make_dataset(folder, backend, kind: str, *args, **options) -> FastTxtDataset:
    """Of :func:`write_pictures`, with targets of this kind."""
    if kind == "mask":
        options.setdefault("ignore_index", IGNORE)
    return FastTxtDataset(folder / f"{kind}.txt", folder, *args, backend=backend, targets=kind, **options)
