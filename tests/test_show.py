"""pixfeed show: sheets of samples, with their targets where they belong."""

from __future__ import annotations

import json
import re

import faulty_folder
import images
import numpy as np
import pytest
from PIL import Image

from pixfeed.commands.app import main
from pixfeed.tools import contact_sheet, drawing


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


@pytest.fixture
def listed(tmp_path):
    """Eight pictures, a column of gray each, brighter from one to the next."""
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(images.png(np.full((40, 60, 3), 20 * i + 40, np.uint8)))
    (tmp_path / "train.txt").write_text("".join(f"{i}.png {i % 2}\n" for i in range(8)))
    (tmp_path / "train.classes.txt").write_text("cat\ndog\n")
    return tmp_path / "train.txt"


def shown(capsys, tmp_path, *arguments: object, status: int = 0) -> tuple[dict, np.ndarray]:
    out = tmp_path / "sheet.png"
    assert main(["show", *map(str, arguments), "--out", str(out), "--json"]) == status
    return json.loads(capsys.readouterr().out), np.asarray(Image.open(out))


def test_the_first_samples(tmp_path, capsys, listed):
    found, sheet = shown(capsys, tmp_path, listed, "--count", 7, "--side", 60)
    assert found["lines"] == [1, 2, 3, 4, 5, 6, 7] and found["refused"] == 0 and found["targets"] == "labels"
    assert {tuple(pixel) for i in range(7) for pixel in [(20 * i + 40,) * 3]} <= set(map(tuple, sheet.reshape(-1, 3)))
    assert sheet.shape[1] == 6 * 72 + 12


def test_a_seed_chooses(tmp_path, capsys, listed):
    lines = [shown(capsys, tmp_path, listed, "--count", 4, "--seed", seed)[0]["lines"] for seed in (1, 1, 2)]
    assert lines[0] == lines[1] != lines[2] and all(sorted(each) == each for each in lines)


def test_draws_of_a_transform(tmp_path, capsys, listed):
    code = "from pixfeed import transforms as T\n"
    code += "flip = T.Compose([T.RandomHorizontalFlip(0.5), T.ToTensor(), T.Normalize((0.5,) * 3, (0.25,) * 3)])\n"
    (tmp_path / "augment.py").write_text(code)
    half = np.full((40, 60, 3), 40, np.uint8)
    half[:, :30] = 200
    (tmp_path / "0.png").write_bytes(images.png(half))
    arguments = [listed, "--count", 1, "--draws", 12, "--side", 60, "--transform", f"{tmp_path / 'augment.py'}:flip"]
    _, sheet = shown(capsys, tmp_path, *arguments)
    assert sheet.shape[1] == 12 * 72 + 12
    row = sheet[96]  # through the middle of the pictures: after the heading, the names, and half a side
    sides = {tuple(row[12 + 72 * i + x][0] for x in (10, 50)) for i in range(12)}
    assert sides == {(200, 40), (40, 200)}  # Normalize is undone, and both draws occur


@pytest.mark.parametrize("text", ["augment.py", "nowhere.py:flip", "augment.py:nothing", "augment.txt:x"])
def test_what_is_no_transform(tmp_path, capsys, listed, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "augment.py").write_text("flip = 1\n")
    assert main(["show", str(listed), "--transform", text]) == 2
    assert text.rpartition(":")[0] in capsys.readouterr().err


def test_names_of_classes(tmp_path, capsys, listed):
    assert main(["show", str(listed), "--out", str(tmp_path / "sheet.html")]) == 0
    html = (tmp_path / "sheet.html").read_text()
    assert re.findall(r"<figcaption>(.*?)<br>", html) == [f"line {i + 1}: {('cat', 'dog')[i % 2]}" for i in range(8)]
    assert html.count("data:image/jpeg") == 8 and "<script" not in html


def test_boxes_and_masks(tmp_path, capsys):
    path, _ = faulty_folder.boxed(tmp_path)
    path.write_text(path.read_text().splitlines()[0])
    found, sheet = shown(capsys, tmp_path, path, "--side", 60)
    assert found["targets"] == "boxes" and (sheet == drawing.color(0)).all(-1).any()
    path, _ = faulty_folder.masked(tmp_path)
    found, _ = shown(capsys, tmp_path, path, "--side", 60, status=1)
    assert found["targets"] == "mask" and found["refused"] == 2


def test_a_box_is_drawn_where_it_is():
    picture = np.full((100, 200, 3), 128, np.uint8)
    drawn = drawing.with_boxes(picture, np.array([[50.0, 40, 100, 50]]), [1])
    y, x = np.nonzero((drawn == drawing.color(1)).all(-1))
    assert (x.min(), x.max(), y.max()) == (50, 149, 89) and (drawn[60:80, 60:140] == 128).all()


def test_points_and_masks_are_drawn_where_they_are():
    picture = np.full((100, 100, 3), 128, np.uint8)
    drawn = drawing.with_points(picture, np.array([[30.0, 70, 2], [80, 20, 0]]))
    assert tuple(drawn[70, 30]) == drawing.color(0) and (drawn[:50, 50:] == 128).all()
    mask = np.zeros((100, 100), np.int64)
    mask[10:20], mask[20:30] = 2, 255
    drawn = drawing.with_mask(picture, mask, 255)
    assert (drawn[30:] == 128).all() and len(np.unique(drawn[10:20].reshape(-1, 3), axis=0)) == 1
    assert {tuple(pixel) for pixel in drawn[20:30].reshape(-1, 3)} == {(235,) * 3, (90,) * 3}


def test_pictures_that_cannot_be_read_have_a_place(tmp_path, capsys, listed):
    (tmp_path / "3.png").unlink()
    found, sheet = shown(capsys, tmp_path, listed, status=1)
    assert found["refused"] == 1 and (sheet == (192, 50, 43)).all(-1).any()


def test_fractions_as_labels(tmp_path, capsys, listed):
    listed.write_text("0.png 0.5\n1.png 2\n")
    assert main(["show", str(listed), "--out", str(tmp_path / "sheet.html")]) == 0
    assert "line 1: 0.5" in (tmp_path / "sheet.html").read_text()


def test_all_rows_if_there_are_few():
    assert contact_sheet.choose(9, 3, 1) == [0, 1, 2]
