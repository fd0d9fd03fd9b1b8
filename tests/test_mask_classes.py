"""Masks: which numbers there may be, and their dtype."""

from __future__ import annotations

import pickle

import cv2
import images
import numpy as np
import pytest
import torch

from pixfeed import DataLoader, FastTxtDataset, RegionError
from pixfeed import transforms as T


@pytest.fixture
def make(tmp_path, backend):
    """A dataset of two images whose masks have the given numbers."""

    def made(*numbers: np.ndarray, **options) -> FastTxtDataset:
        lines = []
        for i, mask in enumerate(numbers):
            (tmp_path / f"{i}.jpg").write_bytes(images.jpeg(images.picture(*mask.shape)))
            (tmp_path / f"{i}.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
            lines.append(f"{i}.jpg {i}.png\n")
        (tmp_path / "list.txt").write_text("".join(lines))
        return FastTxtDataset(tmp_path / "list.txt", tmp_path, 20, 30, targets="mask", backend=backend, **options)

    return made


def numbers(most: int, dtype=np.uint8, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).integers(0, most, (24, 31)).astype(dtype)
    made[0, 0] = most - 1
    return made


@pytest.mark.parametrize("classes", [21, [f"class {i}" for i in range(21)], {f"class {i}": i for i in range(21)}])
def test_classes_are_checked(make, classes, tmp_path):
    good = make(numbers(21), classes=classes)
    assert torch.equal(good[0][1], make(numbers(21))[0][1])
    ignored = numbers(21)
    ignored[3] = 255
    assert int(make(ignored, classes=classes)[0][1].max()) == 255
    with pytest.raises(RegionError) as error:
        make(numbers(21), numbers(25), classes=classes)[1]
    for words in (str(tmp_path / "1.png"), "list.txt", "line 2", "the numbers 21, 22, 23, 24", "21 classes, 0 to 20"):
        assert words in str(error.value)


def test_numbers_outside_the_crop_are_checked(make):
    mask = np.zeros((24, 31), np.uint8)
    mask[-1, -1] = 7
    with pytest.raises(RegionError, match="the number 7, and there are 3 classes"):
        make(mask, classes=3, transform=T.Compose([T.RandomCrop(1), T.ToTensor()]))[0]


def test_bytes(make):
    """The same numbers, in an eighth of the memory."""
    masks = [numbers(200, seed=i) for i in range(4)]
    steps = T.Compose([T.RandomCrop(28, pad_if_needed=True), T.RandomHorizontalFlip(), T.ToTensor()])
    small = make(*masks, mask_dtype=torch.uint8, transform=steps, seed=3)
    large = make(*masks, transform=steps, seed=3)
    for (_, ours), (_, theirs) in zip(DataLoader(small, 2), DataLoader(large, 2), strict=True):
        assert ours.dtype == torch.uint8 and ours.shape == (2, 28, 28)
        assert torch.equal(ours.to(torch.int64), theirs)
    assert pickle.loads(pickle.dumps(small))[0][1].dtype == torch.uint8


def test_bytes_of_values(make):
    mask = numbers(2) * 255
    made = make(mask, mask_dtype=torch.uint8, mask_values=[0, 255], ignore_index=9)[0][1]
    assert made.dtype == torch.uint8 and sorted(made.unique().tolist()) == [0, 1]


def test_numbers_that_do_not_fit_bytes(make):
    with pytest.raises(RegionError, match=r"the number 299, and mask_dtype=torch\.uint8 has 0 to 255"):
        mask = np.zeros((24, 31), np.uint16)
        mask[2, 3] = 299
        make(mask, mask_dtype=torch.uint8)[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 0}, "there must be one at least"),
        ({"classes": "auto"}, "of masks say their number"),
        ({"classes": 2, "mask_values": [0, 1, 2]}, "mask_values has the class 2; there are 2 classes, 0 to 1"),
        ({"mask_dtype": torch.uint8, "ignore_index": -100}, "-100 does not fit"),
        ({"mask_dtype": torch.uint8, "classes": 300}, "256 does not fit"),
        ({"mask_dtype": torch.int32}, "it may be torch.int64 or torch.uint8"),
    ],
)
def test_arguments_that_do_not_go(make, options, words):
    with pytest.raises(ValueError, match=words):
        make(numbers(2), **options)


def test_only_for_masks(tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg 1\n")
    with pytest.raises(ValueError, match="mask_dtype and mask_values go with targets='mask'"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, mask_dtype=torch.uint8)
    with pytest.raises(TypeError, match="classes is 3"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, classes=3)
