"""of_list: the targets that ``FastTxtDataset(targets=)`` asks for."""

from __future__ import annotations

import os
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import DTypeLike

from pixfeed._real_torch import torch
from pixfeed.backends import BackendName
from pixfeed.lists.annotated import Annotated
from pixfeed.lists.annotations import AnnotationKind, Annotations
from pixfeed.lists.classes import Given as Classes
from pixfeed.lists.classes import checked
from pixfeed.lists.file_list import FileList
from pixfeed.lists.samples import Samples
from pixfeed.targets.base import Targets
from pixfeed.targets.boxes import Boxes, BoxFormat
from pixfeed.targets.keypoints import Keypoints
from pixfeed.targets.labels import Labels, NoLabels
from pixfeed.targets.mask_values import GivenValues
from pixfeed.targets.masks import Masks
from pixfeed.transforms.fuse import Recipe

Kind = Literal["labels", "mask", "boxes", "keypoints"]
KINDS: tuple[Kind, ...] = ("labels", "mask", "boxes", "keypoints")


def of_list(
    kind: Kind,
    filename: str | os.PathLike[str] | Samples,
    *,
    mask_dir: str | os.PathLike[str] | None,
    image_dir: str | os.PathLike[str],
    ignore_index: int,
    mask_values: GivenValues | None,
    mask_dtype: torch.dtype,
    min_visibility: float,
    box_format: BoxFormat,
    roi_columns: Literal[0, 4],
    delimiter: str | None,
    label_dtype: DTypeLike,
    squeeze_labels: bool | None,
    labels: bool,
    classes: Classes | None,
    header: bool,
    backend: BackendName | None,
) -> Targets:
    """The list and its targets; the arguments are those of :class:`pixfeed.FastTxtDataset`.

    Raises:
        ListError, FileNotFoundError: the list cannot be used.
        ValueError, TypeError: arguments do not go together.
    """
    if kind not in KINDS:
        raise ValueError(f"targets is {kind!r}; it may be one of {', '.join(KINDS)}")
    of_masks = mask_dir is not None or ignore_index != 255 or mask_values is not None or mask_dtype != torch.int64
    if of_masks and kind != "mask":
        raise ValueError("mask_dir, ignore_index, mask_dtype and mask_values go with targets='mask'")
    if (min_visibility != 0 or box_format != "xywh") and kind != "boxes":
        raise ValueError("min_visibility and box_format go with targets='boxes'")
    if (squeeze_labels, labels) != (None, True) and kind != "labels":
        raise ValueError("squeeze_labels and labels=False go with targets='labels'")
    if classes is not None and kind not in ("labels", "mask"):
        raise ValueError("classes go with targets='labels' or 'mask'")
    if not labels and ((squeeze_labels, classes) != (None, None) or np.dtype(label_dtype) != np.int64):
        raise ValueError("squeeze_labels, classes and label_dtype go with labels; there are none with labels=False")
    if isinstance(filename, Samples) and not isinstance(filename, Annotated):
        if kind != "labels":
            raise ValueError(f"targets={kind!r} needs a list file")
        if (roi_columns, delimiter, header, classes) != (0, None, False, None) or np.dtype(label_dtype) != np.int64:
            raise ValueError("roi_columns, delimiter, label_dtype and header are about list files")
        if not labels or not filename.labels.shape[1]:
            return NoLabels(filename)
        return Labels(filename, filename.is_flat if squeeze_labels is None else squeeze_labels)
    if kind == "labels" and not isinstance(filename, Annotated):
        files = FileList(
            filename,
            roi_columns,
            delimiter=delimiter,
            label_dtype=label_dtype if labels else None,
            classes=classes,
            header=header,
            backend=backend,
        )
        if not labels:
            return NoLabels(files)
        squeeze = classes is not None and files.labels.shape[1] == 1 if squeeze_labels is None else squeeze_labels
        return Labels(files, squeeze)
    if roi_columns != 0 or np.dtype(label_dtype) != np.int64:
        raise ValueError(f"roi_columns and label_dtype do not go with targets={kind!r}; regions are given by rois")
    annotations: Any = filename
    if not isinstance(filename, Annotated):
        annotations = Annotations(filename, cast("AnnotationKind", kind), delimiter, header)
    elif (filename.kind, delimiter, header) != (kind, None, False):
        raise ValueError(f"these samples have targets={filename.kind!r}; delimiter and header are about list files")
    if kind == "mask":
        folder = image_dir if mask_dir is None else mask_dir
        return Masks(annotations, folder, ignore_index, mask_values, _numbers(classes), mask_dtype)
    return Boxes(annotations, min_visibility, box_format) if kind == "boxes" else Keypoints(annotations)


def _numbers(classes: Classes | None) -> list[int] | None:
    """The numbers that classes of masks have.

    Raises:
        ValueError, TypeError: these are no classes.
    """
    if classes is None or isinstance(classes, int):
        if classes is not None and classes < 1:
            raise ValueError(f"classes is {classes}; there must be one at least")
        return None if classes is None else list(range(classes))
    numbers = checked(classes)
    if numbers is None:
        raise ValueError("classes='auto' goes with labels that are words; of masks say their number")
    return list(numbers.values())


def check_recipe(recipe: Recipe, kind: str) -> None:
    """
    Raises:
        ValueError: the recipe needs others, or targets of that kind could not be moved along with the picture.
    """
    if recipe.needs_boxes and kind != "boxes":
        raise ValueError(f"RandomIoUCrop needs targets='boxes'; it is planned with them, and targets is {kind!r}")
    if recipe.python and kind != "labels":
        raise ValueError(
            f"targets={kind!r} cannot follow {recipe.python[0]!r}, which runs in Python; put pixfeed's own transforms "
            "before ToTensor, and do the rest on batches"
        )
