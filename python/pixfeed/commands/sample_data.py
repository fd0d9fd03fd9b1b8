"""``pixfeed sample-data``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from pixfeed.commands import output
from pixfeed.commands.options import as_json


@click.command("sample-data", short_help="Draw a small data set to try.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@as_json
def sample_data(folder: Path, json: bool) -> int:
    """Draw a small data set to try things on.

    Writes 36 pictures of circles, squares and triangles into FOLDER (default: here), with lists of labels, masks, boxes
    and keypoints, and a transform. The blocks of the documentation run beside it. Nothing is overwritten.

    \b
    Example:
      pixfeed sample-data shapes && cd shapes

    Exit codes: 0 it was written, 2 something of that name is there.
    """
    from pixfeed.tools.sample_data import write

    written = write(folder)
    if json:
        output.show_json("sample-data", {"folder": os.fspath(folder), "written": written})
    else:
        click.echo("\n".join(written))
        at = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
        click.echo(f"next: {at}pixfeed show train.txt photos")
    return 0
