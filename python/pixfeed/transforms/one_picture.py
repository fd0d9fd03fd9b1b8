"""One picture of any kind, and a function of tensors: what the functions of :mod:`functional` are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from pixfeed._stand_in import torch
from pixfeed.transforms.base import Transform
from pixfeed.transforms.compose import apply_all
from pixfeed.transforms.python_steps import ToPILImage, as_numpy

_Image = TypeVar("_Image")


def is_pil(image: object) -> bool:
    return hasattr(image, "convert") and hasattr(image, "mode")


def on_tensor(image: _Image, change: Callable[[torch.Tensor], torch.Tensor]) -> _Image:
    """What is done to a tensor, done to any picture."""
    if is_pil(image):
        return cast("_Image", ToPILImage()(change(pil_to_tensor(image))))
    if not isinstance(image, torch.Tensor) or image.ndim < 3:
        shape = f" {list(image.shape)}" if isinstance(image, torch.Tensor) else ""
        raise TypeError(f"a picture must be a tensor [C, H, W] or a PIL image, not {type(image).__name__}{shape}")
    return cast("_Image", change(image))


def apply(image: _Image, step: Transform, of_floats: Callable[[torch.Tensor], torch.Tensor] | None = None) -> _Image:
    """One of pixfeed's transforms of pixels; ``of_floats``: the same of a float tensor."""

    def change(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_floating_point():
            return cast("torch.Tensor", apply_all([step], tensor))
        if of_floats is None:
            raise TypeError(f"{step} is for uint8 pixels, not for {tensor.dtype}")
        return of_floats(tensor)

    return on_tensor(image, change)


def pil_to_tensor(pic: Any) -> torch.Tensor:
    """A uint8 tensor ``[C, H, W]`` of a PIL image of mode L or RGB, or of a uint8 ndarray ``[H, W, C]`` or
    ``[H, W]``."""
    mode = getattr(pic, "mode", "RGB")
    if mode not in ("L", "RGB"):
        raise TypeError(f"the PIL image has mode {mode}; convert it first: image.convert('RGB')")
    pixels = as_numpy(pic)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1).copy())
