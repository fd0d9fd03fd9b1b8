"""Batch: samples that were read together; Sample and Target: what is in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from pixfeed import memory
from pixfeed.errors import Origin


class Sample(tuple[Any, Any]):
    """``(image, target)``, which also knows where the image comes from.

    Attributes:
        fill: the number that a mask is padded with; ``None`` if the target is no mask.
    """

    fill: int | None
    _origin: Callable[[], Origin | None] | None

    def __new__(
        cls, image: Any, target: Any, origin: Callable[[], Origin | None] | None = None, fill: int | None = None
    ) -> Sample:
        sample = super().__new__(cls, (image, target))
        sample._origin = origin
        sample.fill = fill
        return sample

    @property
    def origin(self) -> Origin | None:
        """The origin of the image, ``None`` if it is not known."""
        return None if self._origin is None else self._origin()

    def __reduce__(self) -> tuple[type, tuple[tuple[Any, ...]]]:  # another process gets what a user sees: a tuple
        return tuple, (tuple(self),)


class Target(dict[str, torch.Tensor]):
    """The boxes or keypoints of one image: a dict of tensors by name, as many rows as there are boxes or keypoints.

    ``{"boxes": float32 [N, 4], "labels": int64 [N]}`` with ``targets="boxes"``, in pixels of the image (torchvision's
    detection models take it as it is with ``box_format="xyxy"``); ``{"keypoints": float32 [K, 3]}``, x, y in pixels and
    v, with ``targets="keypoints"``. In a batch there is a list of B dicts, or with :func:`pixfeed.pad_collate` one dict
    of padded tensors.

    Attributes:
        fill: by name, the number that :func:`pixfeed.pad_collate` pads with: -1 for ``"labels"``. All others are padded
            with 0.
    """

    fill: ClassVar[dict[str, int]] = {"labels": -1}


class Batch(Sequence[Any]):
    """Samples that were read together: what ``dataset.__getitems__`` returns.

    It is a Sequence of ``(image, target)``, for collate functions that take samples. Both default collates, pixfeed's
    and torch's, return its tensors without a copy.

    Attributes:
        images: a tensor ``[B, C, H, W]``; or a list of B images, if their sizes differ or Python made them.
        targets: an ndarray ``[B, L]`` or ``[B]`` of labels, an int64 tensor ``[B, H, W]`` of masks, or a list of B
            targets.
        padded: a tensor ``[B, C, H, W]`` that has the images of a list at the top left of each of its own, and zeros
            around them; ``None`` if there is none.
    """

    def __init__(
        self,
        images: torch.Tensor | list[Any],
        targets: NDArray[Any] | torch.Tensor | list[Any],
        origin: Callable[[int], Origin | None] | None = None,
        fill: int | None = None,
        padded: torch.Tensor | None = None,
    ):
        """
        Args:
            origin: tells where image ``i`` comes from, for errors.
            fill: the number that masks are padded with.
            padded: see the class.
        """
        self.images = images
        self.padded = padded
        self.targets = targets
        self._origin = origin
        self._fill = fill

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Batch:
        """A batch of samples that were read one by one."""

        def origin(place: int) -> Origin | None:
            return samples[place].origin

        fill = samples[0].fill if samples else None
        return cls([sample[0] for sample in samples], [sample[1] for sample in samples], origin, fill)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice) -> Any:
        places = range(len(self))[index]
        if isinstance(places, range):
            return Batch(_taken(self.images, places), _taken(self.targets, places), self._origin_in(places), self._fill)
        target = self.targets[places]
        return self._sample(places, self.images[places], int(target) if isinstance(target, np.integer) else target)

    def __iter__(self) -> Iterator[Sample]:
        images = self.images.unbind(0) if isinstance(self.images, torch.Tensor) else self.images
        targets = self.targets
        if isinstance(targets, np.ndarray) and targets.ndim == 1:
            targets = targets.tolist()
        for place, (image, target) in enumerate(zip(images, targets, strict=True)):
            yield self._sample(place, image, target)

    def replaced(self, images: torch.Tensor | list[Any], targets: Any) -> Batch:
        """The same samples with other images and targets."""
        return Batch(images, targets, self._origin, self._fill)

    def split(self, sizes: Sequence[int]) -> list[Batch]:
        """Batches of their own; images lie where they are. See :func:`pixfeed.memory.split`."""
        ends = list(accumulate(sizes))
        places = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        images, targets = (
            memory.split(column, sizes) if isinstance(column, torch.Tensor) else [_taken(column, at) for at in places]
            for column in (self.images, self.targets)
        )
        return [Batch(images[i], targets[i], self._origin_in(at), self._fill) for i, at in enumerate(places)]

    def __repr__(self) -> str:
        return f"Batch of {len(self)}"

    def __reduce__(self) -> tuple[type, tuple[list[tuple[Any, ...]]]]:  # another process gets what a user sees
        return list, ([tuple(sample) for sample in self],)

    def _sample(self, place: int, image: Any, target: Any) -> Sample:
        return Sample(image, target, None if self._origin is None else partial(self._origin, place), self._fill)

    def _origin_in(self, places: range) -> Callable[[int], Origin | None] | None:
        origin = self._origin
        return None if origin is None else lambda place: origin(places[place])


def _taken(column: Any, places: range) -> Any:
    """Some items of a column; a view if they follow each other."""
    if isinstance(column, list):
        return [column[place] for place in places]
    return column[places.start : places.stop : places.step] if places.step > 0 else column[list(places)]
