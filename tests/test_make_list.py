"""pixfeed make-list: what it writes is read by the datasets."""

from __future__ import annotations

import json
from pathlib import Path

import images
import pytest

import pixfeed
from pixfeed.commands.app import main


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


def photo(path: Path, seed: int = 0, height: int = 20, width: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.jpeg(images.picture(height, width, seed=seed)))


def made(capsys, *arguments: object) -> dict:
    assert main(["make-list", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_class_folders(tmp_path, capsys):
    for name in ("dog/a.jpg", "cat/b.jpg", "cat/deep/c.jpg"):
        photo(tmp_path / "photos" / name)
    result = made(capsys, tmp_path / "photos", "--out", tmp_path / "train.txt")
    assert (tmp_path / "train.txt").read_text() == "cat/b.jpg 0\ncat/deep/c.jpg 0\ndog/a.jpg 1\n"
    assert (tmp_path / "train.classes.txt").read_text() == "cat\ndog\n"
    assert result["classes"] == ["cat", "dog"] and result["lines"] == 3 and result["from"] == "folders"
    listed = pixfeed.FastTxtDataset(tmp_path / "train.txt", tmp_path / "photos")
    folder = pixfeed.FastTxtDataset.from_folder(tmp_path / "photos")
    assert list(listed.files.names()) == list(folder.files.names())
    assert (listed.files.labels == folder.files.labels).all()
    assert main(["check", str(tmp_path / "train.txt"), str(tmp_path / "photos"), "--ignore", "conflict,duplicate"]) == 0


def test_a_folder_without_classes(tmp_path, capsys):
    photo(tmp_path / "b.jpg")
    photo(tmp_path / "a.jpg")
    assert main(["make-list", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == "a.jpg 0\nb.jpg 0\n" and "no classes" in err


@pytest.mark.parametrize("name", ["my dog.jpg", 'a, "b" c.jpg'])
def test_names_with_blanks(tmp_path, capsys, name):
    photo(tmp_path / "photos" / "dog" / name)
    result = made(capsys, tmp_path / "photos", "--out", tmp_path / "train.txt")
    assert result["delimiter"] == ","
    files = pixfeed.FileList(tmp_path / "train.txt", delimiter=",")
    assert list(files.names()) == [f"dog/{name}"]
    assert main(["check", str(tmp_path / "train.txt"), str(tmp_path / "photos"), "--delimiter", ","]) == 0
    capsys.readouterr()
    main(["make-list", str(tmp_path / "photos"), "--out", str(tmp_path / "train.txt")])
    assert "--delimiter ," in capsys.readouterr().out


def test_coco(tmp_path, capsys):
    photo(tmp_path / "images" / "a.jpg")
    photo(tmp_path / "images" / "b.jpg")
    annotations = [
        {"image_id": 7, "category_id": 90, "bbox": [1, 2, 3, 4], "keypoints": [1, 2, 2, 0, 0, 0]},
        {"image_id": 7, "category_id": 18, "bbox": [5, 6, 7, 8], "keypoints": [3, 4, 1], "num_keypoints": 1},
        {"image_id": 7, "category_id": 18, "bbox": [0, 0, 9, 9], "iscrowd": 1},
    ]
    content = {
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
        "annotations": annotations,
        "categories": [{"id": 90, "name": "brush"}, {"id": 18, "name": "dog"}],
    }
    (tmp_path / "all.json").write_text(json.dumps(content))
    arguments = [tmp_path / "all.json", "--images", tmp_path / "images", "--out", tmp_path / "train.jsonl"]
    result = made(capsys, *arguments)
    assert result["classes"] == ["dog", "brush"] and "1 annotations of crowds" in result["notes"][0]
    data = pixfeed.Annotations(tmp_path / "train.jsonl", "boxes")
    assert data.values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]] and data.classes.tolist() == [1, 0]
    assert list(data.names()) == ["a.jpg", "b.jpg"]
    made(capsys, *arguments, "--keypoints")
    points = pixfeed.Annotations(tmp_path / "train.jsonl", "keypoints")
    assert points.values.tolist() == [[1, 2, 2], [0, 0, 0], [3, 4, 1]]


@pytest.mark.parametrize(
    "names", ["names: [cat, 'dog']", "names:\n  0: cat\n  1: dog\n", "names:\n- cat\n- dog\nnc: 2"]
)
def test_yolo(tmp_path, capsys, names):
    photo(tmp_path / "images" / "train" / "a.jpg", height=20, width=40)
    photo(tmp_path / "images" / "train" / "b.jpg")
    (tmp_path / "images" / "train" / "bad.jpg").write_bytes(b"")
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.5 1\n\n0 0.25 0.25 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text(names)
    result = made(capsys, tmp_path, "--out", tmp_path / "train.jsonl")
    assert result["from"] == "yolo" and result["classes"] == ["cat", "dog"] and len(result["notes"]) == 2
    data = pixfeed.Annotations(tmp_path / "train.jsonl", "boxes")
    assert data.values.tolist() == [[10, 0, 20, 20], [8, 4, 4, 2]] and data.classes.tolist() == [1, 0]
    assert list(data.names()) == ["images/train/a.jpg", "images/train/b.jpg"] and data.labels.tolist() == [[2], [0]]
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 x 0.5 1\n")
    assert main(["make-list", str(tmp_path)]) == 2
    assert "a.txt, line 1:" in capsys.readouterr().err


def test_tables(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("id,image,species,weight\n1,a.jpg,wolf,3\n2,b.jpg,dog,4\n3,c.jpg,wolf,5\n")
    result = made(capsys, tmp_path / "train.csv", "--label-column", "species", "--out", tmp_path / "train.txt")
    assert (tmp_path / "train.txt").read_text() == "a.jpg 1\nb.jpg 0\nc.jpg 1\n" and result["classes"] == [
        "dog",
        "wolf",
    ]
    made(capsys, tmp_path / "train.csv", "--name-column", "id", "--out", tmp_path / "train.txt")
    assert (tmp_path / "train.txt").read_text() == "1 3\n2 4\n3 5\n"
    assert main(["make-list", str(tmp_path / "train.csv"), "--label-column", "color"]) == 2
    assert "there are id, image, species, weight" in capsys.readouterr().err


def test_what_is_no_source(tmp_path, capsys):
    (tmp_path / "a.bin").write_bytes(b"x")
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    for name, words in (("a.bin", "say --from"), ("a.json", "there are no images"), ("empty", "no sub-folder")):
        assert main(["make-list", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err
