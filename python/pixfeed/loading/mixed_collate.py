"""MixedCollate: a ``collate_fn``, and after it the loader's ``batch_transform``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pixfeed import context, draws
from pixfeed.collate import Batch, Images, pad_collate
from pixfeed.collate.detection import detection_collate
from pixfeed.datasets.base import ImageDataset
from pixfeed.transforms.branches import Branching, RandomApply, RandomChoice
from pixfeed.transforms.mixing import BatchTransform, LabelError, mixed_batch
from pixfeed.transforms.python_steps import name_of
from pixfeed.transforms.translate import batch_transform_of

_ALONE = "call it in the training loop: images, labels = transform(images, labels)"


class MixedCollate:
    """A ``collate_fn`` whose batches are transformed as a whole, in the memory that they are in.

    What is drawn depends on the seed, the epoch, and the batch's first index with its occurrence.

    Args:
        collate_fn: makes a batch of samples.
        transform: what :func:`checked` has given.
        seed: of the loader's first dataset.
    """

    def __init__(self, collate_fn: Callable[[Any], Any], transform: Any, seed: int):
        self._collate = collate_fn
        self._transform = transform
        self._seed = seed

    def __call__(self, samples: Any) -> Any:
        batch = self._collate(samples)
        if not isinstance(batch, (dict, list, tuple)) or len(batch) < 2:
            raise TypeError(
                f"batch_transform={name_of(self._transform)} needs batches of images and labels; this one is of type "
                f"{type(batch).__name__}. Are there labels (labels=True)?"
            )
        images, labels, *more = batch.values() if isinstance(batch, dict) else batch
        stream = draws.of_batch(self._seed, context.epoch() or 0, next(iter(context.indices())))
        step, mixes = _chosen(self._transform, stream)
        try:
            made = [*mixed_batch(step, images, labels, stream, in_place=True, mixes=mixes), *more]
        except LabelError as error:
            whole = samples.batch if isinstance(samples, Images) else samples
            origin = whole.origins()[error.place] if isinstance(whole, Batch) else None
            if origin is not None:
                error.add_note(f"for {origin}")
            raise
        if isinstance(batch, dict):
            return dict(zip(batch, made, strict=True))
        return type(batch)(*made) if hasattr(batch, "_fields") else type(batch)(made)


def _chosen(transform: Any, stream: draws.Stream) -> tuple[BatchTransform, bool]:
    """The transform that is drawn, and whether it is carried out."""
    applies = True
    while isinstance(transform, Branching):
        order = transform.orders(stream.random_sample((1, transform.own)))[0]
        applies = applies and len(order) > 0
        transform = transform.transforms[order[0] if order else 0]
    return transform, applies


def checked(transform: Any, collate_fn: Any, makes_batches: bool, datasets: Sequence[ImageDataset]) -> Any:
    """What a loader is given as ``batch_transform``, as pixfeed's own: MixUp, CutMix, TimmMixup, or a RandomChoice or
    RandomApply of them.

    Args:
        collate_fn, makes_batches: the loader's.
        datasets: pixfeed's datasets in the loader.

    Raises:
        TypeError, ValueError: it is none of these, or does not go with the others.
    """
    found = batch_transform_of(transform)
    if found is None or not _is_of_batches(found):
        raise TypeError(
            f"batch_transform is {transform!r}; it may be MixUp, CutMix or TimmMixup of pixfeed.transforms (or those "
            "of torchvision and timm), or a RandomChoice or RandomApply of them. For anything else use collate_fn="
        )
    name = f"batch_transform={name_of(found)}"
    if not datasets:
        raise ValueError(f"{name} is for pixfeed's datasets, and there is none in this loader: {_ALONE}")
    if not makes_batches:
        raise ValueError(f"{name} needs batches: batch_size=None makes none")
    if collate_fn in (pad_collate, detection_collate):
        raise ValueError(f"{name} needs images of one size: resize them in the transform, and leave collate_fn away")
    for dataset in datasets:
        if not dataset.makes_floats and not dataset.python_step:
            raise ValueError(
                f"{name} mixes floats, and {type(dataset).__name__} gives uint8: end its transform with ToTensor() or "
                "ToDtype(torch.float32, scale=True), leave dtype=torch.uint8 away, or, after pixfeed.to_device, "
                f"{_ALONE}"
            )
    return found


def _is_of_batches(transform: Any) -> bool:
    if isinstance(transform, (RandomChoice, RandomApply)):
        return all(len(child) == 1 and _is_of_batches(child[0]) for child in transform.children) and (
            isinstance(transform, RandomChoice) or len(transform.children) == 1
        )
    return isinstance(transform, BatchTransform)
