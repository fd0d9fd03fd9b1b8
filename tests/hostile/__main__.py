"""Odd and mutated files of every format, read by both backends, cv2 and Pillow: ``make hostile``.

Files are read in children of this process, which has imported everything: some hundred files in each, pixfeed's in one
child and the others' in another, since these may crash. After a file at which a child dies or hangs comes a new child.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
from mutations import case
from outcomes import WAYS, Outcome, findings, others, ours, refused_alike
from seeds import seeds

#: Files per child.
BLOCK = 250
#: Seconds after which a file counts as a hang.
PATIENCE = 30.0
#: Share of the files that both backends may refuse for different reasons.
REASONS = 0.01
#: Megabytes that a child may take besides what it had from the start.
MEMORY = 600

_FORK = multiprocessing.get_context("fork")

Get = Callable[[int], tuple[str, bytes]]
Outcomes = dict[str, Outcome]
Read = Callable[[str, bytes, str], Outcomes]


def way_of(number: int) -> str:
    """The way in which a case is read: in color, or every second one in another."""
    names = list(WAYS)
    return names[0] if number % 2 == 0 else names[1 + number // 2 % (len(names) - 1)]


def _peak() -> int:
    """The most memory that this process had at once, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _work(read: Read, numbers: range, get: Get, results: Connection) -> None:
    """In the child: sends the outcomes of each file, and the memory that it took so far."""
    folder, before = "/dev/shm" if os.path.isdir("/dev/shm") else None, _peak()
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for number in numbers:
            data = get(number)[1]
            Path(file.name).write_bytes(data)
            results.send((read(file.name, data, way_of(number)), _peak() - before))


def outcomes_of(read: Read, numbers: range, get: Get) -> tuple[list[Outcomes | str], int, int]:
    """The outcomes of each file, or what became of the child that read it; the most memory that a child took, and after
    which file it did."""
    found: list[Outcomes | str] = []
    most, after = 0, numbers[0]
    while len(found) < len(numbers):
        results, its_end = _FORK.Pipe(duplex=False)
        child = _FORK.Process(target=_work, args=(read, numbers[len(found) :], get, its_end))
        child.start()
        its_end.close()
        try:
            while len(found) < len(numbers):
                if not results.poll(PATIENCE):
                    found.append("hangs")
                    break
                outcomes, memory = results.recv()
                if memory > most:
                    most, after = memory, numbers[len(found)]
                found.append(outcomes)
        except EOFError:
            child.join()
            code = child.exitcode or 0
            found.append(f"dies: {signal.Signals(-code).name if code < 0 else f'exit status {code}'}")
        finally:
            child.kill() if len(found) < len(numbers) else child.join(PATIENCE)
            child.join()
            results.close()
    return found, most, after


class Table:
    """What a run has found."""

    def __init__(self) -> None:
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()  # by format and word
        self.findings: dict[str, list[str]] = {}  # cases by finding
        self.reasons: list[str] = []  # cases that both backends refuse, for different reasons
        self.memory = (0, 0)  # megabytes at most, and after which file
        self.files = 0

    def add(self, number: int, case: tuple[str, bytes], ours: Outcomes | str, others: Outcomes | str) -> None:
        name, data = case
        format = name.partition(":")[0]
        self.files += 1
        if isinstance(ours, str):
            wrong, word = [f"the process {ours}"], ours
        else:
            theirs = {} if isinstance(others, str) else others
            words = [ours[who].word for who in ("native", "opencv")]
            if words[0] != words[1] and refused_alike(ours):
                self.reasons.append(f"{number} ({name}: {' and '.join(words)})")
            wrong, word = findings(ours | theirs, way_of(number), data), ours["native"].word
        self.counts[format, word] += 1
        for what in wrong:
            self.findings.setdefault(f"{format}, {way_of(number)}: {what}", []).append(f"{number} ({name})")

    def __str__(self) -> str:
        formats = sorted({format for format, _ in self.counts})
        words = [word for word, _ in collections.Counter(w for (_, w) in self.counts.elements()).most_common()]
        lines = ["".join([f"{'native':24}", *(f"{format:>9}" for format in formats)])]
        for word in words:
            lines.append("".join([f"{word[:23]:24}", *(f"{self.counts[format, word]:9}" for format in formats)]))
        lines += ["", f"{self.files} files, {self.memory[0]} MB at most (after {self.memory[1]})"]
        lines.append(f"{len(self.reasons)} refused for different reasons: {', '.join(self.reasons[:3])}")
        by_count = sorted(self.findings.items(), key=lambda item: -len(item[1]))
        lines += [f"{len(cases):6} x {what}: {', '.join(cases[:3])}" for what, cases in by_count]
        return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="files (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many minutes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (default: %(default)s)")
    parser.add_argument("--only", help="no run, but the outcomes of one case, by its number, or of a file")
    parser.add_argument("--write", type=Path, help="with --only: write the case to this file")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # threads do not survive a fork
    files = list(seeds().items())

    def get(number: int) -> tuple[str, bytes]:
        return case(files, arguments.seed, number)

    if arguments.only is not None:
        return _show(arguments.only, get, arguments.write)
    table, end = Table(), time.monotonic() + 60 * arguments.minutes
    for first in range(0, arguments.count, BLOCK):
        numbers = range(first, min(first + BLOCK, arguments.count))
        (mine, *memory), (theirs, *_) = (outcomes_of(read, numbers, get) for read in (ours, others))
        table.memory = max(table.memory, tuple(memory))
        for number, one, other in zip(numbers, mine, theirs, strict=True):
            table.add(number, get(number), one, other)
        if time.monotonic() > end:
            break
    if table.memory[0] > MEMORY:
        table.findings[f"a child took {table.memory[0]} MB"] = [str(table.memory[1])]
    if len(table.reasons) > REASONS * table.files:
        table.findings["refused for different reasons"] = table.reasons
    print(table)
    return int(bool(table.findings))


def _show(which: str, get: Get, out: Path | None) -> int:
    """All outcomes of one case or file, in every way of reading."""
    name, data = get(int(which)) if which.isdigit() else (which, Path(which).read_bytes())
    if out is not None:
        out.write_bytes(data)
    print(f"{name}, {len(data)} bytes: {data[:32]!r}")
    for way in WAYS:
        for read in (ours, others):
            numbers = range(list(WAYS).index(way) * 2 - 1, list(WAYS).index(way) * 2) if way != "color" else range(1)
            found, memory, _ = outcomes_of(read, numbers, lambda number: (name, data))
            shown = found[0] if isinstance(found[0], str) else {who: str(each) for who, each in found[0].items()}
            print(f"{way:9} {memory:4} MB", shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
