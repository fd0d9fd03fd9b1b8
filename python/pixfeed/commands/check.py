"""``pixfeed check``."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixfeed.commands import options, output
from pixfeed.errors import Status

if TYPE_CHECKING:
    from pixfeed.tools.checking.check import Checked, Finding

# Findings of a rule that are printed, unless all are asked for.
_SHOWN = 25


def _rules(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> frozenset[str]:
    from pixfeed.tools.checking.rules import RULES

    ids = frozenset(part for each in value for part in each.split(",") if part)
    for unknown in sorted(ids - RULES.keys()):
        raise click.BadParameter(f"there is no rule {unknown!r}; there are {', '.join(RULES)}")
    return ids


def _explain(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value:
        return
    from rich.table import Table

    from pixfeed.tools.checking.rules import RULES

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    for rule in RULES.values():
        table.add_row(rule.id, rule.severity, output.escape(rule.words))
    output.console().print(table)
    context.exit()


_rules_option = click.option(
    "--rules", is_flag=True, is_eager=True, expose_value=False, callback=_explain, help="List the rules."
)


@click.command(short_help="Find faults in a list and its images.")
@options.list_file
@click.option("--full", is_flag=True, help="Decode every image, not only its header.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with this list.")
@click.option("--against-dir", type=click.Path(path_type=Path), help="The folder of its images.  [default: DIR]")
@click.option("--classes", type=click.IntRange(1), help="The number of classes; labels and masks are compared with it.")
@click.option("--ignore-index", type=int, default=255, show_default=True, help="A number in masks that is no class.")
@click.option("--min-side", type=int, default=8, show_default=True, help="Pixels; shorter sides are `tiny`.")
@click.option("--max-megapixels", type=float, default=50.0, show_default=True, help="More are `huge`.")
@click.option("--ignore", multiple=True, callback=_rules, metavar="ID", help="Leave out a rule; also ID,ID.")
@click.option(
    "--fix", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines without errors to a file."
)
@click.option(
    "--drop", multiple=True, callback=_rules, metavar="ID", help="With --fix: leave out lines with this note."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with charts and pictures.")
@click.option("--all", "show_all", is_flag=True, help=f"Print more than {_SHOWN} findings of a rule.")
@click.option("--no-memory", is_flag=True, help="Read every file anew, and remember nothing.")
@_rules_option
@options.as_json
def check(
    list: Path,
    dir: Path | None,
    targets: Any,
    mask_dir: Path | None,
    delimiter: str | None,
    header: bool,
    full: bool,
    against: Path | None,
    against_dir: Path | None,
    classes: int | None,
    ignore_index: int,
    min_side: int,
    max_megapixels: float,
    ignore: frozenset[str],
    fix: Path | None,
    drop: frozenset[str],
    html: Path | None,
    show_all: bool,
    no_memory: bool,
    json: bool,
) -> int:
    """Find what is wrong with a list and its images.

    LIST is a list file, DIR the folder that its names are relative to (default: the folder of LIST). Reads the header
    of every file, on all cores. A file that has not changed since the last run is not read again.

    \b
    Examples:
      pixfeed check train.txt photos
      pixfeed check train.txt photos --against val.txt
      pixfeed check train.txt photos --html report.html
      pixfeed check train.txt photos --full --fix good.txt

    Exit codes: 0 nothing found, 1 something found, 2 the list cannot be used.
    """
    from pixfeed.tools.checking import check as tool
    from pixfeed.tools.checking import lines

    folder = dir or list.parent
    masks = mask_dir or folder
    if fix is not None and fix.exists() and fix.samefile(list):
        raise click.UsageError(f"--fix {fix} would overwrite the list itself; name another file")
    limits = tool.Limits(classes, ignore_index, min_side, max_megapixels)
    with _without_collector():
        read = lines.read(list, targets, delimiter, header)
        its = tool.look(read, folder, masks, full, not no_memory, output.progress)
        other = None
        if against is not None:
            theirs = lines.read(against, read.kind, delimiter, header)
            other = tool.look(theirs, against_dir or folder, masks, False, not no_memory, output.progress)
        findings = [each for each in tool.check(its, masks, limits, other) if each.rule not in ignore]
    own = [each for each in findings if each.list == read.filename]
    bad = {each.line for each in own if each.severity == "error" or each.rule in drop}
    good = [line for line in read.lines if line.number not in bad]
    if fix is not None:
        _write(fix, [read.head, *(line.text for line in good)])
    if html is not None:
        from pixfeed.tools.checking.page import page

        with output.progress("drawing the page", None):
            _write(html, [page(its, other, findings, len(good), folder).encode("utf-8", "backslashreplace")])
    if json:
        output.show_json("check", _as_json(its, folder, findings, len(good)))
    else:
        _show(its, findings, len(good), show_all, folder)
        for what, path in (("good lines", fix), ("page", html)):
            if path is not None:
                click.echo(f"{what}: {path}")
    return int(bool(findings))


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """The garbage collector would visit the objects of all lines again and again: a fifth of the time, for 100,000."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """The file is there as a whole, or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.writelines(parts)
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(file.fileno(), 0o666 & ~umask)
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _as_json(its: Checked, folder: Path, findings: list[Finding], good: int) -> dict[str, Any]:
    known = [facts for facts in its.facts if facts is not None and facts.digest]
    return {
        "list": its.lines.filename,
        "images": os.fspath(folder),
        "targets": its.lines.kind,
        "lines": len(its.lines.lines),
        "good": good,
        "bytes": sum(facts.bytes for facts in known),
        "formats": dict(Counter(facts.format or "unknown" for facts in known if facts.status == Status.OK)),
        "classes": {str(number): count for number, count in sorted(its.classes.items())},
        "counts": dict(Counter(each.rule for each in findings)),
        "findings": [
            {
                "rule": each.rule,
                "severity": each.severity,
                "list": each.list,
                "line": each.line,
                "file": each.file,
                "message": each.message,
            }
            for each in findings
        ],
    }


def _show(its: Checked, findings: list[Finding], good: int, show_all: bool, folder: Path) -> None:
    from pixfeed.tools.checking.rules import RULES

    counts = Counter(each.rule for each in findings)
    shown: Counter[str] = Counter()
    for each in findings:
        shown[each.rule] += 1
        if show_all or shown[each.rule] <= _SHOWN:
            id = click.style(each.rule, "red" if each.severity == "error" else "yellow", bold=True)
            file = f" {each.file}:" if each.file else ""
            click.echo(f"{each.list}:{each.line}: {id}:{file} {each.message}")
    if counts:
        click.echo()
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for rule in RULES.values():
        if counts[rule.id]:
            style = "bold red" if rule.severity == "error" else "bold yellow"
            more = "" if show_all or counts[rule.id] <= _SHOWN else f"  ({_SHOWN} shown; --all prints all)"
            table.add_row(f"[{style}]{rule.id}[/]", f"{counts[rule.id]:,}", rule.severity, f"{rule.words}{more}")
    console = output.console()
    if counts:
        console.print(table)
        click.echo()
    if counts["missing"] and counts["missing"] == sum(not line.problem for line in its.lines.lines):
        click.echo(f"No file is there. Names are relative to {folder}: is that the right folder?")
        if all(line.name.isdecimal() and len(line.target) == 4 for line in its.lines.lines):
            click.echo("If these are YOLO's labels: `pixfeed make-list FOLDER --out train.jsonl` makes their list.")
    lines = len(its.lines.lines)
    known = [facts for facts in its.facts if facts is not None and facts.digest]
    readable = Counter(facts.format for facts in known if facts.status == Status.OK)
    formats = ", ".join(f"{count:,} {name or 'unknown'}" for name, count in readable.most_common())
    size = output.size(sum(facts.bytes for facts in known))
    click.echo(f"{lines:,} lines, {good:,} good; {len(known):,} files read ({formats or 'none'}), {size}")
    if its.lines.named:
        click.echo('The labels are names of classes: FastTxtDataset(..., classes="auto") reads them.')
    if its.lines.kind == "none":
        click.echo(
            "Nothing follows the names: a list without labels. Boxes in YOLO's label files become a list with "
            "`pixfeed make-list FOLDER --out train.jsonl`."
        )
    if its.classes:
        click.echo(_histogram(its.classes, options.class_names(Path(its.lines.filename))))
    if not findings:
        click.echo(click.style("nothing found", "green", bold=True))


def _histogram(counts: Counter[Any], names: list[str]) -> str:
    """The classes in a line or two: how many there are, the most frequent and the rarest.

    Args:
        counts: by number, or by name.
        names: of the classes; may be empty.
    """

    def shown_as(pairs: Iterable[tuple[Any, int]]) -> str:
        known = dict(enumerate(names))
        return ", ".join(f"{known.get(i, i)}: {count:,}" for i, count in pairs)

    ordered = counts.most_common()
    if len(ordered) <= 12:
        shown = shown_as(sorted(ordered))
    else:
        shown = f"most {shown_as(ordered[:4])}; least {shown_as(ordered[-4:])}"
    return f"{len(ordered):,} class{'' if len(ordered) == 1 else 'es'} ({shown})"
