"""Targets: what goes with a picture beyond a label, moved with it: masks, boxes, keypoints."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence

import numpy as np
import torch

from pixfeed import masks, plan
from pixfeed.annotations import Annotations
from pixfeed.collate import Target, default_collate
from pixfeed.errors import Origin
from pixfeed.transforms.color import Color
from pixfeed.transforms.recipe import Recipe

KINDS = ("labels", "mask", "boxes", "keypoints")


class Places:
    """What n pictures were made by: where each pixel of theirs went. ``note`` is the reader's ``planned``.

    Attributes:
        rows: PLAN rows ``[n]``.
        headers: HEADER rows ``[n]``.
    """

    def __init__(self, n: int):
        self.rows = np.zeros(n, plan.PLAN)
        self.headers = np.zeros(n, plan.HEADER)

    def note(self, piece: slice, headers: np.ndarray, rows: np.ndarray) -> None:
        self.rows[piece], self.headers[piece] = rows, headers


class Targets:
    """The targets of a list.

    Attributes:
        files: the list's names and annotations.
        fill: of masks, the number where they are padded.
    """

    fill: int | None = None

    def __init__(self, files: Annotations):
        self.files = files

    def make(self, i: int, places: Places, at: int, size: tuple[int, int]) -> torch.Tensor | Target:
        """Of sample ``i``, whose picture of ``size`` (height, width) was made by row ``at`` of ``places``.

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

    def make(self, i, places, at, size):
        path = os.path.join(self.folder, self.files.masks.name(i))
        origin = Origin(path, self.files.filename, self.files.line(i))
        picture = tuple(int(places.headers[side][at]) for side in ("height", "width"))
        mask = masks.read(path, origin, picture)
        y, x = plan.nearest_pixels(places.rows[at], size, places.headers[at])
        made = mask[np.ix_(y, x)].astype(np.int64)
        made[y < 0] = self.fill
        made[:, x < 0] = self.fill
        return torch.from_numpy(made)

    def nothing(self, i, size):
        return torch.full(size, self.fill)

    def batch(self, made):
        return default_collate(made)


class Boxes(Targets):
    """``{"boxes": float32 [N, 4], "labels": int64 [N]}``: x, y, w, h in pixels of what was made of the picture, cut off
    where it ends.

    Args:
        files: see :class:`Targets`.
        min_visibility: a box of whose area a smaller share is left is dropped; one of which nothing is left always.
    """

    def __init__(self, files: Annotations, min_visibility: float):
        super().__init__(files)
        if not 0 <= min_visibility <= 1:
            raise ValueError(f"min_visibility is {min_visibility!r}; it must be a share, from 0 to 1")
        self.min_visibility = float(min_visibility)

    def make(self, i, places, at, size):
        rows, mine = places.rows[at : at + 1], slice(*self.files.offsets[i : i + 2])
        boxes = self.files.values[mine].astype(np.float64)
        corners = np.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)  # [N, 2, 2]
        header = places.headers[at : at + 1]
        corners = plan.map_points(rows, size, corners.reshape(1, -1, 2), header).reshape(-1, 2, 2)
        start, end = corners.min(1), corners.max(1)  # a flip exchanges them
        area = (end - start).prod(1)
        borders = plan.visible(rows, size)[0]
        start, end = np.clip(start, borders[:2], borders[2:]), np.clip(end, borders[:2], borders[2:])
        sides = end - start
        kept = (sides > 0).all(1) & (sides.prod(1) >= self.min_visibility * area * (1 - 1e-9))
        boxes = np.concatenate([start, sides], 1)[kept].astype(np.float32)
        return Target(boxes=torch.from_numpy(boxes), labels=torch.from_numpy(self.files.classes[mine][kept]))

    def nothing(self, i, size):
        return Target(boxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.int64))


class Keypoints(Targets):
    """``{"keypoints": float32 [K, 3]}``: x, y, v; all 0 for a point that was not there (v = 0), or no longer is.
    A flip does not exchange left and right eyes."""

    def make(self, i, places, at, size):
        rows, mine = places.rows[at : at + 1], slice(*self.files.offsets[i : i + 2])
        points = self.files.values[mine].astype(np.float64)
        points[:, :2] = plan.map_points(rows, size, points[None, :, :2], places.headers[at : at + 1])[0]
        borders = plan.visible(rows, size)[0]
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
) -> Targets:
    """The targets of a list file; arguments as :class:`pixfeed.FastTxtDataset` has them."""
    files = Annotations(filename, kind, delimiter, header)
    if kind == "mask":
        return Masks(files, folder, ignore_index)
    return Boxes(files, min_visibility) if kind == "boxes" else Keypoints(files)


def check_recipe(recipe: Recipe, kind: str) -> None:
    """Raises:
    ValueError: the targets could not be moved along with the picture.
    """
    why = f"targets={kind!r} cannot follow "
    later: Sequence = [step for each in recipe.passes[1:] for step, _ in each.steps if not isinstance(step, Color)]
    later += [each.padding for each in recipe.passes[1:] if each.padding is not None]
    if later:
        raise ValueError(
            f"{why}{later[0]!r}: it needs a second pass over the picture (here: after another resize, or behind a crop "
            "or a padding that it cannot be joined with); leave it out, or put it before them"
        )
    if recipe.python:
        raise ValueError(
            f"{why}{recipe.python[0]!r}, which runs in Python; put pixfeed's own transforms before ToTensor, and do "
            "the rest on batches"
        )
