"""Boxes: formats, what a crop leaves of them, and batches."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from marker import GREEN, HEIGHT, MARKER, WIDTH, H, W, X, Y, corners, extent, make_dataset, red, write_pictures

import pixfeed
from pixfeed import FastTxtDataset
from pixfeed import transforms as T


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path)


@pytest.fixture
def make(folder, backend):
    return functools.partial(make_dataset, folder, backend)


def test_boxes_of_a_plain_resize_are_those_of_scale_rect(make):
    from pixfeed.image_processing import scale_rect

    for size in ((45, 60), (64, 50), (200, 301)):
        for image, target in make("boxes", *size).__getitems__(range(16)):
            expected = scale_rect([X, Y, W, H], (HEIGHT, WIDTH), size)
            # scale_rect cuts to integers
            assert np.floor(target["boxes"][0].double().numpy() + 1e-4).tolist() == expected
            np.testing.assert_allclose(corners(target["boxes"][0]), extent(red(image)), atol=1)


def test_boxes_by_their_corners(make, folder):
    """With a picture that has none, and a flip and a crop that cuts every box off."""
    lines = (folder / "boxes.txt").read_text().splitlines()
    (folder / "boxes.txt").write_text("\n".join(["1.png", lines[1] + " 8 0 0 10 12", *lines[2:]]))
    steps = T.Compose([T.CenterCrop((HEIGHT, 40)), T.RandomHorizontalFlip(1)])
    plain, corner = (make("boxes", transform=steps, **form) for form in ({}, {"box_format": "xyxy"}))
    assert plain[5][1]["boxes"].tolist() == [[0, Y, 14, H]]
    assert corner[5][1]["boxes"].tolist() == [[0, Y, 14, Y + H]] and corner[5][1]["boxes"].dtype == torch.float32
    assert corner[0][1]["boxes"].shape == (0, 4)
    loaders = [pixfeed.DataLoader(each, batch_size=16) for each in (plain, corner)]
    for (_, a), (_, b) in zip(*loaders, strict=True):
        for mine, theirs in zip(a, b, strict=True):
            assert torch.equal(mine["labels"], theirs["labels"])
            assert theirs["boxes"].tolist() == [corners(box) for box in mine["boxes"]]
    corner = make("boxes", HEIGHT, WIDTH, box_format="xyxy")
    ((_, padded),) = pixfeed.DataLoader(corner, batch_size=16, collate_fn=pixfeed.pad_collate)
    assert padded["boxes"][:3].tolist() == [[[0] * 4] * 2, [MARKER, [0, 0, 10, 12]], [MARKER, [0] * 4]]
    assert padded["labels"][:3].tolist() == [[-1, -1], [5, 8], [5, -1]]


def test_empty_boxes_are_left_out(folder, backend):
    """As torchvision's SanitizeBoundingBoxes does it; those that are so small that float32 knows no width, too."""
    lines = ["1.png 1 2 3 4 5 2 6 7 0 8 3 9 9 9 0", "2.png 4 1 1 0 0", "3.png 5 2 3 4 5 6 80 3 1e-7 1"]
    (folder / "list.txt").write_text("\n\n".join(lines))
    how = {"targets": "boxes", "backend": backend, "box_format": "xyxy"}
    with pytest.warns(UserWarning, match=r"list.txt: 3 boxes are empty \(w or h is 0\), the first one in line 1;"):
        dataset = FastTxtDataset(folder / "list.txt", folder, HEIGHT, WIDTH, **how)
    for targets in ([dataset[i][1] for i in range(3)], [target for _, target in dataset.__getitems__(range(3))]):
        assert [target["labels"].tolist() for target in targets] == [[1], [], [5]]
        assert [target["boxes"].tolist() for target in targets] == [[[2, 3, 6, 8]], [], [[2, 3, 6, 8]]]


def test_min_visibility(folder, backend):
    """A crop that leaves a third of the box's width."""
    rois = np.tile([X + 12, 0, 40, HEIGHT], (16, 1))

    def boxes(**options):
        how = {"rois": rois, "targets": "boxes", "backend": backend, **options}
        return FastTxtDataset(folder / "boxes.txt", folder, None, None, **how)[0][1]["boxes"].tolist()

    assert boxes() == boxes(min_visibility=1 / 3) == [[0, Y, 6, H]]
    assert boxes(min_visibility=0.34) == []


def test_what_a_crop_took_away_does_not_come_back_by_padding(make):
    rois = np.tile([X + 6, 0, 40, HEIGHT], (16, 1))
    dataset = make(
        "boxes", rois=rois, transform=T.Compose([T.Pad((10, 0, 0, 0), fill=GREEN), T.RandomHorizontalFlip(1)])
    )
    image, target = dataset[0]
    assert target["boxes"].tolist() == [[28, Y, 12, H]]
    assert extent(red(image)) == [28, Y, 40, Y + H]


def test_what_a_crop_took_away_does_not_come_back_in_a_later_pass(make):
    """Of the marker 14 of 18 columns are left; then all is made half as large."""
    steps = [T.CenterCrop((HEIGHT, 40)), T.Resize((HEIGHT // 2, 20)), T.Pad((10, 0, 0, 0)), T.RandomHorizontalFlip(1)]
    how = {"transform": T.Compose(steps)}
    for at in (0, 11):
        image, target = make("boxes", min_visibility=14 / 18, **how)[at]
        assert target["boxes"].tolist() == [[0, Y / 2, 7, H / 2]]
        assert abs(extent(red(image))[2] - 7) <= 1
        assert make("boxes", min_visibility=0.78, **how)[at][1]["boxes"].shape == (0, 4)
        corner, middle, _ = make("keypoints", **how)[at][1]["keypoints"].tolist()
        assert corner == [7, Y / 2, 2] and middle == [2.5, (Y + H / 2) / 2, 1]
    steps = [T.CenterCrop((HEIGHT, 20)), T.Resize((HEIGHT, 20)), T.Pad((0, 0, 40, 0))]  # without the corner's column
    assert not make("keypoints", transform=T.Compose(steps))[0][1]["keypoints"][1].any()


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "workers": "process"}])
def test_batches_of_boxes(make, folder, workers):
    lines = (folder / "boxes.txt").read_text().splitlines()
    lines[0], lines[1] = "1.png", lines[1] + " 8 0 0 10 12"
    (folder / "boxes.txt").write_text("\n".join(lines))
    dataset = make("boxes", HEIGHT, WIDTH)
    ((pictures, targets),) = pixfeed.DataLoader(dataset, batch_size=16, **workers)
    assert pictures.shape == (16, 3, HEIGHT, WIDTH)
    assert all(type(target) is dict for target in targets)
    assert [target["labels"].tolist() for target in targets] == [[], [5, 8], *[[5]] * 14]
    assert targets[0]["boxes"].shape == (0, 4) and targets[1]["boxes"].tolist() == [[X, Y, W, H], [0, 0, 10, 12]]
    ((_, padded),) = pixfeed.DataLoader(dataset, batch_size=16, collate_fn=pixfeed.pad_collate, **workers)
    assert padded["boxes"].shape == (16, 2, 4) and padded["labels"].dtype == torch.int64
    assert padded["labels"][:3].tolist() == [[-1, -1], [5, 8], [5, -1]]
    assert padded["boxes"][:3, 1].tolist() == [[0] * 4, [0, 0, 10, 12], [0] * 4]
    theirs = next(iter(torch.utils.data.DataLoader(dataset, batch_size=16)))[1]
    assert [target["labels"].tolist() for target in theirs] == [target["labels"].tolist() for target in targets]
    samples = dataset.__getitems__(range(16))
    assert len(pixfeed.default_collate(samples[::-1])[1]) == 16
    assert pixfeed.pad_collate(samples[::-1])[1]["labels"].shape == (16, 2)
    assert len(pixfeed.default_collate([dataset[0], dataset[1]])[1]) == 2


def test_many_boxes_and_the_pictures_they_are_in(make, folder):
    """Ragged ones: each picture has its own."""
    rows = [[(10 * i + k, k + 1, i + 1, k + 1, i + 2) for k in range(i % 4)] for i in range(16)]
    names = [line.split()[0] for line in (folder / "boxes.txt").read_text().splitlines()]
    text = [" ".join(map(str, [name, *sum(row, ())])) for name, row in zip(names, rows, strict=True)]
    (folder / "boxes.txt").write_text("\n\n".join(text))
    dataset = make("boxes", HEIGHT, WIDTH)
    for i in (*range(16), -1):
        target = dataset[i][1]
        assert target["labels"].tolist() == [row[0] for row in rows[i]]
        assert target["boxes"].tolist() == [list(row[1:]) for row in rows[i]]
    assert dataset.files.line(3) == 7
