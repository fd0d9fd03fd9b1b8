"""Transforms that consist of dtype, mean and std. They are carried out natively, a whole batch at once.

:func:`values` recognizes them by the names and attributes of torchvision's and pixfeed's transforms; torchvision is not
imported. :func:`steps` gives pixfeed's transforms that do the same. All other transforms are called, item by item.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from pixfeed.transforms import Compose, Normalize, ToDtype, ToTensor
from pixfeed.transforms.base import Transform
from pixfeed.transforms.values import Values, numbers


def values(transform: Callable[..., Any]) -> Values | None:
    """The conversion of values by a transform that does nothing else: ``ToTensor()``, ``PILToTensor()``, or
    ``PILToTensor()`` or ``ToImage()`` and then ``ToDtype(torch.float32, scale=True)`` or
    ``ConvertImageDtype(torch.float32)``, and after it perhaps ``Normalize``; in a ``Compose`` or alone. ``None`` for
    everything else.

    Values are divided by 255, as ToTensor does it. (torchvision's v2.ToDtype multiplies by 1 / 255, which differs in
    the last bit.)
    """
    known = [_name(step) for step in _steps(transform)]
    kinds = [kind for kind, _ in known]
    normalize = known[-1][1] if kinds[-1:] == ["Normalize"] else None
    start = known[:-1] if normalize is not None else known
    dtype = _dtype(start)
    if dtype is None or (normalize is not None and dtype is not torch.float32):
        return None
    if normalize is None:
        return Values(dtype)
    try:
        return Values(dtype, numbers(normalize.mean), numbers(normalize.std))
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return None


def steps(values: Values) -> list[Transform]:
    """Transforms that do the same."""
    if values.dtype == torch.uint8:
        return [ToDtype(torch.uint8)]
    return [ToTensor(), Normalize(values.mean, values.std)]


def ours(transform: object) -> Compose | None:
    """pixfeed's own transform, but no subclass of one."""
    if not isinstance(transform, (Compose, Transform)) or not _name(transform)[0]:
        return None
    return transform if isinstance(transform, Compose) else Compose([transform])


def _name(step: Any) -> tuple[str, Any]:
    """The class's name if the class is torchvision's or pixfeed's, not derived from it; else an empty string."""
    kind = type(step)
    known = kind.__module__.partition(".")[0] in ("torchvision", "pixfeed")
    return (kind.__name__ if known else ""), step


def _steps(transform: Any) -> list[Any]:
    if _name(transform)[0] != "Compose":
        return [transform]
    return [step for inner in transform.transforms for step in _steps(inner)]


def _dtype(steps: list[tuple[str, Any]]) -> torch.dtype | None:
    """The dtype of the tensor that the steps make of a picture."""
    kinds = [kind for kind, _ in steps]
    if kinds == ["ToTensor"]:
        return torch.float32
    if kinds == ["PILToTensor"]:
        return torch.uint8
    if len(steps) == 2 and kinds[0] in ("PILToTensor", "ToImage") and kinds[1] in ("ToDtype", "ConvertImageDtype"):
        step = steps[1][1]
        scaled = kinds[1] == "ConvertImageDtype" or getattr(step, "scale", False) is True
        dtype: object = getattr(step, "dtype", None)
        if scaled and dtype is torch.float32:
            return torch.float32
    return None
