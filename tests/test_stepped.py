"""Transforms that are STEP rows: among other transforms, in branches, after Python functions."""

from __future__ import annotations

from dataclasses import dataclass

import images
import numpy as np
import pytest
import torch
from conftest import need
from PIL import Image

import pixfeed
from pixfeed import backends
from pixfeed import transforms as T
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.stepped import Stepped, step_rows


@dataclass(frozen=True, repr=False)
class Turn(Stepped):
    """A turn by 90 degrees to the left, with a probability."""

    p: float = 1.0
    draws = 1

    def steps(self, width, height, u):
        turned = u[:, 0] < self.p
        sides = np.where(turned, height, width), np.where(turned, width, height)
        return [step_rows(*sides, "transpose", turned, mode=Image.Transpose.ROTATE_90)]

    def size_after(self, size):
        return None


@pytest.fixture(params=backends.NAMES)
def with_backend(request, monkeypatch):
    need(request.param)
    monkeypatch.setenv("PIXFEED_BACKEND", request.param)
    return request.param


def as_pillow(tensor: torch.Tensor) -> np.ndarray:
    return tensor.permute(1, 2, 0).numpy()


def test_what_comes_after_steps(with_backend):
    """Flips and colors become steps of the same pass, what moves other pixels another pass."""
    picture = images.picture(20, 31)
    left = Image.fromarray(picture).transpose(Image.Transpose.ROTATE_90)
    flips = [T.RandomHorizontalFlip(1), T.RandomVerticalFlip(1)]
    for flip, mode in zip(flips, (0, 1), strict=True):
        expected = left.transpose(Image.Transpose(mode)).convert("L").convert("RGB")
        np.testing.assert_array_equal(as_pillow(T.Compose([Turn(), flip, T.Grayscale(3)])(picture)), expected)
    both = T.Compose([T.RandomHorizontalFlip(1), Turn(), *flips])(picture)
    np.testing.assert_array_equal(as_pillow(both), np.asarray(left)[::-1, ::-1][::-1])
    made = T.Compose([Turn(), T.CenterCrop((11, 10)), Turn(), T.Resize((7, 8))])(picture)
    expected = left.crop((5, 10, 15, 21)).transpose(Image.Transpose.ROTATE_90).resize((8, 7), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(as_pillow(made), expected)


def test_passes():
    assert [len(each.steps) for each in Recipe([T.Resize(9), Turn(), T.ColorJitter(0.5), Turn()]).passes] == [4]
    assert [len(each.steps) for each in Recipe([T.Resize(9), Turn(), T.CenterCrop(5), Turn()]).passes] == [2, 2]
    assert "Turn(), RandomHorizontalFlip" in str(Recipe([T.Resize(9), Turn(), T.RandomHorizontalFlip(0.25)]))


def test_gray_pictures(with_backend):
    picture = images.picture(20, 31)
    gray = Image.fromarray(picture).convert("L").transpose(Image.Transpose.ROTATE_90)
    made = T.Compose([T.Grayscale(), Turn(), T.CenterCrop(9), Turn(0)])(picture)
    assert made.shape == (1, 9, 9)
    np.testing.assert_array_equal(made[0], np.asarray(gray)[11:20, 6:15])
    made = T.Compose([T.CenterCrop(20), Turn(), T.Grayscale()])(np.asarray(gray))
    assert made.shape == (1, 20, 20)


def test_branches_and_batches(with_backend, tmp_path):
    """Samples of one batch have different numbers of steps and passes."""
    paths = []
    for i in range(12):
        paths.append(tmp_path / f"{i}.png")
        paths[-1].write_bytes(images.png(images.picture(20, 20, seed=i)))
    branch = T.RandomChoice([Turn(), T.CenterCrop(20), T.Compose([Turn(), T.CenterCrop(20), Turn()])])
    transform = T.Compose([branch, T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)])
    data = pixfeed.FastTxtDataset(_list_of(tmp_path, paths), tmp_path, transform=transform, seed=5)
    batch = data.__getitems__(list(range(12)))
    found = [image for image, *_ in batch]
    turns = []
    for image, path in zip(found, paths, strict=True):
        plain = torch.from_numpy(pixfeed.imread(path)).permute(2, 0, 1) / 255
        plain = (plain - 0.5) / 0.25
        turns.append([k for k in range(3) if torch.equal(torch.rot90(plain, k, (1, 2)), image)])
    assert {tuple(each) for each in turns} == {(0,), (1,), (2,)}


def _list_of(folder, paths):
    name = folder / "list.txt"
    name.write_text("".join(f"{path.name} 0\n" for path in paths))
    return name


def test_after_a_python_function(with_backend, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        path.write_bytes(images.png(images.picture(20, 31, seed=i)))
    transform = T.Compose([T.Lambda(lambda image: image), Turn(), T.ToTensor()])
    data = pixfeed.FastTxtDataset(_list_of(tmp_path, paths), tmp_path, transform=transform)
    for path, (image, *_) in zip(paths, data.__getitems__([0, 1, 2]), strict=True):
        plain = torch.from_numpy(pixfeed.imread(path)).permute(2, 0, 1) / 255
        assert torch.equal(image, torch.rot90(plain, 1, (1, 2)))
