"""The example of segmentation, with small settings: it trains, and does what it is there to show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from images import jpeg
from PIL import Image

import pixfeed

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]  # most of them train


def own_pairs(folder: Path, *more: str) -> list[str]:
    """The arguments for pairs of one's own."""
    common = [
        "--list",
        str(folder / "train.txt"),
        "--data",
        str(folder / "images"),
        "--mask-dir",
        str(folder / "masks"),
    ]
    return [*common, "--out", str(folder), *more]


def one_pair(folder: Path, mask: np.ndarray, count: int = 1) -> Path:
    """A list with the same mask ``count`` times, and gray pictures."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    (folder / "images" / "a.jpg").write_bytes(jpeg(np.full((*mask.shape, 3), 128, np.uint8)))
    cv2.imwrite(str(folder / "masks" / "a.png"), mask)
    (folder / "train.txt").write_text("a.jpg a.png\n" * count)
    return folder


def test_segmentation_learns(tmp_path):
    from examples import segmentation, shapes

    folder = shapes.write_pairs(tmp_path, 120, 24)
    small = ["--val", str(folder / "val.txt"), "--classes", "4", "--size", "48", "--epochs", "4"]
    results = segmentation.main(own_pairs(folder, *small))
    assert list(results) == ["transposed", "bilinear", "unpool"]
    for way, each in results.items():
        assert len(each["trained"]) == 4 + 1
        assert each["trained"][-1] == pytest.approx(np.nanmean(each["trained"][:-1]))
        assert each["trained"][-1] > max(0.35, each["untrained"][-1] + 0.15), way
        assert "is the limit" in each["verdict"]
        shown = cv2.imread(str(folder / f"segmentation_{way}.png"))
        assert shown.shape == (540, 900, 3) and shown.std() > 10


def test_segmentation_without_a_list(tmp_path, monkeypatch):
    from examples import photos, segmentation, shapes

    write = shapes.write_pairs
    monkeypatch.setattr(photos, "PROJECT", tmp_path)
    monkeypatch.setattr(shapes, "write_pairs", lambda folder: write(folder, 8, 3))
    results = segmentation.main(["--up", "bilinear", "--epochs", "1", "--size", "32", "--out", str(tmp_path / "new")])
    assert list(results) == ["bilinear"]
    assert (tmp_path / "demo_data" / "segmentation" / "train.txt").is_file()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["segmentation_bilinear.png"]


def test_segmentation_makes_the_same_pairs_again(tmp_path):
    from examples import shapes

    folders = [shapes.write_pairs(tmp_path / name, 4, 2) for name in "ab"]
    files = [{file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*")} for folder in folders]
    assert files[0] == files[1] and len(files[0]) == 2 * 6 + 2
    assert shapes.write_pairs(tmp_path / "a", 400) == tmp_path / "a", "they are there"
    numbers = set()
    for file in (tmp_path / "a" / "masks").iterdir():
        with Image.open(file) as mask:
            assert mask.mode == "P" and mask.size == (128, 96)
            numbers |= set(np.unique(mask).tolist())
    assert numbers == {0, 1, 2, 3, shapes.VOID}


@pytest.mark.parametrize("way", ["transposed", "bilinear", "unpool"])
@pytest.mark.parametrize("size", [(64, 64), (37, 50), (8, 1)])
def test_segmentation_takes_any_size(way, size):
    from examples.segmentation import EncoderDecoder

    model = EncoderDecoder(way, classes=5)
    assert model(torch.rand(2, 3, *size)).shape == (2, 5, *size)


def test_segmentation_1x1_convolution_is_trained():
    from examples.segmentation import EncoderDecoder

    model = EncoderDecoder("bilinear", classes=4)
    mine = {id(parameter) for parameter in model.parameters()}
    model(torch.rand(2, 3, 32, 32)).square().sum().backward()
    for upward, shape in zip(model.up, [(16, 16, 1, 1), (16, 24, 1, 1), (24, 48, 1, 1)], strict=True):
        (weight,) = (each for each in upward.parameters() if each.ndim == 4)
        assert weight.shape == shape and id(weight) in mine and weight.grad.abs().sum() > 0


def test_segmentation_unpools_to_where_the_maxima_were():
    from examples.segmentation import EncoderDecoder, Unpool

    x = torch.rand(2, 3, 8, 8)
    pooled, indices = torch.nn.MaxPool2d(2, return_indices=True)(x)
    up = Unpool(3, 3).eval()
    with torch.no_grad():
        up.mix[0].weight.copy_(torch.eye(3)[..., None, None])
        maxima = torch.nn.functional.interpolate(pooled, scale_factor=2) == x
        torch.testing.assert_close(up(pooled, indices), x * maxima, rtol=1e-4, atol=0)

    model = EncoderDecoder("unpool", classes=4).eval()
    found, used = [], []
    model.pool.register_forward_hook(lambda pool, given, made: found.append(made[1]))
    for each in model.up:
        each.register_forward_pre_hook(lambda up, given: used.append(given[1]))
    with torch.no_grad():
        model(torch.rand(1, 3, 32, 32))
    assert len(found) == 3 and all(a is b for a, b in zip(used, reversed(found), strict=True))


def test_segmentation_does_not_count_what_is_ignored(tmp_path):
    from examples import segmentation

    mask = np.full((32, 32), 255, np.uint8)
    mask[:, :8], mask[:, 8:14] = 1, 0
    options = segmentation.parse(own_pairs(one_pair(tmp_path, mask), "--classes", "3", "--size", "32"))
    training, validation = segmentation.datasets(options)
    assert (len(training), len(validation)) == (0, 1)

    class Always(torch.nn.Conv2d):
        """Class 1 in the first 10 columns, and class 0."""

        def forward(self, images):
            columns = torch.arange(32).expand(len(images), 32, 32)
            return torch.stack([columns >= 10, columns < 10, columns < 0], 1).float()

    *each, mean = segmentation.iou(Always(3, 3, 1), validation, options)
    assert each[:2] == pytest.approx([4 / 6, 8 / 10]) and np.isnan(each[2]) and mean == pytest.approx(22 / 30)

    masks = torch.from_numpy(mask).long()[None]
    scores = torch.randn(1, 3, 32, 32, requires_grad=True)
    segmentation.loss_of(scores, masks, options).backward()
    assert (scores.grad[..., 14:] == 0).all() and (scores.grad[..., :14] != 0).all()
    scores.grad = None
    segmentation.loss_of(scores, torch.full_like(masks, 255), options).backward()
    assert (scores.grad == 0).all(), "and not NaN"


def test_segmentation_holds_out_every_fifth_pair(tmp_path):
    from examples import segmentation

    folder = one_pair(tmp_path, np.zeros((20, 30), np.uint8), 11)
    training, validation = segmentation.datasets(segmentation.parse(own_pairs(folder, "--classes", "2")))
    assert list(validation.indices) == [0, 5, 10] and training.indices == [1, 2, 3, 4, 6, 7, 8, 9]
    assert validation[0][1].shape == (64, 64)


def test_segmentation_says_what_is_wrong(tmp_path, capsys):
    from examples import segmentation

    folder = one_pair(tmp_path, np.full((20, 30), 7, np.uint8), 10)
    with pytest.raises(pixfeed.DatasetError, match="a 7 in a mask; with --classes 3 there may be 0 to 2, and 255"):
        segmentation.main(own_pairs(folder, "--classes", "3"))
    for arguments, words in ((["--data", str(folder)], "--list"), (own_pairs(folder), "--classes")):
        with pytest.raises(SystemExit):
            segmentation.parse(arguments)
        assert words in capsys.readouterr().err
