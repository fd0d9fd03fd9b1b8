"""FiveCrop and TenCrop: several pictures of one. They run in Python, per sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pixfeed.transforms import functional
from pixfeed.transforms.base import pair


@dataclass(frozen=True)
class FiveCrop:
    """The four corners and the centre of a picture, as ``torchvision.transforms.v2.FiveCrop``: a tuple of pictures of
    the kind that it is called with. A step after it has to make one tensor of them::

        T.Compose([T.Resize(256), T.PILToTensor(), T.FiveCrop(224), T.Lambda(torch.stack)])

    Args:
        size: size of the crops in pixels: one number for both sides, or (height, width).

    Raises:
        TypeError, ValueError: ``size`` is not one or two positive integers; or, when it is called, the picture is
            smaller.
    """

    size: int | Sequence[int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", pair("size", self.size))

    def __call__(self, image: Any) -> tuple[Any, ...]:
        return functional.five_crop(image, self.size)


@dataclass(frozen=True)
class TenCrop:
    """:class:`FiveCrop` of a picture, and of its mirror image, as ``torchvision.transforms.v2.TenCrop``.

    Args:
        size: size of the crops in pixels: one number for both sides, or (height, width).
        vertical_flip: exchange top and bottom in place of left and right.

    Raises:
        TypeError, ValueError: as :class:`FiveCrop`.
    """

    size: int | Sequence[int]
    vertical_flip: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", pair("size", self.size))

    def __call__(self, image: Any) -> tuple[Any, ...]:
        return functional.ten_crop(image, self.size, self.vertical_flip)
