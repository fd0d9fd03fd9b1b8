"""Masks: pictures whose pixels are class numbers. They are read unchanged, and move with their picture."""

from __future__ import annotations

import operator
import os
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import context
from pixfeed._real_torch import torch
from pixfeed.backends.contract import Backend, Caching
from pixfeed.collate import default_collate
from pixfeed.errors import ImageError, Origin, RegionError
from pixfeed.lists.annotated import Masked
from pixfeed.lists.annotations import Annotations
from pixfeed.targets import kept_masks
from pixfeed.targets.base import Column, Targets
from pixfeed.targets.mask_values import GivenValues, MaskValues
from pixfeed.transforms.point_map import PointMap


def _values(
    given: GivenValues | None, classes: Collection[int] | None, ignore_index: int, dtype: torch.dtype
) -> MaskValues | None:
    """What numbers in files mean, and which there may be; the arguments are those of :class:`Masks`."""
    if dtype not in (torch.int64, torch.uint8):
        raise ValueError(f"mask_dtype is {dtype}; it may be torch.int64 or torch.uint8")
    values = None if given is None else MaskValues(given)
    if classes is not None:
        known = {*classes, ignore_index}
        shown = f"{len(classes)} classes, {min(classes)} to {max(classes)}, besides ignore_index={ignore_index}"
        if values is None:
            more = "say more classes, or what the numbers mean: mask_values={number: class, ...}"
            values = MaskValues.of_classes(known, f"there are {shown}; {more}")
        others = [number for number in values.classes if number not in known]
        if others:
            raise ValueError(f"mask_values has the class {others[0]}; there are {shown}")
    if dtype == torch.uint8:
        if values is None:
            values = MaskValues.of_classes(range(256), "mask_dtype=torch.uint8 has 0 to 255; leave it away")
        wrong = [number for number in (*values.classes, ignore_index) if not 0 <= number <= 255]
        if wrong:
            raise ValueError(f"{wrong[0]} does not fit mask_dtype=torch.uint8, which has 0 to 255")
    return values


class Masks(Targets):
    """int64 or uint8 ``[H, W]``.

    Args:
        files: see :class:`Targets`.
        folder: what the masks' names are relative to.
        ignore_index: the number where a picture is padded.
        values: what the numbers in files mean; ``None``: themselves.
        classes: the numbers of the classes that there are, besides ``ignore_index``; ``None``: any.
        dtype: of the masks.

    Raises:
        ValueError, TypeError: these do not go together.
    """

    kind = "mask"
    files: Annotations | Masked
    fill: int
    values: MaskValues | None = None  # pickles of masks without it are as they were
    dtype = torch.int64

    def __init__(
        self,
        files: Annotations | Masked,
        folder: str | os.PathLike[str],
        ignore_index: int,
        values: GivenValues | None = None,
        classes: Collection[int] | None = None,
        dtype: torch.dtype = torch.int64,
    ):
        self.files = files
        self.folder = os.fspath(folder)
        self.fill = operator.index(ignore_index)
        checked = _values(values, classes, self.fill, dtype)
        if checked is not None:
            self.values = checked
        if dtype != torch.int64:
            self.dtype = dtype

    def read(
        self,
        rows: Sequence[int],
        points: PointMap,
        wanted: Sequence[int],
        backend: Backend,
        caching: Caching | None = None,
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        """What the backend can read is read by it, all masks of one size at once; Pillow reads the others, or finds out
        what is wrong with them."""
        if self.values is not None and self.values.are_colors:
            return super().read(rows, points, wanted, backend, caching)
        groups: dict[tuple[int, int], list[int]] = {}
        pixels = {place: points.pixels(place) for place in wanted}
        for place, (y, x) in pixels.items():
            groups.setdefault((len(y), len(x)), []).append(place)
        made: list[Any] = [None] * len(rows)
        for size, places in groups.items():
            out = torch.empty(len(places), *size, dtype=self.dtype)
            done = backend.read_masks(
                [self._path(rows[place]) for place in places],
                np.array([points.picture(place)[::-1] for place in places], np.int32),
                [pixels[place] for place in places],
                out.numpy(),
                self.fill,
                None if self.values is None else self.values.table,
                1 if len(places) == 1 else context.num_threads(),
                caching,
            )
            for i in np.flatnonzero(done):
                made[places[i]] = self._turned(out[i].numpy(), points, places[i])
        left = [place for place in wanted if made[place] is None]
        column, failed = super().read(rows, points, left, backend, caching)
        return [one if one is not None else column[place] for place, one in enumerate(made)], failed

    def _path(self, row: int) -> str:
        masks = self.files.masks
        assert masks is not None  # it is a list of masks
        return os.path.join(self.folder, masks.name(row))

    def make(self, row: int, points: PointMap, place: int, caching: Caching | None = None) -> Any:
        path = self._path(row)
        origin = Origin(path, self.files.filename, self.files.line(row))
        colors = self.values is not None and self.values.are_colors
        mask = kept_masks.read(path, origin, points.picture(place), colors, caching)
        if self.values is not None:
            mask = self.values.checked(mask, origin)
        y, x = points.pixels(place)
        made = mask[np.ix_(y, x)]
        made = made.astype(np.int64) if self.values is None else self.values.classes_of(made)
        made[y < 0] = self.fill
        made[:, x < 0] = self.fill
        return self._turned(made, points, place)

    def _turned(self, made: NDArray[Any], points: PointMap, place: int) -> torch.Tensor:
        """The mask, of what rows and columns make of it."""
        pixels = points.turned(place)
        if pixels is not None:
            made = np.where(pixels >= 0, made.reshape(-1)[pixels], made.dtype.type(self.fill))
        return torch.from_numpy(made).to(self.dtype)

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return torch.full(size, self.fill, dtype=self.dtype)

    def column(self, made: Column) -> Any:
        masks = list(made)
        return default_collate(masks) if len({mask.shape for mask in masks}) == 1 else masks
