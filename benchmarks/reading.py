"""Large photos: exact, scaled and region reading beside cv2, one thread, interleaved in one run.

python -m benchmarks.reading [--data FOLDER] [--list FILE] [--rounds 5]

By itself it takes camera photos beside the checkout, where there are any. cv2 runs with one thread, too. Says as well
how far scaled decoding is from exact antialiasing. Writes benchmarks/results/reading.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path

os.environ["PIXFEED_NUM_THREADS"] = "1"

import cv2
import numpy as np
from examples import photos
from rich.table import Table

import pixfeed
from benchmarks.measure import console, interleave, medians, record, seconds, silence, spread_table
from pixfeed.lists.file_list import FileList

SIZE = (256, 256)
REGION = 224


def find(data: Path | None, list_file: Path | None) -> list[str]:
    data, list_file = photos.find(data if data or list_file else photos.large(), list_file)
    return [str(data / name) for name in FileList(list_file).names()]


def by_cv2(path: str) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB), SIZE[::-1])


def region_by_cv2(path: str) -> np.ndarray:
    image = cv2.imread(path)
    x, y, w, h = centre(image.shape[1], image.shape[0])
    return cv2.cvtColor(image[y : y + h, x : x + w], cv2.COLOR_BGR2RGB)


def centre(width: int, height: int) -> tuple[int, int, int, int]:
    return max(width - REGION, 0) // 2, max(height - REGION, 0) // 2, REGION, REGION


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    files = find(arguments.data, arguments.list)
    with silence():
        sides = {path: pixfeed.imread(path).shape[1::-1] for path in files}
        readers = {
            ("256 x 256", "cv2.imread, resize"): by_cv2,
            ("256 x 256", "pixfeed, exact"): lambda path: pixfeed.imread(path, size=SIZE),
            ("256 x 256", "pixfeed, exact, antialias"): lambda path: pixfeed.imread(path, size=SIZE, antialias=True),
            ("256 x 256", "pixfeed, scaled"): lambda path: pixfeed.imread(path, size=SIZE, decode="scaled"),
            ("224 x 224 in the middle", "cv2.imread, crop"): region_by_cv2,
            ("224 x 224 in the middle", "pixfeed, roi"): lambda path: pixfeed.imread(path, roi=centre(*sides[path])),
        }
        runs = {
            key: lambda read=read: 1e3 * seconds(lambda: [read(path) for path in files]) / len(files)
            for key, read in readers.items()
        }
        milliseconds = interleave(runs, arguments.rounds)
    errors = []
    for path in files:
        exact, scaled = (
            pixfeed.imread(path, size=SIZE, antialias=True, decode=decode).astype(int) for decode in ("exact", "scaled")
        )
        errors.append((float(np.abs(exact - scaled).mean()), int(np.abs(exact - scaled).max())))

    console.print(spread_table("milliseconds a photo, one thread", ["what", "how"], milliseconds, "{:.1f}"))
    median = medians(milliseconds)
    base = {what: value for (what, how), value in median.items() if how.startswith("cv2")}
    ratios = {f"{what}: {how}": base[what] / value for (what, how), value in median.items() if "pixfeed" in how}
    table = Table("against cv2", "times")
    for name, value in ratios.items():
        table.add_row(name, f"{value:.2f}")
    console.print(table)
    pixels = statistics.mean(w * h for w, h in sides.values()) / 1e6
    means, largest = zip(*errors, strict=True)
    error = {"mean": statistics.mean(means), "mean of the worst photo": max(means), "largest": max(largest)}
    console.print(f"{len(files)} photos of {pixels:.1f} megapixels on average.")
    console.print(
        "Scaled beside exact antialiasing, in steps of 255: "
        + ", ".join(f"{name} {value:.3g}" for name, value in error.items())
    )
    path = record(
        "reading",
        photos=len(files),
        megapixels=pixels,
        milliseconds={", ".join(key): values for key, values in milliseconds.items()},
        ratios=ratios,
        error_of_scaled=error,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
