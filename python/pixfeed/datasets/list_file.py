"""FastTxtDataset: a list file and a folder of images as a PyTorch dataset."""

from __future__ import annotations

import inspect
import operator
import os
from collections.abc import Callable, Iterable
from typing import Any, Literal, Unpack

import numpy as np
import torch

from pixfeed import draws
from pixfeed.datasets.bad_images import BadImages, OnError
from pixfeed.datasets.list_images import ListImages
from pixfeed.lists import folder
from pixfeed.lists.samples import Samples
from pixfeed.plan import interpolation_text
from pixfeed.reading.options import ReadingOptions, check_rows, check_size, reading_of
from pixfeed.reading.pipeline import Pipeline
from pixfeed.targets.labels import Labels
from pixfeed.targets.of_list import Kind, check_recipe, of_list
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.values import check_dtype, check_memory_format


class _Default(int):
    """A default that can be told from the same number given."""


_SIDE = _Default(256)


class FastTxtDataset(ListImages):
    """Images and labels of a list file, decoded natively. The drop-in for the usual list-file Dataset
    (``cv2.imread``, BGR to RGB, ``cv2.resize``, ``ToTensor``), with the same pixels bit for bit.

    A line of the list is a name and one or more integer labels: ``0.jpg 0 10``. With ``roi_columns=4`` a region comes
    first: ``0.jpg 17 22 41 60 0 10``.

    Args:
        filename: the list file; see :class:`pixfeed.lists.file_list.FileList`.
        image_dir: the folder that names are relative to. Absolute names are taken as they are.
        resize_height, resize_width: pixels. One ``None`` keeps the aspect ratio (the other side is
            ``int(side * given / other)``), both ``None`` leave the size as it is. With ``transform`` they are left out:
            nothing is resized but by the transform.
        repeat: how often the list is repeated in one epoch; ``None`` for ever (``len`` is then 10,000,000).
        dtype: ``torch.float32`` for values in [0, 1], ``torch.float16`` or ``torch.bfloat16`` for what ``Tensor.to``
            makes of them, or ``torch.uint8``. A ``transform`` with ToTensor or ToDtype says it itself; its float32 may
            be rounded to 16 bits, behind the last of pixfeed's transforms in it.
        memory_format: ``torch.contiguous_format``; or ``torch.channels_last`` for batches (and items) with each pixel's
            channels side by side. A batch that torch has to stack from single items is contiguous, as torch makes it.
        transform: a :class:`pixfeed.transforms.Compose`, which is fused with decoding as far as possible; ``print`` of
            the dataset says how far. Or any callable: it gets the image as a uint8 tensor ``[C, H, W]``.
        seed: of the transform's random numbers, which depend on it, the epoch (:meth:`set_epoch`) and the sample's
            index, and on nothing else. ``None`` draws one from torch's global generator, now.
        delimiter, label_dtype, header: how the list is written; see :class:`pixfeed.lists.file_list.FileList`.
        roi_columns: 4 if each line has the region (x, y, w, h) of its picture between name and labels, else 0.
        rois: the same as integers ``[n, 4]``, a row for each line of the list.
        boxes: numbers ``[n, 4]``: the part of each region that is resized; see ``box`` of :func:`pixfeed.imread`.
        on_error: what becomes of an image (or a region) that cannot be read. ``"raise"``: an exception. ``"skip"``: the
            next one of the list that can be read takes its place, with its labels; the same one whatever the number and
            kind of workers. It is an exception after all if none can be read: that is given up when 1,000 in a row
            cannot, nor any of 1,000 others spread evenly over the list. ``"zeros"``: an image of zeros with the labels
            it should have had, but no boxes and no keypoints (v = 0). See :meth:`report`.
        targets: what stands behind the name in a line. ``"labels"``; or one of these, which follow the picture through
            region, resize and transform (nothing of which may run in Python: ValueError otherwise). Lists of them
            may also be JSON lines; see :mod:`pixfeed.lists.annotations`. ``"mask"``: the name of a mask (it
            needs Pillow), which has the size of its picture as displayed; its numbers unchanged, resized as Pillow's
            NEAREST; int64 ``[H, W]``. ``"boxes"``: ``label x y w h ...`` in pixels of the picture as displayed, to
            ``{"boxes": float32 [N, 4], "labels": int64 [N]}`` in pixels of the image, cut off where the picture ends
            in it. ``"keypoints"``: ``x y v ...``, to ``{"keypoints": float32 [K, 3]}``, all 0 where v is 0
            or the point is no longer in the image. (0, 0) is the corner of the first pixel, (0.5, 0.5) its middle.
            Numbers to be regressed are labels, with ``label_dtype=np.float32``.
        mask_dir: the folder that masks' names are relative to; ``None``: ``image_dir``.
        ignore_index: the number in masks where the image is padded, whatever the ``padding_mode``, and of an image of
            zeros. (torchvision pads masks like pictures: a reflected mask with ``"reflect"``.)
        box_format: of the boxes that come out: ``"xywh"``, (x, y, w, h) as in the list; or ``"xyxy"``, (left, upper,
            right, lower), which torchvision's detection models take.
        min_visibility: boxes of which a smaller share of the area is left in the image are dropped. Boxes whose w or h
            is 0 in the list always are; a UserWarning says how many there are.
        max_errors: with ``"skip"`` and ``"zeros"``: when more images than this could not be read, that is an exception
            after all. ``None``: there is no limit.
        **reading: how to read; see :class:`pixfeed.Reading`.

    Raises:
        ListError, FileNotFoundError: the list cannot be used.
        ValueError, TypeError: an argument makes no sense.

    An item is ``(image, label)``: image a tensor ``[C, H, W]`` of ``dtype``, C being 3 (RGB), or 1 with
    ``channels="gray"``, or what the transform makes of it; label an ndarray ``[L]`` of ``label_dtype``. A batch of
    torch's DataLoader has images ``[B, C, H, W]`` and labels ``[B, L]``; masks ``[B, H, W]``; a list of B dicts with
    boxes or keypoints (one dict of padded tensors with ``collate_fn=pixfeed.pad_collate``). Reading an item raises
    :class:`pixfeed.ImageError` if its image is missing, empty, truncated, corrupt or no image,
    :class:`pixfeed.RegionError` if its region does not fit, and :class:`pixfeed.ListError` if the list has changed on
    disk.

    A pickle, which is what spawned worker processes get, has under 1 kB and what ``transform`` takes: each copy reads
    the list again. Arrays that were given travel whole: ``rois`` and ``boxes`` (32 bytes a sample), and what
    :meth:`from_samples` and :meth:`from_folder` have (8 bytes a label, 4 and the name's own a name). Threads
    (``workers="thread"`` of :class:`pixfeed.DataLoader`) and forked worker processes share them.
    """

    # A pickle leaves these out while they have these values: it is small, and stays so.
    _transform: Callable[..., Any] | None = None
    _given_dtype = torch.float32
    _sides_given = False

    def __init__(
        self,
        filename: str | os.PathLike | Samples,
        image_dir: str | os.PathLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
        roi_columns: Literal[0, 4] = 0,
        delimiter: str | None = None,
        label_dtype: np.typing.DTypeLike = np.int64,
        header: bool = False,
        rois: np.typing.ArrayLike | None = None,
        resize_boxes: np.typing.ArrayLike | None = None,
        on_error: OnError = "raise",
        max_errors: int | None = None,
        transform: Callable[..., Any] | None = None,
        seed: int | None = None,
        targets: Kind = "labels",
        mask_dir: str | os.PathLike | None = None,
        ignore_index: int = 255,
        min_visibility: float = 0.0,
        box_format: Literal["xywh", "xyxy"] = "xywh",
        **reading: Unpack[ReadingOptions],
    ):
        self._reading = reading_of(type(self).__name__, reading, inspect.signature(type(self)).parameters)
        self._sides = _checked_sides(resize_height, resize_width)
        self._sides_given = resize_height is not _SIDE or resize_width is not _SIDE
        self.repeat = _checked_repeat(repeat)
        self.image_dir = os.fspath(image_dir)
        self._targets = of_list(
            targets,
            filename,
            mask_dir=mask_dir,
            image_dir=image_dir,
            ignore_index=ignore_index,
            min_visibility=min_visibility,
            box_format=box_format,
            roi_columns=roi_columns,
            delimiter=delimiter,
            label_dtype=label_dtype,
            header=header,
            backend=self._reading.backend,
        )
        self.files = self._targets.files
        if rois is not None and roi_columns:
            raise ValueError("regions are given twice: by roi_columns and by rois")
        self._rois = check_rows("rois", rois, len(self.files), np.int64)
        self.resize_boxes = check_rows("resize_boxes", resize_boxes, len(self.files), np.float64)
        self._given_dtype = check_dtype(dtype)
        self.memory_format = check_memory_format(memory_format)
        self.seed = None if seed is None else operator.index(seed)
        self._bad_images = BadImages(on_error, max_errors)
        self.transform = transform  # makes the pipeline

    @classmethod
    def from_folder(
        cls,
        path: str | os.PathLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        suffixes: Iterable[str] = folder.SUFFIXES,
        **options: Any,
    ) -> FastTxtDataset:
        """The images of a folder that has a sub-folder a class, in the order of torchvision's ImageFolder.

        Labels are int64 ``[1]``: the class's place among the sorted names of the sub-folders. The dataset has the
        attributes ``classes``, those names, and ``class_to_idx``, their numbers by name.

        Args:
            path: the folder.
            suffixes: of the files that are images, in whatever case; by default those that ImageFolder knows. Others
                are left out, so that both have the same images at the same indices.
            resize_height, resize_width, repeat, **options: as for the class.

        Raises:
            FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
            ValueError, TypeError: an argument makes no sense.
        """
        classes, samples = folder.find(path, suffixes=suffixes)
        dataset = cls(samples, path, resize_height, resize_width, repeat, **options)
        dataset.classes = classes
        dataset.class_to_idx = {name: number for number, name in enumerate(classes)}
        return dataset

    @classmethod
    def from_samples(
        cls,
        paths: Iterable[str | os.PathLike],
        labels: np.typing.ArrayLike,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        image_dir: str | os.PathLike = "",
        **options: Any,
    ) -> FastTxtDataset:
        """The images at ``paths``, without a list file.

        Args:
            paths: n of them, relative to ``image_dir``.
            labels: integers (they become int64), float32 or float64 ``[n]`` or ``[n, L]``.
            resize_height, resize_width, repeat, image_dir, **options: as for the class.

        Raises:
            ListError: there are no paths.
            ValueError, TypeError: paths and labels do not match, or an argument makes no sense.
        """
        return cls(Samples(paths, labels), image_dir, resize_height, resize_width, repeat, **options)

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def transform(self) -> Callable[..., Any] | None:
        """What becomes of an image. It may be replaced at any time, also behind a Subset: the next batch that is read
        has the new one. Worker processes that are running already keep the old one.

        Raises:
            ValueError, TypeError: when it is set, if it does not go with the dataset's other arguments. The dataset
                stays as it was.
        """
        return self._transform

    @transform.setter
    def transform(self, transform: Callable[..., Any] | None) -> None:
        pipeline = self._new_pipeline(transform)
        recipe = pipeline.recipe
        if self.seed is None and (recipe.draws or recipe.python):
            self.seed = draws.new_seed()
        self._transform, self._pipeline = transform, pipeline

    def _new_pipeline(self, transform: Callable[..., Any] | None) -> Pipeline:
        """The pipeline for a transform, checked against the dataset's other arguments."""
        if transform is None:
            pipeline = Pipeline.resizing(self._reading, *self._sides)
        else:
            if self._sides_given:
                raise ValueError("sizes are given twice: put Resize((height, width)) first in the transform instead")
            reading = self._reading
            if self.resize_boxes is not None or reading.interpolation is not None or reading.antialias is not None:
                raise ValueError(
                    "resize_boxes, interpolation and antialias go with no transform: its Resize says how to resize"
                )
            pipeline = Pipeline(reading, steps_of(transform))
        recipe = pipeline.recipe
        recipe.settle(self._given_dtype)
        check_recipe(recipe, self._targets.kind)
        if self.on_error == "zeros" and recipe.size is None:
            raise ValueError("on_error='zeros' needs resize_height and resize_width: how large would the zeros be?")
        if self.on_error == "zeros" and recipe.python:
            raise ValueError("on_error='zeros' goes with no Python function in the transform: what would it give?")
        return pipeline

    @property
    def dtype(self) -> torch.dtype:
        """Of the images; of what a Python function in the transform gets, if there is one."""
        return self._pipeline.recipe.dtype or torch.uint8

    @property
    def channels(self) -> Literal["rgb", "gray", "unchanged"]:
        """How images are read, as given."""
        return self._reading.channels

    @property
    def num_channels(self) -> int:
        """C of the images ``[C, H, W]``."""
        return self._pipeline.recipe.channels

    @property
    def resize_height(self) -> int | None:
        """Height of the images in pixels, ``None`` if it depends on the image."""
        return self._sides[0] if self._transform is None else (self._pipeline.recipe.size or (None, None))[0]

    @property
    def resize_width(self) -> int | None:
        """Width of the images in pixels, ``None`` if it depends on the image."""
        return self._sides[1] if self._transform is None else (self._pipeline.recipe.size or (None, None))[1]

    @property
    def on_error(self) -> OnError:
        """What becomes of images that cannot be read. It may be changed at any time.

        Raises:
            ValueError: when it is set, if it does not go with the dataset's other arguments.
        """
        return self._bad_images.on_error

    @on_error.setter
    def on_error(self, on_error: OnError) -> None:
        before = self._bad_images.on_error
        self._bad_images.set(on_error, self._bad_images.max_errors)
        try:
            self._new_pipeline(self._transform)
        except ValueError:
            self._bad_images.on_error = before
            raise

    @property
    def max_errors(self) -> int | None:
        """How many images may be unreadable; ``None`` for any number. It may be changed at any time.

        Raises:
            ValueError, TypeError: when it is set to something else.
        """
        return self._bad_images.max_errors

    @max_errors.setter
    def max_errors(self, max_errors: int | None) -> None:
        self._bad_images.set(self._bad_images.on_error, max_errors)

    @property
    def reads_natively(self) -> bool:
        return not self._pipeline.recipe.python

    @property
    def makes_floats(self) -> bool:
        return self.dtype.is_floating_point

    def __repr__(self) -> str:
        name = type(self).__name__
        about = f"{self.files.filename!r}: {len(self.files)} images, repeat={self.repeat}"
        recipe, resize = self._pipeline.recipe, self._pipeline.recipe.only_resizes
        if resize is not None:
            how = interpolation_text(resize.number)
            about += f", resize (h x w) {resize.height} x {resize.width} ({how})"
        about += "" if self._targets.kind == "labels" else f", targets={self._targets.kind!r}"
        dtype = "" if recipe.python else f", {self.dtype}"
        line = f"{name}({about}{dtype}, backend {self._pipeline.backend.name})"
        return "\n  ".join([line, *(str(recipe).splitlines() if resize is None else ())])

    # -- pickles ------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """A worker process makes its own pipeline, and reads the list for itself."""
        state = {
            name: value
            for name, value in vars(self).items()
            if name not in ("files", "_pipeline") and value is not getattr(type(self), name, self)  # no default
        }
        if type(self._targets) is Labels:
            state["_targets"] = self._targets.files
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if not hasattr(self._targets, "make"):
            self._targets = Labels(self._targets)
        self.files = self._targets.files
        self._pipeline = self._new_pipeline(self._transform)


def _checked_sides(height: int | None, width: int | None) -> tuple[int | None, int | None]:
    check_size([1 if side is None else side for side in (height, width)])
    return None if height is None else int(height), None if width is None else int(width)


def _checked_repeat(repeat: int | None) -> int | None:
    if repeat is not None and operator.index(repeat) < 1:
        raise ValueError(f"repeat is {repeat}; it must be at least 1, or None for ever")
    return repeat
