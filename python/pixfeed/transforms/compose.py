"""Compose: a sequence of transforms, for a dataset or for one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends, draws, memory
from pixfeed._stand_in import torch
from pixfeed.errors import Origin
from pixfeed.transforms.base import Transform
from pixfeed.transforms.execute import plan_passes, tables_of
from pixfeed.transforms.fuse import Recipe, is_batched, runs_in_python
from pixfeed.transforms.fused import fused
from pixfeed.transforms.geometry import Geometric, Geometry
from pixfeed.transforms.python_steps import Albumentations, ToNumpy, ToPILImage
from pixfeed.transforms.to_tensor import Numeric
from pixfeed.transforms.translate import inner, translated

PythonInput = Literal["pil", "tensor", "numpy"]

#: What a step in Python may get, by name: the conversion of a uint8 tensor ``[C, H, W]``.
PYTHON_INPUTS: dict[str, Callable[[], Callable[[Any], Any]] | None] = {
    "pil": ToPILImage,
    "tensor": None,
    "numpy": ToNumpy,
}


class Compose:
    """Several transforms, one after the other, as ``torchvision.transforms.v2.Compose``.

    ``FastTxtDataset(..., transform=Compose([...]))`` fuses them with decoding. A Compose can also be called.

    Args:
        transforms: pixfeed's transforms, torchvision's, and any Python callables. Torchvision's become pixfeed's where
            these do the same. A callable gets the result of the step before it: a PIL image, or a tensor ``[C, H, W]``
            after ToTensor, PILToTensor or ToDtype.
        fuse: whether affine steps in a row, also those that a policy draws, become one resampling. Pixels are not
            torchvision's then. Steps inside RandomApply, RandomChoice and RandomOrder, and those of another
            interpolation or ``fill``, stay apart. A Compose inside hands it on to the whole.

    Raises:
        TypeError, ValueError: something is no transform, or the order makes no sense.
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]], *, fuse: bool = False):
        if callable(transforms) or not isinstance(transforms, Sequence):
            raise TypeError("transforms must be a sequence of transforms")
        self.transforms, self.fuse = list(transforms), bool(fuse)
        _ = Recipe(steps_of(self))

    def __call__(self, image: Any) -> Any:
        """Transform one picture, with random numbers from torch's global generator.

        Args:
            image: a uint8 tensor ``[C, H, W]``, where C is 3 or 1; a uint8 ndarray ``[H, W, 3]`` or ``[H, W]``; a PIL
                image; or a float tensor ``[C, H, W]`` for flips, crops, Normalize and RandomErasing.

        Returns:
            A tensor ``[C, H, W]``, or the result of the last Python callable.

        Raises:
            RegionError: the picture is too small.
            TypeError: ``image`` is none of these.
        """
        return apply_all(steps_of(self), image)

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}]{', fuse=True' if self.fuse else ''})"


def apply_all(transforms: Sequence[Callable[..., Any]], image: Any) -> Any:
    """Apply transforms to one picture; see :meth:`Compose.__call__`."""
    if isinstance(image, torch.Tensor) and image.is_floating_point():
        for step in transforms:
            image = on_floats(step, image, draws.from_torch(step.draws)) if is_batched(step) else step(image)
        return image
    picture = picture_of(image)
    recipe = Recipe(transforms, picture.shape[2])
    u = draws.from_torch(recipe.draws)
    height, width = (np.array([side]) for side in picture.shape[:2])
    plans, refused = plan_passes(recipe, width, height, u)
    _raise(refused)
    made = torch.empty(1, recipe.channels, *plans[-1].size(0), dtype=recipe.written or torch.uint8)
    rows, steps = tables_of(plans)
    backends.choose().resample([in_color(picture)], rows, memory.array(made), 1, steps)
    return recipe.in_python(recipe.finish(made, u)[0])


Transform.apply_all = staticmethod(apply_all)


def _raise(refused: dict[int, str]) -> None:
    if refused:
        raise Origin("the picture").region_error(refused[0])


def steps_of(
    transform: Callable[..., Any], channels: int = 3, *, translate: bool = True, python_input: PythonInput = "pil"
) -> list[Callable[..., Any]]:
    """The steps of a transform, one after the other.

    Args:
        transform: a Compose, pixfeed's or torchvision's, perhaps with others in it; or a single transform.
        channels: of the pictures that are read: 3, or 1 for gray.
        translate: whether torchvision's and timm's transforms become pixfeed's where these do the same.
        python_input: what the first step in Python gets, if no step before it makes a tensor.

    Raises:
        ValueError: ``python_input`` is none.
    """
    if python_input not in PYTHON_INPUTS:
        raise ValueError(f"transform_input is {python_input!r}; it may be one of {', '.join(PYTHON_INPUTS)}")
    steps = _flat(transform, translate)
    if translate:
        steps = translated(steps, channels)
    if _fuses(transform):
        steps = fused(steps)
    first = next((place for place, step in enumerate(steps) if runs_in_python(step)), None)
    convert = PYTHON_INPUTS[python_input]
    if first is None or convert is None or any(isinstance(step, Numeric) for step in steps[:first]):
        return steps
    if isinstance(steps[first], (ToPILImage, ToNumpy)):  # it says so itself
        return steps
    return [*steps[:first], convert(), *steps[first:]]


def _fuses(transform: Any) -> bool:
    return isinstance(transform, Compose) and (transform.fuse or any(map(_fuses, transform.transforms)))


def _flat(transform: Any, translate: bool) -> list[Callable[..., Any]]:
    steps = transform.transforms if isinstance(transform, Compose) else inner(transform) if translate else None
    if steps is None:
        return [Albumentations(transform) if translate and Albumentations.knows(transform) else transform]
    return [each for step in steps for each in _flat(step, translate)]


def picture_of(image: Any) -> NDArray[np.uint8]:
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


def in_color(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 ``[..., 3]``, as backends take it, of ``[..., 3]`` or ``[..., 1]``."""
    return np.repeat(picture, 3, -1) if picture.shape[-1] == 1 else picture


def on_floats(step: Transform, image: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
    """One step on a float tensor ``[C, H, W]``, with uniform numbers ``[1, draws]``."""
    if isinstance(step, Numeric):
        return step.apply(image.clone()[None], u)[0]
    height, width = image.shape[-2:]
    if not isinstance(step, Geometric) or step.does((height, width)) not in (frozenset({"flip"}), frozenset({"crop"})):
        raise TypeError(f"{step} works on uint8 pixels, not on {image.dtype}")

    geometry = Geometry(np.array([width]), np.array([height]))
    step.change(geometry, u)
    _raise(geometry.refused)
    row = geometry.rows(1)[0]
    x, y, w, h = (int(row[f"crop_{name}"]) for name in "xywh")
    axes = [axis for axis, name in ((-1, "horizontal"), (-2, "vertical")) if row[f"flip_{name}"]]
    return image[..., y : y + h, x : x + w].flip(axes)
