"""Epochs out of a cache of decoded pictures, beside reading files, np.memmap by hand, and .npy files.

python -m benchmarks.cache [--data DIR] [--list FILE] [--pictures 1000] [--rounds 7] [--workers 2]

The pictures are copies of the given ones under other names, in a temporary folder, in the page cache. Every run
is one epoch in batches of 64, shuffled, all in one process, interleaved; the batches are compared first. "fill" is the
first epoch, into an empty folder. Others' caches (tf.data, FFCV, TurboLoader) are not installed here: see
benchmarks/peers. Writes benchmarks/results/cache.json and cache.png.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from examples import photos
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

import pixfeed
import pixfeed.transforms as T
from benchmarks.measure import RESULTS, console, interleave, medians, record
from benchmarks.pure_python import PurePythonDataset
from pixfeed.cache import contents
from pixfeed.lists.file_list import FileList

BATCH = 64
RANDOM = T.Compose(
    [
        T.RandomResizedCrop(224),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
        T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
)
PLANS: dict[str, dict[str, Any]] = {
    "uint8 224 x 224": {"resize_height": 224, "resize_width": 224, "dtype": torch.uint8},
    "float32 256 x 256": {"resize_height": 256, "resize_width": 256, "dtype": torch.float32},
    "random crop 224, whole pictures": {"transform": RANDOM, "seed": 1},
}


class MemoryMapped(Dataset):
    """One array of uint8 pictures [N, H, W, C] in a file, as tutorials map it."""

    def __init__(self, path: Path, shape: tuple[int, ...], floats: bool):
        self.pictures = np.memmap(path, np.uint8, "r", shape=shape)
        self.floats = floats

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> torch.Tensor:
        return _as_tensor(self.pictures[i], self.floats)


class Files(Dataset):
    """A .npy file per picture."""

    def __init__(self, paths: list[Path], floats: bool):
        self.paths, self.floats = paths, floats

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> torch.Tensor:
        return _as_tensor(np.load(self.paths[i]), self.floats)


def _as_tensor(picture: np.ndarray, floats: bool) -> torch.Tensor:
    tensor = torch.from_numpy(np.array(picture.transpose(2, 0, 1)))
    return tensor.to(torch.float32).div(255) if floats else tensor


def copies(data: Path, list_file: Path, count: int, folder: Path) -> Path:
    """A list of ``count`` copies; files, not links."""
    names = list(FileList(list_file).names())
    lines = []
    for i in range(count):
        name = f"{i:06}{Path(names[i % len(names)]).suffix}"
        shutil.copy(data / names[i % len(names)], folder / name)
        lines.append(f"{name} {i}\n")
    (folder / "list.txt").write_text("".join(lines))
    time.sleep(0.1)  # a file of this moment is not kept
    return folder / "list.txt"


def rate(loader: Iterable[Any], count: int) -> float:
    """Images per second of an epoch."""
    start = time.perf_counter()
    for _ in loader:
        pass
    return count / (time.perf_counter() - start)


def same(one: Iterable[Any], other: Iterable[Any]) -> None:
    for (ours, _), (theirs, _) in zip(one, other, strict=True):
        assert torch.equal(ours, theirs)


def cases(list_file: Path, folder: Path, count: int, workers: int) -> dict[tuple[str, str], Callable[[], float]]:
    """By plan and by way: a function that measures one epoch."""
    runs: dict[tuple[str, str], Callable[[], float]] = {}
    for name, options in PLANS.items():
        kept = folder / name.replace(" ", "-")
        plain = pixfeed.FastTxtDataset(list_file, folder, **options)
        cached = pixfeed.FastTxtDataset(list_file, folder, cache=kept, **options)
        loaders = {
            who: pixfeed.DataLoader(dataset, BATCH, num_workers=workers)
            for who, dataset in (("files", plain), ("cache", cached))
        }
        for _ in range(2):
            same(loaders["cache"], loaders["files"])

        def fill(options: dict[str, Any] = options, kept: Path = kept) -> float:
            empty = kept.with_name(f"{kept.name}-{time.monotonic_ns()}")
            loader = pixfeed.DataLoader(
                pixfeed.FastTxtDataset(list_file, folder, cache=empty, **options), BATCH, num_workers=workers
            )
            speed = rate(loader, count)
            for file in empty.rglob("segment-*"):  # this process has it open: its pages would stay, and be written
                os.truncate(file, 0)
            contents.clear(pixfeed.Cache(empty))
            return speed

        shuffled = {
            who: pixfeed.DataLoader(dataset, BATCH, shuffle=True, num_workers=workers)
            for who, dataset in (("files", plain), ("cache", cached))
        }
        for who, loader in shuffled.items():
            runs[name, who] = lambda loader=loader: rate(loader, count)
        runs[name, "fill"] = fill
        if "transform" in options:
            continue
        floats, side = options["dtype"] == torch.float32, options["resize_height"]
        pure = PurePythonDataset(list_file, folder, side, side)
        pictures = np.stack([(pure[i][0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy() for i in range(count)])
        pictures.tofile(folder / f"{side}.raw")
        paths = [folder / f"{side}-{i}.npy" for i in range(count)]
        for path, picture in zip(paths, pictures, strict=True):
            np.save(path, picture)
        others = {
            "pure Python": pure,
            "np.memmap": MemoryMapped(folder / f"{side}.raw", pictures.shape, floats),
            ".npy files": Files(paths, floats),
        }
        for who, dataset in others.items():
            loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
            runs[name, who] = lambda loader=loader: rate(loader, count)
    return runs


def first_batch(list_file: Path, folder: Path) -> float:
    """Milliseconds from iter() to the first batch of a new process, out of a warm cache."""
    program = f"""
import time, torch, pixfeed
dataset = pixfeed.FastTxtDataset({str(list_file)!r}, {str(folder)!r}, 224, 224, dtype=torch.uint8,
                                 cache={str(folder / "uint8-224-x-224")!r})
loader = pixfeed.DataLoader(dataset, {BATCH}, num_workers=2)
start = time.perf_counter()
next(iter(loader))
print((time.perf_counter() - start) * 1e3)
"""
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def chart(median: dict[Any, float], path: Path) -> None:
    """Bars of images per second, by plan and way."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    ways = ["pure Python", "files", ".npy files", "np.memmap", "cache"]
    figure, axes = pyplot.subplots(1, len(PLANS), figsize=(12, 3.2), constrained_layout=True)
    for axis, plan in zip(axes, PLANS, strict=True):
        shown = [way for way in ways if (plan, way) in median]
        bars = axis.barh(shown, [median[plan, way] for way in shown])
        axis.bar_label(bars, fmt="{:,.0f}", padding=3)
        axis.set_title(plan, fontsize=10)
        axis.margins(x=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("images per second, second epoch")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    data, list_file = photos.find(arguments.data, arguments.list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = copies(data, list_file, arguments.pictures, folder)
        speeds = interleave(cases(made, folder, arguments.pictures, arguments.workers), arguments.rounds)
        first = sorted(first_batch(made, folder) for _ in range(5))[2]
    median = medians(speeds)
    table = Table("plan", "way", "images/s", "times files", title="medians")
    for plan, who in median:
        table.add_row(plan, who, f"{median[plan, who]:,.0f}", f"{median[plan, who] / median[plan, 'files']:.2f}")
    console.print(table)
    console.print(f"first batch of a new process: {first:.1f} ms")
    path = record(
        "cache",
        images_per_second={", ".join(key): values for key, values in speeds.items()},
        medians={", ".join(key): value for key, value in median.items()},
        first_batch_ms=first,
    )
    with contextlib.suppress(ImportError):
        chart(median, RESULTS / "cache.png")
    console.print(f"Written: {path}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    photos.run(main)
