"""Pass: transforms that one PLAN row and the STEP rows after it carry out together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pixfeed.plan import PLAN
from pixfeed.transforms.color import Color
from pixfeed.transforms.crop_pad_flip import Padding
from pixfeed.transforms.geometry import Corners, Geometric, Geometry
from pixfeed.transforms.resize import MIRRORED, RandomResizedCrop, RandomSize, Resize, ResizeTo
from pixfeed.transforms.stepped import Stepped, as_steps

#: Steps of color that fit in one PLAN row.
_MOST_ADJUSTMENTS: int = PLAN["adjust"].shape[0]


@dataclass
class Pass:
    """Transforms that one PLAN row and the STEP rows after it carry out together, and the state of what it has been
    given so far."""

    steps: list[tuple[Geometric, slice]] = field(default_factory=list)  # with their columns of random numbers
    gray: bool = False  # takes gray pictures
    frame: tuple[str, tuple[int, int, int]] | None = None  # padding_mode, and the color of "constant"
    resized: bool = False
    windowed: bool = False  # something was cropped off that can no longer be cropped off while decoding
    flipped: bool = False
    adjustments: int = 0
    stepped: int | None = None  # the place of the first of ``steps`` that is carried out by STEP rows

    def takes(self, step: Geometric, size: tuple[int, int] | None) -> bool:
        """Whether the step can still be added, for pictures of that size by now."""
        does = step.does(size)
        if isinstance(step, Stepped):
            return True
        if self.stepped is not None:
            return isinstance(step, Color) or does == {"flip"}
        if isinstance(step, Color):
            return self.adjustments + step.steps <= _MOST_ADJUSTMENTS
        if does == {"flip"}:
            return True
        if self.adjustments:
            return False
        if "resize" in does and (self.resized or self.frame or (self.flipped and not _is_mirrored(step))):
            return False
        if isinstance(step, Padding) and "pad" in does:
            again = self.frame == _frame(step) and step.padding_mode == "constant"
            return not self.windowed and (self.frame is None or again)
        return True

    def add(self, step: Geometric, columns: slice, size: tuple[int, int] | None) -> None:
        does = step.does(size)
        if isinstance(step, Stepped) and self.stepped is None:
            self.stepped = len(self.steps)
        if isinstance(step, Padding) and "pad" in does:
            self.frame = _frame(step)
        if "crop" in does and "resize" not in does:
            self.windowed |= self.resized or self.frame is not None
        self.resized |= "resize" in does
        self.flipped |= "flip" in does
        self.adjustments += step.steps if isinstance(step, Color) else 0
        self.steps.append((step, columns))

    def geometry(
        self,
        width: NDArray[np.int64],
        height: NDArray[np.int64],
        u: NDArray[np.float64],
        boxes: Callable[[Geometry], list[Corners]] | None = None,
    ) -> Geometry:
        """For n pictures, their sides ``[n]``, and uniform numbers ``[n, draws]``; ``boxes``: see
        :class:`Geometry`."""
        geometry = Geometry(width, height, boxes)
        for step, columns in self.steps[: self.stepped]:
            step.change(geometry, u[:, columns])
        return geometry

    def step_rows(
        self, width: NDArray[np.int64], height: NDArray[np.int64], u: NDArray[np.float64]
    ) -> NDArray[np.void] | None:
        """STEP rows ``[n, k]`` for what the PLAN rows of n pictures make, whose sides are ``[n]``; ``None`` if no
        transform has any."""
        if self.stepped is None:
            return None
        found: list[NDArray[np.void]] = []
        for step, columns in self.steps[self.stepped :]:
            found += as_steps(step, width, height, u[:, columns])
            if found:
                width, height = (found[-1][side].astype(np.int64) for side in ("width", "height"))
        return np.stack(found, 1) if found else None


def _frame(step: Padding) -> tuple[str, tuple[int, int, int]]:
    return step.padding_mode, step.color


def _is_mirrored(step: Geometric) -> bool:
    """Whether a resize of the mirror image gives the mirror image."""
    return isinstance(step, (Resize, ResizeTo, RandomResizedCrop, RandomSize)) and step.number in MIRRORED
