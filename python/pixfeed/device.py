"""A batch of uint8 images -> normalised on the device: a quarter of the bytes to send."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pixfeed._real_torch import torch
from pixfeed.transforms.values import Values, check_dtype, numbers


def to_device(
    batch: Any,
    device: torch.device | str,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    dtype: torch.dtype = torch.float32,
    non_blocking: bool = True,
) -> Any:
    """Move a batch to a device, and normalize its uint8 images there.

    The values are those that pixfeed writes on the CPU: ``(value / 255 - mean) / std``, each step rounded to float32,
    and the result to ``dtype``.

    Args:
        batch: a batch of a loader: tensors in any nesting of mappings, named tuples, tuples and lists. uint8 tensors
            ``[B, 1, H, W]`` and ``[B, 3, H, W]`` are taken to be images. All other tensors are moved unchanged;
            anything that is no tensor stays as it is.
        device: the device.
        mean, std: one number for all channels, or one per channel. ``None``: 0 and 1.
        dtype: the dtype of the images: ``torch.float32``, ``torch.float16``, ``torch.bfloat16``, or ``torch.uint8``,
            which leaves them as they are.
        non_blocking: do not wait for the copy if the batch is in pinned memory (``pin_memory=True`` of the loader).

    Returns:
        The same structure with the moved tensors. Images keep their layout (channels_last).

    Raises:
        ValueError: ``mean`` or ``std`` does not fit the images, or ``dtype`` is none of these.
    """
    values = Values(check_dtype(dtype), numbers(0.0 if mean is None else mean), numbers(1.0 if std is None else std))
    if dtype == torch.uint8 and not (mean is None and std is None):
        raise ValueError("dtype=torch.uint8 keeps the values: no mean and std")

    def moved(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            image = part.dtype == torch.uint8 and part.ndim == 4 and part.shape[1] in (1, 3)
            there = part.to(device, non_blocking=non_blocking)
            return _normalized(there, values) if image and dtype != torch.uint8 else there
        if isinstance(part, Mapping):
            return _like(part, {key: moved(value) for key, value in part.items()})
        if isinstance(part, tuple) and hasattr(part, "_fields"):
            return type(part)(*map(moved, part))
        if isinstance(part, (list, tuple)):
            return _like(part, list(map(moved, part)))
        return part

    return moved(batch)


def _like(container: Any, content: dict[Any, Any] | list[Any]) -> Any:
    """``content`` as the container's type, or as it is where that takes something else."""
    try:
        return content if type(container) is type(content) else type(container)(content)
    except TypeError:
        return content


def _normalized(images: torch.Tensor, values: Values) -> torch.Tensor:
    if not values.fit(images.shape[1]):
        raise ValueError(
            f"mean is {values.mean} and std is {values.std}; images {list(images.shape)} need finite numbers, one or "
            f"{images.shape[1]}, and std not 0"
        )
    # A divisor that lies on the CPU would be multiplied by its inverse on a GPU, which is not the same in the last bit.
    whole, mean, std = (_column(part, images.device) for part in ((255.0,), values.mean, values.std))
    return images.to(torch.float32).div_(whole).sub_(mean).div_(std).to(values.dtype)


@functools.lru_cache(maxsize=64)
def _column(part: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """``[C, 1, 1]``, sent once."""
    return torch.tensor(part, device=device).reshape(-1, 1, 1)
