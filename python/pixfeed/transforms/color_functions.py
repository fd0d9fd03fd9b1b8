"""torchvision.transforms.functional's functions of colors, blurs and noise; see :mod:`pixfeed.transforms.functional`.
They are for uint8 pixels; float tensors are refused, but where nothing is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pixfeed._stand_in import torch
from pixfeed.transforms.base import finite
from pixfeed.transforms.blur_noise import GaussianNoise, kernel_sides
from pixfeed.transforms.one_picture import apply, on_tensor
from pixfeed.transforms.operations import Operation, RandomAdjustSharpness, bits_of

_Image = TypeVar("_Image")


def adjust_hue(img: _Image, hue_factor: float) -> _Image:
    """Hues moved by a share of the whole circle, from -0.5 to 0.5, in Pillow's HSV."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor is {hue_factor!r}; it must be between -0.5 and 0.5")
    return apply(img, Operation("hue", (float(hue_factor),)))


def adjust_sharpness(img: _Image, sharpness_factor: float) -> _Image:
    """0 is a smoothed picture, 1 the picture itself, 2 twice as sharp: bit for bit ``PIL.ImageEnhance.Sharpness``."""
    return apply(img, Operation("sharpness", RandomAdjustSharpness(sharpness_factor).values))


def posterize(img: _Image, bits: int) -> _Image:
    """The upper bits of each value, 0 to 8 of them: bit for bit ``PIL.ImageOps.posterize``."""
    return apply(img, Operation("posterize", (bits_of(bits),)))


def solarize(img: _Image, threshold: float) -> _Image:
    """Values from the threshold on inverted: bit for bit ``PIL.ImageOps.solarize``."""
    return apply(img, Operation("solarize", (finite("threshold", threshold),)))


def autocontrast(img: _Image) -> _Image:
    """Each channel stretched from 0 to 255: bit for bit ``PIL.ImageOps.autocontrast``."""
    return apply(img, Operation("autocontrast"))


def equalize(img: _Image) -> _Image:
    """The histogram of each channel equalized: bit for bit ``PIL.ImageOps.equalize``."""
    return apply(img, Operation("equalize"))


def invert(img: _Image) -> _Image:
    """All values inverted. Of floats: 1 - value."""
    return apply(img, Operation("invert"), lambda tensor: 1.0 - tensor)


def permute_channels(img: _Image, permutation: Sequence[int]) -> _Image:
    """Channel c becomes what channel ``permutation[c]`` was."""

    def change(tensor: torch.Tensor) -> torch.Tensor:
        order = [int(channel) for channel in permutation]
        if sorted(order) != list(range(tensor.shape[-3])):
            raise ValueError(f"permutation is {permutation!r}, and there are {tensor.shape[-3]} channels")
        return tensor[..., order, :, :]

    return on_tensor(img, change)


def gaussian_blur(
    img: _Image, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> _Image:
    """A blur by a Gaussian kernel; see :class:`pixfeed.transforms.GaussianBlur`. ``kernel_size`` and ``sigma`` are one
    number, or those for x and y; without ``sigma`` it is ``0.15 * kernel_size + 0.35``."""
    sides = kernel_sides(kernel_size)
    if sigma is None:
        sigmas = [side * 0.15 + 0.35 for side in sides]
    else:
        sigmas = [finite("sigma", value) for value in (sigma if isinstance(sigma, Sequence) else (sigma,))]
    if len(sigmas) not in (1, 2) or min(sigmas) <= 0:
        raise ValueError(f"sigma is {sigma!r}; it must be one or two positive numbers")
    return apply(img, Operation("gaussian_blur_kernel", (*sides, *(sigmas * 2)[:2])))


def gaussian_noise(img: _Image, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> _Image:
    """Normal numbers added, drawn from torch's global generator; see :class:`pixfeed.transforms.GaussianNoise`."""
    return apply(img, GaussianNoise(mean, sigma, clip))
