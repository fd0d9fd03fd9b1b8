"""What commands print in a narrow terminal: nothing is cut off."""

from __future__ import annotations

import re

import images
import pytest

from pixfeed.commands.app import app, main
from pixfeed.tools.checking.rules import RULES


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("pixfeed.commands.output._PIPED", 60)


def test_the_help_says_what_commands_do(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "..." not in out.split("Commands:")[1] and max(map(len, out.splitlines())) <= 60


@pytest.mark.parametrize("name", sorted(name for name, command in app.commands.items() if not command.hidden))
def test_examples_are_short(name, capsys):
    assert main([name, "--help"]) == 0
    examples = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    pixfeed ")]
    assert examples and max(map(len, examples)) <= 80


def test_rules_hang(capsys):
    assert main(["check", "--rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    begin = lines[0].index("a line")
    assert all(line[:begin].isspace() or line.split()[0] in RULES for line in lines)
    assert max(map(len, lines)) <= 60 and {line.split()[0] for line in lines} >= RULES.keys()


def test_doctor_leaves_room_for_values(capsys):
    main(["doctor"])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("python"))
    assert line.index("(") < 35


@pytest.mark.slow_on_opencv
def test_parity_cuts_nothing_off(tmp_path, capsys, monkeypatch, backend):
    for needed in ("cv2", "PIL"):
        pytest.importorskip(needed)
    (tmp_path / "a.png").write_bytes(images.png(images.picture(20, 30, seed=1)))
    assert main(["parity", str(tmp_path), "--backend", backend]) == 0
    out = capsys.readouterr().out
    assert "…" not in out and "nearest_exact" in re.sub(r"\s+", "", out)
    assert "mean" not in out.split("decode=")[0]  # every difference is 0


def test_classes_have_names(tmp_path, capsys):
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    (tmp_path / "train.txt").write_text("0.png 0\n1.png 1\n")
    assert main(["check", str(tmp_path / "train.txt")]) == 0
    assert "2 classes (0: 1, 1: 1)" in capsys.readouterr().out
    (tmp_path / "train.classes.txt").write_text("cat\n")
    assert main(["check", str(tmp_path / "train.txt")]) == 0
    assert "2 classes (cat: 1, 1: 1)" in capsys.readouterr().out
