"""``python -m pixfeed``: what runs here, and whether its pixels are the right ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pixfeed.backends import NAMES
from pixfeed.errors import BackendError, ListError
from pixfeed.tools.info import show_config


def _config(_: argparse.Namespace) -> int:
    show_config()
    return 0


def _parity(arguments: argparse.Namespace) -> int:
    from pixfeed.tools import parity

    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        print("parity needs rich for its tables: pip install 'pixfeed[parity]'", file=sys.stderr)
        return 2
    try:
        files = parity.find(arguments.path, arguments.images)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("comparing", total=len(files))
            report = parity.compare(files, arguments.backend, lambda: progress.advance(task))
    except (OSError, ListError, BackendError) as error:
        print(error, file=sys.stderr)
        return 2
    parity.show(report)
    return report.status


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pixfeed", description=__doc__)
    commands = parser.add_subparsers(title="commands (without one: config)")
    config = commands.add_parser("config", help="print versions, backends, codecs and threads")
    config.set_defaults(run=_config)
    parity = commands.add_parser(
        "parity",
        help="compare pixels with the OpenCV and the Pillow that are installed, on your own files",
        description="Reads every image in every way, with pixfeed and with OpenCV or Pillow, and prints how many are "
        "identical. Exit status: 0 if all are, 1 if not, 2 if nothing could be compared.",
    )
    parity.add_argument("path", type=Path, nargs="?", default=Path(), help="a folder, a list file or an image")
    parity.add_argument("--images", type=Path, help="the folder that names in the list are relative to")
    parity.add_argument("--backend", choices=NAMES, help="which of pixfeed's backends")
    parity.set_defaults(run=_parity)
    arguments = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = getattr(arguments, "run", _config)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
