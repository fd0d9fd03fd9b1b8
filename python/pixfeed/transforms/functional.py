"""torchvision.transforms.functional's functions: one picture, and what to do with it, without a random number.

A picture is a uint8 tensor ``[C, H, W]``, a float tensor ``[..., C, H, W]`` with values in [0, 1], or a PIL image of
mode L or RGB. What comes back is of the same kind. uint8 tensors and PIL images have the pixels that torchvision makes
of PIL images; floats those that it makes of float tensors.

Arguments have torchvision's names and order. All functions raise TypeError for what is no picture, and ValueError for
arguments that make no sense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from pixfeed._stand_in import torch
from pixfeed.transforms.base import Interpolation, InterpolationMode, interpolation_name, pair
from pixfeed.transforms.color import Adjust, Grayscale
from pixfeed.transforms.color_functions import (
    adjust_hue,
    adjust_sharpness,
    autocontrast,
    equalize,
    gaussian_blur,
    gaussian_noise,
    invert,
    permute_channels,
    posterize,
    solarize,
)
from pixfeed.transforms.crop_pad_flip import CenterCrop, Pad, PaddingMode
from pixfeed.transforms.one_picture import apply as _apply
from pixfeed.transforms.one_picture import is_pil as _is_pil
from pixfeed.transforms.one_picture import on_tensor as _on_tensor
from pixfeed.transforms.one_picture import pil_to_tensor
from pixfeed.transforms.python_steps import ToPILImage
from pixfeed.transforms.resize import Resize
from pixfeed.transforms.to_tensor import Normalize, ToDtype
from pixfeed.transforms.warp_functions import affine, perspective, rotate

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "equalize",
    "erase",
    "five_crop",
    "gaussian_blur",
    "gaussian_noise",
    "get_dimensions",
    "hflip",
    "horizontal_flip",
    "invert",
    "normalize",
    "pad",
    "permute_channels",
    "perspective",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "ten_crop",
    "to_dtype",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vertical_flip",
    "vflip",
]

_Image = TypeVar("_Image")


# -- sizes and borders -------------------------------------------------------------------------------------------------


def get_dimensions(img: Any) -> list[int]:
    """``[C, H, W]``."""
    if _is_pil(img):
        return [len(img.getbands()), img.height, img.width]
    return list(img.shape[-3:])


def resize(
    img: _Image,
    size: int | Sequence[int] | None,
    interpolation: Interpolation = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> _Image:
    """Resize; see :class:`pixfeed.transforms.Resize`. Floats are resized by ``torch.nn.functional.interpolate``, which
    knows nearest, nearest-exact, bilinear and bicubic."""
    size = size[0] if isinstance(size, Sequence) and len(size) == 1 else size
    step = Resize(size, interpolation, max_size, antialias)

    def of_floats(tensor: torch.Tensor) -> torch.Tensor:
        height, width = cast("tuple[int, int]", step.size_after((tensor.shape[-2], tensor.shape[-1])))
        if (height, width) == tuple(tensor.shape[-2:]):
            return tensor
        mode = interpolation_name(interpolation)
        smooth = mode in ("bilinear", "bicubic")
        return torch.nn.functional.interpolate(
            tensor.reshape(-1, *tensor.shape[-3:]),
            (height, width),
            mode=mode,
            align_corners=False if smooth else None,
            antialias=bool(antialias) and smooth,
        ).reshape(*tensor.shape[:-2], height, width)

    return _apply(img, step, of_floats)


def crop(img: _Image, top: int, left: int, height: int, width: int) -> _Image:
    """The rectangle; black where it reaches beyond the picture."""

    def change(tensor: torch.Tensor) -> torch.Tensor:
        h, w = tensor.shape[-2:]
        around = [max(-left, 0), max(left + width - w, 0), max(-top, 0), max(top + height - h, 0)]
        inside = tensor[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
        return torch.nn.functional.pad(inside, around)[..., :height, :width] if any(around) else inside

    return _on_tensor(img, change)


def center_crop(img: _Image, output_size: int | Sequence[int]) -> _Image:
    """The centre; a smaller picture is padded with black. See :class:`pixfeed.transforms.CenterCrop`."""
    step = CenterCrop(output_size)
    height, width = pair("output_size", output_size)

    def change(tensor: torch.Tensor) -> torch.Tensor:
        left, top, right, bottom = (int(side) for side in step.borders(tensor.shape[-1], tensor.shape[-2]))
        if any((left, top, right, bottom)):
            tensor = torch.nn.functional.pad(tensor, [left, right, top, bottom])
        h, w = tensor.shape[-2:]
        return crop(tensor, round((h - height) / 2), round((w - width) / 2), height, width)

    return _on_tensor(img, change)


def resized_crop(
    img: _Image,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: Interpolation = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> _Image:
    """:func:`crop`, then :func:`resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img: _Image) -> _Image:
    """Left and right exchanged."""
    return _on_tensor(img, lambda tensor: tensor.flip(-1))


def vflip(img: _Image) -> _Image:
    """Top and bottom exchanged."""
    return _on_tensor(img, lambda tensor: tensor.flip(-2))


horizontal_flip = hflip
vertical_flip = vflip


def pad(
    img: _Image,
    padding: int | Sequence[int],
    fill: float | Sequence[float] | None = 0,
    padding_mode: PaddingMode = "constant",
) -> _Image:
    """Pixels added around; see :class:`pixfeed.transforms.Pad`. ``fill`` of float tensors is any number, or one per
    channel."""
    left, top, right, bottom = cast("tuple[int, int, int, int]", Pad(padding, 0, padding_mode).padding)
    color = torch.as_tensor(0 if fill is None else fill).reshape(-1, 1, 1)

    def change(tensor: torch.Tensor) -> torch.Tensor:
        height, width = tensor.shape[-2:]
        if padding_mode != "constant":
            around = ((0, 0),) * (tensor.ndim - 2) + ((top, bottom), (left, right))
            return torch.from_numpy(np.pad(tensor.numpy(), around, padding_mode))
        made = tensor.new_empty(*tensor.shape[:-2], height + top + bottom, width + left + right)
        made[:] = color
        made[..., top : top + height, left : left + width] = tensor
        return made

    return _on_tensor(img, change)


def five_crop(img: _Image, size: int | Sequence[int]) -> tuple[_Image, _Image, _Image, _Image, _Image]:
    """The four corners (top left, top right, bottom left, bottom right) and the centre.

    Raises:
        ValueError: the picture is smaller than ``size``.
    """
    height, width = pair("size", size)
    h, w = get_dimensions(img)[1:]
    if height > h or width > w:
        raise ValueError(f"size is {height} x {width}, larger than the picture of {h} x {w} (h x w) pixels")
    corners = [crop(img, top, left, height, width) for top in (0, h - height) for left in (0, w - width)]
    return corners[0], corners[1], corners[2], corners[3], center_crop(img, (height, width))


def ten_crop(img: _Image, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[_Image, ...]:
    """:func:`five_crop` of the picture, and of its mirror image (horizontally, or with ``vertical_flip`` vertically).

    Raises:
        ValueError: the picture is smaller than ``size``.
    """
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


# -- colors ------------------------------------------------------------------------------------------------------------


def _luma(tensor: torch.Tensor) -> torch.Tensor:
    """``[..., 1, H, W]`` of floats, as torchvision weighs them."""
    if tensor.shape[-3] == 1:
        return tensor
    r, g, b = tensor.unbind(-3)
    return (0.2989 * r + 0.587 * g + 0.114 * b).unsqueeze(-3)


def rgb_to_grayscale(img: _Image, num_output_channels: int = 1) -> _Image:
    """Gray, with 1 channel or with 3 (R = G = B). See :class:`pixfeed.transforms.Grayscale`."""
    step = Grayscale(cast("Any", num_output_channels))
    return _apply(img, step, lambda tensor: _luma(tensor).expand(*tensor.shape[:-3], num_output_channels, -1, -1))


to_grayscale = rgb_to_grayscale


def _blend(img: _Image, name: str, factor: float, other: Callable[[torch.Tensor], torch.Tensor | float]) -> _Image:
    if factor < 0:
        raise ValueError(f"{name}_factor is {factor!r}; it must not be negative")

    def of_floats(tensor: torch.Tensor) -> torch.Tensor:
        if name == "saturation" and tensor.shape[-3] == 1:
            return tensor
        return (factor * tensor + (1.0 - factor) * other(tensor)).clamp(0, 1)

    return _apply(img, Adjust(name, float(factor)), of_floats)


def adjust_brightness(img: _Image, brightness_factor: float) -> _Image:
    """0 is black, 1 the picture itself, 2 twice as bright. uint8: bit for bit ``PIL.ImageEnhance.Brightness``."""
    return _blend(img, "brightness", brightness_factor, torch.zeros_like)


def adjust_contrast(img: _Image, contrast_factor: float) -> _Image:
    """0 is gray, 1 the picture itself. uint8: bit for bit ``PIL.ImageEnhance.Contrast``."""
    return _blend(img, "contrast", contrast_factor, lambda tensor: _luma(tensor).mean((-3, -2, -1), keepdim=True))


def adjust_saturation(img: _Image, saturation_factor: float) -> _Image:
    """0 is black and white, 1 the picture itself. uint8: bit for bit ``PIL.ImageEnhance.Color``."""
    return _blend(img, "saturation", saturation_factor, _luma)


# -- numbers -----------------------------------------------------------------------------------------------------------


def to_tensor(pic: Any) -> torch.Tensor:
    """float32 ``[C, H, W]`` in [0, 1] of a PIL image of mode L or RGB, or of a uint8 ndarray ``[H, W, C]`` or
    ``[H, W]``."""
    return pil_to_tensor(pic).to(torch.float32).div_(255)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A PIL image of a tensor ``[C, H, W]`` or an ndarray ``[H, W, C]``; see :class:`pixfeed.transforms.ToPILImage`.
    ``mode`` is the one that it has to have."""
    image = ToPILImage()(pic)
    if mode not in (None, image.mode):
        raise ValueError(f"the picture has mode {image.mode}, not {mode}")
    return image


def to_dtype(img: torch.Tensor, dtype: torch.dtype = torch.float32, scale: bool = False) -> torch.Tensor:
    """Another dtype; see :class:`pixfeed.transforms.ToDtype`."""
    return ToDtype(dtype, scale).apply(img, np.empty((1, 0)))


def convert_image_dtype(image: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """:func:`to_dtype` with ``scale=True``."""
    return to_dtype(image, dtype, True)


def normalize(tensor: torch.Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> torch.Tensor:
    """``(value - mean) / std`` of a float tensor ``[..., C, H, W]``; see :class:`pixfeed.transforms.Normalize`."""
    if not tensor.is_floating_point():
        raise TypeError(f"normalize needs floats, not {tensor.dtype}: to_dtype(image, torch.float32, scale=True)")
    return Normalize(mean, std).apply(tensor if inplace else tensor.clone(), np.empty((1, 0)))


def erase(img: _Image, i: int, j: int, h: int, w: int, v: torch.Tensor | float, inplace: bool = False) -> _Image:
    """A rectangle overwritten: its upper edge ``i``, left edge ``j``, height, width, and what is written: a number or a
    tensor ``[C, h, w]``, or ``[C, 1, 1]``."""

    def change(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor if inplace else tensor.clone()
        tensor[..., i : i + h, j : j + w] = torch.as_tensor(v)
        return tensor

    return _on_tensor(img, change)
