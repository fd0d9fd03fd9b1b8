"""Batches of PNG files on two threads, interleaved in one run: pixfeed beside the best way that others have.

python -m benchmarks.format_batches [--data FOLDER] [--list FILE] [--rounds 7] [--pictures 64]

The photos are written anew as PNG by Pillow; their masks have 16 classes. Pictures become float32 256 x 256 batches by
pixfeed and by those contenders of benchmarks.peers that load batches, can be imported and read PNG; what is left out is
named. To have them beside pixfeed:

python -m pip install --no-deps --target FOLDER turboloader==2.39.0
PYTHONPATH=FOLDER python -m benchmarks.format_batches

Masks become int64 256 x 256, all in one call by pixfeed, one by one by Pillow. Clock time, as some work in processes of
their own. Writes benchmarks/results/format_batches.json.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from examples import photos
from PIL import Image
from rich.table import Table

import pixfeed
from benchmarks.formats import masks
from benchmarks.measure import console, interleave, medians, record, seconds, spread_table
from benchmarks.peers.job import CORES, Samples
from pixfeed.lists.file_list import FileList

BATCH = 16
CONTENDERS = ("ours", "opencv", "pillow", "turboloader", "spdl", "tf_data", "grain", "dali")


def written(images: list[np.ndarray], folder: Path) -> Samples:
    names = [f"photo_{i}.png" for i in range(len(images))]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / name)
    lines = folder / "photos.txt"
    lines.write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    return Samples(str(lines), str(folder))


def loaded(batches) -> int:
    return sum(len(images) for images, _ in batches)


def check(batches, images: list[np.ndarray]) -> None:
    """All pictures are there, and are the pictures: not black ones instead of what cannot be read."""
    means = [np.asarray(image).mean() for found, _ in batches for image in found]
    expected = [image.mean() / 255 for image in images]
    if len(means) != len(images) or np.abs(np.sort(means) - np.sort(expected)).max() > 0.05:
        raise RuntimeError("it does not read PNG")


def contenders(samples: Samples, images: list[np.ndarray]) -> dict[str, Callable[[], float]]:
    """Rates, images/s."""
    found, count = {}, len(images)
    for name in CONTENDERS:
        try:
            module = importlib.import_module(f"benchmarks.peers.contenders.{name}")
            batches = module.batches(samples, BATCH)
            check(batches, images)
        except Exception as error:  # whatever is the matter with somebody else's package
            console.print(f"Without {name}: {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        found[module.VERSION] = lambda batches=batches: count / seconds(lambda: loaded(batches))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=64)
    arguments = parser.parse_args()
    data, list_file = photos.find(arguments.data, arguments.list)
    names = list(FileList(list_file).names())
    chosen = names[:: max(len(names) // arguments.pictures, 1)][: arguments.pictures]
    images = [pixfeed.imread(data / name) for name in chosen]
    runs = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rate in contenders(written(images, Path(folder)), images).items():
            runs["float32 batches", name] = rate
        for name, call in masks(images, Path(folder), threads=CORES).items():
            runs["masks", name] = lambda call=call: len(images) / seconds(call)
        rates = interleave(runs, arguments.rounds)
    console.print(spread_table("images/s from PNG files to 256 x 256, two threads", ["what", "how"], rates, "{:.0f}"))
    median = medians(rates)
    first = {what: value for (what, how), value in median.items() if how.startswith("pixfeed")}
    ratios = {f"{what}: {how}": first[what] / value for (what, how), value in median.items()}
    table = Table("pixfeed is faster than", "times")
    for name, value in ratios.items():
        if ": pixfeed" not in name:
            table.add_row(name, f"{value:.2f}")
    console.print(table)
    rates_by_name = {", ".join(key): values for key, values in rates.items()}
    path = record("format_batches", pictures=len(images), batch=BATCH, images_per_second=rates_by_name, ratios=ratios)
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
