"""Images read through a transform, without a dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import draws
from pixfeed._stand_in import torch
from pixfeed.backends import Source
from pixfeed.errors import Origin
from pixfeed.reading.options import Reading
from pixfeed.reading.pipeline import Pipeline
from pixfeed.reading.request import Request
from pixfeed.transforms.compose import steps_of
from pixfeed.transforms.values import check_dtype, check_memory_format


def read_transformed(
    sources: Sequence[Source],
    how: Reading,
    transform: Callable[..., Any],
    dtype: torch.dtype,
    memory_format: torch.memory_format,
    rois: NDArray[np.int64] | None,
) -> torch.Tensor:
    """A tensor ``[B, C, H, W]``; the arguments are those of :func:`pixfeed.load_batch`.

    Raises:
        ImageError, RegionError: the first source that cannot be read, or does not go through the transform.
        ValueError, TypeError: an argument makes no sense, or the transform makes no images of one size.
    """
    if how.interpolation is not None or how.antialias is not None:
        raise ValueError("interpolation and antialias go with no transform: its Resize says how to resize")
    pipeline = Pipeline(how, steps_of(transform, how.num_channels))
    recipe = pipeline.recipe
    recipe.settle(check_dtype(dtype, how.depth))
    if recipe.size is None:
        raise ValueError("the images that this transform makes may differ in size: put a Resize or a crop in it")
    if not sources:
        return torch.empty(0, recipe.channels, *recipe.size, dtype=recipe.dtype)
    u = draws.from_torch(recipe.draws, len(sources))
    read = pipeline.read(Request(sources, rois, None, u), check_memory_format(memory_format))
    if read.failed.unreadable:
        first = min(read.failed.unreadable)
        source = sources[first]
        raise read.failed.unreadable[first].error(
            Origin(os.fspath(source) if isinstance(source, (str, os.PathLike)) else None)
        )
    images: torch.Tensor
    images, _ = recipe.finish_all(read.images, u)
    if not recipe.python:
        return images
    made = [recipe.in_python(image) for image in images.unbind(0)]
    if not all(isinstance(image, torch.Tensor) for image in made):
        raise TypeError(f"the transform makes {type(made[0]).__name__}, no tensor: put ToTensor() at its end")
    return torch.stack(made)  # type: ignore[arg-type]
