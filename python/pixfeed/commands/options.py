"""Options and arguments that several commands have."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pixfeed.list_parser import check_delimiter

_Command = TypeVar("_Command", bound=Callable[..., Any])

as_json = click.option("--json", is_flag=True, help="Print one JSON object (docs/command-line.md).")


def _list(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    if value.is_dir():
        raise click.BadParameter(f"{value} is a folder; `pixfeed make-list {value} --out train.txt` writes its list")
    return value


def _delimiter(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return check_delimiter({"tab": "\t", "\\t": "\t"}.get(value, value) if value else None)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


targets = click.option(
    "--targets",
    type=click.Choice(("labels", "mask", "boxes", "keypoints", "none")),
    help="What follows the name on a line.  [default: as the lines look]",
)
delimiter = click.option(
    "--delimiter", callback=_delimiter, help="What separates fields: , ; or tab.  [default: blanks and tabs]"
)
header = click.option("--header", is_flag=True, help="The first line names the columns.")


def class_names(list: Path) -> list[str]:
    """The names of a list's classes, if `pixfeed make-list` has written them beside it."""
    path = list.with_suffix(".classes.txt")
    return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if path.is_file() else []


def typed(command: str, list: Path, dir: Path | None, **given: Any) -> str:
    """A command line about the same list, to be typed next.

    Args:
        given: options of :func:`list_file`, by name; those that were not said are left out.
    """
    words = ["pixfeed", command, str(list), *([] if dir is None else [str(dir)])]
    for name, value in given.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)


def list_file(command: _Command) -> _Command:
    """The arguments LIST and DIR, and how the list is written."""
    decorators = (
        click.argument("list", type=click.Path(exists=True, path_type=Path), callback=_list),
        click.argument("dir", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False),
        targets,
        click.option("--mask-dir", type=click.Path(path_type=Path), help="The folder of the masks.  [default: DIR]"),
        delimiter,
        header,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
