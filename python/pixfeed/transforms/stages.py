"""Stages: what comes after the native part of a recipe: Python functions, sample by sample, then native steps again,
which are one call per batch."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context, draws, memory
from pixfeed._stand_in import torch
from pixfeed.backends import Backend
from pixfeed.errors import Origin
from pixfeed.memory.blocks import images_in, in_blocks
from pixfeed.transforms.base import Transform
from pixfeed.transforms.compose import in_color, on_floats, picture_of
from pixfeed.transforms.execute import plan_passes, tables_of
from pixfeed.transforms.fuse import Recipe, is_batched
from pixfeed.transforms.python_steps import call_all

#: Tells where image ``i`` comes from, for errors.
OriginOf = Callable[[int], Origin]


@dataclass
class Stage:
    """Python functions, and the native steps after them."""

    functions: list[Callable[..., Any]] = field(default_factory=list)
    native: list[Transform] = field(default_factory=list)

    def draw(self) -> NDArray[np.float64]:
        """float64 ``[1, draws]``: what the native steps would draw, one after the other."""
        return np.concatenate([draws.from_torch(step.draws) for step in self.native], 1) if self.native else _NONE


_NONE = np.empty((1, 0))


def stages_of(steps: Sequence[Callable[..., Any]]) -> list[Stage]:
    stages = [Stage()]
    for step in steps:
        if is_batched(step):
            stages[-1].native.append(step)
        else:
            if stages[-1].native:
                stages.append(Stage())
            stages[-1].functions.append(step)
    return stages


def run_stages(
    steps: Sequence[Callable[..., Any]],
    images: Iterable[Any],
    key: tuple[int, int],
    indices: Iterable[int],
    backend: Backend,
    origin: OriginOf,
) -> Any:
    """Carry out Python functions and the steps after them.

    Each sample finds torch's, NumPy's and Python's global generators seeded by its own key. Native steps after a
    function draw from torch's, too.

    Args:
        steps: ``python`` of a recipe.
        images: n images.
        key: seed and epoch.
        indices: of the n samples.
        origin: an exception gets a note about it.

    Returns:
        A list of n images; or a tensor ``[n, C, H, W]``, if the last steps were native and made one.
    """
    stages, seeds = stages_of(steps), draws.seeds(*key, list(indices))
    made: Any = images
    states: list[Any] = []
    with draws.generators_kept():
        for number, stage in enumerate(stages):
            u: list[NDArray[np.float64]] = []
            given, made = made, []
            for place, (image, seed) in enumerate(zip(given, seeds, strict=True)):
                if number == 0:
                    draws.seed_generators(seed)
                else:
                    draws.set_generators(states[place])
                with _noted(origin, place):
                    made.append(call_all(stage.functions, image, followed=bool(stage.native)))
                u.append(stage.draw())
                if number + 1 < len(stages):
                    states[place : place + 1] = [draws.generators()]
            if stage.native:
                made = _apply(stage.native, made, np.concatenate(u), backend, origin)
    return made


@contextlib.contextmanager
def _noted(origin: OriginOf, place: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"for {origin(place)}")
        raise


def _apply(
    steps: Sequence[Transform], images: Sequence[Any], u: NDArray[np.float64], backend: Backend, origin: OriginOf
) -> Any:
    """Native steps on what functions have made: pictures together, floats each by itself."""
    made: list[Any] = [None] * len(images)
    pictures: dict[int, NDArray[np.uint8]] = {}
    for place, image in enumerate(images):
        with _noted(origin, place):
            if isinstance(image, torch.Tensor) and image.is_floating_point():
                made[place] = _one_by_one(steps, image, u[place : place + 1])
            else:
                pictures[place] = picture_of(image)
    for channels in (1, 3):
        places = [place for place, picture in pictures.items() if picture.shape[2] == channels]
        if places:
            results = _together(steps, [pictures[place] for place in places], u[places], backend, origin, places)
            if len(places) == len(images):
                return results
            for place, result in zip(places, results, strict=True):
                made[place] = result
    return made


def _one_by_one(steps: Sequence[Transform], image: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
    begin = 0
    for step in steps:
        image = on_floats(step, image, u[:, begin : begin + step.draws])
        begin += step.draws
    return image


@functools.lru_cache(maxsize=64)  # making one takes 100 us
def _recipe(steps: tuple[Transform, ...], channels: int) -> Recipe:
    return Recipe(steps, channels)


def _together(
    steps: Sequence[Transform],
    pictures: list[NDArray[np.uint8]],
    u: NDArray[np.float64],
    backend: Backend,
    origin: OriginOf,
    places: list[int],
) -> Any:
    """Pictures of one number of channels: a tensor ``[n, C, H, W]``, or a list of n if they differ in size."""
    with _noted(origin, places[0]):
        recipe = _recipe(tuple(steps), pictures[0].shape[2])
    height, width = (np.array([picture.shape[axis] for picture in pictures]) for axis in (0, 1))
    passes, refused = plan_passes(recipe, width, height, u)
    for i, what in sorted(refused.items()):
        with _noted(origin, places[i]):
            raise Origin("the picture").region_error(what)
    colored = [in_color(picture) for picture in pictures]
    made: Any = [None] * len(pictures)
    sizes = [passes[-1].size(i) for i in range(len(pictures))]
    for block in in_blocks(*passes[-1].sizes):
        those = [sizes[i] for i in block]
        shape = (len(block), recipe.channels, *(max(side) for side in zip(*those, strict=True)))
        images = memory.empty(shape, recipe.written or torch.uint8, varies=recipe.size is None)
        rows, step_rows = tables_of([each.part(block) for each in passes])
        backend.resample(colored, rows, memory.array(images), context.num_threads(), step_rows)
        for i, image in zip(block, images_in(images, those), strict=True):
            made[i] = image
        if len(block) == len(pictures) and len(set(those)) == 1:
            made = images
    made, _ = recipe.finish_all(made, u)
    after = steps[len(steps) - len(recipe.python) :]  # flips and crops of what the numeric steps have made
    if after:
        rest = u[:, u.shape[1] - sum(step.draws for step in after) :]
        made = [_one_by_one(after, image, rest[i : i + 1]) for i, image in enumerate(made)]
    return made
