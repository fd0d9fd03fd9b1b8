"""``pixfeed make-list``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import click

from pixfeed.commands import options, output


@click.command("make-list", short_help="Write a list of a folder or a table.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The list to write.  [default: stdout]")
@click.option(
    "--from",
    "form",
    type=click.Choice(("folders", "coco", "yolo", "csv")),
    help="What SOURCE is.  [default: as it looks]",
)
@click.option("--images", type=click.Path(path_type=Path), help="COCO, CSV: the folder that names are relative to.")
@click.option("--name-column", help="CSV: the column with names.")
@click.option("--label-column", help="CSV: the column with labels.")
@click.option("--keypoints", is_flag=True, help="COCO: keypoints in place of boxes.")
@options.as_json
def make_list(
    source: Path,
    out: Path | None,
    form: Any,
    images: Path | None,
    name_column: str | None,
    label_column: str | None,
    keypoints: bool,
    json: bool,
) -> int:
    """Write a list file for a folder or for annotations.

    SOURCE is a folder with a sub-folder per class, a folder in YOLO's layout, COCO's JSON, or a CSV table. Names of
    classes become numbers; with --out they are written beside the list, one a line.

    \b
    Examples:
      pixfeed make-list photos --out train.txt
      pixfeed make-list instances_train.json --images train2017 --out train.jsonl
      pixfeed make-list train.csv --label-column species --out train.txt

    Exit codes: 0 the list was written, 2 it could not be.
    """
    from pixfeed.tools import making_lists as tool

    if out is not None and out.exists() and out.samefile(source):
        raise click.UsageError(f"--out {out} would overwrite what the list is made of; name another file")
    form = form or tool.form_of(source)
    if form == "coco":
        made = tool.of_coco(source, images, keypoints)
    elif form == "csv":
        made = tool.of_csv(source, name_column, label_column)
        made.folder = images or made.folder
    else:
        made = (tool.of_yolo if form == "yolo" else tool.of_folders)(source)
    text = "".join(f"{line}\n" for line in made.lines)
    names = None if out is None or not made.classes else out.with_suffix(".classes.txt")
    if out is not None:
        out.write_text(text, encoding="utf-8", errors="surrogateescape")
    if names is not None:
        names.write_text("".join(f"{name}\n" for name in made.classes), encoding="utf-8", errors="surrogateescape")
    if json:
        found = {
            "from": form,
            "list": None if out is None else os.fspath(out),
            "images": os.fspath(made.folder),
            "lines": len(made.lines),
            "classes": made.classes,
            "delimiter": made.delimiter,
            "notes": made.notes,
        }
        output.show_json("make-list", found)
        return 0
    if out is None:
        click.echo(text, nl=False)
    for note in made.notes:
        click.echo(note, err=True)
    if made.delimiter:
        how = f"names have blanks, so fields are separated by {made.delimiter!r}: say delimiter={made.delimiter!r}"
        click.echo(f"{how}, or --delimiter {made.delimiter}", err=True)
    if out is not None:
        classes = f", {len(made.classes):,} classes ({names})" if names is not None else ""
        click.echo(f"{out}: {len(made.lines):,} lines{classes}")
        option = [] if made.delimiter is None else ["--delimiter", made.delimiter]
        click.echo(f"next: {shlex.join(['pixfeed', 'check', str(out), str(made.folder), *option])}")
    return 0
