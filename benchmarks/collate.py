"""pixfeed's default_collate beside torch's, in this process and interleaved in one run.

python -m benchmarks.collate [--rounds 30]

torch collates into fresh memory, as it always does, and pixfeed into memory that is used again. In every case the
results are compared first. Writes benchmarks/results/collate.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.table import Table
from torch.utils.data import default_collate

import pixfeed
from benchmarks.measure import console, interleave, medians, record

# One turn of a case takes about so long, in seconds: a single call may be too short for the clock.
TURN = 0.02


def cases() -> dict[str, list]:
    """Batches by name."""
    rng = np.random.default_rng(0)

    def images(n: int, *shape: int) -> list[torch.Tensor]:
        return [torch.rand(shape) for _ in range(n)]

    def scalars(i: int) -> dict:
        return {
            "index": i,
            "name": f"{i}.jpg",
            "weight": i / 7,
            "flipped": i % 2 == 0,
            "box": rng.random(4, dtype=np.float32),
            "labels": rng.integers(0, 9, 10),
        }

    return {
        "64 float32 tensors [3, 224, 224]": images(64, 3, 224, 224),
        "64 float32 arrays [3, 224, 224]": [image.numpy() for image in images(64, 3, 224, 224)],
        "64 uint8 tensors [3, 224, 224]": [image.mul(255).byte() for image in images(64, 3, 224, 224)],
        "64 float32 tensors [3, 512, 512]": images(64, 3, 512, 512),
        "256 tuples of float32 tensor [3, 32, 32], int": [(x, i) for i, x in enumerate(images(256, 3, 32, 32))],
        "256 dicts of scalars, strings, small arrays": [scalars(i) for i in range(256)],
        "256 tensors [10]": images(256, 10),
        "256 zero-dim tensors": [torch.tensor(i) for i in range(256)],
        "256 NumPy scalars": list(rng.random(256, dtype=np.float32)),
        "1024 ints": list(range(1024)),
        "1024 floats": [i / 7 for i in range(1024)],
        "1024 strings": [f"{i}.jpg" for i in range(1024)],
        "8 samples of nested lists": [[[i, [i / 2, i]], [[i], (i, i)], [torch.ones(2), "x"]] for i in range(8)],
        "1 int": [1],
    }


def check(ours, theirs) -> None:
    """The two results are the same."""
    if isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            check(ours[key], value)
    elif isinstance(theirs, (list, tuple)):
        assert type(ours) is type(theirs)
        for a, b in zip(ours, theirs, strict=True):
            check(a, b)
    else:
        assert ours == theirs


def timed(collate: Callable, batch: list, times: int) -> float:
    """Microseconds a call. As in training, the batch before is held until the next one is there, and there were others
    of its kind before: two calls are not counted, as another case may have had the memory since."""
    held = collate(batch)
    held = collate(batch)
    start = time.perf_counter()
    for _ in range(times):
        held = collate(batch)  # noqa: F841
    return 1e6 * (time.perf_counter() - start) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    runs = {}
    for name, batch in cases().items():
        check(pixfeed.default_collate(batch), default_collate(batch))
        once = min(timed(default_collate, batch, 1) for _ in range(3)) / 1e6
        times = max(1, round(TURN / once))
        for who, collate in (("torch", default_collate), ("pixfeed", pixfeed.default_collate)):
            runs[name, who] = lambda collate=collate, batch=batch, times=times: timed(collate, batch, times)
    microseconds = interleave(runs, arguments.rounds)
    median = medians(microseconds)
    table = Table("batch", "torch", "pixfeed", "times", title="microseconds a batch, medians")
    ratios = {name: median[name, "torch"] / median[name, "pixfeed"] for name, who in median if who == "torch"}
    for name, ratio in ratios.items():
        table.add_row(name, f"{median[name, 'torch']:.1f}", f"{median[name, 'pixfeed']:.1f}", f"{ratio:.2f}")
    console.print(table)
    path = record(
        "collate",
        microseconds={", ".join(key): values for key, values in microseconds.items()},
        medians={", ".join(key): value for key, value in median.items()},
        ratios=ratios,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
