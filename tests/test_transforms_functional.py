"""pixfeed.transforms.functional: Pillow's pixels for uint8 tensors and PIL images, torch's numbers for floats.

`make judge-transforms` compares all of them with torchvision's.
"""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
import torch
from images import png
from PIL import Image, ImageEnhance, ImageOps

import pixfeed
from pixfeed import FastTxtDataset
from pixfeed import transforms as T
from pixfeed.transforms import InterpolationMode
from pixfeed.transforms import functional as F

COLOR = Image.fromarray(images.picture(37, 53))
GRAY = COLOR.convert("L")
PICTURES = {"RGB": COLOR, "L": GRAY}


EXPECTED = {
    "crop": (F.crop, (3, 4, 10, 11), lambda i: i.crop((4, 3, 15, 13))),
    "crop beyond": (F.crop, (-3, -4, 50, 80), lambda i: i.crop((-4, -3, 76, 47))),
    "crop elsewhere": (F.crop, (90, 4, 5, 6), lambda i: i.crop((4, 90, 10, 95))),
    "center_crop": (F.center_crop, (20,), lambda i: i.crop((16, 8, 36, 28))),
    "center_crop of a smaller one": (F.center_crop, ((39, 21),), lambda i: i.crop((16, -1, 37, 38))),
    "hflip": (F.hflip, (), ImageOps.mirror),
    "vertical_flip": (F.vertical_flip, (), ImageOps.flip),
    "pad": (F.pad, ([1, 2, 3, 4], 7), lambda i: ImageOps.expand(i, (1, 2, 3, 4), 7 if i.mode == "L" else (7,) * 3)),
    "brightness": (F.adjust_brightness, (1.7,), lambda i: ImageEnhance.Brightness(i).enhance(1.7)),
    "contrast": (F.adjust_contrast, (0.3,), lambda i: ImageEnhance.Contrast(i).enhance(0.3)),
    "contrast, a large one": (F.adjust_contrast, (30,), lambda i: ImageEnhance.Contrast(i).enhance(30)),
    "saturation": (F.adjust_saturation, (0.0,), lambda i: ImageEnhance.Color(i).enhance(0.0)),
    "gray": (F.rgb_to_grayscale, (), lambda i: i.convert("L")),
    "gray, three times": (F.to_grayscale, (3,), lambda i: Image.merge("RGB", [i.convert("L")] * 3)),
    "erase": (F.erase, (2, 3, 9, 60, 0), lambda i: Image.composite(Image.new(i.mode, i.size), i, rectangle())),
}


def rectangle() -> Image.Image:
    mask = np.zeros((37, 53), np.uint8)
    mask[2:11, 3:] = 255
    return Image.fromarray(mask)


@pytest.mark.parametrize("mode", PICTURES)
@pytest.mark.parametrize("name", EXPECTED)
def test_pixels_are_pillows(name, mode, backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    function, arguments, pillow = EXPECTED[name]
    image = PICTURES[mode]
    expected, state = pillow(image), torch.get_rng_state()
    made = function(image, *arguments)
    assert made.mode == expected.mode
    assert (np.asarray(made) == np.asarray(expected)).all()
    tensor = F.pil_to_tensor(image)
    before = tensor.clone()
    assert torch.equal(function(tensor, *arguments), F.pil_to_tensor(expected))
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", [name for name in EXPECTED if "crop" in name or "flip" in name])
def test_floats_move_as_pixels_do(name):
    function, arguments, _ = EXPECTED[name]
    both = torch.stack([F.to_tensor(COLOR), F.to_tensor(COLOR).flip(-1)])
    expected = torch.stack([F.to_tensor(function(F.to_pil_image(each), *arguments)) for each in both])
    assert torch.equal(function(both, *arguments), expected)


@pytest.mark.parametrize("how", InterpolationMode)
def test_resizing(how, backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)
    expected = T.Resize((20, 30), how)(COLOR)
    assert torch.equal(F.pil_to_tensor(F.resize(COLOR, (20, 30), how)), expected)
    assert torch.equal(F.resize(F.pil_to_tensor(COLOR), [20, 30], how.value), expected)
    part = F.resized_crop(COLOR, 3, 4, 20, 21, 9, how)
    assert torch.equal(F.pil_to_tensor(part), T.Resize(9, how)(F.crop(COLOR, 3, 4, 20, 21)))
    assert F.get_dimensions(part) == [3, 9, 9]
    assert F.get_dimensions(F.resize(F.pil_to_tensor(GRAY), [16], how, 20)) == [1, 14, 20]


def test_resizing_floats():
    image = F.to_tensor(COLOR)
    made = F.resize(image, (20, 30), "bicubic")
    options = {"mode": "bicubic", "antialias": True, "align_corners": False}
    assert torch.equal(made, torch.nn.functional.interpolate(image[None], (20, 30), **options)[0])
    assert F.resize(image, (37, 53)) is image


def test_padding_modes_and_colors():
    tensor = F.pil_to_tensor(COLOR)
    for mode in ("edge", "reflect", "symmetric"):
        expected = np.pad(np.asarray(COLOR), ((2, 2), (1, 1), (0, 0)), mode)
        assert (np.asarray(F.pad(COLOR, [1, 2], padding_mode=mode)) == expected).all()
    assert F.pad(tensor, 1, (1, 2, 3))[:, 0, 0].tolist() == [1, 2, 3]
    assert F.pad(F.to_tensor(COLOR), 1, 0.5)[:, 0, 0].tolist() == [0.5] * 3


def test_hue_is_pillows():
    h, s, v = COLOR.convert("HSV").split()
    moved = Image.fromarray(((np.asarray(h).astype(int) + int(-0.2 * 255)) % 256).astype(np.uint8))
    expected = Image.merge("HSV", (moved, s, v)).convert("RGB")
    assert (np.asarray(F.adjust_hue(COLOR, -0.2)) == np.asarray(expected)).all()
    assert F.adjust_hue(GRAY, 0.3).tobytes() == GRAY.tobytes()
    with pytest.raises(TypeError, match="for uint8 pixels"):
        F.adjust_hue(F.to_tensor(COLOR), 0.1)


def test_colors_of_floats():
    image = F.to_tensor(COLOR)
    r, g, b = image
    luma = 0.2989 * r + 0.587 * g + 0.114 * b
    assert torch.equal(F.rgb_to_grayscale(image, 3), luma.expand(3, -1, -1))
    assert torch.equal(F.adjust_brightness(image, 1.5), (1.5 * image).clamp(0, 1))
    assert torch.allclose(F.adjust_contrast(image, 0.5), 0.5 * image + 0.5 * luma.mean(), atol=1e-6)
    assert torch.allclose(F.adjust_saturation(image, 0.5), 0.5 * image + 0.5 * luma, atol=1e-6)
    gray = F.to_tensor(GRAY)
    assert torch.equal(F.adjust_saturation(gray, 0.5), gray)


def test_numbers():
    image = F.to_tensor(COLOR)
    assert torch.equal(image, T.ToTensor()(COLOR))
    assert torch.equal(F.convert_image_dtype(F.pil_to_tensor(COLOR)), image)
    assert F.to_pil_image(image).tobytes() == COLOR.tobytes()
    assert F.to_dtype(image, torch.float16).dtype == torch.float16
    normalized = F.normalize(image, [0.5, 0.4, 0.3], [0.2, 0.2, 0.1])
    assert torch.equal(normalized, T.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.1])(image))
    assert F.normalize(image, [0.5], [0.2], inplace=True) is image
    assert F.erase(image, 0, 0, 1, 1, torch.ones(3, 1, 1), inplace=True) is image
    assert image[:, 0, 0].tolist() == [1, 1, 1]


def test_what_is_refused():
    tensor = F.pil_to_tensor(COLOR)
    for error, words, call in (
        (TypeError, r"a tensor \[C, H, W\] or a PIL image, not ndarray", lambda: F.hflip(np.asarray(COLOR))),
        (TypeError, r"not Tensor \[37, 53\]", lambda: F.crop(tensor[0], 0, 0, 1, 1)),
        (TypeError, r"mode RGBA; convert it first: image.convert\('RGB'\)", lambda: F.hflip(COLOR.convert("RGBA"))),
        (TypeError, "needs floats", lambda: F.normalize(tensor, [0.5], [0.5])),
        (ValueError, "brightness_factor is -1", lambda: F.adjust_brightness(COLOR, -1)),
        (ValueError, "hue_factor is 0.6", lambda: F.adjust_hue(COLOR, 0.6)),
        (ValueError, r"size is 40 x 4, larger than the picture of 37 x 53", lambda: F.five_crop(COLOR, (40, 4))),
        (ValueError, "mode RGB, not L", lambda: F.to_pil_image(tensor, "L")),
    ):
        with pytest.raises(error, match=words):
            call()


# -- five and ten crops ------------------------------------------------------------------------------------------------


def test_crops_of_one_picture():
    five = F.five_crop(COLOR, (10, 20))
    boxes = [(0, 0), (33, 0), (0, 27), (33, 27), (16, 14)]
    assert [each.tobytes() for each in five] == [COLOR.crop((x, y, x + 20, y + 10)).tobytes() for x, y in boxes]
    ten = F.ten_crop(F.pil_to_tensor(COLOR), (10, 20), vertical_flip=True)
    mirrored = F.five_crop(F.pil_to_tensor(ImageOps.flip(COLOR)), (10, 20))
    assert len(ten) == 10
    assert all(map(torch.equal, ten[5:], mirrored))


@pytest.mark.parametrize("tensor", [True, False])
def test_in_a_dataset(tensor, tmp_path, backend):
    (tmp_path / "0.png").write_bytes(png(images.picture(37, 53)))
    before = [T.PILToTensor()] if tensor else []
    stack = torch.stack if tensor else lambda crops: torch.stack([F.pil_to_tensor(each) for each in crops])
    transform = T.Compose([T.Resize((30, 40)), *before, T.TenCrop(20), T.Lambda(stack)])
    dataset = FastTxtDataset.from_samples([tmp_path / "0.png"], [3], transform=transform, backend=backend)
    resized = FastTxtDataset.from_samples(
        [tmp_path / "0.png"], [3], transform=T.Compose([T.Resize((30, 40)), T.PILToTensor()]), backend=backend
    )
    batch, _ = next(iter(pixfeed.DataLoader(dataset)))
    assert torch.equal(batch[0], torch.stack(F.ten_crop(resized[0][0], 20)))
    assert "TenCrop(size=(20, 20)" in repr(dataset)


# -- interpolations ----------------------------------------------------------------------------------------------------


def test_interpolation_mode_is_its_word():
    assert InterpolationMode.NEAREST_EXACT == "nearest-exact"
    assert T.Resize(9, InterpolationMode.BICUBIC) == T.Resize(9, "bicubic")
    step = T.RandomResizedCrop(9, interpolation=InterpolationMode.BOX)
    assert repr(step) == "RandomResizedCrop((9, 9), interpolation='box')"
    assert pickle.loads(pickle.dumps(step)) == step
    picture = np.asarray(COLOR)
    one, other = (pixfeed.resize(picture, (9, 8), how, antialias=True) for how in (InterpolationMode.BOX, "box"))
    assert (one == other).all()


def test_resize_takes_the_interpolation_by_position():
    picture = np.asarray(COLOR)
    assert (pixfeed.resize(picture, (9, 8), "area") == pixfeed.resize(picture, (9, 8), interpolation="area")).all()
