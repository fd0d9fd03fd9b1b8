"""``pixfeed bench``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import click

from pixfeed.commands import options, output

_STEPS = (25, 50, 100, 200, 500)  # milliseconds


@click.command(short_help="Measure how fast your images load.")
@options.list_file
@click.option("--size", type=click.IntRange(1), default=224, show_default=True, help="Pixels of both sides.")
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True)
@click.option("--workers", type=click.IntRange(0), help="Threads that load.  [default: the cores of this process]")
@click.option("--step-ms", type=float, help="How long a training step takes: what does it need?")
@click.option("--count", type=click.IntRange(1), default=512, show_default=True, help="Images, spread over the list.")
@click.option("--seconds", type=float, default=2.0, show_default=True, help="For each figure.")
@options.as_json
def bench(
    list: Path,
    dir: Path | None,
    targets: Any,
    mask_dir: Path | None,
    delimiter: str | None,
    header: bool,
    size: int,
    batch_size: int,
    workers: int | None,
    step_ms: float | None,
    count: int,
    seconds: float,
    json: bool,
) -> int:
    """Measure how fast your images load: disk, decoding, batches, and the pure-Python path beside it.

    Masks and boxes are loaded with their images.

    \b
    Examples:
      pixfeed bench train.txt photos
      pixfeed bench train.txt photos --step-ms 120 --batch-size 128

    Exit codes: 0 it was measured, 1 a step of --step-ms would have to wait, 2 the list cannot be used.
    """
    import numpy as np

    from pixfeed.context import cores
    from pixfeed.datasets.list_file import FastTxtDataset
    from pixfeed.tools import bench as tool
    from pixfeed.tools.checking import lines

    folder, own = dir or list.parent, cores()
    read = lines.read(list, targets, delimiter, header)
    sound = [line for line in read.lines if not line.problem]
    chosen = np.unique(np.linspace(0, len(sound) - 1, min(count, len(sound))).astype(int)).tolist()
    masks = [os.path.join(mask_dir or folder, line.target[0]) for line in sound] if read.kind == "mask" else []
    samples, kind = tool.samples_of([line.name for line in sound], [line.target for line in sound], masks, read.kind)
    make = partial(FastTxtDataset, samples, folder, targets=kind, on_error="skip")
    with output.progress("measuring", tool.FIGURES) as done:
        threads = own if workers is None else workers
        found = tool.measure(make, chosen, size, batch_size, threads, seconds, done, masks)
    advice = tool.advice(found, own, batch_size, step_ms)
    need = None if step_ms is None else 1000 * batch_size / step_ms
    if json:
        result = {**vars(found), "size": size, "batch_size": batch_size, "cores": own, "needed": need}
        output.show_json("bench", {**result, "advice": advice})
    else:
        _show(found, size, batch_size, own, advice)
    return int(need is not None and found.best < need)


def _show(found: Any, size: int, batch_size: int, own: int, advice: list[str]) -> None:
    from rich.table import Table

    console = output.console()
    about = f"{found.images:,} images of {output.size(1e6 * found.megabytes)} on average; {own} cores"
    console.print(f"[bold]Images per second[/], {size} x {size}, batches of {batch_size}; {about}\n")
    table = Table(box=None, pad_edge=False)
    pure = found.batches.get("pure Python")
    for name in ("", "one thread", f"{found.workers} workers", *(["beside pure Python"] if pure else [])):
        first = name == ""
        table.add_column(name, justify="left" if first else "right", style="bold" if first else "", no_wrap=first)
    if found.cold:
        table.add_row("files, from the disk", "", f"{found.cold:,.0f}")
    table.add_row("files, from memory", "", f"{found.warm:,.0f}")
    for name, rate in found.batches.items():
        single = found.single.get(name)
        beside = [f"{rate / pure:.1f}x"] if pure else []
        table.add_row(name, f"{single:,.0f}" if single else "", f"{rate:,.0f}", *beside)
    console.print(table)
    if not pure:
        console.print("(The pure-Python path beside it needs OpenCV: pip install opencv-python-headless.)")
    if found.work:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.work.items())
        console.print(f"\npixfeed's work: {shares}")
    needs = ", ".join(f"{step} ms: {1000 * batch_size / step:,.0f}" for step in _STEPS)
    console.print(f"A training step needs (images/s): {needs}\n")
    for sentence in advice:
        console.print(f"[bold green]>[/] {output.escape(sentence)}")
