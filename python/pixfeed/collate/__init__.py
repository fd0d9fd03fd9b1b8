"""default_collate and pad_collate: torch's results, faster, with errors that name files.

A :class:`Batch` that was read in one call passes through without being copied, through torch's own default collate as
well: torch finds the type of its samples in ``default_collate_fn_map`` and calls :func:`collate_samples`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import _torch
from pixfeed._real_torch import torch
from pixfeed._torch import CollateFunctions, collating
from pixfeed.collate import gather
from pixfeed.collate.batch import Batch, DictSample, Form, Images, Sample, Target
from pixfeed.errors import Origin, RaggedError

__all__ = ["Batch", "DictSample", "Images", "Sample", "Target", "default_collate", "pad_collate"]

# torch's own table, which users may add to.
_torch_functions = collating.default_collate_fn_map


def default_collate(batch: Sequence[Any]) -> Any:
    """torch's ``default_collate``: the same types, dtypes, values and exceptions, in less time.

    Tensors and arrays of one shape and dtype, and numbers, are copied natively, with the GIL released. Their memory is
    used again when the last tensor that views it is gone; in a worker process it is shared memory. Functions that are
    registered in torch's ``default_collate_fn_map`` are called as torch calls them. torch itself collates everything
    else.

    Args:
        batch: samples, all of one structure: tensors, arrays, numbers, str, bytes, in any nesting of mappings, named
            tuples and sequences.

    Returns:
        The structure of one sample, with a tensor ``[B, ...]`` in place of each tensor, array and number, and a list of
        B items in place of each str and bytes. A tuple becomes a list. The tensors share no memory with the samples.

    Raises:
        RaggedError: tensors or arrays of different shapes; a ``RuntimeError``, as torch's is.
        RuntimeError: sequences of different lengths, sparse or nested tensors.
        TypeError: a sample, or a part of one, is none of these.
    """
    if type(batch) in (Batch, Images):
        return collate_samples(batch, collate_fn_map=_functions())
    first = batch[0]
    kind = type(first)
    function = _torch_functions.get(kind)
    if function is None:
        function = next((_torch_functions[key] for key in _torch_functions if isinstance(first, key)), None)
    if function is collating.collate_str_fn:
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
    return collating.collate(batch, collate_fn_map=_functions())


def pad_collate(batch: Sequence[Any], value: float = 0) -> Any:
    """:func:`default_collate` for images of different sizes.

    Tensors and arrays ``[..., H, W]`` of at least two dimensions that differ in H or W are padded at the right and at
    the bottom, to the largest height and the largest width among them. This holds anywhere in the samples. The batch
    does not say where an image ends: samples that need their sizes have to carry them.

    Masks of a :class:`pixfeed.FastTxtDataset` are padded with its ``ignore_index``. Its boxes and keypoints become one
    dict of tensors ``[B, N, ...]``, N being the largest number in the batch: they are padded with 0, labels with -1.

    Args:
        batch: samples, as :func:`default_collate` takes them.
        value: the value of the padding, in the dtype of the images.

    Returns, Raises:
        As :func:`default_collate`.
    """

    def pad(column: Sequence[torch.Tensor], *, collate_fn_map: CollateFunctions | None = None) -> torch.Tensor:
        return collate_tensors(_padded(column, value))

    def pad_arrays(column: Sequence[NDArray[Any]], *, collate_fn_map: CollateFunctions | None = None) -> torch.Tensor:
        shapes = {np.shape(item) for item in column}
        return collate_arrays(column) if len(shapes) == 1 else pad([torch.as_tensor(item) for item in column])

    def pad_samples(samples: Sequence[Any], *, collate_fn_map: CollateFunctions | None = None) -> Any:
        batch = samples.batch if isinstance(samples, Images) else samples
        if isinstance(batch, Batch) and batch.padded is not None:  # it was read that way
            _surround(batch.padded, batch.images, value)
            samples = batch.replaced(batch.padded, batch.targets)
        return _collate_masks(samples, collate_fn_map)

    ours: CollateFunctions = {torch.Tensor: pad, np.ndarray: pad_arrays, Target: pad_targets}
    ours |= {Sample: pad_samples, DictSample: pad_samples}
    if type(batch) is Images:
        return pad_samples(batch, collate_fn_map={**_functions(), **ours})
    return collating.collate(batch, collate_fn_map={**_functions(), **ours})


def _padded(column: Sequence[torch.Tensor], value: float) -> Sequence[torch.Tensor]:
    """The same tensors, those padded that are not the largest; as they are where padding cannot help."""
    shapes = [item.shape for item in column]
    if len(set(shapes)) == 1 or len({shape[:-2] for shape in shapes}) > 1 or min(map(len, shapes)) < 2:
        return column
    height, width = (max(shape[axis] for shape in shapes) for axis in (-2, -1))
    pad = torch.nn.functional.pad
    return [pad(item, (0, width - item.shape[-1], 0, height - item.shape[-2]), value=value) for item in column]


def _surround(block: torch.Tensor, images: Iterable[torch.Tensor], value: float) -> None:
    """Write ``value`` around images that lie at the top left of their places in a block, where there are zeros."""
    if value != 0:
        for place, image in zip(block, images, strict=True):
            height, width = image.shape[-2:]
            place[:, height:] = value
            place[:, :height, width:] = value


def collate_samples(samples: Sequence[Any], *, collate_fn_map: CollateFunctions | None = None) -> Any:
    """``[images, targets]`` as torch's default collate gives for ``(image, target)`` tuples: images ``[B, C, H, W]``
    and labels ``[B, L]`` or ``[B]``; a dict for dicts. What a :class:`Batch` has as one tensor is handed on, anything
    else is stacked.

    Raises:
        RaggedError: the images differ in shape, and nothing in ``collate_fn_map`` (that of :func:`pad_collate` does)
            takes care of that.
        TypeError: the images are no tensors, but PIL images for example.
    """
    functions = _functions() if collate_fn_map is None else collate_fn_map
    batch = samples.batch if isinstance(samples, Images) else samples
    if isinstance(batch, Batch) and isinstance(batch.images, torch.Tensor):
        columns = [batch.column(name) for name in batch.form.parts]
        return batch.form.whole(
            [
                collating.collate(column, collate_fn_map=functions)
                if isinstance(column, list)
                else torch.as_tensor(column)
                for column in columns
            ]
        )
    try:
        return collating.collate([_plain(sample) for sample in samples], collate_fn_map=functions)
    except RuntimeError as error:
        if isinstance(batch, Batch):
            origins = batch.origins()
        else:
            origins = [getattr(sample, "origin", None) for sample in samples]
        _refuse_ragged([_parts(sample)[0] for sample in samples], origins, error)
        raise
    except TypeError as error:
        kind = type(samples[0][0])
        if not kind.__module__.startswith("PIL."):
            raise
        raise TypeError(
            f"PIL images make no batch ({samples[0].origin} is one): put ToTensor() or PILToTensor() at the end of the "
            "transform"
        ) from error


def _parts(sample: Any) -> list[Any]:
    """The parts of an item, the image first."""
    if isinstance(sample, dict):
        return list(sample.values())
    return list(sample) if isinstance(sample, tuple) else [sample]


def _plain(sample: Any) -> Any:
    """An item as a type that torch knows."""
    return dict(sample) if isinstance(sample, dict) else tuple(sample) if isinstance(sample, tuple) else sample


def collate_targets(
    batch: Sequence[Target], *, collate_fn_map: CollateFunctions | None = None
) -> list[dict[str, torch.Tensor]]:
    """A list of dicts, one per picture."""
    return [dict(target) for target in batch]


def pad_targets(batch: Sequence[Target], *, collate_fn_map: CollateFunctions | None = None) -> dict[str, torch.Tensor]:
    """One dict with tensors ``[B, N, ...]``, N being the largest number in the batch."""
    made = {}
    for name, first in batch[0].items():
        most = max(len(target[name]) for target in batch)
        made[name] = first.new_full((len(batch), most, *first.shape[1:]), Target.fill.get(name, 0))
        for padded, target in zip(made[name], batch, strict=True):
            padded[: len(target[name])] = target[name]
    return made


def _collate_masks(samples: Sequence[Any], functions: CollateFunctions | None) -> Any:
    """As :func:`collate_samples`, with masks of different sizes padded with their own number."""
    fill = getattr(samples[0], "fill", None)
    if fill is None:
        pass
    elif isinstance(samples, Batch):
        if isinstance(samples.targets, list):
            samples = samples.replaced(samples.images, list(_padded(samples.targets, fill)))
    else:  # a mask comes after the image
        masks = _padded([_parts(sample)[1] for sample in samples], fill)
        samples = [_with_mask(sample, mask) for sample, mask in zip(samples, masks, strict=True)]
    return collate_samples(samples, collate_fn_map=functions)


def _with_mask(sample: Any, mask: torch.Tensor) -> Any:
    image, _, *more = _parts(sample)
    keys = tuple(sample) if isinstance(sample, dict) else None
    return Form(("image", "target", *map(str, range(len(more)))), keys).item(
        [image, mask, *more], lambda: sample.origin, None
    )


def collate_tensors(batch: Sequence[torch.Tensor], *, collate_fn_map: CollateFunctions | None = None) -> torch.Tensor:
    """Tensors to one ``[B, ...]``."""
    try:
        result = gather.tensors(batch)
        return collating.collate_tensor_fn(batch, collate_fn_map=collate_fn_map) if result is None else result
    except RuntimeError as error:
        _refuse_ragged(batch, [None] * len(batch), error)
        raise


def collate_arrays(batch: Sequence[NDArray[Any]], *, collate_fn_map: CollateFunctions | None = None) -> torch.Tensor:
    """Arrays to one tensor ``[B, ...]``."""
    functions = _functions() if collate_fn_map is None else collate_fn_map
    # To torch an array is a tensor: another function for tensors is for arrays too.
    result = gather.arrays(batch) if functions.get(torch.Tensor) is collate_tensors else None
    if result is None:
        result = collating.collate_numpy_array_fn(batch, collate_fn_map=functions)
    return result


def _first_try(
    ours: Callable[[Sequence[Any]], torch.Tensor | None], theirs: Callable[..., torch.Tensor]
) -> Callable[..., torch.Tensor]:
    """A collate function: ``ours``, and ``theirs`` where that returns ``None``."""

    def function(batch: Sequence[Any], *, collate_fn_map: CollateFunctions | None = None) -> torch.Tensor:
        result: torch.Tensor | None = ours(batch)
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
_OURS: dict[Callable[..., Any], Callable[..., Any]] = {
    collating.collate_tensor_fn: collate_tensors,
    collating.collate_numpy_array_fn: collate_arrays,
    collating.collate_numpy_scalar_fn: _first_try(gather.scalars, collating.collate_numpy_scalar_fn),
    collating.collate_float_fn: _first_try(gather.numbers, collating.collate_float_fn),
    collating.collate_int_fn: _first_try(gather.numbers, collating.collate_int_fn),
}


def _functions() -> CollateFunctions:
    """torch's ``default_collate_fn_map`` as it is now, users' entries too, with our functions in place of torch's."""
    return {kind: _OURS.get(function, function) for kind, function in _torch_functions.items()}


# torch looks a sample's type up in its table before it looks at tuples.
_torch.register_collate(Sample, collate_samples)
_torch.register_collate(DictSample, collate_samples)
_torch.register_collate(Target, collate_targets)
