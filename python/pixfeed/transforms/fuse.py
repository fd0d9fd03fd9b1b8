"""Recipe: which transforms one native pass carries out together, which come after it, and which run in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from pixfeed._stand_in import torch
from pixfeed.transforms.base import Transform
from pixfeed.transforms.branches import Branching
from pixfeed.transforms.color import Grayscale
from pixfeed.transforms.crop_pad_flip import Padding
from pixfeed.transforms.erasing import RandomErasing
from pixfeed.transforms.fused import Fused
from pixfeed.transforms.geometry import Geometric
from pixfeed.transforms.one_pass import Pass
from pixfeed.transforms.python_steps import call_all, name_of
from pixfeed.transforms.resize import ResizeTo
from pixfeed.transforms.stepped import Stepped
from pixfeed.transforms.to_tensor import Normalize, Numeric, PILToTensor, ToDtype, ToTensor

#: Variants of a recipe that are kept.
_MOST_VARIANTS = 1000


def runs_in_python(step: Callable[..., Any]) -> bool:
    """Whether a step is called per sample, wherever it stands."""
    return not isinstance(step, Transform) or (isinstance(step, Branching) and not step.is_native)


def is_batched(step: Callable[..., Any]) -> TypeGuard[Transform]:
    """Whether a step can be carried out on many images at once after a Python function. One that draws which steps are
    carried out does that image by image there."""
    return isinstance(step, Transform) and not isinstance(step, Branching)


def fixed_steps(transforms: Sequence[Callable[..., Any]]) -> int:
    """How many transforms, from the first on, do the same with a picture every time."""
    others = Branching, Stepped  # their rows are not those of a pass alone
    is_fixed = (isinstance(step, Geometric) and not (step.draws or isinstance(step, others)) for step in transforms)
    return next((place for place, fixed in enumerate(is_fixed) if not fixed), len(transforms))


def augments(transforms: Sequence[Callable[..., Any]]) -> bool:
    """Whether pictures go through steps after they are resized, such as those of RandAugment: nothing can keep that."""
    return any(isinstance(step, (Branching, Stepped)) for step in transforms)


class Recipe:
    """A sequence of transforms, divided into native passes, numeric steps and Python.

    If there is a :class:`Branching` among them, :meth:`variants` gives the recipes that samples get. All of them have
    the same numeric steps, dtype and number of channels.

    Args:
        transforms: pixfeed's, and any callables.
        channels: of the pictures that are read: 3, or 1 for gray.
        columns: of random numbers, by transform; ``None``: one after the other.
        fixed: how many of the transforms have passes of their own, whose pictures a cache keeps; ``None``: no cache.

    Attributes:
        passes: the first pass reads files. Each other pass takes the result of the one before, uint8 ``[H, W, 3]``.
        mean, std: three numbers each, for the last pass.
        written: the dtype that the last pass writes, ``None`` if no transform determines it.
        dtype: the dtype of the images in the end, before Python; see :meth:`settle`.
        numeric: what is done to whole batches after that, with columns of random numbers.
        python: what is done to each sample in Python after that.
        size: (height, width) of the results of the passes, ``None`` if it depends on the picture.
        channels: the number of channels of the results.
        draws: random numbers per sample.
        branches: whether :meth:`variants` have the passes.
        needs_boxes: whether it is planned with the boxes of the pictures.
        fixed: how many of the passes make what a cache keeps; 0 without one.

    Raises:
        TypeError, ValueError: something is no transform, or the order makes no sense.
    """

    def __init__(
        self,
        transforms: Sequence[Callable[..., Any]],
        channels: int = 3,
        columns: Sequence[slice] | None = None,
        fixed: int | None = None,
    ):
        self.fixed = 0
        self._keeps = fixed
        self.reads_gray = channels == 1
        self.channels = channels
        self.passes = [Pass(gray=self.reads_gray)]
        self.written: torch.dtype | None = None
        self.mean: tuple[float, ...] = (0.0,) * 3
        self.std: tuple[float, ...] = (1.0,) * 3
        self.numeric: list[tuple[Numeric, slice]] = []
        self.python: list[Callable[..., Any]] = []
        self.size: tuple[int, int] | None = None
        self.draws = 0
        self._fused: list[Transform] = []  # into the last pass, after its steps
        self._normalizes = False
        self._native: list[tuple[Transform, slice]] = []
        self.branches = self.needs_boxes = False
        self._variants: dict[tuple[tuple[int, ...], ...], Recipe] = {}
        for place, step in enumerate(transforms):
            if place == fixed:
                self._end_fixed()
            if self.python or not isinstance(step, Transform) or runs_in_python(step):
                if not callable(step):
                    raise TypeError(f"{step!r} is no transform: it cannot be called")
                self.python.append(step)
                continue
            mine = slice(self.draws, self.draws + step.draws) if columns is None else columns[place]
            if isinstance(step, Geometric):
                self._add(step, mine)
            else:
                assert isinstance(step, Numeric)  # there are no others
                self._add_numeric(step, mine)
            self._native.append((step, mine))
            self.draws += step.draws
        if self.written is None and (self.numeric or self.python):
            self.written = torch.uint8
        if fixed == len(transforms):
            self._end_fixed()

    def _end_fixed(self) -> None:
        """Whatever follows begins another pass."""
        self.fixed = len(self.passes)
        self.passes.append(Pass(gray=self.channels == 1))

    def _add(self, step: Geometric, columns: slice) -> None:
        last, does = self.passes[-1], step.does(self.size)
        self.needs_boxes |= step.needs_boxes
        if self._makes_floats() or self.numeric:
            if does != {"flip"} and does != {"crop"}:  # those change no number
                raise ValueError(f"{step} works on pixels: put it before {self._writers()}")
            fits = does == {"flip"} if self.branches else last.takes(step, self.size)
            if self.numeric or not fits:
                self.python.append(step)
                return
        if isinstance(step, (Padding, Stepped)) and self.channels == 1 and len(set(step.color)) > 1:
            raise ValueError(f"{step} fills with a color, and the picture is gray")
        gray = self.channels == 1
        if isinstance(step, Stepped) and gray:
            step = step.on_gray()
        if isinstance(step, Grayscale):
            self.channels = step.num_output_channels
            if gray:
                if self.channels == 3:  # all are alike, until something colored comes
                    self.passes.append(Pass())
                return
        if isinstance(step, Branching):
            self._check_leaves(step)
            self.branches = True
        if self.branches:  # the variants have passes
            last.steps.append((step, columns))
        else:
            if not last.takes(step, self.size):
                self.passes.append(last := Pass(gray=gray))
            last.add(step, columns, self.size)
        self.size = step.size_after(self.size)

    def _check_leaves(self, step: Branching) -> None:
        for leaf, _ in step.leaves:
            if isinstance(leaf, Grayscale) and leaf.num_output_channels != self.channels:
                raise ValueError(f"{step} would make pictures of 1 and of 3 channels: use Grayscale({self.channels})")
            if isinstance(leaf, (Padding, Stepped)) and self.channels == 1 and len(set(leaf.color)) > 1:
                raise ValueError(f"{leaf} fills with a color, and the picture is gray")

    def variants(self, u: NDArray[np.float64]) -> list[tuple[list[int], Recipe]]:
        """The recipes, without branches, of n samples: places, and what is done there.

        Args:
            u: uniform numbers ``[n, draws]``.
        """
        branching = [(step, columns) for step, columns in self._native if isinstance(step, Branching)]
        chosen = zip(*(step.paths(u[:, columns]) for step, columns in branching), strict=True)
        groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
        for place, paths in enumerate(chosen):
            groups.setdefault(paths, []).append(place)
        return [(places, self._variant(paths)) for paths, places in groups.items()]

    def _variant(self, paths: tuple[tuple[int, ...], ...]) -> Recipe:
        """With the leaves at these places, for each step that branches."""
        found = self._variants.get(paths)
        if found is None:
            steps: list[Transform] = []
            columns: list[slice] = []
            todo = iter(paths)
            for step, mine in self._native:
                leaves = [step.leaves[i] for i in next(todo)] if isinstance(step, Branching) else [(step, 0)]
                steps += [leaf for leaf, _ in leaves]
                columns += [slice(mine.start + at, mine.start + at + leaf.draws) for leaf, at in leaves]
            found = Recipe(steps, 1 if self.reads_gray else 3, columns, self._keeps)
            if len(self._variants) >= _MOST_VARIANTS:
                self._variants.clear()
            self._variants[paths] = found
        return found

    def _add_numeric(self, step: Numeric, columns: slice) -> None:
        if isinstance(step, Normalize):
            if self.dtype is None or not self.dtype.is_floating_point:
                raise ValueError(f"{step} needs floats: put ToTensor() or ToDtype(torch.float32, scale=True) before it")
            for name in ("mean", "std"):
                if len(getattr(step, name)) not in (1, self.channels):
                    raise ValueError(f"{step} is for {len(step.mean)} channels, and there are {self.channels}")
        given = len(step.value) if isinstance(step, RandomErasing) and isinstance(step.value, tuple) else 1
        if given not in (1, self.channels):
            raise ValueError(f"{step} is for {given} channels, and there are {self.channels}")
        if self.numeric:
            self.numeric.append((step, columns))
        elif isinstance(step, (ToTensor, ToDtype, PILToTensor)) and self._can_write(step):
            self.written = self.written if isinstance(step, ToTensor) and self._makes_floats() else step.dtype
            self._fused.append(step)
        elif isinstance(step, Normalize) and not self._normalizes:
            self.mean, self.std = ((tuple(values) * 3)[:3] for values in (step.mean, step.std))
            self._normalizes = True
            self._fused.append(step)
        else:
            self.numeric.append((step, columns))
            self.written = self.written or torch.uint8

    @property
    def only_resizes(self) -> ResizeTo | None:
        """The plain resize, if the passes do nothing else."""
        steps = self.passes[0].steps
        alone = len(self.passes) == 1 and len(steps) == 1 and not self._normalizes
        return steps[0][0] if alone and isinstance(steps[0][0], ResizeTo) else None

    @property
    def only_writes(self) -> bool:
        """Whether pixels stay where they are, and are written as the last pass says."""
        return len(self.passes) == 1 and not (self.passes[0].steps or self.numeric or self.python)

    @property
    def makes_tensors(self) -> bool:
        """Whether a transform does."""
        return bool(self._fused or self.numeric)

    def _makes_floats(self) -> bool:
        return self.written is not None and self.written.is_floating_point

    def _can_write(self, step: ToTensor | ToDtype | PILToTensor) -> bool:
        """Whether the last pass can do it: values as they are, or floats, rounded once."""
        if self._makes_floats():
            return step.dtype.is_floating_point and (self.written == torch.float32 or step.dtype == self.written)
        return step.dtype == torch.uint8 or step.scale

    @property
    def dtype(self) -> torch.dtype | None:
        dtype = self.written
        for step, _ in self.numeric:
            is_float = dtype is not None and dtype.is_floating_point
            if isinstance(step, ToDtype) or (isinstance(step, ToTensor) and not is_float):
                dtype = step.dtype
        return dtype

    @property
    def settled(self) -> torch.dtype:
        """The dtype that the last pass writes, after :meth:`settle`."""
        assert self.written is not None
        return self.written

    def settle(self, dtype: torch.dtype) -> None:
        """Apply the ``dtype=`` of a dataset: the dtype where the transforms leave it open; float32 is rounded to 16
        bits, in the last pass or at the end of the numeric steps. float32, which is the default, changes nothing else.

        Raises:
            ValueError: it contradicts the transforms.
        """
        made = self.dtype
        if made is None:
            self.written = dtype
        elif made == torch.float32 and dtype.is_floating_point:
            if not self.numeric:
                self.written = dtype
            elif dtype != made:
                self.numeric.append((ToDtype(dtype), slice(0)))
        elif dtype not in (made, torch.float32):
            raise ValueError(
                f"dtype={dtype} contradicts the transform, which makes {made}: change its ToTensor or ToDtype (without "
                "one it makes torch.uint8), or leave dtype away"
            )

    def _writers(self) -> str:
        return ", ".join(map(repr, [*self._fused, *(step for step, _ in self.numeric)]))

    def finish(self, images: torch.Tensor, u: NDArray[np.float64]) -> torch.Tensor:
        """The numeric steps, on ``[n, C, H, W]`` with random numbers ``[n, draws]``."""
        for step, columns in self.numeric:
            images = step.apply(images, u[:, columns])
        return images

    def finish_all(self, images: torch.Tensor | list[torch.Tensor], u: NDArray[np.float64]) -> tuple[Any, bool]:
        """The same, also for a list of n images ``[C, h, w]`` of different sizes; and whether the results lie where the
        images did."""
        if not self.numeric:
            return images, True
        if isinstance(images, torch.Tensor):
            return self.finish(images, u), True
        made = [self.finish(image[None], u[i : i + 1])[0] for i, image in enumerate(images)]
        pairs = zip(images, made, strict=True)
        return made, all(a.data_ptr() == b.data_ptr() and a.dtype == b.dtype for a, b in pairs)

    def in_python(self, image: object) -> object:
        """The Python steps, on one sample's image."""
        return call_all(self.python, image)

    def __str__(self) -> str:
        return self.lines("decode")

    def lines(self, *before: str) -> str:
        """Which part runs where, one line per part; ``before``: what else the first pass does."""
        steps = [[repr(step) for step, _ in each.steps] for each in self.passes]
        steps[0] = [*before, *steps[0]]
        steps[-1] += map(repr, self._fused)
        count = "one pass" if len(steps) == 1 else f"{len(steps)} passes"
        count = "as many passes as each sample's branches need" if self.branches else count
        lines = [f"native, in {count}: " + "; ".join(map(", ".join, filter(None, steps)))] if any(steps) else []
        if any(isinstance(step, Fused) for each in self.passes for step, _ in each.steps):
            lines.append("fuse=True: affine steps in a row are one resampling, not equal to torchvision's pixels")
        if self.numeric:
            lines.append("after it, natively: " + ", ".join(repr(step) for step, _ in self.numeric))
        groups = groupby(self.python, is_batched)
        for number, (is_native, after) in enumerate(groups):
            where = "natively after that" if is_native and number else "in Python, per sample"
            lines.append(f"{where}: " + ", ".join(map(name_of, after)))
        return "\n".join(lines)
