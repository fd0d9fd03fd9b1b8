"""The command line as a whole: help, version, errors, exit codes, Ctrl-C, completion."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings

import images
import pytest

import pixfeed
from pixfeed.commands.app import app, main

PROGRAM = [sys.executable, "-m", "pixfeed"]
COMMANDS = sorted(name for name, command in app.commands.items() if not command.hidden)


@pytest.fixture
def listed(tmp_path):
    """A list of three sound pictures."""
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(20, 30, seed=i)))
    (tmp_path / "train.txt").write_text("0.jpg 0\n1.jpg 1\n2.jpg 0\n")
    return tmp_path / "train.txt"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main(list(map(str, arguments)))
    return status, *capsys.readouterr()


def test_without_a_command_there_is_help(capsys):
    status, out, _ = run(capsys)
    assert status == 0 and "Usage: pixfeed" in out
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name, capsys):
    status, out, _ = run(capsys, name, "--help")
    assert status == 0
    assert f"  pixfeed {name}" in out.split("Example", 1)[1] and "Exit code" in out and "--json" in out


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"pixfeed {pixfeed.__version__}\n")


def test_wrong_usage_is_2(capsys, tmp_path, listed):
    for arguments in (
        ["nothing"],
        ["check"],
        ["check", tmp_path / "nowhere.txt"],
        ["check", listed, "--nothing"],
        ["check", listed, "--ignore", "nothing"],
        ["check", listed, "--delimiter", "ab"],
    ):
        status, out, err = run(capsys, *arguments)
        assert status == 2 and err and not out, arguments
    status, _, err = run(capsys, "check", tmp_path)
    assert status == 2 and f"pixfeed make-list {tmp_path}" in err
    (tmp_path / "empty.txt").write_text("\n")
    status, _, err = run(capsys, "check", tmp_path / "empty.txt")
    assert status == 2 and err.startswith("pixfeed: ") and "is empty" in err and "Traceback" not in err


def test_json_says_which_schema_it_has(capsys, listed):
    for arguments in (["check", listed], ["doctor"]):
        _, out, _ = run(capsys, *arguments, "--json")
        found = json.loads(out)
        assert found["schema"] == f"pixfeed.{arguments[0]}/1" and found["pixfeed"] == pixfeed.__version__


@pytest.mark.slow
def test_completion():
    environment = {**os.environ, "_PIXFEED_COMPLETE": "bash_complete", "COMP_WORDS": "pixfeed ch", "COMP_CWORD": "1"}
    out = subprocess.run(PROGRAM, env=environment, capture_output=True, text=True).stdout
    assert "plain,check" in out.splitlines()


def test_interrupt(capsys, listed, monkeypatch):
    """Ctrl-C while a command reads: one word, no traceback."""
    from pixfeed.tools.checking import facts

    monkeypatch.setattr(facts, "of_files", lambda *_: os.kill(os.getpid(), signal.SIGINT) or time.sleep(9))
    assert run(capsys, "check", listed, "--no-memory") == (130, "", "\ninterrupted\n")


@pytest.mark.slow
def test_a_reader_that_goes_away(listed):
    command = f"'{sys.executable}' -m pixfeed check --rules --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.filterwarnings("default")
def test_a_warning_is_a_line(capsys, listed, monkeypatch):
    from pixfeed.tools.checking import check

    look = check.look
    monkeypatch.setattr(check, "look", lambda *rest: warnings.warn("what it is", stacklevel=1) or look(*rest))
    assert run(capsys, "check", listed)[2] == "pixfeed: what it is\n"


def test_nothing_is_drawn_where_there_is_no_terminal(capsys, listed):
    status, out, err = run(capsys, "check", listed)
    assert status == 0 and err == "" and "\x1b" not in out
