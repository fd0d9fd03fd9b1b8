"""Compose: a sequence of transforms, for a dataset or for one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from pixfeed import draws, memory
from pixfeed.errors import Origin
from pixfeed.reading.functional import Reader
from pixfeed.reading.options import Reading
from pixfeed.transforms.base import Transform
from pixfeed.transforms.execute import Cook
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.geometry import Geometric, Geometry
from pixfeed.transforms.to_tensor import Numeric


class Compose:
    """Transforms, one after the other: for ``FastTxtDataset(..., transform=Compose([...]))``, which fuses them with
    decoding, or to be called.

    Args:
        transforms: pixfeed's, and any Python callables. A callable gets what the one before has made: a tensor
            ``[C, H, W]``, uint8 where neither ToTensor nor ToDtype stands before it.

    Raises:
        TypeError, ValueError: something is no transform, or the order makes no sense.
    """

    def __init__(self, transforms: Sequence[Callable]):
        if isinstance(transforms, Callable) or not isinstance(transforms, Sequence):
            raise TypeError("transforms must be a sequence of transforms")
        self.transforms = list(transforms)
        _ = self.recipe()

    def recipe(self, channels: int = 3) -> Recipe:
        return Recipe(list(_flat(self.transforms)), channels)

    def __call__(self, image):
        """The transforms of one picture, with random numbers from torch's global generator.

        Args:
            image: a uint8 tensor ``[C, H, W]``, C being 3 or 1; a uint8 ndarray ``[H, W, 3]`` or ``[H, W]``; a PIL
                image; or a float tensor, for transforms that need no pixels: flips, crops, Normalize, RandomErasing.

        Returns:
            A tensor ``[C, H, W]``, or what the last Python callable gives.

        Raises:
            RegionError: the picture is too small.
            TypeError: it is nothing of this kind.
        """
        return call(list(_flat(self.transforms)), image)

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


def call(transforms: Sequence[Callable], image):
    """One picture's way through them; see :meth:`Compose.__call__`."""
    if isinstance(image, torch.Tensor) and image.is_floating_point():
        for step in transforms:
            image = _on_floats(step, image)
        return image
    picture = _picture(image)
    recipe = Recipe(transforms, picture.shape[2])
    u = draws.from_torch(recipe.draws)
    made = torch.empty(0)

    def allocate(height: int, width: int) -> np.ndarray:
        nonlocal made
        made = torch.empty(recipe.channels, height, width, dtype=recipe.written or torch.uint8)
        return memory.array(made)

    Cook(Reader(Reading()), recipe).picture(picture, recipe.passes, allocate, Origin("the picture"), u)
    return recipe.in_python(recipe.finish(made[None], u)[0])


def _flat(transforms: Sequence[Callable]):
    for step in transforms:
        if isinstance(step, Compose):
            yield from _flat(step.transforms)
        else:
            yield step


def _picture(image) -> np.ndarray:
    """uint8 ``[H, W, 3]`` or ``[H, W, 1]``."""
    if isinstance(image, torch.Tensor):
        if image.ndim != 3:
            raise TypeError(f"the tensor has shape {tuple(image.shape)}; it must be [C, H, W]")
        image = image.permute(1, 2, 0).numpy()
    elif hasattr(image, "convert"):  # a PIL image
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    array = np.asarray(image)
    array = array[..., None] if array.ndim == 2 else array
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (1, 3) or array.size == 0:
        raise TypeError(f"a picture must be uint8 with 1 or 3 channels, not {array.dtype} {list(array.shape)}")
    return np.ascontiguousarray(array)


def _on_floats(step: Callable, image: torch.Tensor) -> torch.Tensor:
    if not isinstance(step, Transform):
        return step(image)
    u = draws.from_torch(step.draws)
    if isinstance(step, Numeric):
        return step.apply(image.clone()[None], u)[0]
    size = tuple(image.shape[-2:])
    if not isinstance(step, Geometric) or step.does(size) not in ({"flip"}, {"crop"}):
        raise TypeError(f"{step} works on uint8 pixels, not on {image.dtype}")

    def refuse(_: int, what: str):
        raise Origin("the picture").region_error(what)

    geometry = Geometry(np.array([size[1]]), np.array([size[0]]), refuse)
    step.change(geometry, u)
    row = geometry.rows(1)[0]
    x, y, w, h = (int(row[f"crop_{name}"]) for name in "xywh")
    axes = [axis for axis, name in ((-1, "horizontal"), (-2, "vertical")) if row[f"flip_{name}"]]
    return image[..., y : y + h, x : x + w].flip(axes)
