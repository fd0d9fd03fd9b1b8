"""Batches by plain Python threads, for decoders that let the GIL go but have no loader of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.peers.job import CORES


class Threaded:
    """``load(path, slot)`` fills float32 [3, side, side]; a thread a core, two batches ahead of the one in use."""

    def __init__(self, load: Callable[[str, np.ndarray], None], paths: list[str], batch: int, side: int):
        self.load, self.paths, self.batch, self.side = load, paths, batch, side

    def __iter__(self) -> Iterator[tuple[np.ndarray, range]]:
        with ThreadPoolExecutor(CORES) as pool:
            waiting = deque()
            starts = iter(range(0, len(self.paths), self.batch))
            while True:
                while len(waiting) < 3 and (start := next(starts, None)) is not None:
                    waiting.append(self.begin(pool, start))
                if not waiting:
                    return
                images, tasks, labels = waiting.popleft()
                for task in tasks:
                    task.result()
                yield images, labels

    def begin(self, pool: ThreadPoolExecutor, start: int):
        paths = self.paths[start : start + self.batch]
        images = np.empty((len(paths), 3, self.side, self.side), np.float32)
        tasks = [pool.submit(self.load, path, slot) for path, slot in zip(paths, images, strict=True)]
        return images, tasks, range(start, start + len(paths))
