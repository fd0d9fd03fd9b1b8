"""Pictures of other formats than JPEG, to arrays: pixfeed beside cv2 and Pillow, one thread, interleaved in one run.

python -m benchmarks.formats [--data FOLDER] [--list FILE] [--rounds 7] [--pictures 20]

Photos are written anew as PNG by Pillow, by cv2 and by an optimiser (oxipng, where pyoxipng is installed), as gray,
palette and RGBA, and as lossy and lossless WebP. Masks are 16 classes of a blurred photo, read one by one by Pillow,
and by pixfeed in one call on one thread. Times are CPU time, which others on the machine disturb less. With
imagecodecs its spng is measured, too. To have both: pip install --no-deps --target FOLDER pyoxipng imagecodecs, and
PYTHONPATH=FOLDER. Writes benchmarks/results/formats.json. Two threads: benchmarks.format_batches.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["PIXFEED_NUM_THREADS"] = "1"

import cv2
import numpy as np
from examples import photos
from PIL import Image
from rich.table import Table

import pixfeed
from benchmarks.measure import console, interleave, medians, record, spread_table
from pixfeed.lists.file_list import FileList

try:
    import oxipng
except ImportError:
    oxipng = None


def encoded(image: np.ndarray, format: str, mode: str = "RGB", **options) -> bytes:
    out = io.BytesIO()
    made = Image.fromarray(image)
    (made.quantize(256) if mode == "P" else made.convert(mode)).save(out, format, **options)
    return out.getvalue()


WRITERS: dict[str, Callable[[np.ndarray], bytes]] = {
    "PNG by Pillow": lambda image: encoded(image, "PNG"),
    "PNG by cv2": lambda image: cv2.imencode(".png", image[..., ::-1])[1].tobytes(),
    "PNG by oxipng": lambda image: oxipng.optimize_from_memory(encoded(image, "PNG"), level=2),
    "PNG, gray": lambda image: encoded(image, "PNG", "L"),
    "PNG, palette": lambda image: encoded(image, "PNG", "P"),
    "PNG, RGBA": lambda image: encoded(np.dstack([image, image[..., 0]]), "PNG", "RGBA"),
    "WebP, lossy": lambda image: encoded(image, "WEBP", quality=80),
    "WebP, lossless": lambda image: encoded(image, "WEBP", lossless=True),
}
if oxipng is None:
    del WRITERS["PNG by oxipng"]


def by_pillow(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def by_cv2(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def readers(format: str) -> dict[str, Callable[[bytes], np.ndarray]]:
    found = {"pixfeed": pixfeed.imread, "cv2": by_cv2, "Pillow": by_pillow}
    if format.startswith("PNG") and format != "PNG, palette":  # which spng leaves as it is
        try:
            from imagecodecs import spng_decode
        except ImportError:
            return found
        found["imagecodecs' spng"] = spng_decode
    return found


def cpu_milliseconds(call: Callable[[], object], count: int) -> float:
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start) / count


def masks(images: list[np.ndarray], folder: Path, threads: int = 1) -> dict[str, Callable[[], object]]:
    """Masks of a batch at their own sizes, read from files."""
    for i, image in enumerate(images):
        numbers = cv2.GaussianBlur(image[..., 0], (0, 0), 15) // 16
        made = Image.fromarray(numbers)
        made.putpalette(list(range(256)) * 3)
        made.save(folder / f"{i}.png")
    paths = [str(folder / f"{i}.png") for i in range(len(images))]
    backend = pixfeed.backends.load("native")
    sizes = np.array([image.shape[1::-1] for image in images], np.int32)
    pixels = [(np.arange(256) * h // 256, np.arange(256) * w // 256) for w, h in sizes.tolist()]
    out = np.empty((len(images), 256, 256), np.int64)

    def one_by_one() -> None:
        for path, (y, x), slot in zip(paths, pixels, out, strict=True):
            slot[...] = np.asarray(Image.open(path))[np.ix_(y, x)]

    def in_one_call() -> None:
        backend.read_masks(paths, sizes, pixels, out, 255, threads=threads)

    return {"Pillow": one_by_one, "pixfeed": in_one_call}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=20)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if oxipng is None:
        console.print("Without PNG by oxipng: pyoxipng is not installed.")
    data, list_file = photos.find(arguments.data, arguments.list)
    names = list(FileList(list_file).names())
    chosen = names[:: max(len(names) // arguments.pictures, 1)][: arguments.pictures]
    images = [pixfeed.imread(data / name) for name in chosen]
    runs = {}
    for format, write in WRITERS.items():
        files = [write(image) for image in images]
        for name, read in readers(format).items():
            runs[format, name] = lambda read=read, files=files: cpu_milliseconds(
                lambda: [read(file) for file in files], len(files)
            )
    with tempfile.TemporaryDirectory() as folder:
        for name, call in masks(images, Path(folder)).items():
            runs["masks, to 256 x 256", name] = lambda call=call: cpu_milliseconds(call, len(images))
        milliseconds = interleave(runs, arguments.rounds)
    console.print(spread_table("ms of CPU time a picture, one thread", ["what", "how"], milliseconds, "{:.2f}"))
    median = medians(milliseconds)
    ratios = {f"{what}: {how}": value / median[what, "pixfeed"] for (what, how), value in median.items()}
    table = Table("pixfeed is faster than", "times")
    for name, value in ratios.items():
        if not name.endswith("pixfeed"):
            table.add_row(name, f"{value:.2f}")
    console.print(table)
    path = record(
        "formats",
        pictures=len(images),
        milliseconds={", ".join(key): values for key, values in milliseconds.items()},
        ratios=ratios,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
