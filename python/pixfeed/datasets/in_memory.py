"""A set of pictures that are all of one size and all in memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends, draws, memory
from pixfeed._real_torch import torch
from pixfeed._torch import asked_itself
from pixfeed.backends import Backend, BackendName
from pixfeed.collate.batch import Batch
from pixfeed.context import num_threads
from pixfeed.datasets.base import ImageDataset
from pixfeed.errors import Origin
from pixfeed.transforms.compose import in_color, steps_of
from pixfeed.transforms.execute import plan_passes, tables_of
from pixfeed.transforms.fuse import Recipe
from pixfeed.transforms.python_steps import name_of, to_blame
from pixfeed.transforms.translate import advice
from pixfeed.transforms.values import Values, check_dtype, check_memory_format, numbers

_Rows = Sequence[int] | NDArray[np.int64]


def _names(values: Values) -> list[str]:
    """The transforms that do the same."""
    if values.dtype == torch.uint8:
        return ["PILToTensor()"]
    mean, std = ([float(f"{number:g}") for number in numbers] for numbers in (values.mean, values.std))
    plain = set(mean) == {0.0} and set(std) == {1.0}
    return ["ToTensor()"] if plain else ["ToTensor()", f"Normalize({mean}, {std})"]


class InMemory(ImageDataset):
    """The common part of the classic sets, whose images are all in memory.

    ``data`` and ``targets`` are torchvision's. They may be changed or replaced.

    Args:
        data, targets: the images, uint8, and their labels, as torchvision keeps them.
        transform: ``None``: items are tensors as ``ToTensor()`` makes them, or as ``mean``, ``std`` and ``dtype`` say.
            pixfeed's transforms, and torchvision's that have an equal, are carried out natively; see *Transforms* of
            :class:`pixfeed.FastTxtDataset`. Others are called with a PIL image, item by item.
        target_transform: called with each label.
        mean, std: one number for all channels, or one per channel. Values are ``(value / 255 - mean) / std``, each step
            rounded to float32, as ``ToTensor`` and ``Normalize`` compute them. Only with ``transform=None``.
        dtype: ``torch.float32``, ``torch.float16``, ``torch.bfloat16``, or ``torch.uint8`` for values from 0 to 255. A
            native transform takes it as :class:`pixfeed.FastTxtDataset` does; with any other transform it is an error.
        memory_format: ``torch.contiguous_format`` or ``torch.channels_last``.
        backend: see :class:`pixfeed.Reading`.
        seed: the seed of pixfeed's own transforms. Their random numbers depend on the seed, the epoch
            (:meth:`set_epoch`) and the index of the item, and on nothing else. ``None``: a seed that follows from
            ``torch.manual_seed``, without drawing from torch's generator.

    Raises:
        ValueError, TypeError: an argument makes no sense; or values are given twice, by ``transform`` and by ``mean``,
            ``std`` or ``dtype``.
    """

    #: The names of the classes, by label.
    classes: list[str]
    #: C of ``[C, H, W]``: 1 or 3.
    num_channels: int

    def __init__(
        self,
        data: Any,
        targets: Any,
        *,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        dtype: torch.dtype | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
        backend: BackendName | None = None,
        seed: int | None = None,
    ):
        self.data = data
        self.targets = targets
        self.target_transform = target_transform
        self.memory_format = check_memory_format(memory_format)
        if transform is not None and not (mean is None and std is None):
            raise ValueError("mean and std go with transform=None; a transform says them itself")
        self._dtype = dtype
        self.seed = None if seed is None else operator.index(seed)
        self._given = Values(
            check_dtype(torch.float32 if dtype is None else dtype),
            numbers(0.0 if mean is None else mean),
            numbers(1.0 if std is None else std),
        )
        if not self._given.fit(self.num_channels):
            raise ValueError(
                f"mean is {mean} and std is {std}; they may be finite numbers, one or {self.num_channels}, std not 0"
            )
        if dtype is torch.uint8 and not (mean is None and std is None):
            raise ValueError("dtype=torch.uint8 keeps the values: no mean and std")
        self._backend_name = backends.choose(backend).name
        self.transform = transform

    @property
    def transform(self) -> Callable[..., Any] | None:
        """The transform of each image. It may be replaced at any time.

        Raises:
            ValueError, TypeError: when it is set, if it does not go with the dataset's other arguments.
        """
        return self._transform

    @transform.setter
    def transform(self, transform: Callable[..., Any] | None) -> None:
        values: Values | None = self._given
        recipe: Recipe | None = None
        if transform is not None:
            recipe, values = Recipe(steps_of(transform, self.num_channels), self.num_channels), None
            recipe.settle(self._given.dtype)
            if recipe.only_writes and recipe.channels == self.num_channels:
                values, recipe = Values(recipe.settled, numbers(recipe.mean), numbers(recipe.std)), None
        if recipe is not None and self.seed is None and (recipe.draws or recipe.python):
            self.seed = draws.new_seed(self)
        self._transform, self._values, self._recipe = transform, values, recipe

    @property
    def dtype(self) -> torch.dtype:
        """Of the images, or of what a Python function gets."""
        if self._recipe is not None:
            return self._recipe.dtype or torch.uint8
        assert self._values is not None
        return self._values.dtype

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The classes' labels by name."""
        return {name: number for number, name in enumerate(self.classes)}

    @property
    def python_step(self) -> str:
        step = "" if self._recipe is None else to_blame(self._recipe.python)
        return step or ("" if self.target_transform is None else "target_transform")

    @property
    def is_random(self) -> bool:
        return self._recipe is not None and bool(self._recipe.draws or self._recipe.python)

    @property
    def makes_floats(self) -> bool:
        return self.dtype.is_floating_point

    def _pictures(self) -> NDArray[np.uint8]:
        """``data`` as uint8 ``[N, C, H, W]``, without a copy."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """``(image, target)``: a tensor ``[C, H, W]`` (or what ``transform`` gives) and an int.

        Raises:
            IndexError: there is no such item.
        """
        row = self._row(index)
        return self._images([row], draws.like([row], [index]))[0], self._labels([row])[0]

    @asked_itself
    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        """The items of a whole batch, converted in one call. torch's DataLoader calls this, and its default collate
        hands the batch on without a copy: images ``[B, C, H, W]``, targets int64 ``[B]``."""
        if self._has_own_items:
            return [self[index] for index in indices]
        rows = np.asarray(indices)
        if rows.dtype.kind not in "iu" or rows.ndim != 1 or rows.min() < 0 or rows.max() >= len(self):
            rows = np.array([self._row(index) for index in indices], np.int64)
        numbers = rows.tolist()
        images, labels = self._images(rows, draws.like(numbers, indices)), self._labels(numbers)
        return Batch(images, np.array(labels, np.int64) if set(map(type, labels)) == {int} else labels)

    def __repr__(self) -> str:
        recipe, values, step = self._recipe, self._values, self.target_transform
        about = [f"{len(self)} images", f"{len(self.classes)} classes"]
        about += [] if self.seed is None else [f"seed={self.seed}"]
        about += [] if recipe is not None and recipe.python else [str(self.dtype)]
        lines = [f"{type(self).__name__}({', '.join(about)}, backend {self._backend_name})"]
        if recipe is not None:
            lines += [*recipe.lines().splitlines(), *filter(None, [advice(recipe)])]
        elif values is not None:
            lines += ["native, in one pass: " + ", ".join(_names(values))]
        lines += [] if step is None else [f"in Python, per target: {name_of(step)}"]
        return "\n  ".join(lines)

    def _row(self, index: int) -> int:
        row = operator.index(index)
        row = row + len(self) if row < 0 else row
        if not 0 <= row < len(self):
            raise IndexError(f"there is no item {index}; there are {len(self)}")
        return row

    def _images(self, rows: _Rows, keys: Sequence[int]) -> Any:
        """Those of whole batches: a tensor ``[B, C, H, W]``, or what Python made of each.

        Args:
            keys: what the random numbers of each depend on: its row and its occurrence.
        """
        if self._recipe is None:
            return self._written(rows)
        u = self._draw(self._recipe, keys)
        images = self._recipe.finish(self._made(self._recipe, rows, u), u)
        if not self._recipe.python:
            return images
        return self._in_python(self._recipe, images.unbind(0), keys, lambda place: self._origin(rows[place]))

    def _backend(self) -> Backend:
        return backends.load(self._backend_name)

    def _made(self, recipe: Recipe, rows: Sequence[int] | NDArray[np.int64], u: NDArray[np.float64]) -> torch.Tensor:
        """The results of the recipe's passes, with uniform numbers ``[B, recipe.draws]``."""
        backend = self._backend()
        pictures = in_color(np.ascontiguousarray(np.moveaxis(self._pictures(), 1, -1)[rows]))
        height, width = (np.full(len(rows), side) for side in pictures.shape[1:3])
        passes, refused = plan_passes(recipe, width, height, u)
        for place, what in sorted(refused.items()):
            raise self._origin(rows[place]).region_error(what)
        shape = (len(rows), recipe.channels, *passes[-1].size(0))
        images = memory.empty(shape, recipe.settled, self.memory_format)
        plans, steps = tables_of(passes)
        backend.resample(list(pictures), plans, memory.array(images), num_threads(), steps)
        return images

    def _written(self, rows: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
        pictures, values = self._pictures(), self._values
        assert values is not None  # else there is a recipe
        out = memory.empty((len(rows), *pictures.shape[1:]), values.dtype, self.memory_format)
        mean, std = values.three()
        backend = self._backend()
        backend.write_pictures(pictures, np.asarray(rows, np.int64), memory.array(out), mean, std, num_threads())
        return out

    def _labels(self, rows: Sequence[int]) -> list[Any]:
        if isinstance(self.targets, list):
            labels = [self.targets[row] for row in rows]
        else:
            labels = np.asarray(self.targets)[list(rows)].tolist()
        if self.target_transform is None:
            return labels
        for place, row in enumerate(rows):
            try:
                labels[place] = self.target_transform(labels[place])
            except Exception as error:
                error.add_note(f"in target_transform, for {self._origin(row)}")
                raise
        return labels

    def _origin(self, row: int) -> Origin:
        return Origin(f"item {row} of {type(self).__name__}")
