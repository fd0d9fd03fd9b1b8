"""What commands print: lines, tables, JSON, and a progress bar."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from pixfeed._version import __version__

if TYPE_CHECKING:
    from rich.console import Console

# Columns where the output is no terminal: a file keeps whole lines.
_PIPED = 200


def console() -> Console:
    """For tables on stdout."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED)


def escape(text: str) -> str:
    """Text for a table, in which brackets are no markup."""
    from rich.markup import escape

    return escape(text)


def size(count: float) -> str:
    """Bytes, in a unit that fits."""
    return f"{count / 1e6:,.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def show_json(command: str, content: Mapping[str, Any]) -> None:
    """Print one JSON object; docs/command-line.md describes those of every command."""
    head = {"schema": f"pixfeed.{command}/1", "pixfeed": __version__}
    click.echo(json.dumps({**head, **content}, indent=2, ensure_ascii=False, allow_nan=False))


@contextlib.contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs, if that is a terminal.

    Args:
        what: what is done, in a word or two.
        total: how many there are; ``None`` if it is not known.

    Yields:
        A function to call with the number of those that are done since the last call.
    """
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
