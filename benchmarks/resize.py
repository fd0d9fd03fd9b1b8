"""Antialiased resize of decoded pictures: pixfeed beside Pillow, one thread, interleaved in one run.

python -m benchmarks.resize [--data FOLDER] [--list FILE] [--rounds 7] [--pictures 4] [--megapixels 0]

By itself it takes camera photos beside the checkout, where there are any. Both make the same pixels; decoding and
conversion are left out: Pillow is given an Image and keeps its result. The first round warms up and is thrown away.
Writes benchmarks/results/resize.json.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import cv2
import numpy as np
from examples import photos
from PIL import Image
from rich.table import Table

import pixfeed
from benchmarks.measure import console, interleave, medians, record, seconds

FILTERS = ("box", "bilinear", "hamming", "bicubic", "lanczos")
SIDE = 256  # pixels, of the results


def pixels(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height


def decoded(data: Path, count: int, megapixels: float) -> dict[str, np.ndarray]:
    """``count`` pictures of at least so many megapixels, evenly spread over the file names: uint8 [H, W, 3]."""
    files = sorted(p for p in data.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    files = [path for path in files if pixels(path) >= megapixels * 1e6]
    if not files:
        raise FileNotFoundError(f"there is no picture of {megapixels} megapixels or more in {data}")
    chosen = [files[i * len(files) // count] for i in range(min(count, len(files)))]
    return {path.name: pixfeed.imread(path) for path in chosen}


def contenders(pictures: dict[str, np.ndarray]) -> dict:
    """(filter, whose) to a function that gives milliseconds a picture."""
    images = [Image.fromarray(picture) for picture in pictures.values()]

    def by_pillow(name: str) -> None:
        for image in images:
            image.resize((SIDE, SIDE), Image.Resampling[name.upper()])

    def by_pixfeed(name: str) -> None:
        for picture in pictures.values():
            pixfeed.resize(picture, (SIDE, SIDE), interpolation=name, antialias=True)

    return {
        (name, whose): lambda name=name, resize=resize: 1e3 * seconds(lambda: resize(name)) / len(pictures)
        for name in FILTERS
        for whose, resize in (("Pillow", by_pillow), ("pixfeed", by_pixfeed))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=4, help="how many of the folder are resized")
    parser.add_argument("--megapixels", type=float, default=0, help="leave out smaller pictures")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = decoded(arguments.data or photos.large(), arguments.pictures, arguments.megapixels)
    times = interleave(contenders(pictures), arguments.rounds)
    median = medians(times)
    ratios = {name: median[name, "Pillow"] / median[name, "pixfeed"] for name in FILTERS}

    megapixels = statistics.mean(p.shape[0] * p.shape[1] for p in pictures.values()) / 1e6
    title = f"ms a picture of {megapixels:.1f} megapixels, to {SIDE} x {SIDE}, one thread"
    table = Table("filter", "Pillow", "pixfeed", "times", title=title)
    for name in FILTERS:
        row = (f"{median[name, 'Pillow']:.2f}", f"{median[name, 'pixfeed']:.2f}", f"{ratios[name]:.2f}")
        table.add_row(name, *row)
    console.print(table)
    path = record(
        "resize",
        pictures={name: list(picture.shape) for name, picture in pictures.items()},
        size=[SIDE, SIDE],
        milliseconds={f"{name}, {whose}": values for (name, whose), values in times.items()},
        ratios=ratios,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
