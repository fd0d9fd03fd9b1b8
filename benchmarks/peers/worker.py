"""The process of one contender: told what to do on its standard input, a line of JSON each, it answers likewise.

python -m benchmarks.peers.worker

It knows nothing of pixfeed unless its contender is pixfeed, and does nothing until it is asked, so that many of them
can take turns. What libraries print goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers.job import Samples

LOADERS = ("batches", "augmented")


class Worker:
    def __init__(self, module: str, samples: Samples, photos: list[str], batch: int):
        self.contender = importlib.import_module(f"benchmarks.peers.contenders.{module}")
        self.samples, self.photos, self.batch = samples, photos, batch
        self.data = [Path(path).read_bytes() for path in samples.paths] if self.has("decode") else []
        self.loaders = {}

    def has(self, what: str) -> bool:
        return hasattr(self.contender, what)

    def about(self) -> dict:
        return {"version": self.contender.VERSION, "jobs": [job for job in JOBS if self.has(of(job))]}

    def decode(self) -> float:
        """Pictures per second."""
        return per_second(self.contender.decode, self.data)

    def photo(self) -> float:
        return per_second(self.contender.photo, self.photos)

    def loader(self, what: str):
        if what not in self.loaders:
            self.loaders[what] = getattr(self.contender, what)(self.samples, self.batch)
        return self.loaders[what]

    def epoch(self, what: str) -> float:
        """Pictures per second, from the loader's iterator to its last batch."""
        loader = self.loader(what)
        start = time.perf_counter()
        images = sum(len(images) for images, _ in loader)
        taken = time.perf_counter() - start
        if images != len(self.samples.paths):
            raise ValueError(f"{images} pictures in an epoch of {len(self.samples.paths)}")
        return images / taken

    def first(self) -> float:
        """Milliseconds from a fresh loader's iterator to its first batch."""
        loader = self.contender.batches(self.samples, self.batch)
        start = time.perf_counter()
        iterator = iter(loader)
        next(iterator)
        return 1e3 * (time.perf_counter() - start)

    def sample(self, job: str, path: str) -> None:
        """Writes what is compared with pixfeed's: the first picture, of ``augmented`` a whole batch."""
        if job == "decode":
            image = np.asarray(self.contender.decode(self.data[0]))
            image = image.transpose(1, 2, 0) if image.shape[0] == 3 else image
        elif job == "photo":
            image = np.asarray(self.contender.photo(self.photos[0]))
        else:
            found = [(images, labels) for images, labels in self.loader(job)]
            images, labels = next(pair for pair in found if 0 in numbers(pair[1]))
            images = np.asarray(images)
            images = images.transpose(0, 3, 1, 2) if images.shape[-1] == 3 else images
            image = images if job == "augmented" else images[numbers(labels).index(0)]
        np.save(path, image)


def numbers(labels) -> list[int]:
    return np.asarray(labels).reshape(-1).astype(int).tolist()


def per_second(function: Callable, items: list) -> float:
    start = time.perf_counter()
    for item in items:
        function(item)
    return len(items) / (time.perf_counter() - start)


JOBS: dict[str, Callable[[Worker], float]] = {
    "decode": Worker.decode,
    "batches": lambda worker: worker.epoch("batches"),
    "augmented": lambda worker: worker.epoch("augmented"),
    "photo": Worker.photo,
    "first": Worker.first,
}


def of(job: str) -> str:
    """What a contender has to define for a job."""
    return "batches" if job == "first" else job


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            if command == "start":
                module, samples, photos, batch = arguments
                worker = Worker(module, Samples(*samples), photos, batch)
                answer = worker.about()
            elif command == "sample":
                answer = worker.sample(*arguments)
            else:
                answer = JOBS[command](worker)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
