"""Samples -> a batch: torch's default collate with the same results, sooner, and with errors that name files.

Batches that were made whole pass through without being copied, ours and torch's: ``FastTxtDataset.__getitems__``
decodes a batch into one tensor and returns a list of :class:`Sample`, each a view of its row. Both collates find the
type in torch's ``default_collate_fn_map`` and call :func:`collate_samples`, which hands that one tensor on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch.utils.data._utils import collate as torchs
from torch.utils.data._utils.collate import collate, default_collate_fn_map

from pixfeed.collate import gather
from pixfeed.errors import Origin, RaggedError


class Sample(tuple):
    """``(image, label)``, which also knows the file that it is from, or the batch that it is a row of; and if the label
    is a mask, with which number it is padded."""

    batch: Batch | None
    row: int
    origin: Origin | None
    fill: int | None

    def __new__(
        cls,
        image: torch.Tensor,
        label: np.ndarray | int | torch.Tensor | Target,
        batch: Batch | None = None,
        row: int = 0,
        *,
        origin: Origin | None = None,
        fill: int | None = None,
    ):
        sample = super().__new__(cls, (image, label))
        sample.batch = batch
        sample.row = row
        sample.origin = origin
        sample.fill = fill
        return sample

    def __reduce__(self):  # to another process goes what a user sees: an ordinary tuple
        return tuple, (tuple(self),)


class Target(dict):
    """What is to be found in one picture, a dict like those of torchvision's detection models: tensors by name,
    whose first dimension differs from picture to picture. A batch has a list of dicts, or with :func:`pad_collate` one
    dict. (Those models want boxes as ``box_format="xyxy"`` has them.)"""

    #: What :func:`pad_collate` fills with; everything else with 0.
    fill: ClassVar = {"labels": -1}


class Batch(Sequence):
    """Images ``[B, C, H, W]`` and labels, made together: an ndarray ``[B, L]`` or, of samples whose label is a number,
    ``[B]``; a tensor of masks ``[B, H, W]``; a list of :class:`Target`. A sequence of samples, each of which comes into
    being where somebody asks for it."""

    def __init__(self, images: torch.Tensor, labels: np.ndarray | torch.Tensor | list[Target]):
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self.samples()[index]
        label = self.labels[index]
        row = range(len(self))[index]
        return Sample(self.images[row], int(label) if self._numbers else label, self, row)

    @property
    def _numbers(self) -> bool:
        return isinstance(self.labels, np.ndarray) and self.labels.ndim == 1

    def whole(self, collate_fn_map: dict | None = None) -> list:
        """As torch's default collate gives the samples."""
        if isinstance(self.labels, list):
            function = (default_collate_fn_map if collate_fn_map is None else collate_fn_map)[Target]
            return [self.images, function(self.labels)]
        return [self.images, torch.as_tensor(self.labels)]

    def samples(self) -> list[Sample]:
        """All of them."""
        labels = self.labels.tolist() if self._numbers else self.labels
        rows = zip(self.images.unbind(0), labels, strict=True)
        return [Sample(image, label, self, i) for i, (image, label) in enumerate(rows)]


def default_collate(batch: Sequence) -> Any:
    """torch's ``default_collate``: the same types, dtypes, values and exceptions, in less time.

    Tensors and arrays of one shape and dtype, and numbers, are copied natively, outside of the GIL, into memory that is
    used again when the last tensor that views it is gone (in a worker process into shared memory). Functions registered
    in torch's ``default_collate_fn_map`` are called as torch calls them. Whatever is unusual is given to torch.

    Args:
        batch: samples, all of one structure: tensors, arrays, numbers, str, bytes, in any nesting of mappings, named
            tuples and sequences.

    Returns:
        The structure of one sample, with a tensor ``[B, ...]`` in place of each tensor, array and number, and a list of
        B in place of each str and bytes; a tuple becomes a list. Nothing in it shares memory with a sample.

    Raises:
        RaggedError: tensors or arrays of different shapes; a ``RuntimeError``, as torch's is.
        RuntimeError: sequences of different lengths, sparse or nested tensors.
        TypeError: there is a sample, or a part of one, that is none of the above.
    """
    first = batch[0]
    kind = type(first)
    function = default_collate_fn_map.get(kind)
    if function is None:
        function = next((default_collate_fn_map[key] for key in default_collate_fn_map if isinstance(first, key)), None)
    if function is torchs.collate_str_fn:
        return batch
    if function is not None:
        ours = _OURS.get(function)
        return ours(batch) if ours else function(batch, collate_fn_map=_functions())
    if kind is dict:
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if kind is tuple or kind is list:
        if set(map(len, batch)) != {len(first)}:
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(column) for column in zip(*batch, strict=True)]
    # torch knows what to do with other containers, and comes back to us for what is in them.
    return collate(batch, collate_fn_map=_functions())


def pad_collate(batch: Sequence, value: float = 0) -> Any:
    """:func:`default_collate` for images of different sizes.

    Tensors and arrays ``[..., H, W]`` of at least two dimensions that differ in H or W are padded at the right and at
    the bottom to the largest height and the largest width among them, anywhere in the samples. Nothing says later
    where an image ends: samples that need it have to carry their sizes.

    Masks of a :class:`pixfeed.FastTxtDataset` are padded with its ``ignore_index``. Its boxes and keypoints become one
    dict of tensors ``[B, N, ...]``, N being the largest number in the batch: they are padded with 0, labels with -1.

    Args:
        batch: samples, as :func:`default_collate` takes them.
        value: what padding is filled with, in the images' own dtype.

    Returns, Raises:
        As :func:`default_collate`.
    """

    def pad(column: Sequence[torch.Tensor], *, collate_fn_map=None) -> torch.Tensor:
        return collate_tensors(_padded(column, value))

    def pad_arrays(column: Sequence[np.ndarray], *, collate_fn_map=None) -> torch.Tensor:
        shapes = {np.shape(item) for item in column}
        return collate_arrays(column) if len(shapes) == 1 else pad([torch.as_tensor(item) for item in column])

    ours = {torch.Tensor: pad, np.ndarray: pad_arrays, Target: pad_targets, Sample: pad_samples}
    return collate(batch, collate_fn_map={**_functions(), **ours})


def _padded(column: Sequence[torch.Tensor], value: float) -> Sequence[torch.Tensor]:
    """The same tensors, those padded that are not the largest; as they are where padding cannot help."""
    shapes = [item.shape for item in column]
    if len(set(shapes)) == 1 or len({shape[:-2] for shape in shapes}) > 1 or min(map(len, shapes)) < 2:
        return column
    height, width = (max(shape[axis] for shape in shapes) for axis in (-2, -1))
    pad = torch.nn.functional.pad
    return [pad(item, (0, width - item.shape[-1], 0, height - item.shape[-2]), value=value) for item in column]


def collate_samples(samples: Sequence[Sample], *, collate_fn_map=None) -> list[torch.Tensor]:
    """``[images, labels]`` as torch's default collate gives for ``(image, label)`` tuples: tensors ``[B, C, H, W]``
    and labels ``[B, L]`` or ``[B]``. A whole batch in its order is handed on, anything else is stacked.

    Raises:
        RaggedError: the images differ in shape, and nothing in ``collate_fn_map`` (that of :func:`pad_collate` does)
            takes care of that.
    """
    if type(samples) is Batch:
        return samples.whole(collate_fn_map)
    batch = samples[0].batch
    whole = batch is not None and len(samples) == len(batch.images)
    if whole and all(type(s) is Sample and s.batch is batch and s.row == i for i, s in enumerate(samples)):
        return batch.whole(collate_fn_map)
    try:
        return collate([tuple(sample) for sample in samples], collate_fn_map=collate_fn_map)
    except RuntimeError as error:
        origins = [getattr(sample, "origin", None) for sample in samples]
        _refuse_ragged([sample[0] for sample in samples], origins, error)
        raise


def collate_targets(batch: Sequence[Target], *, collate_fn_map=None) -> list[dict[str, torch.Tensor]]:
    """A list of dicts, one a picture."""
    return [dict(target) for target in batch]


def pad_targets(batch: Sequence[Target], *, collate_fn_map=None) -> dict[str, torch.Tensor]:
    """One dict with tensors ``[B, N, ...]``, N being the largest number in the batch."""
    made = {}
    for name, first in batch[0].items():
        most = max(len(target[name]) for target in batch)
        made[name] = first.new_full((len(batch), most, *first.shape[1:]), Target.fill.get(name, 0))
        for padded, target in zip(made[name], batch, strict=True):
            padded[: len(target[name])] = target[name]
    return made


def pad_samples(samples: Sequence[Sample], *, collate_fn_map=None) -> list:
    """As :func:`collate_samples`, masks of different sizes padded with their own number."""
    fill = samples[0].fill
    if fill is not None:
        masks = _padded([mask for _, mask in samples], fill)
        samples = [Sample(sample[0], mask, origin=sample.origin) for sample, mask in zip(samples, masks, strict=True)]
    return collate_samples(samples, collate_fn_map=collate_fn_map)


def collate_tensors(batch: Sequence[torch.Tensor], *, collate_fn_map=None) -> torch.Tensor:
    """Tensors to one ``[B, ...]``."""
    try:
        result = gather.tensors(batch)
        return torchs.collate_tensor_fn(batch, collate_fn_map=collate_fn_map) if result is None else result
    except RuntimeError as error:
        _refuse_ragged(batch, [None] * len(batch), error)
        raise


def collate_arrays(batch: Sequence[np.ndarray], *, collate_fn_map=None) -> torch.Tensor:
    """Arrays to one tensor ``[B, ...]``."""
    functions = _functions() if collate_fn_map is None else collate_fn_map
    # To torch an array is a tensor: somebody else's function for tensors is for arrays too.
    result = gather.arrays(batch) if functions.get(torch.Tensor) is collate_tensors else None
    if result is None:
        result = torchs.collate_numpy_array_fn(batch, collate_fn_map=functions)
    return result


def _first_try(ours: Callable, theirs: Callable) -> Callable:
    """A collate function: ``ours``, and ``theirs`` where that returns ``None``."""

    def function(batch: Sequence, *, collate_fn_map=None) -> torch.Tensor:
        result = ours(batch)
        return theirs(batch, collate_fn_map=collate_fn_map) if result is None else result

    return function


def _refuse_ragged(images: Sequence[torch.Tensor], origins: Sequence[Origin | None], cause: RuntimeError) -> None:
    """Raises the error that says which two images differ, if any do."""
    if isinstance(cause, RaggedError) and not any(origins):
        return
    try:
        shapes = [list(image.shape) for image in images]
    except (AttributeError, RuntimeError):  # no tensors, or nested ones
        return
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise RaggedError.of((0, i), (shapes[0], shape), (origins[0], origins[i])) from None


# torch's own functions, and what does the same here.
_OURS = {
    torchs.collate_tensor_fn: collate_tensors,
    torchs.collate_numpy_array_fn: collate_arrays,
    torchs.collate_numpy_scalar_fn: _first_try(gather.scalars, torchs.collate_numpy_scalar_fn),
    torchs.collate_float_fn: _first_try(gather.numbers, torchs.collate_float_fn),
    torchs.collate_int_fn: _first_try(gather.numbers, torchs.collate_int_fn),
}


def _functions() -> dict:
    """torch's ``default_collate_fn_map`` as it is now, users' entries too, with our functions in place of torch's."""
    return {kind: _OURS.get(function, function) for kind, function in default_collate_fn_map.items()}


# torch looks a sample's type up here before it looks at tuples.
default_collate_fn_map[Sample] = collate_samples
default_collate_fn_map[Target] = collate_targets
