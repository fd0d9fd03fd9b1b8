"""Steps that change colors: by Pillow itself, by NumPy where Pillow has nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends.step import Step
from pixfeed.draws import philox
from pixfeed.plan_steps import STEPS

_Image = NDArray[np.uint8]
_FAR = 1 << 30
_MOST_KERNEL = (1 << 15) - 1  # pixels of the side of a kernel
_WEIGHT_BITS, _FRACTION_BITS = 14, 6  # of gaussian_blur_kernel


def check(step: Step) -> None:
    """
    Raises:
        ValueError: the step cannot be carried out.
    """
    if step.code not in CARRY_OUT:
        raise ValueError("unknown step")
    name, v = _NAMES[step.code], step.values
    if name == "hue" and not abs(v[0]) <= 0.5:
        raise ValueError("a hue is moved by -0.5 to 0.5")
    if name == "posterize" and not _are_whole(v[:1], 0, 8):
        raise ValueError("posterize keeps 0 to 8 bits")
    if name == "solarize_add" and not _are_whole(v[:1], -255, 255):
        raise ValueError("solarize_add adds a whole number, -255 to 255")
    if name == "permute" and sorted(v[:3]) != [0, 1, 2]:
        raise ValueError("permute needs each of 0, 1 and 2 once")
    if name == "gaussian_blur" and not 0 <= v[0] <= 1e4:
        raise ValueError("the radius of a blur may be 0 to 10000")
    if name == "gaussian_blur_kernel":
        if not (_are_whole(v[:2], 1, _MOST_KERNEL) and v[0] % 2 == v[1] % 2 == 1):
            raise ValueError("the sides of a kernel must be odd numbers, up to 32767")
        if min(v[2:4]) <= 0:
            raise ValueError("the sigma of a blur must be positive")
    if name == "noise":
        if v[1] < 0:
            raise ValueError("the sigma of noise must not be negative")
        if not _are_whole(v[2:4], 0, 2**32 - 1):
            raise ValueError("a key is two numbers of 32 bits")
    if name == "erase" and not (
        _are_whole(v[:4], 0, _FAR) and v[0] + v[2] <= step.width and v[1] + v[3] <= step.height
    ):
        raise ValueError("the rectangle does not lie inside the picture")


def _are_whole(values: Sequence[float], least: float, most: float) -> bool:
    return all(least <= value <= most and value == int(value) for value in values)


def keeps_gray(step: Step) -> bool:
    """Whether R, G and B of what a step makes of a picture with R = G = B are alike, too."""
    if step.code == STEPS["erase"]:
        return len(set(step.fill)) == 1
    return step.code != STEPS["noise"] or step.mode != 0


# -- by Pillow ---------------------------------------------------------------------------------------------------------


def _enhance(name: str) -> Callable[[_Image, Step], _Image]:
    def run(image: _Image, step: Step) -> _Image:
        from PIL import Image, ImageEnhance

        return np.asarray(getattr(ImageEnhance, name)(Image.fromarray(image)).enhance(step.values[0]))

    return run


def _operation(name: str, count: int = 0) -> Callable[[_Image, Step], _Image]:
    """A function of ImageOps that takes the picture and ``count`` values."""

    def run(image: _Image, step: Step) -> _Image:
        from PIL import Image, ImageOps

        return np.asarray(getattr(ImageOps, name)(Image.fromarray(image), *step.values[:count]))

    return run


def _posterize(image: _Image, step: Step) -> _Image:
    return image & np.uint8(0xFF << (8 - int(step.values[0])) & 0xFF)  # Pillow's keeps 1 bit at least


def _solarize_add(image: _Image, step: Step) -> _Image:
    from PIL import Image

    more, threshold = int(step.values[0]), step.values[1]
    table = [min(max(value + more, 0), 255) if value < threshold else value for value in range(256)]
    return np.asarray(Image.fromarray(image).point(table * 3))


def _gray(image: _Image, step: Step) -> _Image:
    from PIL import Image

    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


def shift_hue(image: _Image, shift: float) -> _Image:
    """As torchvision's adjust_hue for PIL images: uint8 ``[H, W, 3]``, moved on by a part of the circle."""
    from PIL import Image

    h, s, v = Image.fromarray(np.ascontiguousarray(image)).convert("HSV").split()
    moved = Image.fromarray(np.asarray(h) + np.int32(shift * 255).astype(np.uint8))
    return np.asarray(Image.merge("HSV", (moved, s, v)).convert("RGB"))


def _hue(image: _Image, step: Step) -> _Image:
    return shift_hue(image, step.values[0])


def _gaussian_blur(image: _Image, step: Step) -> _Image:
    from PIL import Image, ImageFilter

    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(step.values[0])))


# -- by NumPy ----------------------------------------------------------------------------------------------------------


def _permute(image: _Image, step: Step) -> _Image:
    return image[..., [int(channel) for channel in step.values[:3]]]


def _erase(image: _Image, step: Step) -> _Image:
    x, y, w, h = (int(value) for value in step.values[:4])
    image = image.copy()
    image[y : y + h, x : x + w] = step.fill
    return image


def _gaussian_blur_kernel(image: _Image, step: Step) -> _Image:
    """torchvision's gaussian_blur, with whole numbers: weights have 14 bits, what lies between the two directions has 6
    bits of fraction."""
    across, down = (
        _weights(int(size) // 2, sigma) for size, sigma in zip(step.values[:2], step.values[2:4], strict=True)
    )
    shift = _WEIGHT_BITS - _FRACTION_BITS
    rows = _weighted(image.astype(np.int64), across, 1) + (1 << (shift - 1)) >> shift
    shift = _WEIGHT_BITS + _FRACTION_BITS
    return (_weighted(rows, down, 0) + (1 << (shift - 1)) >> shift).astype(np.uint8)


def _weights(radius: int, sigma: float) -> list[int]:
    """2 * radius + 1 of them. Sums from the outside are rounded, so that many small ones are not lost."""
    densities = [math.exp(-0.5 * (k / sigma) * (k / sigma)) for k in range(radius, 0, -1)]
    half = 0.0
    for density in densities:  # not sum(), which adds more exactly
        half += density
    total, outside, before, weights = 2 * half + 1, 0.0, 0, []
    for density in densities:
        outside += density
        now = math.floor(outside / total * (1 << _WEIGHT_BITS) + 0.5)
        weights.append(now - before)
        before = now
    return [*weights, (1 << _WEIGHT_BITS) - 2 * before, *reversed(weights)]


def _weighted(image: NDArray[np.int64], weights: list[int], axis: int) -> NDArray[np.int64]:
    around = [(0, 0)] * 3
    around[axis] = (len(weights) // 2,) * 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, around, "reflect"), len(weights), axis)
    weighted: NDArray[np.int64] = windows @ np.array(weights)
    return weighted


def _noise(image: _Image, step: Step) -> _Image:
    """See ``csrc/core/steps/noise.h``."""
    mean, sigma, first, second = step.values[:4]
    shape = (*image.shape[:2], 1) if step.mode else image.shape
    count = math.prod(shape)
    counters, none = np.arange(-(-count // 4), dtype=np.uint64), np.uint64(0)
    words = np.stack(philox((counters, none, none, none), (int(first), int(second))), 1).reshape(-1)[:count]
    noise = np.searchsorted(_quantiles(mean, sigma), words, "right").reshape(shape) - 255
    noisy: _Image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return noisy


def _quantiles(mean: float, sigma: float) -> NDArray[np.uint64]:
    """uint64 ``[510]``: how many of 2**32 normal numbers are -255 or less, without their fraction; -254 or less ..."""
    middle, spread = 255 * mean, 255 * sigma
    edges = [level if level < 0 else level + 1 for level in range(-255, 255)]
    if spread == 0:
        below = [float(middle < edge) for edge in edges]
    else:
        below = [0.5 * math.erfc((middle - edge) / spread / math.sqrt(2)) for edge in edges]
    return np.array([math.floor(share * 2**32 + 0.5) for share in below], np.uint64)


#: What carries a step out, by code: takes uint8 ``[H, W, 3]`` and gives the same.
CARRY_OUT: dict[int, Callable[[_Image, Step], _Image]] = {
    STEPS["brightness"]: _enhance("Brightness"),
    STEPS["contrast"]: _enhance("Contrast"),
    STEPS["saturation"]: _enhance("Color"),
    STEPS["sharpness"]: _enhance("Sharpness"),
    STEPS["hue"]: _hue,
    STEPS["posterize"]: _posterize,
    STEPS["solarize"]: _operation("solarize", 1),
    STEPS["solarize_add"]: _solarize_add,
    STEPS["autocontrast"]: _operation("autocontrast"),
    STEPS["equalize"]: _operation("equalize"),
    STEPS["invert"]: _operation("invert"),
    STEPS["gray"]: _gray,
    STEPS["permute"]: _permute,
    STEPS["gaussian_blur"]: _gaussian_blur,
    STEPS["gaussian_blur_kernel"]: _gaussian_blur_kernel,
    STEPS["noise"]: _noise,
    STEPS["erase"]: _erase,
}

_NAMES = {number: name for name, number in STEPS.items()}
