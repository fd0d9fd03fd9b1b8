"""Each transform by itself, as torchvision does it to a PIL image: with Pillow's own functions."""

from __future__ import annotations

import images
import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps

from pixfeed import FastTxtDataset
from pixfeed import transforms as T
from pixfeed.transforms.geometry import Geometry

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WRITE = [T.ToTensor(), T.Normalize(MEAN, STD)]


def items(dataset: FastTxtDataset) -> list[torch.Tensor]:
    """All images, read one by one and as a batch, which has to be the same."""
    single = [dataset[i][0] for i in range(len(dataset))]
    for one, (other, _) in zip(single, dataset.__getitems__(range(len(dataset))), strict=True):
        assert torch.equal(one, other) and one.dtype == other.dtype
    return single


def pixels(image: Image.Image) -> torch.Tensor:
    array = np.asarray(image)
    return torch.from_numpy(array.reshape(*array.shape[:2], -1).copy()).permute(2, 0, 1)


def apply(image: Image.Image, step, u: np.ndarray) -> Image.Image:
    """With the random numbers that the step is given."""
    if isinstance(step, (T.RandomHorizontalFlip, T.RandomVerticalFlip)):
        how = Image.Transpose.FLIP_LEFT_RIGHT
        if isinstance(step, T.RandomVerticalFlip):
            how = Image.Transpose.FLIP_TOP_BOTTOM
        return image.transpose(how) if u[0] < step.p else image
    if isinstance(step, T.Grayscale):
        gray = image.convert("L")
        return gray if step.num_output_channels == 1 else Image.merge("RGB", [gray] * 3)
    if isinstance(step, T.ColorJitter):
        geometry = Geometry(np.array([1]), np.array([1]))
        step.change(geometry, u[None])
        for number, factor in geometry.adjust:
            enhance = {1: ImageEnhance.Brightness, 2: ImageEnhance.Contrast, 3: ImageEnhance.Color}[int(number[0])]
            image = enhance(image).enhance(float(factor[0]))
        return image
    if isinstance(step, T.Resize):
        return image.resize(resized(image.size, step), filter_of(step))
    if isinstance(step, T.Pad):
        return padded(image, step, step.padding)
    if isinstance(step, T.RandomResizedCrop):
        geometry = Geometry(np.array([image.width]), np.array([image.height]))
        step.change(geometry, u[None])
        x, y, w, h = (int(np.ravel(v)[0]) for v in (geometry.x, geometry.y, geometry.w, geometry.h))
        return image.crop((x, y, x + w, y + h)).resize(step.size[::-1], filter_of(step))
    h, w = step.size
    if isinstance(step, T.CenterCrop):
        more_w, more_h = max(w - image.width, 0), max(h - image.height, 0)
        image = ImageOps.expand(image, (more_w // 2, more_h // 2, (more_w + 1) // 2, (more_h + 1) // 2))
        x, y = round((image.width - w) / 2), round((image.height - h) / 2)
    else:
        left, top, right, bottom = step.padding or (0,) * 4
        if step.pad_if_needed:
            more_w, more_h = max(w - image.width - left - right, 0), max(h - image.height - top - bottom, 0)
            left, right, top, bottom = left + more_w, right + more_w, top + more_h, bottom + more_h
        image = padded(image, step, (left, top, right, bottom))
        y, x = int(u[0] * (image.height - h + 1)), int(u[1] * (image.width - w + 1))
    return image.crop((x, y, x + w, y + h))


def filter_of(step) -> Image.Resampling:
    return Image.Resampling[step.interpolation.upper()]


def resized(size: tuple[int, int], step: T.Resize) -> tuple[int, int]:
    if isinstance(step.size, tuple):
        return step.size[::-1]
    short, long = sorted(size)
    new_short, new_long = step.size, int(step.size * long / short)
    if step.max_size is not None and new_long > step.max_size:
        new_short, new_long = int(step.max_size * new_short / new_long), step.max_size
    new_short = max(new_short, 1)
    return (new_short, new_long) if size[0] <= size[1] else (new_long, new_short)


def padded(image: Image.Image, step, borders) -> Image.Image:
    left, top, right, bottom = borders
    if step.padding_mode == "constant":
        return ImageOps.expand(image, (left, top, right, bottom), step.color)
    array = np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)), step.padding_mode)
    return Image.fromarray(array)


def one_by_one(image: Image.Image, steps, u: np.ndarray) -> Image.Image:
    at = 0
    for step in steps:
        image = apply(image, step, u[at : at + step.draws])
        at += step.draws
    return image


def make_dataset(folder, backend, pictures, steps, **options) -> FastTxtDataset:
    """A dataset of pictures (PNGs, arrays), with a transform, in a new folder within this one."""
    folder = folder / str(len(list(folder.iterdir())))
    folder.mkdir()
    for i, picture in enumerate(pictures):
        data = picture if isinstance(picture, bytes) else images.png(np.ascontiguousarray(picture[..., ::-1]))
        (folder / f"{i}.png").write_bytes(data)
    (folder / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(len(pictures))))
    transform = steps if callable(steps) else T.Compose(steps)
    return FastTxtDataset(folder / "list.txt", folder, transform=transform, backend=backend, **options)
