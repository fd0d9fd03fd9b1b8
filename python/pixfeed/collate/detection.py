"""detection_collate: the boxes of a batch as one tensor, as YOLO's losses take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from pixfeed._real_torch import torch
from pixfeed.collate import collate_samples, default_collate
from pixfeed.collate.batch import Batch

FORMS = ("cxcywh", "xyxy")


def detection_collate(
    batch: Sequence[Any], form: Literal["cxcywh", "xyxy"] = "cxcywh"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images ``[B, C, H, W]`` and their boxes ``[N, 6]``: the number of the image in the batch, the class, and four
    numbers.

    This is the target of PyTorch-YOLOv3 and of ultralytics' YOLOs. Use it as ``collate_fn``; another ``form`` by
    ``functools.partial(pixfeed.detection_collate, form="xyxy")``.

    Args:
        batch: samples of :class:`pixfeed.datasets.YoloDetection`, :class:`pixfeed.datasets.CocoDetection` or a
            :class:`pixfeed.FastTxtDataset` with ``targets="boxes"``; or ``(image, {"boxes": [n, 4], "labels": [n]})``
            with boxes (left, upper, right, lower) in pixels.
        form: ``"cxcywh"``: middle and sides, as shares of the sides of the image; ``"xyxy"``: left, upper, right and
            lower, in pixels.

    Returns:
        The images, and float32 ``[N, 6]``, N being the number of boxes in the batch.

    Raises:
        RaggedError: the images differ in shape; see :class:`pixfeed.transforms.Letterbox`.
        TypeError: the targets have no boxes.
        ValueError: there is no such form.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; it may be one of {', '.join(FORMS)}")
    if isinstance(batch, Batch):
        targets = list(batch.targets)
    else:
        targets = [sample[1] if isinstance(sample, Sequence) else None for sample in batch]
    if not all(isinstance(target, dict) and {"boxes", "labels"} <= target.keys() for target in targets):
        raise TypeError("detection_collate takes targets {'boxes', 'labels'}: those of targets='boxes'")
    if isinstance(batch, Batch):
        images = collate_samples(batch.with_targets(np.zeros(len(batch))))[0]
    else:
        images = default_collate([sample[0] for sample in batch])
    counts = torch.tensor([len(target["boxes"]) for target in targets])
    rows = torch.zeros(int(counts.sum()), 6)
    rows[:, 0] = torch.repeat_interleave(torch.arange(len(targets)), counts)
    if len(rows):
        rows[:, 1] = torch.cat([target["labels"] for target in targets])
        boxes = torch.cat([_corners(target) for target in targets])
        if form == "cxcywh":
            height, width = images.shape[-2:]
            sides = boxes[:, 2:] - boxes[:, :2]
            middle = (boxes[:, :2] + boxes[:, 2:]) / 2
            boxes = torch.cat([middle, sides], 1) / torch.tensor([width, height] * 2)
        rows[:, 2:] = boxes
    return images, rows


def _corners(target: dict[str, torch.Tensor]) -> torch.Tensor:
    """left, upper, right, lower."""
    boxes = target["boxes"]
    if getattr(target, "form", "xyxy") != "xywh":
        return boxes
    return torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
