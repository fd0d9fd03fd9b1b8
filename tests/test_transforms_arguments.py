"""Transforms called on a picture, their arguments and their repr."""

from __future__ import annotations

import images
import numpy as np
import pytest
import torch
from PIL import Image
from pillow_transforms import MEAN, STD, WRITE

from pixfeed import transforms as T
from pixfeed.transforms.fuse import Recipe

# -- single pictures ---------------------------------------------------------------------------------------------------


def test_call_on_a_picture():
    picture = images.picture(50, 70)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    steps = [T.RandomResizedCrop(20), T.RandomHorizontalFlip(), T.ColorJitter(0.4), *WRITE, T.RandomErasing()]
    compose = T.Compose(steps)
    results = []
    for image in (tensor, picture, Image.fromarray(picture)):
        torch.manual_seed(0)
        results.append(compose(image))
    assert results[0].shape == (3, 20, 20) and all(torch.equal(results[0], other) for other in results)
    assert not torch.equal(compose(tensor), results[0])
    assert T.Resize(20)(tensor).shape == (3, 20, 28) and T.Resize(20)(tensor).dtype == torch.uint8
    assert T.Grayscale()(tensor).shape == (1, 50, 70) and T.Resize(9)(tensor[:1]).shape == (1, 9, 12)
    floats = T.ToTensor()(tensor)
    assert torch.equal(T.CenterCrop(10)(floats), T.ToTensor()(T.CenterCrop(10)(tensor)))
    assert torch.equal(T.RandomVerticalFlip(1.0)(floats), floats.flip(1))
    kept = floats.clone()
    T.Normalize(MEAN, STD)(floats), T.RandomErasing(1.0)(floats)
    assert torch.equal(floats, kept)


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3), np.int32), torch.zeros(4, 4, dtype=torch.uint8), "x.jpg"])
def test_what_is_no_picture(image):
    with pytest.raises(TypeError):
        T.Compose([T.Resize(3)])(image)


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make_it", "error", "words"),
    [
        (lambda: T.Resize(0), ValueError, "positive"),
        (lambda: T.Resize((1, 2, 3)), ValueError, "height and width"),
        (lambda: T.Resize("a"), TypeError, "integers"),
        (lambda: T.Resize(None), ValueError, "max_size"),
        (lambda: T.Resize(10, max_size=10), ValueError, "greater than size"),
        (lambda: T.Resize((10, 10), max_size=20), ValueError, "max_size goes with"),
        (lambda: T.Resize(10, "cubic"), ValueError, "bicubic"),
        (lambda: T.Resize(10, "lanczos", antialias=False), ValueError, "antialias=True"),
        (lambda: T.CenterCrop(2.5), TypeError, "integers"),
        (lambda: T.RandomCrop(4, padding=(1, 2, 3)), ValueError, "1, 2 or 4"),
        (lambda: T.RandomCrop(4, padding_mode="wrap"), ValueError, "padding_mode"),
        (lambda: T.Pad(-1), ValueError, "negative"),
        (lambda: T.Pad(1, fill=300), ValueError, "255"),
        (lambda: T.Pad(1, fill=(1, 2)), ValueError, "R, G and B"),
        (lambda: T.Pad("ab"), TypeError, "integers"),
        (lambda: T.RandomResizedCrop(4, scale=0.5), TypeError, "two numbers"),
        (lambda: T.RandomResizedCrop(4, scale=(1, 0.5)), ValueError, "min, max"),
        (lambda: T.RandomResizedCrop(4, ratio=(0, 1)), ValueError, "greater than 0"),
        (lambda: T.RandomHorizontalFlip(1.5), ValueError, "probability"),
        (lambda: T.ColorJitter(-0.1), ValueError, "negative"),
        (lambda: T.ColorJitter(contrast=(2, 1)), ValueError, "min, max"),
        (lambda: T.ColorJitter(hue=0.6), ValueError, "at least -0.5 and 0.5 at most"),
        (lambda: T.Grayscale(2), ValueError, "1 or 3"),
        (lambda: T.Normalize([0, 0], [1, 1]), ValueError, "1 or 3"),
        (lambda: T.Normalize([0.5], [0]), ValueError, "divided by zero"),
        (lambda: T.ToDtype("float32"), TypeError, "torch.dtype"),
        (lambda: T.ToDtype(torch.int64), ValueError, "torch.uint8"),
        (lambda: T.RandomErasing(value="noise"), ValueError, "'random'"),
        (lambda: T.RandomErasing(scale=(0, 2)), ValueError, "between 0 and 1"),
        (lambda: T.RandomErasing(value=None), TypeError, "number"),
        (lambda: T.Compose(T.ToTensor()), TypeError, "sequence"),
        (lambda: T.Compose([3]), TypeError, "no transform"),
        (lambda: T.Compose([T.Normalize(MEAN, STD)]), ValueError, "needs floats"),
        (lambda: T.Compose([T.ToTensor(), T.Resize(4)]), ValueError, "put it before ToTensor"),
        (lambda: T.Compose([T.Grayscale(), *WRITE]), ValueError, "3 channels, and there are 1"),
        (lambda: T.Compose([T.Grayscale(), T.RandomErasing(value=(1, 2, 3))]), ValueError, "for 3 .* there are 1"),
        (lambda: Recipe([T.RandomErasing(value=(1, 2, 3))], 1), ValueError, "for 3 .* there are 1"),
        (lambda: T.Compose([T.Grayscale(), T.Pad(1, (1, 2, 3))]), ValueError, "gray"),
    ],
)
def test_arguments_that_make_no_sense(make_it, error, words):
    with pytest.raises(error, match=words):
        make_it()


def test_repr():
    for step, text in [
        (T.Resize(256), "Resize(256)"),
        (T.Resize([256, 224], interpolation=Image.Resampling.BICUBIC), "Resize((256, 224), interpolation='bicubic')"),
        (T.RandomResizedCrop(224, scale=[0.5, 1]), "RandomResizedCrop((224, 224), scale=(0.5, 1.0))"),
        (T.RandomCrop(32, padding=4), "RandomCrop((32, 32), padding=(4, 4, 4, 4))"),
        (T.ToDtype(torch.float32, scale=True), "ToDtype(scale=True)"),
        (T.Compose([T.ToTensor(), T.RandomErasing(0.1)]), "Compose([ToTensor(), RandomErasing(p=0.1)])"),
    ]:
        assert repr(step) == text
