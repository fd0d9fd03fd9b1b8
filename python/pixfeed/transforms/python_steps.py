"""Steps that run in Python, per sample: Lambda, ToPILImage, ToNumpy; and what any such step is called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch


class Lambda:
    """Call a function, as ``torchvision.transforms.v2.Lambda``. It runs in Python, per sample.

    Args:
        lambd: takes the result of the step before; see ``transform_input`` of :class:`pixfeed.FastTxtDataset`.

    Raises:
        TypeError: ``lambd`` cannot be called.
    """

    def __init__(self, lambd: Callable[[Any], Any]):
        if not callable(lambd):
            raise TypeError(f"lambd is {lambd!r}; it must be a function")
        self.lambd = lambd

    def __call__(self, image: Any) -> Any:
        return self.lambd(image)

    def __repr__(self) -> str:
        return f"Lambda({name_of(self.lambd)})"


class Albumentations:
    """Call a transform of albumentations, which takes ``image=`` and returns a dict. It runs in Python, per sample, and
    draws from a generator of its own.

    Args:
        transform: its Compose, or one of its transforms. It makes an ndarray, or with ToTensorV2 a tensor.
    """

    def __init__(self, transform: Callable[..., Any]):
        self.transform = transform

    @staticmethod
    def knows(step: object) -> bool:
        return type(step).__module__.partition(".")[0] in ("albumentations", "albumentationsx")

    def __call__(self, image: Any) -> Any:
        return self.transform(image=as_numpy(image))["image"]

    def __repr__(self) -> str:
        name = type(self.transform).__name__
        return f"albumentations' {name} (pixfeed.transforms has most of its operations natively, which is faster)"


class ToPILImage:
    """Make a PIL image of a uint8 tensor ``[C, H, W]`` or a uint8 ndarray ``[H, W, C]`` or ``[H, W]``: mode RGB for
    three channels, L for one. Floats in [0, 1] are multiplied by 255, as ``torchvision.transforms.v2.ToPILImage`` does
    it.

    Raises:
        TypeError: when it is called with something else.
        ImportError: when it is called, if Pillow is not there.
    """

    def __call__(self, image: Any) -> Any:
        try:
            from PIL import Image
        except ImportError as error:
            raise ImportError(
                f"this transform takes a PIL image, and Pillow is not there ({error}): pip install pillow, or say "
                "transform_input='tensor' or 'numpy' if it takes one of these"
            ) from error
        return Image.fromarray(as_numpy(image))

    def __repr__(self) -> str:
        return "ToPILImage()"


class ToNumpy:
    """Make a uint8 ndarray ``[H, W, C]`` (``[H, W]`` for gray) of a uint8 tensor ``[C, H, W]``: for albumentations and
    functions of OpenCV."""

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        return as_numpy(image)

    def __repr__(self) -> str:
        return "ToNumpy()"


def name_of(step: object) -> str:
    """What a step is called in messages: the name of a function, or an object's repr in one line, without addresses."""
    if isinstance(step, functools.partial):
        return f"partial({name_of(step.func)})"
    name: str | None = getattr(step, "__name__", None)
    if name is None and type(step).__repr__ is object.__repr__:
        name = type(step).__name__
    return name or " ".join(repr(step).split())


def call_all(steps: Sequence[Callable[..., Any]], image: Any, followed: bool = False) -> Any:
    """The image after some steps. An exception gets a note that names the step.

    Raises:
        TypeError: a step that others follow returned None; ``followed`` says whether the last one is one of them.
    """
    for left, step in zip(range(len(steps) - 1 + followed, -1, -1), steps, strict=False):
        try:
            image = step(image)
            if image is None and left:
                raise TypeError(f"{name_of(step)} returned None; a step of a transform must return the picture")
        except Exception as error:
            error.add_note(f"in {name_of(step)}, a step of the transform that runs in Python")
            raise
    return image


def to_blame(steps: Sequence[object]) -> str:
    """The name of the first step that makes a recipe run in Python; empty if there is none. Conversions are there for
    the sake of the step after them."""
    others = [step for step in steps if not isinstance(step, (ToPILImage, ToNumpy))]
    return name_of((others or steps)[0]) if steps else ""


def as_numpy(image: Any) -> NDArray[np.uint8]:
    """uint8 ``[H, W, C]``, or ``[H, W]`` for one channel, in one piece.

    Raises:
        TypeError: it is no picture.
    """
    if isinstance(image, torch.Tensor):
        if image.is_floating_point():
            image = image.mul(255).to(torch.uint8)
        image = image.permute(1, 2, 0).numpy() if image.ndim == 3 else image.numpy()
    pixels = np.asarray(image)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise TypeError(f"a picture must be uint8 with 1, 3 or 4 channels, not {pixels.dtype} {list(pixels.shape)}")
    return np.ascontiguousarray(pixels[..., 0] if pixels.ndim == 3 and channels == 1 else pixels)
