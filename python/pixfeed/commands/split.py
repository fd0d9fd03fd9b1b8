"""``pixfeed split``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import click

from pixfeed.commands import options, output


def _parts(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> list[tuple[Path, float]]:
    parts = []
    for each in value:
        name, _, share = each.rpartition("=")
        try:
            parts.append((Path(name), float(share)))
        except ValueError:
            name = ""
        if not name or not parts[-1][1] > 0:
            raise click.BadParameter(f"{each!r} is no FILE=SHARE such as val.txt=0.2")
    if len({path for path, _ in parts}) < max(2, len(parts)):
        raise click.BadParameter("there must be two files or more, such as --into train.txt=0.8 --into val.txt=0.2")
    return parts


def _regex(context: click.Context, parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression ({error})") from None


@click.command(short_help="Divide a list into parts.")
@click.argument("list", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", multiple=True, required=True, callback=_parts, metavar="FILE=SHARE", help="A part; repeat it.")
@click.option("--group", callback=_regex, metavar="REGEX", help="Names with the same match stay in one part.")
@click.option("--stratify/--no-stratify", default=True, help="The same share of every class.  [default: stratify]")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same parts.")
@options.targets
@options.delimiter
@options.header
@options.as_json
def split(
    list: Path,
    into: Any,
    group: re.Pattern[str] | None,
    stratify: bool,
    seed: int,
    targets: Any,
    delimiter: str | None,
    header: bool,
    json: bool,
) -> int:
    """Divide a list into parts, for training and validation.

    Every part gets the same share of every class. With --group, names that have the same match (or the same first
    group of it) stay together: photos of one patient, frames of one film.

    \b
    Examples:
      pixfeed split all.txt --into train.txt=0.8 --into val.txt=0.2
      pixfeed split all.txt --into a.txt=8 --into b.txt=1 --into c.txt=1 --seed 1
      pixfeed split all.txt --into a.txt=0.9 --into b.txt=0.1 --group "id(\\d+)"

    Exit codes: 0 the parts were written, 2 they could not be.
    """
    from pixfeed.tools import splitting
    from pixfeed.tools.checking import lines

    for path, _ in into:
        if path.exists() and path.samefile(list):
            raise click.UsageError(f"--into {path} would overwrite the list itself; name another file")
    read = lines.read(list, targets, delimiter, header)
    bad = [line for line in read.lines if line.problem]
    if bad:
        where = f"{len(bad)} lines cannot be used, the first is line {bad[0].number}: {bad[0].problem}"
        check = options.typed("check", list, None, targets=targets, delimiter=delimiter, header=header)
        raise click.UsageError(f"{where}; `{check} --fix good.txt` writes the others")
    groups: Any = range(len(read.lines))
    if group is not None:
        groups = [_group(group, line.name, line.number) for line in read.lines]
    classes: Any = [_classes(line.target, read.kind) if stratify else () for line in read.lines]
    parts = splitting.split(classes, groups, [share for _, share in into], seed)
    counts = Counter(parts)
    for number, (path, _) in enumerate(into):
        its = [line.text for line, part in zip(read.lines, parts, strict=True) if part == number]
        its = [text if text.endswith((b"\n", b"\r")) else text + b"\n" for text in its]
        path.write_bytes(b"".join([read.head, *its]))
    written = [{"file": str(path), "lines": counts[number]} for number, (path, _) in enumerate(into)]
    if json:
        found = {"list": str(list), "lines": len(read.lines), "groups": len(set(groups)), "seed": seed}
        output.show_json("split", {**found, "parts": written})
        return 0
    for each in written:
        click.echo(f"{each['file']}: {each['lines']:,} lines")
    return 0


def _group(regex: re.Pattern[str], name: str, number: int) -> str:
    match = regex.search(name)
    if match is None:
        raise click.UsageError(f"--group {regex.pattern!r} matches nothing in {name!r} (line {number})")
    return match[1] if regex.groups and match[1] is not None else match[0]


def _classes(target: tuple[Any, ...], kind: str) -> tuple[Hashable, ...]:
    if kind == "boxes":
        return tuple(dict.fromkeys(row[0] for row in target))
    if kind == "labels" and not any(isinstance(value, float) for value in target):
        return tuple(enumerate(target))  # a column's label is a class of its own
    return ()
