"""FastTxtDataset: a list file and a folder of images as a PyTorch dataset."""

from __future__ import annotations

import inspect
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from pixfeed._real_torch import torch
from pixfeed.cache import Cache, as_cache
from pixfeed.datasets.adjustable import AdjustableImages
from pixfeed.datasets.bad_images import BadImages, OnError
from pixfeed.datasets.items import Items
from pixfeed.datasets.options import ListOptions, SamplesOptions
from pixfeed.errors import FilesNotFoundError
from pixfeed.lists import folder, mask_names
from pixfeed.lists.classes import Given as Classes
from pixfeed.lists.classes import names_of
from pixfeed.lists.samples import SampleList, Samples
from pixfeed.reading.options import (
    Reading,
    ReadingOptions,
    check_keywords,
    check_rows,
    check_size,
    reading_of,
    with_keywords,
)
from pixfeed.reading.sources import Given, each_of
from pixfeed.targets.base import Targets
from pixfeed.targets.boxes import BoxFormat
from pixfeed.targets.labels import Labels
from pixfeed.targets.mask_values import GivenValues
from pixfeed.targets.of_list import Kind, of_list
from pixfeed.transforms.compose import PythonInput
from pixfeed.transforms.values import check_dtype, check_memory_format


class _Default(int):
    """A default that can be told from the same number given."""


_SIDE = _Default(256)


class FastTxtDataset(AdjustableImages):
    """A dataset of the images and labels in a list file, decoded natively.

    It replaces the usual list-file Dataset (``cv2.imread``, BGR to RGB, ``cv2.resize``, ``ToTensor``). The pixels are
    the same bit for bit.

    An item is ``(image, label)``. The image is a tensor ``[C, H, W]`` of ``dtype``: C is 3 (RGB), or 1 with
    ``channels="gray"``. The label is an ndarray ``[L]`` of ``label_dtype``. torch's DataLoader makes batches of images
    ``[B, C, H, W]`` and labels ``[B, L]`` of them.

    Args:
        filename: the list file. Each line has a name and one or more labels: ``0.jpg 0 10``. See *The list* below.
        image_dir: the folder that names are relative to. Absolute names are taken as they are.
        resize_height, resize_width: size of the images in pixels. If one is ``None``, the aspect ratio is kept: the
            other side is ``int(side * given / other)``. If both are ``None``, images keep their sizes. With
            ``transform`` they are the size that it gets, if they are given and it does not resize; otherwise it alone
            determines the size, with a UserWarning if these sides are given and differ.
        repeat: how many times the list is repeated in one epoch. ``None`` repeats it without end; ``len`` is then
            10,000,000.
        dtype: ``torch.float32`` for values in [0, 1]; ``torch.float16`` or ``torch.bfloat16`` for these values as
            ``Tensor.to`` rounds them; ``torch.uint8`` for values from 0 to 255. See *Pixels* below. With
            ``depth=16``: ``torch.float32``, or ``torch.uint16`` for values from 0 to 65535.
        memory_format: ``torch.contiguous_format``, or ``torch.channels_last`` for images whose pixels have their
            channels side by side in memory. Batches that torch stacks from single items are contiguous.
        roi_columns: 4 if each line has a region (x, y, w, h) in pixels between name and labels
            (``0.jpg 17 22 41 60 0 10``), else 0.
        delimiter, label_dtype, header: how the list is written; see :class:`pixfeed.FileList`.
        squeeze_labels: ``True``: the only label of each image is a number, and ``[B]`` in a batch, as ``cross_entropy``
            and torchvision's MixUp and CutMix take it. ``False``: it is ``[1]``, and ``[B, 1]``. ``None``: ``False``
            for a list file; for :meth:`from_samples` as the labels are given, ``[n]`` or ``[n, L]``.
        labels: ``False`` for lists without labels, for prediction: what follows the name (and the region) is ignored.
            An item is the image alone, a batch the tensor ``[B, C, H, W]``.
        classes: labels are names of classes. They become numbers, ``[B]`` in a batch unless a line has several: a list
            of names, a dict of numbers by name (``class_to_idx`` of another dataset), or ``"auto"`` for the names in
            the list, sorted. The dataset then has ``classes`` and ``class_to_idx``. With ``targets="mask"``: how many
            classes there are, or their names. A mask with a number that is neither a class nor ``ignore_index`` is a
            RegionError.
        rois: the regions as integers ``[n, 4]``, one row (x, y, w, h) per line of the list, instead of
            ``roi_columns``.
        resize_boxes: numbers ``[n, 4]``: the part (left, upper, right, lower) of each region that is resized; see
            ``box`` of :func:`pixfeed.imread`.
        on_error: what happens if an image cannot be read: ``"raise"``, ``"skip"`` or ``"zeros"``. See *Errors* below.
        max_errors: with ``"skip"`` and ``"zeros"``: raise an exception if more images than this cannot be read.
            ``None``: no limit.
        transform: a :class:`pixfeed.transforms.Compose`, torchvision's Compose, or any callable. See *Transforms*
            below.
        transform_input: what a step of ``transform`` that runs in Python gets, if no step before it makes a tensor:
            ``"pil"`` for a PIL image, ``"tensor"`` for a uint8 tensor ``[C, H, W]``, ``"numpy"`` for a uint8 ndarray
            ``[H, W, C]`` (``[H, W]`` for gray).
        target_transform: called with each target, in Python; a DataLoader then has worker processes, no threads.
        return_index: append the row in the list, from 0, to each item, ``[B]`` in a batch: that of the image that is
            really there, with ``on_error="skip"``, too. In Subset and ConcatDataset it is the row in this dataset.
        return_path: append the path, a list of strings in a batch.
        keys: items and batches are dicts with these names for image and label, ``("image", "label")`` for example;
            those of row and path are ``"index"`` and ``"path"``.
        translate: whether torchvision's and timm's transforms become pixfeed's where these do the same. ``False`` calls
            them as they are.
        seed: the seed of the random numbers of ``transform``. They depend on the seed, the epoch (:meth:`set_epoch`)
            and the index of the sample, and on nothing else; in a :class:`pixfeed.DataLoader` also on how often the
            epoch has drawn that sample before. ``None``: a seed that follows from ``torch.manual_seed``, without
            drawing from torch's generator.
        targets: what follows the name on each line: ``"labels"``, ``"mask"``, ``"boxes"`` or ``"keypoints"``. See
            *Targets* below.
        mask_dir: the folder that the names of masks are relative to. ``None``: ``image_dir``.
        ignore_index: the number in masks where the image is padded, whatever the ``padding_mode``, and in the masks
            of images of zeros. (torchvision pads masks as it pads images: with ``"reflect"`` it reflects them.)
        mask_values: the number in mask files of each class 0, 1, ..., such as ``[0, 255]``; or classes by number,
            ``{0: 0, 7: 1, 255: 255}``. Numbers may be colors (r, g, b). Reading a mask that has another number is a
            RegionError. ``None``: numbers are classes.
        mask_dtype: ``torch.int64``, or ``torch.uint8`` for an eighth of the memory.
        min_visibility: boxes are dropped if a smaller share (0 to 1) of their area is left in the image.
        box_format: how boxes are returned: ``"xywh"`` for (x, y, w, h), as in the list; ``"xyxy"`` for (left, upper,
            right, lower), which torchvision's detection models take.
        cache: where decoded pictures are kept: a folder, a :class:`pixfeed.Cache`, or ``"memory"`` for a folder in
            shared memory that lives as long as this job; see docs/cache.md. Images are the same with it and without.
        cache_size: keep pictures whose shorter side has so many pixels, where the transform begins with a random step
            and whole pictures would be kept. Larger ones are resized to that before it, as by
            :class:`pixfeed.transforms.Resize`. This changes the images.
        **reading: how images are read; see :class:`pixfeed.Reading`.

    Raises:
        ListError, FileNotFoundError: the list cannot be used, or there is no folder ``image_dir``.
        ValueError, TypeError: an argument makes no sense.

    **The list.** It is a text file in UTF-8, whose fields are separated by blanks or by ``delimiter``; see
    :class:`pixfeed.FileList`. Names and labels are not kept as Python objects: the file is the index and must stay as
    it is.

    **Pixels.** Without ``transform`` an image is read, resized with OpenCV's ``INTER_LINEAR`` (or as ``interpolation``
    and ``antialias`` say) and written as ``dtype``.

    **Transforms.** pixfeed's transforms are fused with decoding as far as possible, and so are torchvision's and timm's
    that have an equal (:mod:`pixfeed.transforms.translate`): deterministic ones give the same pixels, random ones have
    the same distribution, and draw by seed, epoch and index. Resizes and colors have an equal for PIL images only: put
    v2's ``ToImage()`` after them, not at the beginning. From the first step without an equal on, everything runs
    in Python, sample by sample, as it is given. ``print(dataset)`` shows which step runs where. If a transform has
    ToTensor, PILToTensor or ToDtype, that determines the dtype; ``dtype`` may then round its float32 to 16 bits, after
    the last of pixfeed's transforms.

    **Targets.** Masks, boxes and keypoints follow the image through region, resize and transform, no part of which may
    run in Python. Their lists may also be written as JSON lines; see :class:`pixfeed.Annotations`. Coordinates are
    pixels: (0, 0) is the corner of the first pixel, (0.5, 0.5) its centre.

    - ``"labels"``: numbers. To regress numbers, set ``label_dtype=np.float32``.
    - ``"mask"``: a line has the name of a mask, which must have the size of its image as displayed. The target is int64
      (see ``mask_dtype``) ``[H, W]`` with the numbers in the file, resized as Pillow's NEAREST does it. What is no
      PNG, and all of them on the ``opencv`` backend, needs Pillow. In a batch: ``[B, H, W]``.
    - ``"boxes"``: a line is ``name label x y w h ...``, in pixels of the image as displayed. The target is
      ``{"boxes": float32 [N, 4], "labels": int64 [N]}``, in pixels of the image that is returned, clipped at its
      borders. Boxes in the list with w or h 0 are dropped, with a UserWarning that says how many there are. In a
      batch: a list of B dicts, or one dict of padded tensors with ``collate_fn=pixfeed.pad_collate``.
    - ``"keypoints"``: a line is ``name x y v ...``. The target is ``{"keypoints": float32 [K, 3]}``, with zeros for
      points whose v is 0 and for points outside the image. In a batch: as boxes.

    **Errors.** Reading an item raises :class:`pixfeed.ImageError` if the image is missing, empty, truncated, corrupt or
    no image, :class:`pixfeed.RegionError` if the region does not fit the image, and :class:`pixfeed.ListError` if the
    list file has changed. With ``on_error="raise"`` the exception reaches the caller. With ``"skip"`` the next readable
    image of the list takes the place of the unreadable one, with its own labels. It is the same image for every number
    and kind of workers. After 1,000 consecutive unreadable images, 1,000 others spread evenly over the list are tried;
    if none is readable, the exception is raised. With ``"zeros"`` the image is all zeros and keeps its labels; it has
    no boxes, and its keypoints have v = 0. :meth:`report` lists all failures.

    **Pickles.** Worker processes that are spawned get a pickle of the dataset: under 1 kB and what ``transform`` takes.
    Each copy reads the list again, and compares its digest. Arrays are pickled as a whole: ``rois`` and
    ``resize_boxes`` (32 bytes per sample), the labels of :meth:`with_labels`, and what :meth:`from_samples` and
    :meth:`from_folder` keep (8 bytes per label, and per name 4 bytes and its own). Threads (``workers="thread"`` of
    :class:`pixfeed.DataLoader`) and forked worker processes share them.
    """

    #: Of :meth:`from_folder`, and with ``classes``: the names of the classes, and their numbers by name.
    classes: list[str]
    class_to_idx: dict[str, int]

    @with_keywords(Reading)
    def __init__(
        self,
        filename: str | os.PathLike[str] | Samples,
        image_dir: str | os.PathLike[str],
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
        roi_columns: Literal[0, 4] = 0,
        delimiter: str | None = None,
        label_dtype: DTypeLike = np.int64,
        squeeze_labels: bool | None = None,
        labels: bool = True,
        classes: Classes | None = None,
        header: bool = False,
        rois: ArrayLike | None = None,
        resize_boxes: ArrayLike | None = None,
        on_error: OnError = "raise",
        max_errors: int | None = None,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        return_index: bool = False,
        return_path: bool = False,
        keys: Sequence[str] | None = None,
        transform_input: PythonInput = "pil",
        translate: bool = True,
        seed: int | None = None,
        targets: Kind = "labels",
        mask_dir: str | os.PathLike[str] | None = None,
        ignore_index: int = 255,
        mask_values: GivenValues | None = None,
        mask_dtype: torch.dtype = torch.int64,
        min_visibility: float = 0.0,
        box_format: BoxFormat = "xywh",
        cache: Cache | str | os.PathLike[str] | None = None,
        cache_size: int | None = None,
        **reading: Unpack[ReadingOptions],
    ):
        self._reading = reading_of(type(self).__name__, reading, inspect.signature(type(self)).parameters)
        self._sides = _checked_sides(resize_height, resize_width)
        self._sides_given = resize_height is not _SIDE or resize_width is not _SIDE
        self.repeat = _checked_repeat(repeat)
        self.image_dir = os.fsdecode(image_dir)
        self._targets = of_list(
            targets,
            filename,
            mask_dir=mask_dir,
            image_dir=image_dir,
            ignore_index=ignore_index,
            mask_values=mask_values,
            mask_dtype=mask_dtype,
            min_visibility=min_visibility,
            box_format=box_format,
            roi_columns=roi_columns,
            delimiter=delimiter,
            label_dtype=label_dtype,
            squeeze_labels=squeeze_labels,
            labels=labels,
            classes=classes,
            header=header,
            backend=self._reading.backend,
        )
        self.files = self._targets.files
        _check_folder(self.files, self.image_dir)
        self._items = Items.of(self._targets.has_labels, return_index, return_path, keys, target_transform)
        if self.files.class_to_idx is not None:
            self.classes, self.class_to_idx = names_of(self.files.class_to_idx), self.files.class_to_idx
        if rois is not None and roi_columns:
            raise ValueError("regions are given twice: by roi_columns and by rois")
        self._rois = check_rows("rois", rois, len(self.files), np.int64)
        self.resize_boxes = check_rows("resize_boxes", resize_boxes, len(self.files), np.float64)
        self._given_dtype = check_dtype(dtype, self._reading.depth)
        self.memory_format = check_memory_format(memory_format)
        self._transform_input, self._translate = transform_input, translate
        self._cache, self._cache_size = as_cache(cache), cache_size
        self.seed = None if seed is None else operator.index(seed)
        self._bad_images = BadImages(on_error, max_errors)
        self.transform = transform  # makes the pipeline

    @classmethod
    @with_keywords(__init__)
    def from_folder(
        cls,
        path: str | os.PathLike[str],
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        suffixes: Iterable[str] = folder.SUFFIXES,
        **options: Unpack[ListOptions],
    ) -> Self:
        """The images of a folder that has one sub-folder per class, in the order of torchvision's ImageFolder.

        A label is an int, ``[B]`` in a batch: the place of the class among the sorted names of the sub-folders, or what
        ``classes`` says: a validation folder may lack some. The dataset has two more attributes: ``classes``, these
        names, and ``class_to_idx``, their numbers by name. With ``labels=False`` there are no classes: all images in
        the folder and below it are taken.

        Args:
            path: the folder.
            suffixes: the suffixes of image files, in upper or lower case; other files are left out. By default those
                of torchvision's ImageFolder, so that both have the same images at the same indices.
            resize_height, resize_width, repeat, **options: see the class.

        Raises:
            FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
            ListError: a sub-folder is none of the ``classes``.
            ValueError, TypeError: an argument makes no sense.
        """
        if "masks" in options and cls.__init__ is FastTxtDataset.__init__:
            raise TypeError(
                f"{cls.__name__}.from_folder() has no masks: its labels are the sub-folders. For masks: "
                f"{cls.__name__}.from_samples(paths, masks='{{stem}}.png', image_dir={os.fspath(path)!r}, mask_dir=...)"
            )
        cls._check_keywords("from_folder", options)
        labels, classes = options.get("labels", True), options.pop("classes", None)
        _, samples = folder.find(path, suffixes=suffixes, labels=labels, classes=classes)
        return cls(samples, path, resize_height, resize_width, repeat, **options)

    @classmethod
    @with_keywords(__init__)
    def from_samples(
        cls,
        paths: Iterable[Given],
        labels: ArrayLike | Literal[False] | None = None,
        resize_height: int | None = _SIDE,
        resize_width: int | None = _SIDE,
        repeat: int | None = 1,
        *,
        image_dir: str | os.PathLike[str] = "",
        masks: mask_names.Masks | None = None,
        **options: Unpack[SamplesOptions],
    ) -> Self:
        """The images at ``paths``, without a list file.

        Args:
            paths: n paths, relative to ``image_dir``; or encoded images, as :func:`pixfeed.imread` takes them, which
                are kept in memory.
            labels: integers (they become int64), float32 or float64: ``[n]`` for a number per image, or ``[n, L]``;
                with ``classes`` names of classes; ``False`` if there are none.
            masks: masks in place of labels: n paths, relative to ``mask_dir``; or a rule for their names, such as
                ``"{stem}_mask.*"``: ``{stem}`` is the image's name without folder and suffix, ``.*`` whatever suffix
                an image in ``mask_dir`` has; or a function: path of the image -> path of the mask. With ``mask_dir``
                alone it is ``"{stem}.*"``.
            resize_height, resize_width, repeat, image_dir, **options: see the class.

        Raises:
            ListError: there are no paths, or a label is none of the classes.
            FileNotFoundError: an image has no mask whose name follows the rule.
            ValueError, TypeError: paths and labels do not match, or an argument makes no sense.
        """
        cls._check_keywords("from_samples", options)
        mask_dir = options.get("mask_dir")
        if masks is not None or mask_dir is not None:
            if labels is not None:
                raise ValueError("an image has labels or a mask, not both")
            samples: Samples = mask_names.masked(each_of(paths), masks, image_dir if mask_dir is None else mask_dir)
            options.setdefault("targets", "mask")
        elif labels is None:
            raise TypeError(f"{cls.__name__}.from_samples() needs labels (False if there are none), or masks")
        else:
            samples = Samples(each_of(paths), labels, classes=options.pop("classes", None))
        return cls(samples, image_dir, resize_height, resize_width, repeat, **options)

    @classmethod
    def _check_keywords(cls, name: str, options: Mapping[str, object]) -> None:
        """Refuse options that the class method ``name`` does not have. A subclass may know more of them."""
        if cls.__init__ is FastTxtDataset.__init__:
            check_keywords(f"{cls.__name__}.{name}", getattr(cls, name), options)

    # -- pickles ------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """A worker process makes its own pipeline, and reads the list for itself."""
        state = {
            name: value
            for name, value in super().__getstate__().items()
            if name not in ("files", "_pipeline") and value is not getattr(type(self), name, self)  # no default
        }
        if type(self._targets) is Labels and not self._targets.squeeze:
            state["_targets"] = self._targets.files
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        targets = state["_targets"]
        self._targets = targets if isinstance(targets, Targets) else Labels(targets)
        self.files = self._targets.files
        self._pipeline = self._new_pipeline(self._transform)


def _check_folder(files: SampleList, folder: str) -> None:
    """
    Raises:
        FilesNotFoundError: names are relative to a folder that is not there.
    """
    (path,) = files.paths([0], folder)
    if folder and isinstance(path, str) and path != files.name(0) and not os.path.isdir(folder):
        raise FilesNotFoundError(
            f"{folder}: there is no such folder; names in {files.filename} are relative to it", path=folder
        )


def _checked_sides(height: int | None, width: int | None) -> tuple[int | None, int | None]:
    check_size([1 if side is None else side for side in (height, width)])
    return None if height is None else int(height), None if width is None else int(width)


def _checked_repeat(repeat: int | None) -> int | None:
    if repeat is not None and operator.index(repeat) < 1:
        raise ValueError(f"repeat is {repeat}; it must be at least 1, or None for no end")
    return repeat
