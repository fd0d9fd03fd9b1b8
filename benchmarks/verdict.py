"""The four cases that loader.stats() has to tell apart, staged; and what counting costs.

python -m benchmarks.verdict [--data FOLDER] [--list FILE] [--against PYTHON] [--rounds 15]

Slow step: 100 ms between batches. Fast step: none. Slow disk: small pictures through pipes whose other end takes 5 ms a
file. Slow decoding: a picture of 12 megapixels, again and again. A case that is told wrongly ends with an error.

With --against, the Python of an environment that has another pixfeed, such as the one before a change: CPU time of both
for one epoch of the list, in turns, each in a process of its own that stays. Writes benchmarks/results/verdict.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from examples import photos

import pixfeed
from benchmarks.measure import console, interleave, record, spread_table


def loop(loader: pixfeed.DataLoader, step: float = 0.0) -> pixfeed.loading.stats.Stats:
    for _ in loader:
        time.sleep(step)
    return loader.stats()


def slow_disk(folder: Path) -> pixfeed.loading.stats.Stats:
    """Each file is a pipe."""
    data = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    paths = [folder / f"{i}.jpg" for i in range(200)]
    for path in paths:
        os.mkfifo(path)

    def write() -> None:
        for path in paths:
            with open(path, "wb") as file:
                time.sleep(0.005)
                file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    stats = loop(pixfeed.DataLoader(pixfeed.FastTxtDataset.from_samples(paths, range(200)), 20, num_workers=1))
    writer.join()
    return stats


def slow_decoding(folder: Path) -> pixfeed.loading.stats.Stats:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    path = folder / "large.jpg"
    cv2.imwrite(str(path), cv2.GaussianBlur(noise, (5, 5), 0))
    return loop(pixfeed.DataLoader(pixfeed.FastTxtDataset.from_samples([path] * 40, range(40)), 4, num_workers=2))


def staged(data: Path, list_file: Path) -> dict[str, tuple[pixfeed.loading.stats.Stats, str]]:
    """What stats() says, and what it has to say."""
    loader = pixfeed.DataLoader(pixfeed.FastTxtDataset(list_file, data), 32, num_workers=2)
    with tempfile.TemporaryDirectory() as folder:
        return {
            "slow step": (loop(loader, 0.1), "The training step is the limit"),
            "fast step": (loop(loader), "The loader is the limit"),
            "slow disk": (slow_disk(Path(folder)), "the disk is slow"),
            "slow decoding": (slow_decoding(Path(folder)), "% of the work is decoding"),
        }


# What a process does that is asked for epochs: one for each line it reads.
_EPOCHS = """
import sys, time, pixfeed
data, list_file = sys.argv[1:]
loader = pixfeed.DataLoader(pixfeed.FastTxtDataset(list_file, data), 32, num_workers=2)
for line in sys.stdin:
    start = time.process_time()
    for _ in loader:
        pass
    print(time.process_time() - start, flush=True)
"""


def cost(data: Path, list_file: Path, pythons: dict[str, str], rounds: int) -> dict:
    """CPU seconds of an epoch, by environment."""
    command = ["-c", _EPOCHS, str(data), str(list_file)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    processes = {
        (name,): subprocess.Popen([python, *command], cwd=tempfile.gettempdir(), **pipes)
        for name, python in pythons.items()
    }

    def run(process: subprocess.Popen) -> float:
        process.stdin.write("go\n")
        return float(process.stdout.readline())

    try:
        return interleave({key: lambda p=process: run(p) for key, process in processes.items()}, rounds)
    finally:
        for process in processes.values():
            process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos.add_arguments(parser)
    parser.add_argument("--against", help="the Python of an environment with another pixfeed")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    data, list_file = (path.resolve() for path in photos.find(arguments.data, arguments.list))

    cases = staged(data, list_file)
    for name, (stats, expected) in cases.items():
        console.print(f"{name}\n{stats}\n")
        if expected not in stats.verdict:
            sys.exit(f"{name}: the verdict is wrong")
    seconds = {}
    if arguments.against:
        pythons = {"this": sys.executable, "other": arguments.against}
        seconds = cost(data, list_file, pythons, arguments.rounds)
        console.print(spread_table("CPU seconds of an epoch", ["pixfeed"], seconds, "{:.4f}"))
        ratios = [this / other for this, other in zip(*seconds.values(), strict=True)]
        console.print(f"this / other, paired: {statistics.median(ratios):.4f}")
    path = record(
        "verdict",
        verdicts={name: stats.verdict for name, (stats, _) in cases.items()},
        cpu_seconds={name: values for (name,), values in seconds.items()},
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
