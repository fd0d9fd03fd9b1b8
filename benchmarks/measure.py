"""What all benchmarks share: interleaved rounds, the machine's description, tables and records."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pixfeed.tools.info import config

RESULTS = Path(__file__).parent / "results"
console = Console(highlight=False, markup=False)


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleave(runs: dict[Hashable, Callable[[], float]], rounds: int) -> dict[Hashable, list[float]]:
    """What every run returns in every round but the first, which warms up.

    Every run has its turn once in every round, in an order that moves on by one each round, so that whatever else the
    machine does meets all of them alike.
    """
    results: dict[Hashable, list[float]] = {key: [] for key in runs}
    keys = list(runs)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=(rounds + 1) * len(keys))
        for i in range(rounds + 1):
            for key in keys[i % len(keys) :] + keys[: i % len(keys)]:
                result = runs[key]()
                if i > 0:
                    results[key].append(result)
                progress.advance(task)
    return results


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing that is written to file descriptor 2 inside the block is seen: cv2 prints what it thinks of damaged
    files."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


class OwnProcess:
    """A run in a process of its own, the same in every round: threads and memory that other runs leave behind are not
    there.

    Args:
        make: called there once with ``arguments``; gives the function that measures.
    """

    def __init__(self, make: Callable[..., Callable[[], float]], *arguments: object):
        self._make, self._arguments = make, arguments
        self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def __call__(self) -> float:
        return self._process.submit(_measure, self._make, self._arguments).result()


_made: list[Callable[[], float]] = []  # in that process


def _measure(make: Callable[..., Callable[[], float]], arguments: tuple) -> float:
    if not _made:
        _made.append(make(*arguments))
    return _made[0]()


def medians(results: dict[Hashable, list[float]]) -> dict[Hashable, float]:
    return {key: statistics.median(values) for key, values in results.items()}


def spread_table(title: str, names: list[str], results: dict[tuple, list[float]], format: str) -> Table:
    """A row a run: its key's parts under ``names``, then median, least and most."""
    table = Table(*names, "median", "min", "max", title=title)
    for key, values in results.items():
        table.add_row(*key, *(format.format(v) for v in (statistics.median(values), min(values), max(values))))
    return table


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    return {"cpu": cpu_name(), "date": datetime.now(UTC).strftime("%Y-%m-%d"), **config()}


def record(name: str, **what) -> Path:
    """Writes ``results/NAME.json``: the command, the machine, and ``what``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    command = " ".join([f"python -m benchmarks.{name}", *sys.argv[1:]])
    path.write_text(json.dumps({"command": command, "machine": machine(), **what}, indent=2) + "\n")
    return path
