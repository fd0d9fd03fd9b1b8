"""AdjustableImages: how the images of a list are read, by arguments that may be replaced at any time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pixfeed import draws
from pixfeed._real_torch import torch
from pixfeed.cache import Cache
from pixfeed.datasets.bad_images import OnError
from pixfeed.datasets.list_images import ListImages
from pixfeed.reading.pipeline import Pipeline
from pixfeed.targets.of_list import check_recipe
from pixfeed.transforms.compose import PythonInput, steps_of
from pixfeed.transforms.fuse import augments, fixed_steps
from pixfeed.transforms.python_steps import to_blame
from pixfeed.transforms.resize import ResizeTo, Shrink
from pixfeed.transforms.sides import with_sides


class AdjustableImages(ListImages):
    """Images of a list whose ``transform``, ``on_error`` and ``max_errors`` may be set. They are checked against the
    arguments that stay; :class:`pixfeed.FastTxtDataset` sets those."""

    _sides: tuple[int | None, int | None]
    # A pickle leaves these out while they have these values: it is small, and stays so.
    _transform: Callable[..., Any] | None = None
    _given_dtype = torch.float32
    _sides_given = False
    _transform_input: PythonInput = "pil"
    _translate = True
    _cache: Cache | None = None
    _cache_size: int | None = None

    @property
    def transform(self) -> Callable[..., Any] | None:
        """The transform of each image. It may be replaced at any time, also inside a Subset: the next batch that is
        read has the new one. Worker processes that are already running keep the old one.

        Raises:
            ValueError, TypeError: when it is set, if it does not go with the dataset's other arguments. The dataset
                stays as it was.
        """
        return self._transform

    @transform.setter
    def transform(self, transform: Callable[..., Any] | None) -> None:
        if "_reading" not in vars(self):  # a subclass sets it before it calls our __init__(), which sets it again
            self._transform = transform
            return
        pipeline = self._new_pipeline(transform)
        recipe = pipeline.recipe
        if self.seed is None and (recipe.draws or recipe.python):
            self.seed = draws.new_seed(self)
        self._transform, self._pipeline = transform, pipeline

    def _new_pipeline(self, transform: Callable[..., Any] | None) -> Pipeline:
        """The pipeline for a transform, checked against the dataset's other arguments."""
        if self._cache_size is not None and (self._cache is None or transform is None):
            raise ValueError(
                f"cache_size={self._cache_size} goes with cache= and a transform that begins with a random step"
            )
        if self._cache_size is not None and self._cache is not None and self._cache.kind == "raw":
            raise ValueError(f"cache_size={self._cache_size} goes with cached pixels; kind='raw' keeps whole files")
        if transform is None:
            pipeline = Pipeline.resizing(self._reading, *self._sides, self._cache)
        else:
            reading = self._reading
            if self.resize_boxes is not None or reading.interpolation is not None or reading.antialias is not None:
                raise ValueError(
                    "resize_boxes, interpolation and antialias go with no transform: its Resize says how to resize"
                )
            pipeline = Pipeline(reading, self._steps_of(transform), self._cache)
        recipe = pipeline.recipe
        recipe.settle(self._given_dtype)
        check_recipe(recipe, self._targets.kind)
        if self.on_error == "zeros" and recipe.size is None:
            raise ValueError("on_error='zeros' needs resize_height and resize_width: how large would the zeros be?")
        if self.on_error == "zeros" and recipe.python:
            raise ValueError("on_error='zeros' goes with no Python function in the transform: what would it give?")
        return pipeline

    def _steps_of(self, transform: Callable[..., Any]) -> list[Callable[..., Any]]:
        channels, translate = self._reading.num_channels, self._translate
        steps = steps_of(transform, channels, translate=translate, python_input=self._transform_input)
        if self._sides_given and self._sides != (None, None):
            steps = with_sides(steps, ResizeTo(*self._sides, self._reading.interpolation_number), channels)
        if self._cache_size is None:
            return steps
        if fixed_steps(steps):
            raise ValueError(
                f"cache_size={self._cache_size} is for transforms that begin with a random step: what is kept here is "
                f"the picture after {steps[0]!r}. Leave cache_size away"
            )
        return [Shrink(self._cache_size), *steps]

    @property
    def dtype(self) -> torch.dtype:
        """Of the images; of what a Python function in the transform gets, if there is one."""
        return self._pipeline.recipe.dtype or torch.uint8

    @property
    def channels(self) -> Literal["rgb", "gray", "unchanged"]:
        """How images are read, as given: ``"rgb"`` or ``"gray"``."""
        return self._reading.channels

    @property
    def num_channels(self) -> int:
        """C of the images ``[C, H, W]``."""
        return self._pipeline.recipe.channels

    @property
    def resize_height(self) -> int | None:
        """Height of the images in pixels, ``None`` if it depends on the image."""
        return self._sides[0] if self._transform is None else (self._pipeline.recipe.size or (None, None))[0]

    @property
    def resize_width(self) -> int | None:
        """Width of the images in pixels, ``None`` if it depends on the image."""
        return self._sides[1] if self._transform is None else (self._pipeline.recipe.size or (None, None))[1]

    @property
    def on_error(self) -> OnError:
        """The action for images that cannot be read. It may be changed at any time.

        Raises:
            ValueError: when it is set, if it does not go with the dataset's other arguments.
        """
        return self._bad_images.on_error

    @on_error.setter
    def on_error(self, on_error: OnError) -> None:
        before = self._bad_images.on_error
        self._bad_images.set(on_error, self._bad_images.max_errors)
        try:
            self._new_pipeline(self._transform)
        except ValueError:
            self._bad_images.on_error = before
            raise

    @property
    def max_errors(self) -> int | None:
        """The largest number of unreadable images; ``None`` for any number. It may be changed at any time.

        Raises:
            ValueError, TypeError: when it is set to something else.
        """
        return self._bad_images.max_errors

    @max_errors.setter
    def max_errors(self, max_errors: int | None) -> None:
        self._bad_images.set(self._bad_images.on_error, max_errors)

    @property
    def augments(self) -> bool:
        return augments(self._pipeline.transforms)

    @property
    def has_cache(self) -> bool:
        return self._cache is not None

    @property
    def python_step(self) -> str:
        step = to_blame(self._pipeline.recipe.python)
        return step or ("" if self.target_transform is None else "target_transform")

    @property
    def makes_floats(self) -> bool:
        return self.dtype.is_floating_point
