"""pixfeed sample-data: lists that are right, about shapes that are where they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import pixfeed
from pixfeed.commands.app import main


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    assert main(["sample-data", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("name", ["train.txt", "val.txt", "boxes.jsonl", "keypoints.jsonl", "masks.txt"])
def test_the_lists_are_without_fault(shapes, name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    arguments = [str(shapes / name), str(shapes / "photos"), "--full", "--mask-dir", str(shapes / "masks")]
    assert main(["check", *arguments, "--classes", "4"]) == 0


def test_boxes_and_points_are_those_of_the_masks(shapes):
    common = dict(resize_height=None, resize_width=None, dtype=torch.uint8)
    photos = shapes / "photos"
    boxes = pixfeed.FastTxtDataset(shapes / "boxes.jsonl", photos, targets="boxes", **common)
    points = pixfeed.FastTxtDataset(shapes / "keypoints.jsonl", photos, targets="keypoints", **common)
    masks = pixfeed.FastTxtDataset(shapes / "masks.txt", photos, targets="mask", mask_dir=shapes / "masks", **common)
    for i in range(len(boxes)):
        mask = masks[i][1].numpy()
        number = int(boxes[i][1]["labels"][0])
        assert set(np.unique(mask)) == {0, number + 1}
        y, x = np.nonzero(mask)
        left, upper, width, height = boxes[i][1]["boxes"][0].tolist()
        seen = (x.min(), y.min(), x.max() + 1, y.max() + 1)
        np.testing.assert_allclose(seen, (left, upper, left + width, upper + height), atol=2)
        for at_x, at_y, _ in points[i][1]["keypoints"].tolist():
            assert np.hypot(x - at_x, y - at_y).min() < 3


def test_nothing_is_overwritten(shapes, capsys):
    before = (shapes / "train.txt").read_text()
    assert main(["sample-data", str(shapes)]) == 2
    assert "is there already" in capsys.readouterr().err and (shapes / "train.txt").read_text() == before
