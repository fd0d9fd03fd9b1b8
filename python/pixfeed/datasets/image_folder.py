"""ImageFolder: a folder with one sub-folder per class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Unpack

import numpy as np
import torch

from pixfeed.collate.batch import Batch, Sample
from pixfeed.datasets import torchvision_transforms
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.datasets.options import ImageFolderOptions
from pixfeed.lists import folder
from pixfeed.reading.options import check_keywords, with_keywords
from pixfeed.reading.pipeline import Pipeline
from pixfeed.targets.labels import ClassNumbers
from pixfeed.transforms import Compose, Resize
from pixfeed.transforms.base import Transform


class ImageFolder(FastTxtDataset):
    """Images in a folder that has one sub-folder per class. It replaces ``torchvision.datasets.ImageFolder``.

    It is a :class:`pixfeed.FastTxtDataset` with torchvision's signature, attributes (``classes``, ``class_to_idx``,
    ``samples``, ``imgs``, ``targets``) and labels. An item is ``(image, target)``: with ``transform=None`` float32
    ``[3, H, W]`` in [0, 1], RGB (torchvision returns a PIL image), and an int. A batch has targets int64 ``[B]``.
    Reading an item raises the errors of FastTxtDataset.

    Args:
        root: the folder.
        transform: ``None``, a :class:`pixfeed.transforms.Compose`, or a transform of torchvision's that consists of
            ``ToTensor`` and ``Normalize`` (see :mod:`pixfeed.datasets.torchvision_transforms`): images are read
            natively, whole batches at once. Any other transform is called with a PIL image (RGB), item by item.
        target_transform: called with each label.
        is_valid_file: called with each path, returns whether it is an image. Without it the suffix decides
            (:data:`pixfeed.lists.folder.SUFFIXES`, which are torchvision's).
        allow_empty: whether a class may have no image.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default images keep their sizes.
            ``transform`` gets the resized image.
        **options: those of :class:`pixfeed.FastTxtDataset`. ``dtype`` cannot be combined with a transform that is
            called with PIL images.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
        ValueError, TypeError: an argument makes no sense.
    """

    _takes_pil = False  # the transform is called with a PIL image

    @with_keywords(FastTxtDataset.__init__)
    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        *,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options: Unpack[ImageFolderOptions],
    ):
        check_keywords(type(self).__name__, ImageFolder.__init__, options)
        self.root = os.path.expanduser(os.fspath(root))
        self.classes, samples = folder.find(self.root, is_valid_file, allow_empty)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.target_transform = target_transform
        self._dtype_given = "dtype" in options
        super().__init__(samples, self.root, resize_height, resize_width, transform=transform, **options)
        self._targets = ClassNumbers(self._targets.files)

    def _new_pipeline(self, transform: Callable[..., Any] | None) -> Pipeline:
        values = None if transform is None else torchvision_transforms.values(transform)
        is_foreign = transform is not None and values is None and not isinstance(transform, (Compose, Transform))
        if is_foreign and self._dtype_given:
            raise ValueError("dtype does not go with this transform, which makes its tensors itself, in Python")
        if is_foreign:  # called with a PIL image; see _finished()
            pipeline = Pipeline.resizing(self._reading, *self._sides)
            pipeline.recipe.settle(torch.uint8)
        elif values is not None:
            pipeline = Pipeline(self._reading, [*_resize(self._sides), *torchvision_transforms.steps(values)])
            pipeline.recipe.settle(self._given_dtype)
        else:
            self._sides_given = self._sides != (None, None)
            pipeline = super()._new_pipeline(transform)
        self._takes_pil = is_foreign
        return pipeline

    @property
    def reads_natively(self) -> bool:
        return super().reads_natively and not self._takes_pil and self.target_transform is None

    @cached_property
    def samples(self) -> list[tuple[str, int]]:
        """Path and label of every image."""
        paths = self.files.paths(range(len(self.files)), self.root)
        return list(zip(paths, self.targets, strict=True))

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """:attr:`samples`."""
        return self.samples

    @cached_property
    def targets(self) -> list[int]:
        """The label of every image."""
        labels: list[int] = self.files.labels[:, 0].tolist()
        return labels

    def __getitem__(self, index: Any) -> Any:
        """``(image, target)``; for a slice a :class:`torch.utils.data.Subset`."""
        item = super().__getitem__(index)
        return item if isinstance(index, slice) or self.reads_natively else self._finished(item)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        batch = super().__getitems__(indices)
        if self.reads_natively or self._has_own_items or self._pipeline.recipe.size is None:
            return batch
        return Batch.of([self._finished(sample) for sample in batch])

    def _finished(self, sample: Sample) -> Sample:
        """Apply what is done in Python: the transform of PIL images, and ``target_transform``."""
        image, target = sample
        if self._takes_pil and self._transform is not None:
            image = self._transform(_pil(image))
        if self.target_transform is not None:
            target = self.target_transform(target)
        return Sample(image, target, lambda: sample.origin)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        for name in ("samples", "targets"):  # made again on demand
            state.pop(name, None)
        return state


def _resize(sides: tuple[int | None, int | None]) -> list[Resize]:
    """The resize of FastTxtDataset as a transform."""
    height, width = sides
    if height is None and width is None:
        return []
    if height is None or width is None:
        raise ValueError("with a transform give both resize_height and resize_width, or neither")
    return [Resize((height, width), antialias=False)]


def _pil(image: torch.Tensor) -> Any:
    """uint8 ``[C, H, W]`` as a PIL image."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f"this transform takes a PIL image, and Pillow is not there ({error}): pip install pillow"
        ) from error
    pixels = image.permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
