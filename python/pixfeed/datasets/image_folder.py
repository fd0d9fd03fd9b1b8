"""ImageFolder: a sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pixfeed.datasets import torchvision_transforms
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.lists import folder
from pixfeed.transforms import Compose, Resize
from pixfeed.transforms.base import Transform
from pixfeed.transforms.values import Values


class ImageFolder(FastTxtDataset):
    """Images in a sub-folder a class, in the place of ``torchvision.datasets.ImageFolder``: a
    :class:`pixfeed.FastTxtDataset` with torchvision's signature, attributes and labels.

    Args:
        root: the folder.
        transform: ``None``, a :class:`pixfeed.transforms.Compose`, or one of torchvision's that is no more than
            ``ToTensor`` and ``Normalize`` (see :mod:`pixfeed.datasets.torchvision_transforms`): images are read
            natively, a batch at once. Anything else is called with a PIL image (RGB), item by item.
        target_transform: called with each label.
        is_valid_file: called with each path, says whether it is an image; without it the suffix does
            (:data:`pixfeed.lists.folder.SUFFIXES`, which are torchvision's).
        allow_empty: a class may be without images.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default pictures keep their sizes.
            ``transform`` gets the resized picture.
        **options: those of :class:`pixfeed.FastTxtDataset`. ``dtype`` does not go with a transform that is called with
            PIL images.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
        ValueError, TypeError: an argument makes no sense.

    An item is ``(image, target)``: with ``transform=None`` float32 ``[3, H, W]`` in [0, 1], RGB (torchvision gives a
    PIL image there), and an int. A batch has targets int64 ``[B]``. ``classes``, ``class_to_idx``, ``samples``,
    ``imgs`` and ``targets`` are torchvision's. Errors of an item are those of FastTxtDataset.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        *,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options,
    ):
        self.root = os.path.expanduser(os.fspath(root))
        self.classes, samples = folder.find(self.root, is_valid_file, allow_empty)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.target_transform = target_transform
        self._takes_pil = False
        sizes = (resize_height, resize_width)
        if transform is not None:
            values = torchvision_transforms.values(transform)
            self._takes_pil = values is None and not isinstance(transform, (Compose, Transform))
            if self._takes_pil:
                if "dtype" in options:
                    raise ValueError("dtype does not go with this transform, which makes its tensors itself, in Python")
                options["dtype"] = torch.uint8
            else:
                options["transform"] = transform if values is None else _written(values, sizes)
                sizes = () if values is not None or sizes == (None, None) else sizes
        super().__init__(samples, self.root, *sizes, **options)
        self.transform = transform

    @property
    def reads_natively(self) -> bool:
        return super().reads_natively and not self._takes_pil and self.target_transform is None

    @cached_property
    def samples(self) -> list[tuple[str, int]]:
        """Path and label of every image."""
        paths = (os.path.join(self.root, name) for name in self.files.names())
        return list(zip(paths, self.targets, strict=True))

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """:attr:`samples`."""
        return self.samples

    @cached_property
    def targets(self) -> list[int]:
        """The label of every image."""
        return self.files.labels[:, 0].tolist()

    def __getitem__(self, index):
        """``(image, target)``; for a slice a :class:`torch.utils.data.Subset`."""
        item = super().__getitem__(index)
        return item if isinstance(index, slice) else self._finished(item)

    def __getitems__(self, indices: Sequence[int]) -> list:
        if self._one_by_one:
            return [self[index] for index in indices]
        samples = super().__getitems__(indices)
        return samples if self.reads_natively else [self._finished(sample) for sample in samples]

    def _finished(self, sample: tuple[torch.Tensor, int]) -> tuple[Any, Any]:
        """What nobody but Python can do."""
        image, target = sample
        if self.reads_natively:
            return sample
        if self._takes_pil:
            image = self.transform(_pil(image))
        return image, (target if self.target_transform is None else self.target_transform(target))

    def _label(self, i: int) -> int:
        return int(self.files.labels[i, 0])

    def _labels(self, rows: Sequence[int]) -> np.ndarray:
        return self.files.labels[rows, 0]

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        for name in ("samples", "targets"):  # made again where somebody asks
            state.pop(name, None)
        return state


def _written(values: Values, sizes: tuple[int | None, int | None]) -> Compose:
    """Resized as FastTxtDataset does it, if at all, and with those values."""
    if None in sizes and sizes != (None, None):
        raise ValueError("with a transform give both resize_height and resize_width, or neither")
    steps = [] if None in sizes else [Resize(sizes, antialias=False)]
    return Compose([*steps, *torchvision_transforms.steps(values)])


def _pil(image: torch.Tensor):
    """uint8 ``[C, H, W]`` as a PIL image."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"this transform takes a PIL image, and Pillow is not there ({error}): pip install pillow"
        ) from error
    pixels = image.permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
