"""``pixfeed parity``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pixfeed.backends import NAMES, BackendName
from pixfeed.commands import output
from pixfeed.commands.options import as_json


@click.command(short_help="Compare pixels with OpenCV and Pillow.")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--images", type=click.Path(path_type=Path), help="The folder that names in the list are relative to.")
@click.option("--backend", type=click.Choice(NAMES), help="Which of pixfeed's backends.")
@as_json
def parity(path: Path, images: Path | None, backend: BackendName | None, json: bool) -> int:
    """Compare pixels with OpenCV and Pillow, on your files.

    PATH is a folder, a list file or an image. Every image is read in every way, with pixfeed and with the OpenCV and
    the Pillow that are installed. Needs both: pip install opencv-python-headless pillow.

    \b
    Example:
      pixfeed parity photos

    Exit codes: 0 all are identical, 1 not all, 2 nothing could be compared.
    """
    from pixfeed.tools import parity as tool

    files = tool.find(path, images)
    with output.progress("comparing", len(files)) as done:
        report = tool.compare(files, backend, lambda: done(1))
    if json:
        ways = [
            {"format": format, "read_as": way, "beside": beside, **asdict(tally), "mean": tally.mean}
            for (format, way, beside), tally in report.exact.items()
        ]
        found = {"compared": report.compared, "identical": report.status == 0, "ways": ways}
        output.show_json("parity", {**found, "refused": report.refused, "only_one": report.only_one})
    else:
        tool.show(report)
    return report.status
