"""Long lists: how soon one is there, what memory it takes, and whether worker processes grow.

python -m benchmarks.lists [--lines 10000000] [--python-lines 1000000] [--rounds 5]

Beside pixfeed's FileList stand its plain twin (what it does without the extension) and the pure-Python Dataset, which
has a list of tuples. Both take long: they get fewer lines, and the tables say so; per line is what compares. Every
measurement has a process of its own. Workers are forked, and each looks up names and labels at random; PSS counts a
shared page in parts, so its sum is what the workers really take. The list is in the page cache. Writes
benchmarks/results/lists.json.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks.measure import console, interleave, record, seconds
from benchmarks.pure_python import PurePythonDataset
from pixfeed.lists.file_list import FileList

WORKERS = 2
MB = 1e6


def write_list(path: Path, lines: int) -> None:
    with open(path, "w") as file:
        for start in range(0, lines, 100_000):
            names = range(start, min(start + 100_000, lines))
            file.write("".join(f"n{i % 1000:08}/{i:08}.jpg {i % 1000}\n" for i in names))


class PythonLists(PurePythonDataset):
    """The pure-Python Dataset's loop and look-up, without the pictures."""

    def look_up(self, i: int) -> tuple[str, np.ndarray]:
        name, labels = self.samples[i]
        return name, np.array(labels)


class Ours(FileList):
    def look_up(self, i: int) -> tuple[str, np.ndarray]:
        return self.name(i), self.labels[i].copy()


MAKE: dict[str, Callable] = {
    "pixfeed": lambda path: Ours(path, backend="native"),
    "pixfeed, plain twin": lambda path: Ours(path, backend="opencv"),
    "pure Python": lambda path: PythonLists(path, ""),
}


def status(name: str, file: str = "smaps_rollup", process: int | str = "self") -> float:
    """A number of /proc, in MB."""
    lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024 / MB


def construct(how: str, path: str) -> dict[str, float]:
    """Seconds, and how many MB more there are afterwards and at the most."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts here
    before, peak_before = status("Pss"), status("VmHWM", "status")
    made = []
    taken = seconds(lambda: made.append(MAKE[how](path)))
    return {"seconds": taken, "MB": status("Pss") - before, "peak MB": status("VmHWM", "status") - peak_before}


def work(dataset, seed: int, look_ups: int, steps: int, barrier) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        barrier.wait()  # measured between these two
        barrier.wait()
        for _ in range(look_ups // steps // 100):  # few at a time: these numbers take memory, too
            for i in rng.integers(0, len(dataset), 100).tolist():
                dataset.look_up(i)
    barrier.wait()
    barrier.wait()


def workers(how: str, path: str, look_ups: int, steps: int) -> dict[str, list[float]]:
    """The sum of the workers' PSS, in MB, before, between and after their look-ups; and seconds a step."""
    dataset = MAKE[how](path)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(WORKERS + 1)
    processes = [context.Process(target=work, args=(dataset, i, look_ups, steps, barrier)) for i in range(WORKERS)]
    for process in processes:
        process.start()
    sums, times = [], []
    for step in range(steps + 1):
        taken = seconds(barrier.wait)
        if step:
            times.append(taken)
        sums.append(sum(status("Pss", process=process.pid) for process in processes))
        barrier.wait()
    for process in processes:
        process.join()
    return {"MB": sums, "seconds": times}


def alone(function: Callable, *args):
    """What ``function`` returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=_not_a_daemon) as pool:
        return pool.apply(function, args)


def _not_a_daemon() -> None:
    """It has workers of its own."""
    multiprocessing.current_process()._config["daemon"] = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--python-lines", type=int, default=1_000_000, help="lines for what is written in Python")
    parser.add_argument("--look-ups", type=int, default=200_000, help="of each worker")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        long, short = Path(folder) / "long.txt", Path(folder) / "short.txt"
        write_list(long, arguments.lines)
        write_list(short, arguments.python_lines)
        size = os.path.getsize(long)
        of = {how: (long, arguments.lines) if how == "pixfeed" else (short, arguments.python_lines) for how in MAKE}
        runs = {how: lambda how=how: alone(construct, how, str(of[how][0])) for how in MAKE}
        made = interleave(runs, arguments.rounds)
        looked = {
            how: alone(workers, how, str(of[how][0]), arguments.look_ups, 4) for how in ("pixfeed", "pure Python")
        }

    table = Table("", "lines", "seconds [min, max]", "MB more", "peak", "us a line", "bytes a line")
    table.title = "constructing a list"
    for how, results in made.items():
        lines = of[how][1]
        time, stays, peak = ([result[key] for result in results] for key in ("seconds", "MB", "peak MB"))
        middle, size_now = statistics.median(time), statistics.median(stays)
        table.add_row(
            how,
            f"{lines:,}",
            f"{middle:.2f} [{min(time):.2f}, {max(time):.2f}]",
            f"{size_now:.0f}",
            f"{statistics.median(peak):.0f}",
            f"{1e6 * middle / lines:.3f}",
            f"{size_now * MB / lines:.0f}",
        )
    console.print(table)
    table = Table("", "lines", "start", "", "middle", "", "end", "us a look-up")
    table.title = f"sum of the PSS of {WORKERS} workers over {arguments.look_ups:,} look-ups each, MB"
    for how, result in looked.items():
        each = 1e6 * sum(result["seconds"]) / arguments.look_ups
        table.add_row(how, f"{of[how][1]:,}", *(f"{value:.1f}" for value in result["MB"]), f"{each:.1f}")
    console.print(table)
    path = record(
        "lists",
        lines={how: lines for how, (_, lines) in of.items()},
        megabytes_of_the_long_list=size / MB,
        constructing=made,
        workers=looked,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
