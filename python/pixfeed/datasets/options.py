"""The keyword arguments that datasets pass on, for type checkers: one TypedDict per layer.

Names, types and defaults are those of :class:`pixfeed.FastTxtDataset` and
:class:`pixfeed.datasets.in_memory.InMemory`, where they are explained. ``tests/test_keywords.py`` compares them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from numpy.typing import ArrayLike, DTypeLike

from pixfeed._real_torch import torch
from pixfeed.backends import BackendName
from pixfeed.cache import Cache
from pixfeed.datasets.bad_images import OnError
from pixfeed.lists.classes import Given as Classes
from pixfeed.reading.options import ReadingOptions
from pixfeed.targets.boxes import BoxFormat
from pixfeed.targets.mask_values import GivenValues
from pixfeed.targets.of_list import Kind
from pixfeed.transforms.compose import PythonInput


class _Options(ReadingOptions, total=False):
    """Those that all have."""

    dtype: torch.dtype
    memory_format: torch.memory_format
    roi_columns: Literal[0, 4]
    delimiter: str | None
    label_dtype: DTypeLike
    squeeze_labels: bool | None
    classes: Classes | None
    header: bool
    rois: ArrayLike | None
    resize_boxes: ArrayLike | None
    on_error: OnError
    max_errors: int | None
    return_index: bool
    return_path: bool
    keys: Sequence[str] | None
    transform_input: PythonInput
    translate: bool
    seed: int | None
    targets: Kind
    mask_dir: str | os.PathLike[str] | None
    ignore_index: int
    mask_values: GivenValues | None
    mask_dtype: torch.dtype
    min_visibility: float
    box_format: BoxFormat
    cache: Cache | str | os.PathLike[str] | None
    cache_size: int | None


class ImageFolderOptions(_Options, total=False):
    """The options of :class:`pixfeed.datasets.ImageFolder`."""

    labels: bool


class SamplesOptions(_Options, total=False):
    """The options of :meth:`pixfeed.FastTxtDataset.from_samples`."""

    transform: Callable[..., Any] | None
    target_transform: Callable[[Any], Any] | None


class ListOptions(SamplesOptions, total=False):
    """The options of :meth:`pixfeed.FastTxtDataset.from_folder`."""

    labels: bool


class DetectionOptions(ReadingOptions, total=False):
    """The options of :class:`pixfeed.datasets.YoloDetection` and :class:`pixfeed.datasets.CocoDetection`."""

    dtype: torch.dtype
    memory_format: torch.memory_format
    rois: ArrayLike | None
    resize_boxes: ArrayLike | None
    on_error: OnError
    max_errors: int | None
    translate: bool
    seed: int | None
    min_visibility: float


class InMemoryOptions(TypedDict, total=False):
    """The options of MNIST, FashionMNIST, CIFAR10 and CIFAR100."""

    mean: float | Sequence[float] | None
    std: float | Sequence[float] | None
    dtype: torch.dtype | None
    memory_format: torch.memory_format
    backend: BackendName | None
    seed: int | None
