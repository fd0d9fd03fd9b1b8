"""Lists with targets: their lines, their pickles, their arguments and what can be wrong."""

from __future__ import annotations

import functools
import json
import os
import pickle

import numpy as np
import pytest
import torch
from marker import HEIGHT, WIDTH, H, W, X, Y, make_dataset, write_pictures

import pixfeed
from pixfeed import FastTxtDataset, ImageError, ListError
from pixfeed.lists.annotations import Annotations


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def make(folder, backend):
    return functools.partial(make_dataset, folder, backend)


def test_numbers_to_be_regressed_are_labels(folder, backend):
    (folder / "list.txt").write_text("1.png 0.5 -1.25\n2.jpg 1e3 7\n")
    dataset = FastTxtDataset(folder / "list.txt", folder, 8, 8, label_dtype=np.float32, backend=backend)
    ((_, labels),) = pixfeed.DataLoader(dataset, batch_size=2)
    assert labels.dtype == torch.float32 and labels.tolist() == [[0.5, -1.25], [1000, 7]]


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_pickles_are_small(make, folder, kind):
    """Whatever the length of the list, which the copy reads for itself."""
    (folder / f"{kind}.txt").write_text((folder / f"{kind}.txt").read_text() * 100)
    dataset = make(kind, 32, 48)
    data = pickle.dumps(dataset)
    assert len(data) < 1300
    (image, target), (mine, expected) = pickle.loads(data)[1593], dataset[1593]
    assert torch.equal(image, mine) and str(target) == str(expected)
    assert pickle.loads(data).files.line(1593) == 1594 and len(pickle.loads(data)) == 1600
    (folder / f"{kind}.txt").write_text("")
    with pytest.raises(ListError, match=rf"{kind}\.txt: the list has changed since it was opened"):
        pickle.loads(data)[0]
    assert torch.equal(dataset[1593][0], mine)  # which needs the file no more


def test_pickled_from_a_pipe(folder):
    reader, writer = os.pipe()
    os.write(writer, (folder / "boxes.txt").read_bytes())
    os.close(writer)
    files = Annotations(f"/dev/fd/{reader}", "boxes")
    os.close(reader)
    copy = pickle.loads(pickle.dumps(files))
    assert list(copy.names()) == list(files.names()) and copy.values.tolist() == files.values.tolist()
    with pytest.raises(AttributeError, match="nonsense"):
        copy.nonsense  # noqa: B018


@pytest.mark.parametrize("kind", ["boxes", "keypoints"])
def test_json_lines_say_the_same(folder, kind, backend):
    found = {"boxes": [[X, Y, W, H], [1.5, 2, 3, 4]], "labels": [5, -(2**40)]}
    line = f"5 {X} {Y} {W} {H} {-(2**40)} 1.5 2 3 4"
    if kind == "keypoints":
        found, line = {"keypoints": [[X, Y, 1], [1.5, 2, 2]]}, f"{X} {Y} 1 1.5 2 2"
    (folder / "a.jsonl").write_text(json.dumps({"image": "6.jpg", **found, "more": 1}) + "\n\n")
    (folder / "a.txt").write_text(f"6.jpg\t{line}\n")
    (folder / "a.csv").write_text("\ufeffwhat is where\n" + f"6.jpg {line}\n".replace(" ", ","))
    lists = ("a.jsonl", {}), ("a.txt", {}), ("a.csv", {"delimiter": ",", "header": True})
    targets = [
        FastTxtDataset(folder / name, folder, 45, 60, targets=kind, backend=backend, **options)[0][1]
        for name, options in lists
    ]
    assert len(targets[0][kind]) == 2
    assert targets[0].get("labels", torch.zeros(0)).tolist() == found.get("labels", [])
    for other in targets[1:]:
        assert other.keys() == targets[0].keys() and all(torch.equal(other[key], targets[0][key]) for key in other)


@pytest.mark.parametrize("kind", ["boxes", "keypoints"])
def test_bad_pictures_take_their_targets_along(make, folder, kind):
    lines = (folder / f"{kind}.txt").read_text().splitlines()
    lines[4] = lines[4].replace("3.png", "none.png").replace(str(X), str(X - 8))
    (folder / f"{kind}.txt").write_text("\n".join(lines))
    for on_error, other in (("skip", 5), ("zeros", None)):
        dataset = make(kind, HEIGHT, WIDTH, on_error=on_error)
        for samples in (dataset.__getitems__(range(16)), [dataset[i] for i in range(16)]):
            target = samples[4][1][kind]
            assert not target.any() if other is None else torch.equal(target, samples[other][1][kind])
    with pytest.raises(ImageError, match=f"{kind}.txt, line 5"):
        make(kind, 32, 32).__getitems__(range(16))


def test_arguments(make, folder, backend):
    for options, words in (
        ({"targets": "masks"}, "targets is 'masks'"),
        ({"targets": "boxes", "mask_dir": "x"}, "mask_dir"),
        ({"ignore_index": 0}, "ignore_index"),
        ({"targets": "mask", "min_visibility": 0.5}, "min_visibility"),
        ({"targets": "boxes", "min_visibility": 1.5}, "min_visibility is 1.5"),
        ({"targets": "keypoints", "box_format": "xyxy"}, "box_format"),
        ({"targets": "boxes", "box_format": "cxcywh"}, "box_format is 'cxcywh'; it may be one of xywh, xyxy"),
        ({"targets": "mask", "roi_columns": 4}, "given by rois"),
    ):
        with pytest.raises(ValueError, match=words):
            FastTxtDataset(folder / "boxes.txt", folder, backend=backend, **options)
    with pytest.raises(ValueError, match="needs a list file"):
        FastTxtDataset.from_samples(["1.png"], [1], image_dir=folder, targets="boxes")


@pytest.mark.parametrize(
    ("kind", "line", "words"),
    [
        ("mask", "b.jpg", "0 fields after the name"),
        ("mask", "b.jpg b.png c.png", "2 fields after the name"),
        ("boxes", "b.jpg 1 2 3 4", "4 numbers after the name; there must be 5"),
        ("boxes", "b.jpg 1 2 3 4 x", "'x' is no number"),
        ("boxes", "b.jpg 1 2 3 -1 5", "negative w or h; a list has x, y, w, h"),
        ("boxes", "b.jpg 1.5 2 3 4 5", "label 1.5 is no integer"),
        ("boxes", "b.jpg 1 nan 3 4 5", "must be pixels"),
        ("keypoints", "b.jpg 1 2", "2 numbers after the name; there must be 3"),
        ("keypoints", "b.jpg 1 2 -1", "negative v"),
        ("boxes", '{"image": "b.jpg"', "no JSON"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, 4]], "labels": []}', "0 labels for 1 boxes"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3]], "labels": [1]}', "list of 4 numbers"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, "4"]], "labels": [1]}', "must be numbers"),
        ("boxes", '{"image": "b.jpg", "boxes": [[1, 2, 3, 4]], "labels": [true]}', "must be numbers"),
        ("boxes", '{"boxes": []}', '"image" must be there'),
        ("mask", '{"image": "b.jpg", "mask": "\\ud800"}', "no file's name"),
        ("boxes", "b.jpg 1 2 3 4 1_0", "'1_0' is no number"),
        ("keypoints", '{"image": "b.jpg", "boxes": []}', '"keypoints" must be there'),
        ("keypoints", "[]", "no JSON object"),
    ],
)
def test_bad_lines(tmp_path, kind, line, words):
    good = {"mask": "a.jpg a.png", "boxes": "a.jpg", "keypoints": "a.jpg 1 2 2"}[kind]
    if line[0] in "{[":
        good = json.dumps({"image": "a.jpg", "mask": "a.png", "boxes": [], "labels": [], "keypoints": []})
    (tmp_path / "list.txt").write_text(f"{good}\n\n{line}\n")
    with pytest.raises(ListError, match=rf"list.txt, line 3: .*{words}"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, targets=kind)


@pytest.mark.parametrize("kind", ["mask", "boxes", "keypoints"])
def test_empty_lists(tmp_path, kind):
    (tmp_path / "list.txt").write_text("\n\n")
    with pytest.raises(ListError, match="no samples"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, targets=kind)
    with pytest.raises(FileNotFoundError):
        FastTxtDataset(tmp_path / "none.txt", tmp_path, targets=kind)
