"""Masks without a list file: by their paths or a rule for their names, with the numbers that files have for classes."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import images
import numpy as np
import pytest
import torch
from marker import palette_png
from PIL import Image

import pixfeed
from pixfeed import FastTxtDataset, RegionError
from pixfeed import transforms as T

CLASSES = {0: 0, 255: 1, 1: 1}
SIZES = [(24, 33), (31, 20), (40, 41)]


def numbers(i: int) -> np.ndarray:
    """uint8 [H, W] of 0 and 1."""
    return np.random.default_rng(i).integers(0, 2, SIZES[i]).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """images/0.jpg, 1.png, 2.jpg and their masks, whose numbers are 0 and 255; in the GIF these are places 0 and 1."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i, (height, width) in enumerate(SIZES):
        picture = images.picture(height, width, seed=i)
        name = f"{i}.png" if i == 1 else f"{i}.jpg"
        (tmp_path / "images" / name).write_bytes(images.png(picture) if i == 1 else images.jpeg(picture))
        suffix = "gif" if i == 2 else "png"
        Image.fromarray(numbers(i) * 255).save(tmp_path / "masks" / f"{i}_mask.{suffix}")
    return tmp_path


def pictures(folder):
    return sorted((folder / "images").iterdir())


@pytest.fixture
def make(folder, backend):
    """Whole pictures and their masks."""
    how = {"transform": T.Compose([]), "mask_values": CLASSES, "backend": backend}
    return functools.partial(FastTxtDataset.from_samples, pictures(folder), **how)


# -- which mask --------------------------------------------------------------------------------------------------------


def test_masks_by_their_paths_by_a_rule_and_by_a_function(folder, make):
    def mask_of(path):
        stem = Path(path).stem
        return f"masks/{stem}_mask.{'gif' if stem == '2' else 'png'}"

    for dataset in (
        make(masks=sorted((folder / "masks").iterdir())),
        make(masks="{stem}_mask.*", mask_dir=folder / "masks"),
        make(masks="masks/{stem}_mask.*", mask_dir=str(folder)),
        make(masks=mask_of, mask_dir=folder),
    ):
        assert len(dataset) == 3 and "targets='mask'" in repr(dataset)
        for each in (dataset, pickle.loads(pickle.dumps(dataset))):
            for i, (image, mask) in enumerate(each.__getitems__(range(3))):
                assert image.shape[1:] == mask.shape and mask.dtype == torch.int64
                np.testing.assert_array_equal(mask.numpy(), numbers(i))


def test_the_folder_of_masks_alone(folder, make):
    """a.jpg and a.png."""
    for path in (folder / "masks").iterdir():
        path.rename(path.with_name(path.name.replace("_mask", "")))
    (folder / "masks" / "0.json").write_text("{}")  # no image
    np.testing.assert_array_equal(make(mask_dir=folder / "masks")[2][1].numpy(), numbers(2))
    relative = FastTxtDataset.from_samples(
        ["0.jpg"],
        image_dir=folder / "images",
        masks="{stem}.png",
        mask_dir=folder / "masks",
        mask_values={0: 3, 255: 9},
    )
    np.testing.assert_array_equal(np.unique(relative[0][1]), [3, 9])


def test_a_mask_that_is_missing_or_there_twice(folder, make):
    with pytest.raises(
        FileNotFoundError, match=r"0\.jpg: there is no mask '0\.\*' in .*\(3 of 3 pictures have none\); .*rule"
    ):
        make(mask_dir=folder / "masks")
    (folder / "masks" / "1_mask.TIF").touch()
    with pytest.raises(
        ValueError, match=r"1\.png has two masks, 1_mask\.TIF and 1_mask\.png, .*masks='\{stem\}_mask\.png'"
    ):
        make(masks="{stem}_mask.*", mask_dir=folder / "masks")
    with pytest.raises(pixfeed.ImageError, match=r"1_mask\.jpg: there is no such file"):
        make(masks="{stem}_mask.jpg", mask_dir=folder / "masks")[1]  # a name that is certain is not looked for
    with pytest.raises(FileNotFoundError):
        make(mask_dir=folder / "nowhere")


@pytest.mark.parametrize("masks", ["masks", "{stem}*", "{stem}/{stem}.*", "{stem}/mask.*", "*/{stem}.png"])
def test_what_is_no_rule(folder, make, masks):
    with pytest.raises(ValueError, match=r"a rule is '\{stem\}\.png', '\{stem\}\.\*' or '\{stem\}_mask\.\*'"):
        make(masks=masks, mask_dir=folder)


def test_masks_and_labels(folder, make):
    masks = sorted((folder / "masks").iterdir())
    with pytest.raises(ValueError, match="labels or a mask, not both"):
        make([1, 2, 3], masks=masks)
    with pytest.raises(TypeError, match=r"from_samples\(\) needs labels \(False if there are none\), or masks"):
        FastTxtDataset.from_samples(pictures(folder))
    with pytest.raises(ValueError, match="3 pictures and 2 masks"):
        make(masks=masks[1:])
    with pytest.raises(ValueError, match="these samples have targets='mask'"):
        make(masks=masks, targets="boxes", mask_values=None)
    with pytest.raises(ValueError, match="mask_values go with targets='mask'"):
        FastTxtDataset.from_samples(pictures(folder), [1, 2, 3], mask_values=[0, 255])


def test_encoded_images_with_masks(folder, backend):
    data = [path.read_bytes() for path in pictures(folder)]
    masks = sorted((folder / "masks").iterdir())
    dataset = FastTxtDataset.from_samples(data, masks=masks, mask_values=CLASSES, backend=backend)
    dataset.transform = T.Compose([])
    np.testing.assert_array_equal(dataset[2][1].numpy(), numbers(2))
    with pytest.raises(TypeError, match="encoded images have no names"):
        FastTxtDataset.from_samples(data, masks="{stem}.*", mask_dir=folder / "masks")


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_a_number_that_is_no_class_names_the_file_and_what_to_do(folder, make):
    mask = numbers(1) * 255
    mask[0, 0], mask[5, 5] = 7, 128
    Image.fromarray(mask).save(folder / "masks" / "1_mask.png")
    dataset = make(masks="{stem}_mask.*", mask_dir=folder / "masks")
    with pytest.raises(
        RegionError, match=r"1_mask\.png: the mask has the numbers 7, 128, and mask_values are 0, 1, 255; add"
    ):
        dataset[1]
    dataset.transform = T.CenterCrop(8)  # also where it is cropped off
    with pytest.raises(RegionError, match="the numbers 7, 128"):
        dataset[1]
    dataset.on_error = "skip"
    np.testing.assert_array_equal(dataset[1][1], dataset[2][1])
    by_number = make(masks="{stem}_mask.*", mask_dir=folder / "masks")
    assert by_number[0][1].max() == 1
    expected = np.select([mask == 7, mask == 128, mask == 255], [255, 5, 1], 0)
    how = {"masks": "{stem}_mask.*", "mask_dir": folder / "masks", "mask_values": {0: 0, 255: 1, 128: 5, 7: 255}}
    found = FastTxtDataset.from_samples(pictures(folder), None, None, None, **how)[1][1]
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("save", ["palette", "wide", "bits"])
def test_numbers_of_every_kind_of_file(tmp_path, backend, save):
    (tmp_path / "a.png").write_bytes(images.png(images.picture(9, 8)))
    known = {"palette": [3, 200, 7], "wide": [60000, 2, 300], "bits": [1, 0]}[save]
    places = np.random.default_rng(0).integers(0, len(known), (9, 8))
    mask = np.array(known)[places]
    if save == "palette":
        palette_png(mask.astype(np.uint8), tmp_path / "a_mask.png")
    else:
        Image.fromarray(mask.astype(np.uint16) if save == "wide" else mask > 0).save(tmp_path / "a_mask.png")
    (tmp_path / "list.txt").write_text("a.png a_mask.png\n")
    how = {"targets": "mask", "mask_values": known, "backend": backend}
    dataset = FastTxtDataset(tmp_path / "list.txt", tmp_path, None, None, **how)
    np.testing.assert_array_equal(dataset[0][1].numpy(), places)
    with pytest.raises(RegionError, match=rf"line 1\): the mask has the number {known[1]}, and mask_values are"):
        FastTxtDataset(tmp_path / "list.txt", tmp_path, **{**how, "mask_values": [*known[:1], *known[2:]]})[0]


def test_colors(tmp_path, backend):
    (tmp_path / "a.png").write_bytes(images.png(images.picture(9, 8)))
    colors = np.array([[0, 0, 0], [255, 0, 128], [1, 2, 3]], np.uint8)
    places = np.random.default_rng(0).integers(0, 3, (9, 8))
    Image.fromarray(colors[places]).save(tmp_path / "rgb.png")
    palette = Image.fromarray(places.astype(np.uint8))
    palette.putpalette(colors.tobytes())
    palette.save(tmp_path / "palette.png")
    make = functools.partial(FastTxtDataset.from_samples, image_dir=tmp_path, transform=T.Compose([]), backend=backend)
    for given in (colors.tolist(), {tuple(color): i for i, color in enumerate(colors.tolist())}):
        dataset = make(["a.png", "a.png"], masks=["rgb.png", "palette.png"], mask_values=given)
        for _, mask in dataset:
            np.testing.assert_array_equal(mask.numpy(), places)
    with pytest.raises(
        RegionError, match=r"the color \(1, 2, 3\), and mask_values are \(0, 0, 0\), \(255, 0, 128\); add"
    ):
        make(["a.png"], masks=["rgb.png"], mask_values=colors.tolist()[:2])[0]
    with pytest.raises(pixfeed.ImageError, match=r"mode RGB, .* or colors with mask_values"):
        make(["a.png"], masks=["rgb.png"], mask_values=[0, 1])[0]


@pytest.mark.parametrize("given", ["0", [], 5, ["a"], [0, 0], [(0, 0, 256)], [(0, 0)], {1: "a"}, [0, (1, 2, 3)]])
def test_what_are_no_mask_values(folder, make, given):
    with pytest.raises((TypeError, ValueError), match="mask_values"):
        make(masks="{stem}_mask.*", mask_dir=folder / "masks", mask_values=given)


# -- Resize(scale=) ----------------------------------------------------------------------------------------------------


def unet(path, scale, values=None):
    """What the U-Net projects' BasicDataset makes of an image and of a mask."""
    with Image.open(path) as picture:
        size = int(scale * picture.size[0]), int(scale * picture.size[1])
        made = np.asarray(picture.resize(size, Image.NEAREST if values else Image.BICUBIC))
    if values:
        return np.select([made == value for value in values], range(len(values)))
    return made.transpose(2, 0, 1) / 255.0


@pytest.mark.parametrize("scale", [0.5, 0.37, 1.6])
def test_a_scale_is_that_of_the_unet_projects(folder, make, scale):
    dataset = make(masks="{stem}_mask.*", mask_dir=folder / "masks")
    dataset.transform = T.Compose([T.Resize(scale=scale, interpolation="bicubic"), T.ToTensor()])
    masks = sorted((folder / "masks").iterdir())
    for i, path in enumerate(pictures(folder)):
        image, mask = dataset[i]
        np.testing.assert_array_equal(image.numpy(), unet(path, scale).astype(np.float32))
        np.testing.assert_array_equal(mask.numpy(), unet(masks[i], scale, [0, 1 if i == 2 else 255]))
    with Image.open(pictures(folder)[0]) as picture:
        one = T.Resize(scale=scale)(picture)
    assert one.shape == (3, int(scale * 24), int(scale * 33))


def test_what_goes_with_a_scale():
    assert repr(T.Resize(scale=0.5)) == "Resize(scale=0.5)" and T.Resize(scale=2).size_after((3, 4)) == (6, 8)
    assert T.Resize(scale=0.01).size_after((3, 4)) == (1, 1)
    for wrong in ({"size": 5, "scale": 0.5}, {"max_size": 5, "scale": 0.5}, {"scale": 0}, {"scale": -1.0}, {}):
        with pytest.raises(ValueError, match="scale"):
            T.Resize(**wrong)
