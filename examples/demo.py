"""The main job on real pictures: from a list file to batches, in the three ways that training scripts use.

python -m examples.demo [--data FOLDER] [--list FILE]
"""

from __future__ import annotations

import argparse
import time
import warnings
from itertools import islice
from pathlib import Path

import torch
from benchmarks.pure_python import PurePythonDataset
from rich.console import Console
from rich.progress import track
from rich.table import Table

import pixfeed
from examples import photos
from pixfeed import DataLoader

console = Console(highlight=False)


def show_batch(name: str, images: torch.Tensor, labels: torch.Tensor) -> None:
    shown = " ".join(str(label) for label in labels[:4].tolist()) + (" ..." if len(labels) > 4 else "")
    console.print(f"  {name}: images {list(images.shape)}, labels {list(labels.shape)}: {shown}")


def with_second_label(data: Path, list_file: Path, out: Path) -> Path:
    """The same list with one more label a line: 1 for a picture that is wider than high."""
    files = pixfeed.FastTxtDataset(list_file, data).files
    lines = []
    for name, labels in track(
        list(zip(files.names(), files.labels, strict=True)), "looking at shapes", console=console
    ):
        height, width = pixfeed.imread(data / name).shape[:2]
        lines.append(f"{name} {' '.join(map(str, labels))} {int(width > height)}\n")
    out.write_text("".join(lines))
    return out


def three_ways(data: Path, list_file: Path, batch_size: int) -> None:
    dataset = pixfeed.FastTxtDataset(list_file, data, repeat=1)

    console.print("\n[bold]1. By epochs[/bold] (repeat=1): the last batch of an epoch may be smaller")
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    for epoch in range(2):
        for step, (images, labels) in enumerate(track(loader, f"  epoch {epoch}", console=console)):
            show_batch(f"batch {step}", images, labels)

    console.print(
        "\n[bold]2. By steps[/bold] (repeat=None): every batch is full, the loop stops itself; in the list's order"
    )
    endless = pixfeed.FastTxtDataset(list_file, data, repeat=None)
    steps = len(loader) + 2
    for step, (images, labels) in enumerate(islice(DataLoader(endless, batch_size=batch_size), steps)):
        show_batch(f"step {step}", images, labels)

    console.print("\n[bold]3. One batch at a time[/bold]: next(iter(loader)), shuffled")
    for step in range(2):
        show_batch(f"step {step}", *next(iter(DataLoader(dataset, batch_size=batch_size, shuffle=True))))


def speed(make_loader, dataset, batch_size: int, workers: int, seconds: float = 3.0) -> float:
    """Images per second of a DataLoader, after one batch to warm up."""
    loader = make_loader(dataset, batch_size=batch_size, num_workers=workers)
    batches = iter(loader)
    next(batches)
    images, start = 0, time.perf_counter()
    for batch, _ in batches:
        images += len(batch)
        if time.perf_counter() - start > seconds:
            break
    return images / (time.perf_counter() - start)


def speeds(data: Path, list_file: Path, batch_size: int) -> None:
    console.print(
        f"\n[bold]Images per second[/bold], 256 x 256, batches of {batch_size} (make bench measures with care)"
    )
    contenders = {
        "pure Python (cv2)": (torch.utils.data.DataLoader, lambda: PurePythonDataset(list_file, data, repeat=None)),
        "pixfeed, float32": (DataLoader, lambda: pixfeed.FastTxtDataset(list_file, data, repeat=None)),
        "pixfeed, uint8": (
            DataLoader,
            lambda: pixfeed.FastTxtDataset(list_file, data, repeat=None, dtype=torch.uint8),
        ),
    }
    table = Table("", "0 workers", "2 workers", "times pure Python")
    base = 0.0
    for name, (make_loader, make) in contenders.items():
        measured = [speed(make_loader, make(), batch_size, workers) for workers in (0, 2)]
        base = base or max(measured)
        table.add_row(name, *(f"{value:,.0f}" for value in measured), f"{max(measured) / base:.2f}")
    console.print(table)


def contact_sheet(data: Path, list_file: Path, out: Path) -> None:
    """One batch with its labels, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    dataset = pixfeed.FastTxtDataset(list_file, data)
    count = min(24, len(dataset))
    generator = torch.Generator().manual_seed(0)
    images, labels = next(iter(DataLoader(dataset, batch_size=count, shuffle=True, generator=generator)))
    columns = min(6, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2 * columns, 2.25 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, label in zip(axes.flat, images, labels, strict=False):
        axis.imshow(image.permute(1, 2, 0).numpy())
        axis.set_title(f"label {' '.join(map(str, label.tolist()))}", fontsize=9)
    figure.suptitle(f"A batch of {list_file.name}: {tuple(images.shape)}, {images.dtype}")
    figure.savefig(out, dpi=100)
    console.print(f"\nA batch with its labels: [bold]{out}[/bold]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    photos.add_arguments(parser)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path("demo.png"), help="the contact sheet")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "This DataLoader will create")
    data, list_file = photos.find(arguments.data, arguments.list)
    console.print(f"{list_file}: pictures in {data}")

    console.print("\n[bold]A list with one label a line[/bold]")
    three_ways(data, list_file, arguments.batch_size)

    console.print("\n[bold]A list with one label more[/bold]")
    several = with_second_label(data, list_file, Path("demo_several_labels.txt"))
    try:
        show_batch("first batch", *next(iter(DataLoader(pixfeed.FastTxtDataset(several, data), batch_size=8))))
    finally:
        several.unlink()

    speeds(data, list_file, arguments.batch_size)
    contact_sheet(data, list_file, arguments.out)


if __name__ == "__main__":
    photos.run(main)
