"""pixfeed make-list refuses annotations that no dataset reads."""

from __future__ import annotations

import json
from pathlib import Path

import images
import pytest

from pixfeed.commands.app import main


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


def coco(folder: Path, **annotation: object) -> Path:
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 3, **annotation}],
        "categories": [{"id": 3, "name": "dog"}],
    }
    (folder / "all.json").write_text(json.dumps(content))
    return folder / "all.json"


@pytest.mark.parametrize("bbox", [[1, 2, 3], ["1", 2, 3, 4], [1, 2, float("inf"), 4], [1, 2, 3, float("nan")], None])
def test_boxes_of_coco(tmp_path, capsys, bbox):
    assert main(["make-list", str(coco(tmp_path, bbox=bbox)), "--out", str(tmp_path / "train.jsonl")]) == 2
    assert "bbox x y w h" in capsys.readouterr().err and not (tmp_path / "train.jsonl").exists()


def test_numbers_stay_short(tmp_path, capsys):
    assert main(["make-list", str(coco(tmp_path, bbox=[1, 2.34, 5.1, 4.0]))]) == 0
    assert capsys.readouterr().out == '{"image": "a.jpg", "boxes": [[1, 2.34, 5.1, 4]], "labels": [0]}\n'


def test_empty_boxes_of_coco_are_left_out(tmp_path, capsys):
    assert main(["make-list", str(coco(tmp_path, bbox=[1, 2, 0, 4]))]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["boxes"] == [] and "1 boxes are empty" in err


@pytest.mark.parametrize("points", [[1, 2], [1, "2", 2], [1, 2, float("inf")], 7])
def test_keypoints_of_coco(tmp_path, capsys, points):
    assert main(["make-list", str(coco(tmp_path, keypoints=points)), "--keypoints"]) == 2
    assert "keypoints x y v" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 160 120 50 40", "shares of the image's sides"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", "there must be 5 numbers"),
        ("0.5 0.5 0.5 0.1 0.1", "the class must be an integer"),
        ("7 0.5 0.5 0.1 0.1", "there are 2 class names"),
    ],
)
def test_labels_of_yolo(tmp_path, capsys, line, words):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(images.jpeg(images.picture(20, 40)))
    (tmp_path / "labels" / "a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    assert main(["make-list", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "a.txt, line 2:" in err and words in err


def test_a_list_is_no_source(tmp_path, capsys):
    (tmp_path / "train.txt").write_text("a.jpg 0\n")
    assert main(["make-list", str(tmp_path / "train.txt")]) == 2
    assert "is a list already" in capsys.readouterr().err


def test_the_source_is_not_overwritten(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("name,label\na.jpg,0\n")
    assert main(["make-list", str(tmp_path / "train.csv"), "--out", str(tmp_path / "train.csv")]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert (tmp_path / "train.csv").read_text().startswith("name,label")
