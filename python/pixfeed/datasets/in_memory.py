"""A set of pictures that are all of one size and all in memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from pixfeed import backends, memory
from pixfeed.collate import Batch
from pixfeed.dataset import has_items_of_its_own
from pixfeed.datasets import recognise
from pixfeed.functional import check_dtype, check_memory_format
from pixfeed.threads import num_threads
from pixfeed.values import Values, numbers


class InMemory(Dataset):
    """What the classic sets have in common. ``data`` and ``targets`` are torchvision's, and may be replaced or changed.

    Args:
        transform: ``None``: items are what ``ToTensor()`` gives, or what ``mean``, ``std`` and ``dtype`` say.
            A transform of torchvision or pixfeed that is no more than ``ToTensor`` and ``Normalize`` (see
            :func:`pixfeed.datasets.recognise.values`) is carried out natively, a batch at once. Anything else is called
            with a PIL image, item by item, as torchvision does.
        target_transform: called with each label.
        mean, std: a number for all channels or one for each: values are ``(value / 255 - mean) / std``, every step
            rounded to float32, as ``ToTensor`` and ``Normalize`` give them.
        dtype: ``torch.float32``, ``torch.float16``, ``torch.bfloat16``, or ``torch.uint8``: values as they are.
        memory_format: ``torch.contiguous_format`` or ``torch.channels_last``.
        backend: as for :class:`pixfeed.Reading`.

    Raises:
        ValueError, TypeError: an argument makes no sense; values are given twice, by ``transform`` and by ``mean``,
            ``std`` or ``dtype``.
    """

    #: What is in the pictures, by label.
    classes: list[str]
    #: C of ``[C, H, W]``: 1 or 3.
    channels: int

    def __init__(
        self,
        data: Any,
        targets: Any,
        *,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        dtype: torch.dtype | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
        backend: str | None = None,
    ):
        self.data = data
        self.targets = targets
        self.target_transform = target_transform
        self.memory_format = check_memory_format(memory_format)
        if transform is not None and not (mean is None and std is None and dtype is None):
            raise ValueError("mean, std and dtype go with transform=None; a transform says them itself")
        self._given = Values(
            check_dtype(torch.float32 if dtype is None else dtype),
            numbers(0.0 if mean is None else mean),
            numbers(1.0 if std is None else std),
        )
        if not self._given.fit(self.channels):
            raise ValueError(
                f"mean is {mean} and std is {std}; they may be finite numbers, one or {self.channels}, std not 0"
            )
        if dtype is torch.uint8 and not (mean is None and std is None):
            raise ValueError("dtype=torch.uint8 keeps the values: no mean and std")
        self._backend = backends.chosen(backend)
        backends.load(self._backend)
        self.transform = transform

    @property
    def transform(self) -> Callable | None:
        return self._transform

    @transform.setter
    def transform(self, transform: Callable | None) -> None:
        values = self._given if transform is None else recognise.values(transform)
        self._values = values if values is not None and values.fit(self.channels) else None
        self._transform = transform

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The classes' labels by name."""
        return {name: number for number, name in enumerate(self.classes)}

    @property
    def reads_natively(self) -> bool:
        """Whether nobody's Python function is called for an item: then threads serve as well as processes."""
        return self._values is not None and self.target_transform is None

    def _pictures(self) -> np.ndarray:
        """``data`` as uint8 ``[N, C, H, W]``, without a copy."""
        raise NotImplementedError

    def _picture(self, i: int) -> np.ndarray:
        """Picture ``i`` as PIL takes it: uint8 ``[H, W]`` or ``[H, W, 3]``."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """``(image, target)``: a tensor ``[C, H, W]`` (or what ``transform`` gives) and an int.

        Raises:
            IndexError: there is no such item.
        """
        row = self._row(index)
        image = self._transform(self._pil(row)) if self._values is None else self._take([row])[0]
        return image, self._labels([row])[0]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[tuple]:
        """The items of a whole batch, converted in one call. torch's DataLoader calls this, and its default collate
        hands the batch on without a copy: images ``[B, C, H, W]``, targets int64 ``[B]``."""
        if self._values is None or has_items_of_its_own(self):
            return [self[index] for index in indices]
        rows = np.asarray(indices)
        if rows.dtype.kind not in "iu" or rows.ndim != 1 or rows.min() < 0 or rows.max() >= len(self):
            rows = np.array([self._row(index) for index in indices], np.int64)
        images, labels = self._take(rows), self._labels(rows.tolist())
        if set(map(type, labels)) == {int}:
            return Batch(images, np.array(labels, np.int64))
        return list(zip(images.unbind(0), labels, strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} images, {len(self.classes)} classes, backend {self._backend})"

    def _row(self, index: int) -> int:
        row = operator.index(index)
        row = row + len(self) if row < 0 else row
        if not 0 <= row < len(self):
            raise IndexError(f"there is no item {index}; there are {len(self)}")
        return row

    def _take(self, rows: Sequence[int] | np.ndarray) -> torch.Tensor:
        pictures = self._pictures()
        values = self._values
        out = memory.empty((len(rows), *pictures.shape[1:]), values.dtype, self.memory_format)
        how = (memory.array(out), *values.three(), num_threads())
        backends.load(self._backend).take(pictures, np.asarray(rows, np.int64), *how)
        return out

    def _labels(self, rows: Sequence[int]) -> list:
        if isinstance(self.targets, list):
            labels = [self.targets[row] for row in rows]
        else:
            labels = np.asarray(self.targets)[list(rows)].tolist()
        return labels if self.target_transform is None else [self.target_transform(label) for label in labels]

    def _pil(self, row: int):
        try:
            from PIL import Image
        except ImportError as error:
            raise ImportError(
                f"this transform takes a PIL image, and Pillow is not there ({error}): pip install pillow, or use "
                "mean=, std= and dtype= in place of the transform"
            ) from error
        return Image.fromarray(self._picture(row))
