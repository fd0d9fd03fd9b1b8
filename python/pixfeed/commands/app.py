"""The group of all commands, and what they have in common: errors, exit codes, Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import warnings

import click

from pixfeed._packages import explained
from pixfeed._version import __version__
from pixfeed.commands.bench import bench
from pixfeed.commands.cache import cache
from pixfeed.commands.check import check
from pixfeed.commands.doctor import config, doctor
from pixfeed.commands.make_list import make_list
from pixfeed.commands.parity import parity
from pixfeed.commands.sample_data import sample_data
from pixfeed.commands.show import show
from pixfeed.commands.split import split
from pixfeed.errors import PixfeedError

#: Exit codes. 1 says that a command has found something.
USAGE, INTERRUPTED = 2, 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    epilog="Exit codes: 0 all is well, 1 something was found, 2 wrong usage, 130 Ctrl-C. --json prints JSON.",
)
@click.version_option(__version__, prog_name="pixfeed", message="%(prog)s %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Answers about your images before you train on them.

    \b
    A folder of your own, from nothing to a contact sheet:
      pixfeed make-list photos --out train.txt
      pixfeed check train.txt photos
      pixfeed show train.txt photos --out sheet.png
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (bench, cache, check, doctor, make_list, parity, sample_data, show, split, config):
    app.add_command(command)


def _show_warning(message: Warning | str, *_: object) -> None:
    """In a line: where it was raised says nothing to those who type commands."""
    click.echo(f"pixfeed: {message}", err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run a command line, by default that of this process.

    Returns:
        The exit code: 0, 1 if something was found, 2 for wrong usage and files that cannot be used, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):  # names of files need not be UTF-8
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            return app.main(arguments, prog_name="pixfeed", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except (PixfeedError, OSError, ValueError) as error:
        click.echo(f"pixfeed: {error}", err=True)
        return USAGE
    except ImportError as error:
        if (sentence := explained("this command", error)) is None:
            raise
        click.echo(f"pixfeed: {sentence}", err=True)
        return USAGE
