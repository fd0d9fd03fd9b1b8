"""``pixfeed show``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pixfeed.commands import options, output

_COLUMNS = 6
_DEFAULT = Path("sheet.png")


@click.command(short_help="Draw a contact sheet of samples.")
@options.list_file
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help=f"The file to write.  [default: {_DEFAULT}]"
)
@click.option("--count", type=click.IntRange(1), default=24, show_default=True, help="How many samples.")
@click.option("--seed", type=int, help="Choose them by this seed.  [default: the first ones]")
@click.option("--transform", metavar="FILE.py:NAME", help="Show them after this transform.")
@click.option("--draws", type=click.IntRange(1), default=1, show_default=True, help="Draws of each, side by side.")
@click.option(
    "--names", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Names of classes, one a line."
)
@click.option("--side", type=click.IntRange(32, 1024), default=200, show_default=True, help="Pixels of a picture.")
@options.as_json
def show(
    list: Path,
    dir: Path | None,
    targets: Any,
    mask_dir: Path | None,
    delimiter: str | None,
    header: bool,
    out: Path | None,
    count: int,
    seed: int | None,
    transform: str | None,
    draws: int,
    names: Path | None,
    side: int,
    json: bool,
) -> int:
    """Draw a contact sheet: samples with their labels, boxes, masks or keypoints.

    With --transform pictures are shown as training gets them: FILE.py:NAME is a transform, and a Normalize in it is
    undone. The suffix of --out says what is written: an image, or a page (.html). Names of classes are read from
    LIST's .classes.txt, if `pixfeed make-list` has written one. A file that --out names is overwritten; without
    --out only a sheet of an earlier run is.

    \b
    Examples:
      pixfeed show train.txt photos --out sheet.png
      pixfeed show train.txt photos --transform augment.py:train --draws 6
      pixfeed show train.jsonl photos --targets boxes --out sheet.html

    Exit codes: 0 all samples are shown, 1 some could not be read, 2 the list cannot be used.
    """
    import numpy as np

    from pixfeed._real_torch import torch
    from pixfeed.datasets.list_file import FastTxtDataset
    from pixfeed.tools import contact_sheet as tool
    from pixfeed.tools import drawing
    from pixfeed.tools.checking import lines

    folder = dir or list.parent
    is_named, out = out is not None, out or _DEFAULT
    if not is_named and out.exists() and not drawing.is_sheet(out):
        raise click.UsageError(f"{out} is there, and is no sheet that pixfeed drew: name another file with --out")
    how = {"targets": targets, "mask_dir": mask_dir, "delimiter": delimiter, "header": header}
    check = options.typed("check", list, dir, **how)
    read = lines.read(list, targets, delimiter, header)
    if bad := [line for line in read.lines if line.problem]:
        where = f"{list}, line {bad[0].number}: {bad[0].problem}"
        raise click.UsageError(f"{where}; `{check} --fix good.txt` writes the lines that can be used")
    kind = read.kind
    more: dict[str, Any] = {"mask_dir": mask_dir} if kind == "mask" and mask_dir is not None else {}
    if transform is not None:
        more["transform"] = tool.transform_of(transform)
    else:
        more |= {"dtype": torch.uint8, "resize_height": None, "resize_width": None}
    if kind == "none":
        more["labels"] = False
    elif kind == "labels":
        if read.named:
            more["classes"] = "auto"
        floats = any(isinstance(value, float) for line in read.lines for value in line.target)
        more["label_dtype"] = np.float32 if floats else np.int64
    dataset = FastTxtDataset(
        list,
        folder,
        targets="labels" if kind == "none" else kind,
        delimiter=delimiter,
        header=header,
        seed=seed or 0,
        **more,
    )
    names = names or next((each for each in (list.with_suffix(".classes.txt"),) if each.exists()), None)
    classes = [] if names is None else names.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    classes = dataset.classes if read.named else classes
    chosen = tool.choose(count, len(dataset.files), seed)
    rows = []
    with output.progress("drawing", len(chosen)) as done:
        for row in tool.tiles(dataset, chosen, draws, side, classes):
            rows.append(row)
            done(1)
    heading = f"{list.name}: {len(chosen):,} of {len(dataset.files):,} samples"
    heading += f", after {transform}" if transform else ""
    if draws == 1 and out.suffix.lower() != ".html":
        flat = [tile for row in rows for tile in row]
        rows = [flat[at : at + _COLUMNS] for at in range(0, len(flat), _COLUMNS)]
    if out.suffix.lower() == ".html":
        out.write_text(tool.page(rows, side, heading), encoding="utf-8", errors="backslashreplace")
    else:
        drawing.save(drawing.sheet(rows, side, heading), out)
    refused = sum(tile.is_refused for row in rows for tile in row)
    if json:
        found = {"list": os.fspath(list), "out": os.fspath(out), "targets": kind, "draws": draws}
        output.show_json("show", {**found, "lines": [dataset.files.line(i) for i in chosen], "refused": refused})
    else:
        click.echo(f"{out}: {len(chosen):,} of {len(dataset.files):,} samples")
        if refused:
            click.echo(f"{refused} cannot be read: `{check}` says why")
    return int(refused > 0)
