"""MNIST and CIFAR-10: epochs of torch's DataLoader over pixfeed.datasets, and over items made torchvision's way.

python -m benchmarks.sets [--rounds 15] [--pictures 10000]

The data are made, in the sets' shapes and the sets' files. torchvision's way is written down here: a PIL image of the
array, the steps of ToTensor, those of Normalize, torch's default collate. Both sides are one thread of one process
(num_workers=0), in one run, interleaved, shuffled alike; the batches are compared first. Writes
benchmarks/results/sets.json.
"""

from __future__ import annotations

import argparse
import os
import pickle
import struct
import tempfile
import time
from pathlib import Path

os.environ["PIXFEED_NUM_THREADS"] = "1"

import numpy as np
import torch
from PIL import Image
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

from benchmarks.measure import console, interleave, medians, record
from pixfeed.datasets import CIFAR10, MNIST

BATCHES = (256, 64)


def make_mnist(root: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, values in (("images-idx3", pictures), ("labels-idx1", labels)):
        header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
        (folder / f"train-{name}-ubyte").write_bytes(header + values.tobytes())


def make_cifar(root: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for i, rows in enumerate(np.array_split(np.arange(len(labels)), 5)):
        batch = {"data": pictures[rows].reshape(len(rows), -1), "labels": labels[rows].tolist()}
        (folder / f"data_batch_{i + 1}").write_bytes(pickle.dumps(batch, 2))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(i) for i in range(10)]}, 2))


class AsTorchvision(Dataset):
    """Items of the same data as torchvision makes them: Image.fromarray, ToTensor, Normalize."""

    def __init__(self, dataset: MNIST | CIFAR10, mean: tuple, std: tuple):
        self.data, self.targets = dataset.data, dataset.targets
        self.mean, self.std = mean, std

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self.data[index]
        image = Image.fromarray(picture.numpy() if isinstance(picture, torch.Tensor) else picture)
        pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))
        pixels = pixels.view(image.size[1], image.size[0], len(image.getbands()))
        tensor = pixels.permute((2, 0, 1)).contiguous().to(torch.float32).div(255).clone()
        mean = torch.as_tensor(self.mean, dtype=tensor.dtype).view(-1, 1, 1)
        std = torch.as_tensor(self.std, dtype=tensor.dtype).view(-1, 1, 1)
        return tensor.sub_(mean).div_(std), int(self.targets[index])


def epoch(dataset: Dataset, size: int):
    return DataLoader(dataset, size, shuffle=True, generator=torch.Generator().manual_seed(0))


def timed(dataset: Dataset, size: int) -> float:
    """Microseconds a batch. As in training, the batch before is held until the next one is there."""
    loader = epoch(dataset, size)
    start = time.perf_counter()
    for batch in loader:
        held = batch  # noqa: F841
    return 1e6 * (time.perf_counter() - start) / len(loader)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--pictures", type=int, default=10_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    cases = {}
    with tempfile.TemporaryDirectory() as folder:
        labels = rng.integers(0, 10, arguments.pictures, dtype=np.uint8)
        for kind, make, shape, mean, std in (
            (MNIST, make_mnist, (28, 28), (0.1307,), (0.3081,)),
            (CIFAR10, make_cifar, (3, 32, 32), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ):
            make(Path(folder), rng.integers(0, 256, (arguments.pictures, *shape), dtype=np.uint8), labels)
            ours = kind(folder, mean=mean, std=std)
            cases[kind.__name__] = {"torchvision's way": AsTorchvision(ours, mean, std), "pixfeed": ours}
    for datasets in cases.values():
        for theirs, ours in zip(*(epoch(dataset, 256) for dataset in datasets.values()), strict=True):
            assert all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))
    runs = {
        (name, str(size), who): lambda dataset=dataset, size=size: timed(dataset, size)
        for name, datasets in cases.items()
        for size in BATCHES
        for who, dataset in datasets.items()
    }
    microseconds = interleave(runs, arguments.rounds)
    median = medians(microseconds)
    table = Table("set", "batch", "torchvision's way", "pixfeed", "times", title="microseconds a batch, medians")
    ratios = {}
    for name, size in dict.fromkeys(key[:2] for key in median):
        theirs, ours = (median[name, size, who] for who in ("torchvision's way", "pixfeed"))
        ratios[f"{name}, batch {size}"] = theirs / ours
        table.add_row(name, size, f"{theirs:.0f}", f"{ours:.0f}", f"{theirs / ours:.1f}")
    console.print(table)
    path = record(
        "sets",
        microseconds={", ".join(key): values for key, values in microseconds.items()},
        medians={", ".join(key): value for key, value in median.items()},
        ratios=ratios,
    )
    console.print(f"Written: {path}")


if __name__ == "__main__":
    main()
