"""Pictures with masks to run on: discs, triangles and a horse, drawn on real photographs, so that masks are known."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("background", "disc", "triangle", "horse")
VOID = 255  # in masks: of no class


def hue(number: int) -> float:
    return (0.17 + 0.382 * number) % 1  # by the golden section: neighbours are far apart


def colours(classes: int) -> np.ndarray:
    """uint8 [classes + 1, 3]: of each number in a mask; class 0 is dark, the last row for what is not counted."""
    table = np.array([colorsys.hsv_to_rgb(hue(number), 0.75, 0.95) for number in range(classes + 1)])
    table[0], table[-1] = 0.15, 0.85
    return np.rint(table * 255).astype(np.uint8)


def draw(photographs: list[Image.Image], shapes: list[Image.Image], rng: np.random.Generator) -> tuple:
    """A picture of 128 x 96 with 1 to 3 objects, and its mask; the edge of an object, which is mixed, is VOID."""

    def part() -> Image.Image:
        photo = photographs[rng.integers(len(photographs))]
        w, h = np.array([4, 3]) * min(photo.width / 4, photo.height / 3) * rng.uniform(0.5, 1)
        x, y = rng.uniform(0, (photo.width - w, photo.height - h))
        return photo.resize((128, 96), box=(x, y, x + w, y + h))

    picture, mask = part(), np.zeros((96, 128), np.uint8)
    for number in rng.integers(1, len(CLASSES), rng.integers(1, 4)).tolist():
        shape = shapes[number - 1].rotate(rng.uniform(-25, 25), Image.Resampling.BILINEAR, expand=True)
        shape.thumbnail([rng.uniform(36, 72)] * 2, Image.Resampling.BOX)
        alpha = Image.new("L", picture.size)
        alpha.paste(shape, rng.integers(-10, (128 - shape.width + 11, 96 - shape.height + 11)).tolist())
        colour = colorsys.hsv_to_rgb((hue(number) + rng.normal(0, 0.05)) % 1, *rng.uniform(0.6, 1, 2))
        plain = Image.new("RGB", picture.size, tuple(round(255 * value) for value in colour))
        picture = Image.composite(Image.blend(plain, part(), 0.25), picture, alpha)
        mask[np.asarray(alpha) > 0] = VOID
        mask[np.asarray(alpha) == 255] = number
    mask = Image.fromarray(mask)
    mask.putpalette(colours(VOID).tobytes())
    return picture, mask


def write_pairs(folder: Path, training: int = 320, validation: int = 80, seed: int = 0) -> Path:
    """Pictures (in images), their masks (in masks), train.txt and val.txt."""
    import skimage.data
    from sklearn.datasets import load_sample_image

    if (folder / "val.txt").is_file():
        return folder
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    disc, triangle = Image.new("L", (200, 200)), Image.new("L", (200, 200))
    ImageDraw.Draw(disc).ellipse((1, 1, 198, 198), 255)
    ImageDraw.Draw(triangle).polygon(((100, 10), (198, 180), (2, 180)), 255)
    horse = Image.fromarray(np.where(skimage.data.horse(), 0, 255).astype(np.uint8))
    names = ("astronaut", "cat", "coffee", "rocket", "immunohistochemistry")
    seen = [getattr(skimage.data, name)() for name in names]
    unseen = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    rng = np.random.default_rng(seed)
    for what, count, photographs in (("train", training, seen), ("val", validation, unseen)):
        photographs, lines = [Image.fromarray(photo) for photo in photographs], []
        for i in range(count):
            picture, mask = draw(photographs, [disc, triangle, horse], rng)
            picture.save(folder / "images" / f"{what}_{i:03}.jpg", quality=92)
            mask.save(folder / "masks" / f"{what}_{i:03}.png")
            lines.append(f"{what}_{i:03}.jpg {what}_{i:03}.png\n")
        (folder / f"{what}.txt").write_text("".join(lines))
    return folder
