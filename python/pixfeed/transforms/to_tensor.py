"""ToTensor, PILToTensor, ToDtype, Normalize: what is done to numbers, not to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch
from pixfeed.transforms.base import Transform
from pixfeed.transforms.values import check_dtype


class Numeric(Transform):
    """A transform of float tensors."""

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        """``images`` ``[n, C, H, W]``, changed in place where that goes; ``u``: uniform numbers ``[n, draws]``."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class ToTensor(Numeric):
    """Make a float32 tensor of the picture, with values in [0, 1]: value / 255, as ``torchvision.transforms.ToTensor``.

    A uint8 picture ``[H, W, C]`` (or ``[H, W]``) becomes a tensor ``[C, H, W]``; in a batch ``[B, C, H, W]``. C is 3
    (RGB) or 1. Floats stay as they are.
    """

    dtype = torch.float32
    scale = True

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        return images if images.is_floating_point() else images.to(torch.float32).div_(255)


@dataclass(frozen=True, repr=False)
class PILToTensor(Numeric):
    """Make a uint8 tensor ``[C, H, W]`` of the picture, with values from 0 to 255, as
    ``torchvision.transforms.v2.PILToTensor`` (and, but for the tensor's class, ``ToImage``)."""

    dtype = torch.uint8
    scale = False

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        return images


@dataclass(frozen=True, repr=False)
class ToDtype(Numeric):
    """Convert to another dtype, as ``torchvision.transforms.v2.ToDtype``. The shape ``[C, H, W]`` stays.

    Args:
        dtype: ``torch.float32``, ``torch.float16``, ``torch.bfloat16`` or ``torch.uint8``.
        scale: map [0, 255] to [0, 1], or back. Without it pixels become floats from 0 to 255. Pixels are divided by
            255, as in ToTensor; torchvision multiplies by 1 / 255 here, which differs by at most one unit in the last
            place. Steps that are fused with decoding, Normalize among them, are computed in float32 and rounded to 16
            bits once, at the end.

    Raises:
        TypeError, ValueError: another dtype.
    """

    dtype: torch.dtype = torch.float32
    scale: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.dtype, torch.dtype):
            raise TypeError(f"dtype is {self.dtype!r}; it must be a torch.dtype")
        check_dtype(self.dtype)

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        if not self.scale or images.is_floating_point() == self.dtype.is_floating_point:
            return images.to(self.dtype)
        if self.dtype.is_floating_point:
            return images.to(torch.float32).div_(255).to(self.dtype)
        return images.to(torch.float32).mul(255 + 1 - 1e-3).to(torch.uint8)


@dataclass(frozen=True, repr=False)
class Normalize(Numeric):
    """Compute ``(value - mean) / std`` of a float tensor ``[C, H, W]``, as ``torchvision.transforms.v2.Normalize``.

    Args:
        mean, std: one number per channel, or one for all channels.
        inplace: is accepted, as torchvision's, and has no effect: a dataset owns its tensors, and a single call
            returns a new tensor.

    Raises:
        ValueError: a std is 0, or there are neither 1 nor 3 numbers.
    """

    mean: Sequence[float]
    std: Sequence[float]
    inplace: bool = False

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            value = getattr(self, name)
            values = tuple(float(v) for v in (value if np.iterable(value) else (value,)))
            if len(values) not in (1, 3) or not np.isfinite(values).all():
                raise ValueError(f"{name} is {value!r}; it must be 1 or 3 finite numbers")
            self._set(**{name: values})
        if not np.array(self.std, np.float32).all():
            raise ValueError(f"std is {self.std!r}: nothing can be divided by zero")

    def apply(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return images.sub_(mean).div_(std)
