"""pixfeed.transforms.functional's functions of colors: Pillow's pixels, for uint8 tensors and PIL images."""

from __future__ import annotations

import images
import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps

from pixfeed.transforms import functional as F

COLOR = Image.fromarray(images.picture(37, 53))
GRAY = COLOR.convert("L")

EXPECTED = {
    "adjust_sharpness": ((1.7,), lambda i: ImageEnhance.Sharpness(i).enhance(1.7)),
    "posterize": ((3,), lambda i: ImageOps.posterize(i, 3)),
    "solarize": ((99.5,), lambda i: ImageOps.solarize(i, 99.5)),
    "autocontrast": ((), ImageOps.autocontrast),
    "equalize": ((), ImageOps.equalize),
    "invert": ((), ImageOps.invert),
}


@pytest.mark.parametrize("image", [COLOR, GRAY], ids=["RGB", "L"])
@pytest.mark.parametrize("name", EXPECTED)
def test_pixels_are_pillows(name, image, backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    (arguments, pillow), function = EXPECTED[name], getattr(F, name)
    expected, state = pillow(image), torch.get_rng_state()
    made = function(image, *arguments)
    assert made.mode == expected.mode and made.tobytes() == expected.tobytes()
    tensor = F.pil_to_tensor(image)
    before = tensor.clone()
    assert torch.equal(function(tensor, *arguments), F.pil_to_tensor(expected))
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_permuted_channels():
    moved = np.asarray(COLOR)[..., [2, 0, 1]]
    assert (np.asarray(F.permute_channels(COLOR, [2, 0, 1])) == moved).all()
    floats = F.to_tensor(COLOR)
    assert torch.equal(F.permute_channels(floats, (2, 0, 1)), floats[[2, 0, 1]])
    assert F.permute_channels(GRAY, [0]).tobytes() == GRAY.tobytes()


def test_floats():
    floats = F.to_tensor(COLOR)
    assert torch.equal(F.invert(floats), 1.0 - floats)
    for name in set(EXPECTED) - {"invert"}:
        with pytest.raises(TypeError, match="for uint8 pixels"):
            getattr(F, name)(floats, *EXPECTED[name][0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.adjust_sharpness(COLOR, -1), ValueError, "must not be negative"),
        (lambda: F.posterize(COLOR, 9), ValueError, "0 to 8"),
        (lambda: F.posterize(COLOR, 2.5), TypeError, "an integer"),
        (lambda: F.solarize(COLOR, float("nan")), ValueError, "must be finite"),
        (lambda: F.permute_channels(COLOR, [0, 1]), ValueError, "there are 3 channels"),
        (lambda: F.permute_channels(COLOR, [0, 1, 1]), ValueError, "there are 3 channels"),
        (lambda: F.gaussian_blur(COLOR, 4), ValueError, "it must be odd"),
        (lambda: F.gaussian_noise(COLOR, clip=False), ValueError, "clip is False"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
