"""``pixfeed doctor``, and ``pixfeed config``, which prints less."""

from __future__ import annotations

import click

from pixfeed.commands import output
from pixfeed.commands.options import as_json


@click.command(short_help="Say what this machine has, and lacks.")
@click.option("--report", is_flag=True, help="Text for a bug report, without home folders, host names and URL queries.")
@as_json
def doctor(report: bool, json: bool) -> int:
    """Say what this machine has for loading images, and what could be better.

    \b
    Examples:
      pixfeed doctor
      pixfeed doctor --report > report.txt

    Exit codes: 0 all is well, 1 there is advice.
    """
    from pixfeed.tools import doctor as tool

    found = tool.examine()
    if json:
        output.show_json("doctor", {"sections": found.sections, "advice": found.advice})
    elif report:
        click.echo(tool.as_text(found))
    else:
        from rich.table import Table

        console = output.console()
        widest = max(len(name) for section in found.sections.values() for name in section)
        width = widest if console.width >= 80 else None  # a narrow terminal has no room for one column of values
        for title, facts in found.sections.items():
            table = Table(box=None, pad_edge=False, show_header=False)
            table.add_column(style="dim", min_width=width, no_wrap=True)
            table.add_column(overflow="fold")
            for name, value in facts.items():
                table.add_row(name, output.escape(value))
            console.print(f"[bold]{title}[/]")
            console.print(table)
            console.print()
        for sentence in found.advice:
            console.print(f"[bold yellow]![/] {output.escape(sentence)}")
        if not found.advice:
            console.print("[bold green]All is well.[/]")
    return int(bool(found.advice))


@click.command(hidden=True)
def config() -> None:
    """Print versions, backends, codecs and threads."""
    from pixfeed.tools.info import show_config

    show_config()
