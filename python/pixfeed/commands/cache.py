"""``pixfeed cache``: info, verify, clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pixfeed.commands import output
from pixfeed.commands.options import as_json

_folder = click.argument("dir", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def cache() -> None:
    """Look into a cache, check it, clear it.

    It is the folder that a dataset has got as cache=.

    \b
    Example:
      pixfeed cache info /fast/cache --json

    Exit codes: 0 fine, 1 some pictures were damaged, 2 it is no cache.
    """


def _opened(folder: Path) -> tuple[Any, Any]:
    from pixfeed import backends
    from pixfeed.cache import Cache

    found = Cache(folder, force=True)
    if not Path(found.files).is_dir():
        raise click.UsageError(f"{folder} is no cache of this version: it has no folder {Path(found.files).name}")
    return found, found.open(backends.choose())


@cache.command()
@_folder
@as_json
def info(dir: Path, json: bool) -> int:
    """Say what is in it.

    \b
    Example:
      pixfeed cache info /fast/cache

    Exit codes: 0 it was looked at, 2 it is no cache.
    """
    from pixfeed.cache import contents

    found = contents.info(*_opened(dir))
    if json:
        output.show_json("cache", {"folder": str(dir), **found._asdict()})
        return 0
    click.echo(f"{found.pictures:,} pictures, {found.bytes / 1e6:,.1f} MB of pixels in {found.files:,} files")
    click.echo(f"they take {(found.segments + found.index_bytes) / 1e6:,.1f} MB of the disk")
    click.echo(f"they were made of {found.encoded / 1e6:,.1f} MB of encoded images")
    return 0


@cache.command()
@_folder
@as_json
def verify(dir: Path, json: bool) -> int:
    """Read every picture and compare it with its checksums. Damaged ones are forgotten, and will be made again.

    \b
    Example:
      pixfeed cache verify /fast/cache

    Exit codes: 0 all are right, 1 some were damaged, 2 it is no cache.
    """
    from pixfeed.cache import contents

    found, store = _opened(dir)
    with output.progress("pictures", contents.info(found, store).pictures) as step:
        checked = contents.verify(store, step)
    if json:
        output.show_json("cache", {"folder": str(dir), **checked._asdict()})
    else:
        click.echo(f"{checked.pictures:,} pictures are right, {checked.damaged:,} were damaged and are forgotten")
    return int(checked.damaged > 0)


@cache.command()
@_folder
def clear(dir: Path) -> int:
    """Remove the pictures. Programs that use them go on, and the space is free when they have ended.

    \b
    Example:
      pixfeed cache clear /fast/cache

    Exit codes: 0 it is empty, 2 the folder holds something else.
    """
    from pixfeed.cache import Cache, contents

    contents.clear(Cache(dir, force=True))
    return 0
