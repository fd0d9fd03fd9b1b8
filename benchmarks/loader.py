"""From files to batches: pixfeed beside the pure-Python path, interleaved in one run.

python -m benchmarks.loader [--data FOLDER] [--list FILE] [--rounds 5] [--workers 0 1 2 4]

Every contender runs once in every round, in an order that turns by one each round; the first round warms up and is
thrown away. Each has a process of its own. The files are in the page cache. Writes benchmarks/results/loader.json and
loader.png.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from examples import photos
from rich.table import Table
from torch.utils.data import DataLoader

import pixfeed
from benchmarks.measure import RESULTS, OwnProcess, console, interleave, machine, medians, record, spread_table
from benchmarks.pure_python import PurePythonDataset

TORCHS = "pixfeed float32, torch's loader"


def one_by_one(dataset) -> Callable[[], float]:
    """Seconds an image: ``dataset[i]`` for all i, in this process."""

    def run() -> float:
        start = time.perf_counter()
        for i in range(len(dataset)):
            dataset[i]
        return (time.perf_counter() - start) / len(dataset)

    return run


def batches(loader: DataLoader) -> Callable[[], float]:
    """Seconds an image: one epoch of a loader. Workers stay alive, so their start is not counted."""

    def run() -> float:
        start = time.perf_counter()
        images = sum(len(labels) for _, labels in loader)
        return (time.perf_counter() - start) / images

    return run


def contender(name: str, setting: str, batch_size: int, list_file: Path, **options) -> Callable[[], float]:
    """What measures a path at a setting: ``"dataset[i]"``, or ``"2 workers"``."""
    warnings.filterwarnings("ignore", "This DataLoader will create")
    kind = PurePythonDataset if name == "pure Python" else pixfeed.FastTxtDataset
    dataset = kind(list_file, **options, **({"dtype": torch.uint8} if name == "pixfeed uint8" else {}))
    if setting == "dataset[i]":
        return one_by_one(dataset)
    workers = int(setting.removesuffix(" workers"))
    loader = DataLoader if name in ("pure Python", TORCHS) else pixfeed.DataLoader
    return batches(loader(dataset, batch_size, num_workers=workers, persistent_workers=workers > 0))


def contenders(data: Path, list_file: Path, batch_size: int, workers: list[int], repeat: int) -> dict:
    """(path, setting) to a function that measures once, each in a process of its own."""
    result: dict[tuple[str, str], Callable[[], float]] = {}
    for name in ("pure Python", TORCHS, "pixfeed float32", "pixfeed uint8"):
        settings = ["dataset[i]", *(f"{n} workers" for n in workers)]
        if name == TORCHS:  # without workers it is the same as ours
            settings = [f"{n} workers" for n in workers if n > 0]
        for setting in settings:
            make = partial(contender, image_dir=data, repeat=repeat)
            result[name, setting] = OwnProcess(make, name, setting, batch_size, list_file)
    return result


def first_batches(data: Path, list_file: Path, batch_size: int) -> dict:
    """(loader,) to a function that gives the milliseconds from ``iter()`` to the first batch, with 2 workers."""
    dataset = pixfeed.FastTxtDataset(list_file, data)
    pure = PurePythonDataset(list_file, data)
    make = {
        "pixfeed, threads": lambda: pixfeed.DataLoader(dataset, batch_size, num_workers=2),
        "pure Python, forked": lambda: DataLoader(pure, batch_size, num_workers=2, multiprocessing_context="fork"),
        "pure Python, spawned": lambda: DataLoader(pure, batch_size, num_workers=2, multiprocessing_context="spawn"),
    }

    def measured(loader: Callable[[], DataLoader]) -> Callable[[], float]:
        def run() -> float:
            start = time.perf_counter()
            iterator = iter(loader())
            next(iterator)
            return 1e3 * (time.perf_counter() - start)

        return run

    return {(name,): measured(loader) for name, loader in make.items()}


def best(medians: dict, name: str) -> tuple[str, float]:
    """The setting of a path that makes batches fastest, and its speed."""
    of_path = {setting: v for (path, setting), v in medians.items() if path == name and setting != "dataset[i]"}
    setting = max(of_path, key=of_path.get)
    return setting, of_path[setting]


def ratios(medians: dict) -> dict[str, float]:
    """What the project promises, as measured."""
    pure = best(medians, "pure Python")[1]
    single = ("pure Python", "dataset[i]")
    return {
        "dataset[i], float32, one process": medians["pixfeed float32", "dataset[i]"] / medians[single],
        "batches, float32, each at its best": best(medians, "pixfeed float32")[1] / pure,
        "batches, uint8 against pure-Python float32, each at its best": best(medians, "pixfeed uint8")[1] / pure,
    }


def chart(speeds: dict, path: Path, title: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(name for name, _ in speeds))
    settings = list(dict.fromkeys(setting for _, setting in speeds))
    figure, axis = plt.subplots(figsize=(9, 4.5), layout="constrained")
    width = 0.8 / len(names)
    for i, name in enumerate(names):
        # What was not measured has no height, and so no bar.
        values = [speeds.get((name, setting), [float("nan")]) for setting in settings]
        heights = [statistics.median(v) for v in values]
        errors = [[h - min(v) for h, v in zip(heights, values, strict=True)]]
        errors.append([max(v) - h for h, v in zip(heights, values, strict=True)])
        places = [j + (i - (len(names) - 1) / 2) * width for j in range(len(settings))]
        bars = axis.bar(places, heights, width * 0.92, yerr=errors, capsize=2, label=name, error_kw={"lw": 0.8})
        axis.bar_label(
            bars, ["" if h != h else f"{h:,.0f}" for h in heights], fontsize=7, label_type="center", color="white"
        )
    axis.set_xticks(range(len(settings)), settings)
    axis.set_ylabel("images per second")
    axis.set_title(title, fontsize=10)
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--repeat", type=int, default=2, help="how often the list is read in one measurement")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "This DataLoader will create")
    data, list_file = photos.find(arguments.data, arguments.list)

    runs = contenders(data, list_file, arguments.batch_size, arguments.workers, arguments.repeat)
    seconds = interleave(runs, arguments.rounds)
    speeds = {key: [1 / value for value in values] for key, values in seconds.items()}
    middle = medians(speeds)

    first = interleave(first_batches(data, list_file, arguments.batch_size), arguments.rounds)

    console.print(spread_table("images per second", ["path", "setting"], speeds, "{:,.0f}"))
    console.print(spread_table("ms to the first batch, 2 workers", ["loader"], first, "{:,.0f}"))
    summary = Table("pixfeed against the pure-Python path", "times")
    for name, value in ratios(middle).items():
        summary.add_row(name, f"{value:.2f}")
    console.print(summary)

    path = record(
        "loader",
        images=len(pixfeed.FastTxtDataset(list_file, data)),
        batch_size=arguments.batch_size,
        images_per_second={f"{name}, {setting}": values for (name, setting), values in speeds.items()},
        milliseconds_to_first_batch={name: values for (name,), values in first.items()},
        ratios=ratios(middle),
    )
    about = machine()
    title = (
        f"{data.name}: files to 256 x 256 batches of {arguments.batch_size}; {about['cpu']}, {about['threads']} cores"
    )
    chart(speeds, RESULTS / "loader.png", title)
    console.print(f"Written: {path}, {RESULTS / 'loader.png'}")


if __name__ == "__main__":
    photos.run(main)
