"""Antialiased resize of decoded pictures: pixfeed beside Pillow, one thread, interleaved in one run.

python -m benchmarks.resize [--data FOLDER] [--rounds 7] [--pictures 4] [--megapixels 0]

Both make the same pixels; what is not resized, decoding and conversion, is left out: Pillow is given an Image and keeps
its result. The first round warms up and is thrown away. Writes benchmarks/results/resize.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
from examples import photos
from PIL import Image
from rich.table import Table

import pixfeed
from benchmarks.loader import RESULTS, console, cpu_name
from pixfeed.info import config

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


def milliseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def measure(pictures: dict[str, np.ndarray], rounds: int) -> dict[tuple[str, str], list[float]]:
    """(filter, contender) to milliseconds a picture, one value a round."""
    images = {name: Image.fromarray(picture) for name, picture in pictures.items()}
    times: dict[tuple[str, str], list[float]] = {(f, who): [] for f in FILTERS for who in ("Pillow", "pixfeed")}
    for i in range(rounds + 1):
        for name in FILTERS:
            pillow = ours = 0.0
            for key, picture in pictures.items():
                image, resample = images[key], Image.Resampling[name.upper()]
                pillow += milliseconds(lambda image=image, how=resample: image.resize((SIDE, SIDE), how))
                ours += milliseconds(
                    lambda picture=picture, name=name: pixfeed.resize(
                        picture, (SIDE, SIDE), interpolation=name, antialias=True
                    )
                )
            if i > 0:
                times[name, "Pillow"].append(pillow / len(pictures))
                times[name, "pixfeed"].append(ours / len(pictures))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of images")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=4, help="how many of the folder are resized")
    parser.add_argument("--megapixels", type=float, default=0, help="leave out smaller pictures")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = decoded(arguments.data or photos.find(None, None)[0], arguments.pictures, arguments.megapixels)
    times = measure(pictures, arguments.rounds)
    medians = {key: statistics.median(values) for key, values in times.items()}
    ratios = {name: medians[name, "Pillow"] / medians[name, "pixfeed"] for name in FILTERS}

    megapixels = statistics.mean(p.shape[0] * p.shape[1] for p in pictures.values()) / 1e6
    title = f"ms a picture of {megapixels:.1f} megapixels, to {SIDE} x {SIDE}, one thread"
    table = Table("filter", "Pillow", "pixfeed", "times", title=title)
    for name in FILTERS:
        row = (f"{medians[name, 'Pillow']:.2f}", f"{medians[name, 'pixfeed']:.2f}", f"{ratios[name]:.2f}")
        table.add_row(name, *row)
    console.print(table)

    RESULTS.mkdir(exist_ok=True)
    about = {"cpu": cpu_name(), "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"), **config()}
    record = {
        "command": " ".join(["python -m benchmarks.resize", *sys.argv[1:]]),
        "machine": about,
        "pictures": {name: list(picture.shape) for name, picture in pictures.items()},
        "size": [SIDE, SIDE],
        "milliseconds": {f"{name}, {who}": values for (name, who), values in times.items()},
        "ratios": ratios,
    }
    (RESULTS / "resize.json").write_text(json.dumps(record, indent=2) + "\n")
    console.print(f"Written: {RESULTS / 'resize.json'}")


if __name__ == "__main__":
    main()
