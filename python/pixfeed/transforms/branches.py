"""RandomApply, RandomChoice and RandomOrder: which transforms a picture gets, and in which order, is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import draws
from pixfeed._stand_in import torch
from pixfeed.transforms.base import Transform, probability
from pixfeed.transforms.geometry import Geometric
from pixfeed.transforms.python_steps import ToPILImage, name_of

Step = Callable[..., Any]

#: A size is known after RandomOrder of no more transforms than this: 120 orders are tried.
_ORDERED = 5


class Branching(Geometric):
    """A transform that draws which of its transforms are carried out.

    Its columns of random numbers are its own, then those of all its transforms in the order in which they are given:
    each always has the same ones.

    Attributes:
        transforms: as they are given; a tuple of its steps in place of a Compose.
        children: the steps of each of them.
        leaves: the transforms inside, also inside of others like this one, each with its first column.
        is_native: whether all of them are of pixels, and pixfeed's. Otherwise it runs in Python.
        own: how many random numbers it takes for itself.
    """

    transforms: Sequence[Step]
    children: tuple[tuple[Step, ...], ...]
    leaves: tuple[tuple[Any, int], ...]
    is_native: bool
    own: int = 1

    def __post_init__(self) -> None:
        if callable(self.transforms) and not isinstance(self.transforms, Iterable):
            raise TypeError(f"transforms is {self.transforms!r}; it must be a sequence of transforms")
        given = tuple(self.transforms)
        if not given:
            raise ValueError("transforms is empty; it needs at least one transform")
        children = tuple(map(_steps, given))
        self._set(transforms=tuple(child[0] if len(child) == 1 else child for child in children), children=children)
        wrong = [step for step in chain.from_iterable(self.children) if not callable(step)]
        if wrong:
            raise TypeError(f"{wrong[0]!r} is no transform: it cannot be called")
        self._check()
        leaves: list[tuple[Any, int]] = []
        column = self.own
        for step in chain.from_iterable(self.children):
            inside = step.leaves if isinstance(step, Branching) else ((step, 0),)
            leaves += [(leaf, column + first) for leaf, first in inside]
            column += step.draws if isinstance(step, Transform) else 0
        is_native = all(isinstance(leaf, Geometric) for leaf, _ in leaves)
        needs_boxes = any(isinstance(leaf, Geometric) and leaf.needs_boxes for leaf, _ in leaves)
        self._set(leaves=tuple(leaves), draws=column, is_native=is_native, needs_boxes=needs_boxes)

    def _check(self) -> None:
        """Check the other arguments, and set ``own``."""

    def __repr__(self) -> str:
        names = [", ".join(map(name_of, child)) for child in self.children]
        names = [
            name if len(child) == 1 else f"Compose([{name}])" for name, child in zip(names, self.children, strict=True)
        ]
        return super().__repr__().replace(repr(self.transforms), f"[{', '.join(names)}]", 1)

    def orders(self, u: NDArray[np.float64]) -> list[Sequence[int]]:
        """By sample: which children it gets, in order. ``u``: uniform numbers ``[n, own]``."""
        raise NotImplementedError

    def possible(self) -> Iterable[Sequence[int]] | None:
        """All that :meth:`orders` may give; ``None`` if they are too many."""
        raise NotImplementedError

    def paths(self, u: NDArray[np.float64]) -> list[tuple[int, ...]]:
        """By sample: the places of the leaves that it gets, in order. ``u``: uniform numbers ``[n, draws]``."""
        by_child: list[list[tuple[int, ...]]] = []
        place, column = 0, self.own
        for child in self.children:
            found: list[tuple[int, ...]] = [()] * len(u)
            for step in child:
                assert isinstance(step, Transform)  # it is native
                inner: list[tuple[int, ...]] = [(0,)] * len(u)
                if isinstance(step, Branching):
                    inner = step.paths(u[:, column : column + step.draws])
                found = [path + tuple(place + i for i in more) for path, more in zip(found, inner, strict=True)]
                place += len(step.leaves) if isinstance(step, Branching) else 1
                column += step.draws
            by_child.append(found)
        orders = self.orders(u[:, : self.own])
        return [tuple(chain.from_iterable(by_child[k][i] for k in order)) for i, order in enumerate(orders)]

    def does(self, size: tuple[int, int] | None) -> frozenset[str]:
        return frozenset().union(*(leaf.does(None) for leaf, _ in self.leaves))

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        possible = self.possible()
        if possible is None:
            return None
        sizes = set()
        for order in possible:
            after = size
            for step in chain.from_iterable(self.children[k] for k in order):
                assert isinstance(step, Geometric)
                after = step.size_after(after)
            sizes.add(after)
        return sizes.pop() if len(sizes) == 1 else None

    def __call__(self, image: Any, *labels: Any) -> Any:
        """Transform one picture, with random numbers from torch's global generator; see
        :class:`pixfeed.transforms.Compose`. Where Python functions are inside, a PIL image stays one.

        Images and labels of a batch are for transforms of batches: MixUp and its like."""
        if labels:
            for step in chain.from_iterable(self.children[k] for k in self.orders(draws.from_torch(self.own))[0]):
                image, *labels = step(image, *labels)
            return image, *labels
        is_float = isinstance(image, torch.Tensor) and image.is_floating_point()
        if self.is_native and not is_float:
            return Transform.apply_all([self], image)
        is_pil = hasattr(image, "convert")
        for step in chain.from_iterable(self.children[k] for k in self.orders(draws.from_torch(self.own))[0]):
            image = step(image)
            if is_pil and isinstance(step, Geometric) and isinstance(image, torch.Tensor):
                image = ToPILImage()(image)
        return image


def _steps(transform: Any) -> tuple[Step, ...]:
    """The steps of a Compose, or of what the translation has made of one; or the transform itself."""
    steps = transform.transforms if type(transform).__name__ == "Compose" else transform
    return tuple(chain.from_iterable(map(_steps, steps))) if isinstance(steps, (list, tuple)) else (steps,)


@dataclass(frozen=True, repr=False)
class RandomApply(Branching):
    """Apply some transforms, all or none of them, with a given probability, as
    ``torchvision.transforms.v2.RandomApply``.

    Args:
        transforms: a sequence. With transforms of pixels that are pixfeed's it is carried out natively; with ToTensor,
            ToDtype, Normalize, RandomErasing or Python functions among them it runs in Python, per sample.
        p: the probability, from 0 to 1.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    transforms: Sequence[Step]
    p: float = 0.5

    def _check(self) -> None:
        self._set(p=probability(self.p))

    def orders(self, u: NDArray[np.float64]) -> list[Sequence[int]]:
        every = range(len(self.children))
        return [every if applies else () for applies in (u[:, 0] < self.p).tolist()]

    def possible(self) -> Iterable[Sequence[int]]:
        every = range(len(self.children))
        return [every] * (self.p > 0) + [()] * (self.p < 1)


@dataclass(frozen=True, repr=False)
class RandomChoice(Branching):
    """Apply one of several transforms, as ``torchvision.transforms.v2.RandomChoice``.

    Args:
        transforms: a sequence; see :class:`RandomApply`.
        p: the weight of each; ``None``: all have the same.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    transforms: Sequence[Step]
    p: Sequence[float] | None = None

    def _check(self) -> None:
        if self.p is None:
            return
        weights = tuple(float(weight) for weight in self.p)
        if len(weights) != len(self.children):
            raise ValueError(f"p has {len(weights)} weights, and there are {len(self.children)} transforms")
        if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
            raise ValueError(f"p is {self.p!r}; weights must be 0 or more, and not all 0")
        self._set(p=weights)

    def orders(self, u: NDArray[np.float64]) -> list[Sequence[int]]:
        ends = np.cumsum(np.ones(len(self.children)) if self.p is None else self.p)
        return [(k,) for k in np.searchsorted(ends / ends[-1], u[:, 0], "right").tolist()]

    def possible(self) -> Iterable[Sequence[int]]:
        return [(k,) for k in range(len(self.children)) if self.p is None or self.p[k] > 0]


@dataclass(frozen=True, repr=False)
class RandomOrder(Branching):
    """Apply several transforms in random order, as ``torchvision.transforms.v2.RandomOrder``.

    Args:
        transforms: a sequence; see :class:`RandomApply`.

    Raises:
        TypeError, ValueError: an argument makes no sense.
    """

    transforms: Sequence[Step]

    def _check(self) -> None:
        self._set(own=len(self.children))

    def orders(self, u: NDArray[np.float64]) -> list[Sequence[int]]:
        orders: list[Sequence[int]] = np.argsort(u, 1).tolist()
        return orders

    def possible(self) -> Iterable[Sequence[int]] | None:
        count = len(self.children)
        return permutations(range(count)) if count <= _ORDERED else None
