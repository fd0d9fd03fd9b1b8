"""YoloDetection and CocoDetection: images with boxes, as YOLO and COCO keep them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Unpack

from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.datasets.options import DetectionOptions
from pixfeed.lists import coco, yolo
from pixfeed.reading.options import check_keywords, with_keywords
from pixfeed.targets.boxes import BoxFormat

#: What is done with boxes of crowds.
Crowd = Literal["drop", "keep"]


class YoloDetection(FastTxtDataset):
    """Images with boxes in text files, one per image, a line ``class cx cy w h`` per box: class, middle and sides, as
    shares of the image's sides.

    It is a :class:`pixfeed.FastTxtDataset` with ``targets="boxes"``. An item is
    ``(image, {"boxes": float32 [N, 4], "labels": int64 [N]})``, boxes in pixels of the image that is returned. Label
    files are read when the dataset is made, into a few arrays. An image without a label file has no boxes.

    With :class:`pixfeed.transforms.Letterbox` and ``collate_fn=pixfeed.detection_collate`` of a loader, batches are
    those of YOLO's training loops: images ``[B, 3, H, W]`` and boxes ``[N, 6]``.

    Args:
        images: a folder, whose images and those below it are taken, sorted; a text file with the path of an image per
            line, as ``train.txt`` of darknet; or paths.
        label_dir: the folder of the label files, named as the images and in the same sub-folders of ``images``, if that
            is a folder. ``None``: where the last folder ``images`` in an image's path is replaced by ``labels``; beside
            the image if there is none.
        transform: see *Transforms* of :class:`pixfeed.FastTxtDataset`.
        image_dir: the folder that paths are relative to, which are not found in a folder. In a text file those that
            begin with ``./`` are relative to that file.
        names: the names of the classes, for the attributes ``classes`` and ``class_to_idx``: in order, by number, or a
            file with a name per line.
        box_format: ``"xyxy"``, or ``"xywh"``; see :class:`pixfeed.FastTxtDataset`.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default images keep their sizes.
        **options: those of :class:`pixfeed.FastTxtDataset`.

    Raises:
        FileNotFoundError: there is no image, or no label file for any of them.
        ListError: a line of a label file cannot be used. The message names file and line.
        ValueError, TypeError: an argument makes no sense.
    """

    @with_keywords(FastTxtDataset.__init__, DetectionOptions.__annotations__)
    def __init__(
        self,
        images: yolo.Images,
        label_dir: str | os.PathLike[str] | None = None,
        transform: Callable[..., Any] | None = None,
        *,
        image_dir: str | os.PathLike[str] = "",
        names: Sequence[str] | dict[int, str] | str | os.PathLike[str] | None = None,
        box_format: BoxFormat = "xyxy",
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options: Unpack[DetectionOptions],
    ):
        check_keywords(type(self).__name__, YoloDetection.__init__, options)
        known = None if names is None else yolo.class_names(names)
        boxes, root = yolo.read(images, label_dir, image_dir, None if known is None else len(known))
        if known is not None:
            self.classes = known
            self.class_to_idx = {name: number for number, name in enumerate(known)}
        how: dict[str, Any] = {"transform": transform, "targets": "boxes", "box_format": box_format, **options}
        super().__init__(boxes, root, resize_height, resize_width, **how)


class CocoDetection(FastTxtDataset):
    """Images with the boxes of a COCO file (``instances_train2017.json``). It replaces
    ``torchvision.datasets.CocoDetection``, whose order of images it has.

    It is a :class:`pixfeed.FastTxtDataset` with ``targets="boxes"``. An item is
    ``(image, {"boxes": float32 [N, 4], "labels": int64 [N]})``, boxes in pixels of the image that is returned, in the
    order of the file. (torchvision returns the annotations as they are in the file; polygons are not read here.) The
    file is parsed without keeping its objects: memory holds 24 bytes per box, in arrays that worker processes share.

    Args:
        root: the folder of the images.
        annFile: the JSON file.
        transform: see *Transforms* of :class:`pixfeed.FastTxtDataset`.
        contiguous: labels are 0, 1, ... in the order of the category ids, as YOLO and most projects count. ``False``:
            the category ids of the file, which torchvision's pretrained models were trained with (1 to 90).
        crowd: what is done with boxes that have ``iscrowd``, which are about many objects: ``"drop"`` leaves them out,
            as training usually does. ``"keep"`` keeps them, and the target has ``"iscrowd"``, int64 ``[N]``.
        box_format: ``"xyxy"``, or ``"xywh"`` as in the file.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default images keep their sizes.
        **options: those of :class:`pixfeed.FastTxtDataset`.

    Attributes:
        ids: the id of each image, sorted.
        category_ids: the category ids of the classes 0, 1, ...
        classes: the names of these classes.
        class_to_idx: their labels by name.

    Raises:
        FileNotFoundError: there is no such file.
        ListError: it is no file of COCO's instances.
        ValueError, TypeError: an argument makes no sense.
    """

    @with_keywords(FastTxtDataset.__init__, DetectionOptions.__annotations__)
    def __init__(
        self,
        root: str | os.PathLike[str],
        annFile: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        *,
        contiguous: bool = True,
        crowd: Crowd = "drop",
        box_format: BoxFormat = "xyxy",
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options: Unpack[DetectionOptions],
    ):
        check_keywords(type(self).__name__, CocoDetection.__init__, options)
        if crowd not in ("drop", "keep"):
            raise ValueError(f"crowd is {crowd!r}; it may be 'drop' or 'keep'")
        self.root = os.path.expanduser(os.fspath(root))
        found = coco.read(annFile, crowd, contiguous)
        self.ids, self.category_ids, self.classes = found.ids, found.category_ids, found.classes
        labels = range(len(found.classes)) if contiguous else found.category_ids
        self.class_to_idx = dict(zip(found.classes, labels, strict=True))
        how: dict[str, Any] = {"transform": transform, "targets": "boxes", "box_format": box_format, **options}
        super().__init__(found.boxes, self.root, resize_height, resize_width, **how)
