"""Commands on lists without labels, for prediction, and on what looks like them."""

from __future__ import annotations

import json

import images
import pytest

from pixfeed.commands.app import main


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


@pytest.fixture
def listed(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(images.png(images.picture(20, 30, seed=i)))
    (tmp_path / "names.txt").write_text("0.png\n1.png\n2.png\n3.png\n")
    return tmp_path / "names.txt"


def test_check(listed, capsys):
    assert main(["check", str(listed), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["targets"] == "none" and found["good"] == 4 and found["classes"] == {}
    (listed.parent / "3.png").write_bytes((listed.parent / "0.png").read_bytes())
    assert main(["check", str(listed)]) == 1
    out = capsys.readouterr().out
    assert "duplicate" in out and "conflict" not in out and "a list without labels" in out


def test_one_line_without_a_label_is_a_bad_line(listed, capsys):
    listed.write_text("0.png 1\n1.png\n2.png 0\n")
    assert main(["check", str(listed), "--json"]) == 1
    assert [each["rule"] for each in json.loads(capsys.readouterr().out)["findings"]] == ["bad-line"]
    assert main(["check", str(listed), "--targets", "none"]) == 0


def test_json_lines(listed, capsys):
    listed.write_text('{"image": "0.png"}\n{"image": "1.png", "more": 1}\n')
    assert main(["check", str(listed), "--targets", "none", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["good"] == 2


def test_show_split_and_bench(listed, capsys):
    assert main(["show", str(listed), "--out", str(listed.parent / "sheet.png")]) == 0
    assert "4 of 4 samples" in capsys.readouterr().out
    parts = [f"--into={listed.parent / 'a.txt'}=1", f"--into={listed.parent / 'b.txt'}=1"]
    assert main(["split", str(listed), *parts]) == 0
    assert (listed.parent / "a.txt").read_text().count("\n") == 2
    capsys.readouterr()
    assert main(["bench", str(listed), "--seconds", "0.01", "--json", "--batch-size", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 4


def test_the_labels_of_yolo_are_no_list(tmp_path, capsys):
    (tmp_path / "0.txt").write_text("0 0.5 0.5 0.25 0.25\n1 0.25 0.25 0.1 0.1\n")
    assert main(["check", str(tmp_path / "0.txt")]) == 1
    assert "YOLO's labels: `pixfeed make-list FOLDER" in capsys.readouterr().out
