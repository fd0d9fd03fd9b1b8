"""Where pixfeed show writes, and what it says to type next."""

from __future__ import annotations

import shlex

import images
import pytest
from PIL import Image

from pixfeed.commands.app import main


@pytest.fixture
def listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    for i in range(2):
        (tmp_path / "my photos" / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    (tmp_path / "train.csv").write_text("name;label\n0.png;0\n1.png;1\n")
    return ["train.csv", "my photos", "--delimiter", ";", "--header"]


def test_a_sheet_is_drawn_again(listed):
    assert main(["show", *listed]) == 0 == main(["show", *listed, "--count", "1"])
    with Image.open("sheet.png") as sheet:
        assert sheet.width < 300  # the second: of one picture


@pytest.mark.parametrize("named", [False, True])
def test_what_pixfeed_did_not_draw_stays_unless_it_is_named(listed, tmp_path, capsys, named):
    data = images.png(images.picture(9, 9))
    (tmp_path / "sheet.png").write_bytes(data)
    assert main(["show", *listed, *(["--out", "sheet.png"] if named else [])]) == (0 if named else 2)
    assert named or ("--out" in capsys.readouterr().err and (tmp_path / "sheet.png").read_bytes() == data)


def test_the_hint_can_be_typed(listed, tmp_path, capsys):
    (tmp_path / "my photos" / "1.png").write_bytes(b"no image")
    assert main(["show", *listed]) == 1
    hint = capsys.readouterr().out.split("`")[1]
    assert shlex.split(hint)[:2] == ["pixfeed", "check"]
    assert main(shlex.split(hint)[1:]) == 1
    assert "not-an-image" in capsys.readouterr().out


def test_a_bad_line_names_the_command_that_finds_all(listed, tmp_path, capsys):
    with open("train.csv", "a") as file:
        file.write("2.png;x\n3.png\n")
    assert main(["show", *listed]) == 2
    err = capsys.readouterr().err
    assert "train.csv, line 4" in err and "--delimiter ';' --header --fix good.txt" in err.replace("\n", " ")
