"""ImageFolder: a sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pixfeed import folder
from pixfeed.collate import Sample
from pixfeed.dataset import FastTxtDataset
from pixfeed.datasets import recognise
from pixfeed.values import Values


class ImageFolder(FastTxtDataset):
    """Images in a sub-folder a class, in the place of ``torchvision.datasets.ImageFolder``: a
    :class:`pixfeed.FastTxtDataset` with torchvision's signature, attributes and labels.

    Args:
        root: the folder.
        transform: ``None``, or one of torchvision's or pixfeed's that is no more than ``ToTensor`` and ``Normalize``
            (see :func:`pixfeed.datasets.recognise.values`): images are read natively, a batch at once. Anything else is
            called with a PIL image (RGB), item by item, as torchvision does.
        target_transform: called with each label.
        is_valid_file: called with each path, says whether it is an image; without it the suffix does.
        allow_empty: a class may be without images.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default pictures keep their sizes.
            ``transform`` gets the resized picture.
        **options: those of :class:`pixfeed.FastTxtDataset`. ``dtype`` goes with ``transform=None``.

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
        self.transform = transform
        self.target_transform = target_transform
        values = None if transform is None else recognise.values(transform)
        if transform is not None:
            if "dtype" in options:
                raise ValueError("dtype goes with transform=None; a transform says it itself")
            options["dtype"] = torch.uint8 if values is None else values.dtype
        self.classes, samples = folder.find(self.root, is_valid_file, allow_empty)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        super().__init__(samples, self.root, resize_height, resize_width, **options)
        self._values = values if values is not None and values.fit(self.channels) else None
        if values is not None and self._values is None:
            raise ValueError(f"{transform} does not fit images of {self.channels} channels")

    @property
    def reads_natively(self) -> bool:
        return (self.transform is None or self._values is not None) and self.target_transform is None

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
        if self.resize_height is None or self.resize_width is None:
            return [self[index] for index in indices]
        samples = super().__getitems__(indices)
        return samples if self.reads_natively else [self._finished(sample) for sample in samples]

    def _finished(self, sample: tuple[torch.Tensor, int]) -> tuple[Any, Any]:
        """What nobody but Python can do."""
        image, target = sample
        if self.reads_natively:
            return sample
        if self.transform is not None and self._values is None:
            image = self.transform(_pil(image))
        return image, (target if self.target_transform is None else self.target_transform(target))

    def _read(self, i: int) -> Sample:
        sample = super()._read(i)
        self._normalize(sample[0])
        return sample

    def _read_into(self, rows: Sequence[int], images: torch.Tensor, failures: dict) -> None:
        super()._read_into(rows, images, failures)
        self._normalize(images)

    def _normalize(self, images: torch.Tensor) -> None:
        """In place."""
        if self._values is not None and self._values != Values(self.dtype):
            mean, std = (torch.tensor(numbers).reshape(-1, 1, 1) for numbers in (self._values.mean, self._values.std))
            images.sub_(mean).div_(std)

    def _label(self, i: int) -> int:
        return int(self.files.labels[i, 0])

    def _labels(self, rows: Sequence[int]) -> np.ndarray:
        return self.files.labels[rows, 0]

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        for name in ("samples", "targets"):  # made again where somebody asks
            state.pop(name, None)
        return state


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
