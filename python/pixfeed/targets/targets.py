"""Targets: what goes with a picture beyond a label, moved with it: masks, boxes, keypoints."""

from __future__ import annotations

import operator
import os

import numpy as np
import torch

from pixfeed import plan
from pixfeed.collate import Target, default_collate
from pixfeed.errors import Origin
from pixfeed.lists.annotations import Annotations
from pixfeed.targets import masks
from pixfeed.transforms.fuse import Recipe

KINDS = ("labels", "mask", "boxes", "keypoints")
#: How boxes are given, in torchvision's words.
BOX_FORMATS = ("xywh", "xyxy")


class Places:
    """What n pictures were made by: where each pixel of theirs went. ``note`` is the reader's ``planned``; what it is
    told of one picture several times are the passes that the picture takes, one after the other."""

    def __init__(self, n: int):
        self._passes: list[list[tuple]] = [[] for _ in range(n)]  # (HEADER row [1], PLAN row [1], size) each, see plan

    def note(self, piece: slice, headers: np.ndarray, rows: np.ndarray, size: tuple[int, int]) -> None:
        for i, passes in enumerate(self._passes[piece]):
            passes.append((headers[i : i + 1], rows[i : i + 1], size))

    def picture(self, at: int) -> tuple[int, int]:
        """(height, width) of picture ``at`` as displayed."""
        header = self._passes[at][0][0][0]
        return int(header["height"]), int(header["width"])

    def points(self, at: int, points: np.ndarray) -> np.ndarray:
        """Where points ``[k, 2]`` of picture ``at`` lie in what was made of it; see :func:`pixfeed.plan.map_points`."""
        for header, row, size in self._passes[at]:
            points = plan.map_points(row, size, points[None], header)[0]
        return points

    def borders(self, at: int) -> np.ndarray:
        """left, upper, right, lower of the part of what was made that shows picture ``at``, float64 ``[4]``."""
        borders = None
        for header, row, size in self._passes[at]:
            shown = plan.visible(row, size)[0].astype(np.float64)
            if borders is not None:  # of what the passes before have left
                corners = plan.map_points(row, size, borders.reshape(1, 2, 2), header)[0]  # a flip exchanges them
                before = np.concatenate([corners.min(0), corners.max(0)])
                shown = np.clip(before, shown[[0, 1, 0, 1]], shown[[2, 3, 2, 3]])
            borders = shown
        return borders

    def pixels(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        """The row of picture ``at`` that each row of what was made of it shows, and the column of each column; see
        :func:`pixfeed.plan.nearest_pixels`."""
        axes = None
        for header, row, size in self._passes[at]:
            nearest = plan.nearest_pixels(row[0], size, header[0])
            if axes is not None:  # pixels of what the pass before has made
                nearest = tuple(np.where(now >= 0, before[now], -1) for before, now in zip(axes, nearest, strict=True))
            axes = nearest
        return axes


class Targets:
    """The targets of a list.

    Attributes:
        files: the list's names and annotations.
        fill: of masks, the number where they are padded.
    """

    fill: int | None = None

    def __init__(self, files: Annotations):
        self.files = files

    def make(self, i: int, places: Places, at: int) -> torch.Tensor | Target:
        """Of sample ``i``, whose picture is ``at`` in ``places``.

        Raises:
            ImageError, RegionError: a mask cannot be read, or is not its picture's.
        """
        raise NotImplementedError

    def nothing(self, i: int, size: tuple[int, int]) -> torch.Tensor | Target:
        """Of sample ``i``, whose picture could not be read."""
        raise NotImplementedError

    def batch(self, made: list) -> torch.Tensor | list[Target]:
        """For :class:`pixfeed.collate.Batch`."""
        return made


class Masks(Targets):
    """int64 ``[H, W]``.

    Args:
        files: see :class:`Targets`.
        folder: what the masks' names are relative to.
        ignore_index: the number where a picture is padded.
    """

    def __init__(self, files: Annotations, folder: str | os.PathLike, ignore_index: int):
        super().__init__(files)
        self.folder = os.fspath(folder)
        self.fill = operator.index(ignore_index)
        masks.pillow()

    def make(self, i, places, at):
        path = os.path.join(self.folder, self.files.masks.name(i))
        origin = Origin(path, self.files.filename, self.files.line(i))
        mask = masks.read(path, origin, places.picture(at))
        y, x = places.pixels(at)
        made = mask[np.ix_(y, x)].astype(np.int64)
        made[y < 0] = self.fill
        made[:, x < 0] = self.fill
        return torch.from_numpy(made)

    def nothing(self, i, size):
        return torch.full(size, self.fill)

    def batch(self, made):
        return default_collate(made)


class Boxes(Targets):
    """``{"boxes": float32 [N, 4], "labels": int64 [N]}``: in pixels of what was made of the picture, cut off where it
    ends.

    Args:
        files: see :class:`Targets`.
        min_visibility: a box of whose area a smaller share is left is dropped; one of which nothing is left always.
        form: one of BOX_FORMATS: x, y, w, h, or left, upper, right, lower.
    """

    def __init__(self, files: Annotations, min_visibility: float, form: str = "xywh"):
        super().__init__(files)
        if not 0 <= min_visibility <= 1:
            raise ValueError(f"min_visibility is {min_visibility!r}; it must be a share, from 0 to 1")
        self.min_visibility = float(min_visibility)
        if form not in BOX_FORMATS:
            raise ValueError(f"box_format is {form!r}; it may be one of {', '.join(BOX_FORMATS)}")
        self.form = form

    def make(self, i, places, at):
        mine = slice(*self.files.offsets[i : i + 2])
        boxes = self.files.values[mine].astype(np.float64)
        corners = np.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)  # [N, 2, 2]
        corners = places.points(at, corners.reshape(-1, 2)).reshape(-1, 2, 2)
        start, end = corners.min(1), corners.max(1)  # a flip exchanges them
        area = (end - start).prod(1)
        borders = places.borders(at)
        start, end = np.clip(start, borders[:2], borders[2:]), np.clip(end, borders[:2], borders[2:])
        sides = end - start
        kept = (sides > 0).all(1) & (sides.prod(1) >= self.min_visibility * area * (1 - 1e-9))
        boxes = np.concatenate([start, end if self.form == "xyxy" else sides], 1).astype(np.float32)
        if self.form == "xyxy":
            kept &= (boxes[:, 2:] > boxes[:, :2]).all(1)  # as float32, too
        return Target(boxes=torch.from_numpy(boxes[kept]), labels=torch.from_numpy(self.files.classes[mine][kept]))

    def nothing(self, i, size):
        return Target(boxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.int64))


class Keypoints(Targets):
    """``{"keypoints": float32 [K, 3]}``: x, y, v; all 0 for a point that was not there (v = 0), or no longer is.
    A flip does not exchange left and right eyes."""

    def make(self, i, places, at):
        mine = slice(*self.files.offsets[i : i + 2])
        points = self.files.values[mine].astype(np.float64)
        points[:, :2] = places.points(at, points[:, :2])
        borders = places.borders(at)
        inside = ((points[:, :2] >= borders[:2]) & (points[:, :2] <= borders[2:])).all(1)
        points[~inside | (points[:, 2] == 0)] = 0
        return Target(keypoints=torch.from_numpy(points.astype(np.float32)))

    def nothing(self, i, size):
        return Target(keypoints=torch.zeros(int(self.files.labels[i, 0]), 3))


def of_list(
    kind: str,
    filename: str | os.PathLike,
    folder: str | os.PathLike,
    delimiter: str | None,
    header: bool,
    ignore_index: int,
    min_visibility: float,
    box_format: str,
) -> Targets:
    """The targets of a list file; arguments as :class:`pixfeed.FastTxtDataset` has them."""
    files = Annotations(filename, kind, delimiter, header)
    if kind == "mask":
        return Masks(files, folder, ignore_index)
    return Boxes(files, min_visibility, box_format) if kind == "boxes" else Keypoints(files)


def check_recipe(recipe: Recipe, kind: str) -> None:
    """Raises:
    ValueError: the targets could not be moved along with the picture.
    """
    if recipe.python:
        raise ValueError(
            f"targets={kind!r} cannot follow {recipe.python[0]!r}, which runs in Python; put pixfeed's own transforms "
            "before ToTensor, and do the rest on batches"
        )
