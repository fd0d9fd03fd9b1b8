"""detection_collate: images and boxes [N, 6]."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from marker import HEIGHT, WIDTH, H, W, X, Y, make_dataset, write_pictures

import pixfeed
from pixfeed import transforms as T


@pytest.fixture
def folder(tmp_path):
    """The third image has no box, the second one two."""
    write_pictures(tmp_path)
    lines = (tmp_path / "boxes.txt").read_text().splitlines()
    lines[1:3] = [lines[1] + " 8 0 0 10 12", lines[2].split()[0]]
    (tmp_path / "boxes.txt").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    return functools.partial(make_dataset, folder, backend, "boxes", HEIGHT, WIDTH)


MARKER = [X / WIDTH + W / WIDTH / 2, Y / HEIGHT + H / HEIGHT / 2, W / WIDTH, H / HEIGHT]
OTHER = [5 / WIDTH, 6 / HEIGHT, 10 / WIDTH, 12 / HEIGHT]


@pytest.mark.parametrize("box_format", ["xywh", "xyxy"])
def test_both_forms(make, box_format):
    dataset = make(box_format=box_format)
    batch = dataset.__getitems__(range(4))
    pictures, boxes = pixfeed.detection_collate(batch)
    assert pictures is batch.images and boxes.dtype == torch.float32  # not copied
    expected = [[0, 5, *MARKER], [1, 5, *MARKER], [1, 8, *OTHER], [3, 5, *MARKER]]
    np.testing.assert_allclose(boxes.numpy(), expected, atol=1e-6)
    _, boxes = pixfeed.detection_collate(batch, form="xyxy")
    marker = [X, Y, X + W, Y + H]
    assert boxes.tolist() == [[0, 5, *marker], [1, 5, *marker], [1, 8, 0, 0, 10, 12], [3, 5, *marker]]
    single = [dataset[i] for i in range(4)]  # as torch's loader without __getitems__ has them
    for form in ("cxcywh", "xyxy"):
        for got, want in zip(
            pixfeed.detection_collate(single, form), pixfeed.detection_collate(batch, form), strict=True
        ):
            assert torch.equal(got, want)


def test_of_plain_samples():
    """Of a dataset of the user's own, whose boxes are left, upper, right, lower."""
    samples = [(torch.zeros(3, 10, 20), {"boxes": torch.tensor([[0.0, 0, 10, 5]]), "labels": torch.tensor([3])})] * 2
    pictures, boxes = pixfeed.detection_collate(samples)
    assert pictures.shape == (2, 3, 10, 20) and boxes.tolist() == [[i, 3, 0.25, 0.25, 0.5, 0.5] for i in range(2)]


def test_no_boxes_at_all(make):
    dataset = make(transform=T.CenterCrop(4))
    pictures, boxes = pixfeed.detection_collate(dataset.__getitems__(range(4)))
    assert boxes.shape == (0, 6) and len(pictures) == 4


def test_processes_and_threads(make):
    dataset = make(box_format="xyxy")
    expected = pixfeed.detection_collate(dataset.__getitems__(range(16)))
    collates = [pixfeed.detection_collate, functools.partial(pixfeed.detection_collate, form="cxcywh")]
    for workers, collate in (("thread", collates[0]), ("process", collates[0]), (None, collates[1])):
        ((pictures, boxes),) = pixfeed.DataLoader(dataset, 16, num_workers=2, workers=workers, collate_fn=collate)
        assert torch.equal(pictures, expected[0]) and torch.equal(boxes, expected[1])


def test_what_it_refuses(make, folder, backend):
    dataset = make_dataset(folder, backend, "boxes", None, None)
    ragged = [dataset[0], (torch.zeros(3, 4, 4), dataset[1][1])]
    with pytest.raises(pixfeed.RaggedError):
        pixfeed.detection_collate(ragged)
    labels = make_dataset(folder, backend, "labels", HEIGHT, WIDTH)
    with pytest.raises(TypeError, match=r"targets \{'boxes', 'labels'\}"):
        pixfeed.detection_collate(labels.__getitems__([0]))
    with pytest.raises(TypeError, match="detection_collate takes targets"):
        pixfeed.detection_collate([{"image": torch.zeros(3, 4, 4), "label": 1}])
    with pytest.raises(ValueError, match="form is 'xywh'; it may be one of cxcywh, xyxy"):
        pixfeed.detection_collate(make().__getitems__([0]), form="xywh")
