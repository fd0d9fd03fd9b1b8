"""Carries out a recipe: files -> pixels, picture by picture where one pass is not enough; or pictures in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pixfeed.backends import Backend
from pixfeed.errors import ImageError, Origin, RegionError, Status
from pixfeed.plan import HEADER, resize_plan
from pixfeed.reading.functional import Planned, Reader, accept_it, forget_it, raise_it
from pixfeed.transforms.fuse import Pass, Recipe
from pixfeed.transforms.geometry import Geometry

#: Gives memory ``[C, height, width]`` for a picture, or ``[n, C, height, width]``, when its size is known.
Allocate = Callable[[int, int], np.ndarray]


class Cook:
    """A recipe and the reader that its pictures come from."""

    def __init__(self, reader: Reader, recipe: Recipe):
        self.reader = reader
        self.recipe = recipe

    def into(
        self,
        sources: Sequence,
        out: np.ndarray,
        origin: Callable[[int], Origin],
        rois: np.ndarray | None,
        u: np.ndarray,
        failed: Callable[[int, ImageError | RegionError], None] = raise_it,
        recovered: Callable[[int, ImageError], None] = accept_it,
        planned: Planned = forget_it,
    ) -> None:
        """As :meth:`pixfeed.reading.functional.Reader.into`, with uniform numbers ``[B, recipe.draws]``."""
        if len(self.recipe.passes) == 1:
            self.reader.into(sources, out, origin, rois, None, failed, recovered, self._first(u, rois), planned)
            return
        for i, source in enumerate(sources):
            try:
                roi = None if rois is None else rois[i : i + 1]

                def note(_: slice, headers: np.ndarray, rows: np.ndarray, size: tuple[int, int], i: int = i):
                    planned(slice(i, i + 1), headers, rows, size)

                self.one(source, lambda height, width, i=i: out[i], origin(i), roi, u[i : i + 1], recovered, note)
            except (ImageError, RegionError) as error:
                failed(i, error)

    def one(
        self,
        source,
        allocate: Allocate,
        origin: Origin,
        roi: np.ndarray | None,
        u: np.ndarray,
        recovered: Callable[[int, ImageError], None] = accept_it,
        planned: Planned = forget_it,
    ) -> None:
        """As :meth:`pixfeed.reading.functional.Reader.one`; ``u`` is ``[1, recipe.draws]``."""
        if len(self.recipe.passes) == 1:
            first = self._first(u, roi)
            self.reader.one(source, (None, None), allocate, origin, roi, None, recovered, first, planned)
            return
        picture = np.empty(0, np.uint8)

        def between(height: int, width: int) -> np.ndarray:
            nonlocal picture
            picture = np.empty((height, width, 1 if self.recipe.reads_gray else 3), np.uint8)
            return picture.transpose(2, 0, 1)

        self.reader.one(source, (None, None), between, origin, roi, None, recovered, self._first(u, roi), planned)
        self.picture(picture, self.recipe.passes[1:], allocate, origin, u, planned)

    def picture(
        self,
        picture: np.ndarray,
        passes: Sequence[Pass],
        allocate: Allocate,
        origin: Origin,
        u: np.ndarray,
        planned: Planned = forget_it,
    ) -> None:
        """Passes on a picture uint8 ``[H, W, 3]`` or ``[H, W, 1]`` that is decoded already."""

        def refuse(_: int, what: str):
            raise origin.region_error(what)

        backend, slot = self.reader.backend, lambda height, width: allocate(height, width)[None]
        cook_pictures(backend, self.recipe, passes, picture[None], slot, refuse, u, planned)

    def _first(self, u: np.ndarray, rois: np.ndarray | None):
        """What the reader asks for PLAN rows: the first pass's."""
        reading, first = self.reader.reading, self.recipe.passes[0]

        def plans(piece: slice, headers: np.ndarray, refuse: Callable[[int, str], None]):
            def refuse_good(i: int, what: str):
                if headers["status"][i] == Status.OK:  # of the others nothing is known
                    refuse(i, what)

            crop = reading.crops(headers, None if rois is None else rois[piece], refuse)
            width, height = np.maximum(crop[:, 2:], 1).T
            geometry = first.geometry(width, height, u[piece], refuse_good)
            rows = geometry.rows(len(headers))
            rows["crop_x"] += crop[:, 0].astype(np.int32)
            rows["crop_y"] += crop[:, 1].astype(np.int32)
            reading.reduce(rows, headers)
            if len(self.recipe.passes) == 1:
                rows["mean"], rows["std"] = self.recipe.mean, self.recipe.std
            return rows, _size(geometry)

        return plans


def _headers(pictures: np.ndarray) -> np.ndarray:
    """HEADER ``[n]`` of pictures ``[n, H, W, C]`` that are decoded already."""
    headers = np.zeros(len(pictures), HEADER)
    headers["height"], headers["width"] = pictures.shape[1:3]
    return headers


def cook_pictures(
    backend: Backend,
    recipe: Recipe,
    passes: Sequence[Pass],
    pictures: np.ndarray,
    allocate: Allocate,
    refuse: Callable[[int, str], None],
    u: np.ndarray,
    planned: Planned = forget_it,
) -> None:
    """Passes, the recipe's last among them, on pictures of one size that are in memory.

    Args:
        pictures: uint8 ``[n, H, W, 3]`` or ``[n, H, W, 1]``, in one piece.
        allocate: gives memory ``[n, C, height, width]``, when the size is known.
        refuse: raises what is wrong with a picture.
        u: uniform numbers ``[n, recipe.draws]``.
        planned: is told of every pass; see :class:`pixfeed.reading.functional.Reader`.
    """
    n = len(pictures)

    def note(rows: np.ndarray, size: tuple[int, int]):
        planned(slice(0, n), _headers(pictures), rows, size)

    for each in passes:
        if each.padding is not None:
            left, top, right, bottom = (int(side) for side in each.padding.borders(*pictures.shape[2:0:-1]))
            borders = ((0, 0), (top, bottom), (left, right), (0, 0))
            padded = np.pad(pictures, borders, each.padding.padding_mode)
            rows = resize_plan(_headers(pictures), pictures.shape[1:3])  # as a window that reaches out
            rows["window_x"], rows["window_y"] = -left, -top
            note(rows, padded.shape[1:3])
            pictures = padded
        if pictures.shape[3] == 1:
            pictures = np.repeat(pictures, 3, 3)
        geometry = each.geometry(*(np.full(n, side) for side in pictures.shape[2:0:-1]), u, refuse)
        rows = geometry.rows(n)
        height, width = _size(geometry)
        note(rows, (height, width))
        if each is passes[-1]:
            rows["mean"], rows["std"] = recipe.mean, recipe.std
            out = allocate(height, width)
        else:
            made = np.empty((n, height, width, 3), np.uint8)
            out = made.transpose(0, 3, 1, 2)
        for i in range(n):
            backend.resample(pictures[i], rows[i : i + 1], out[i : i + 1])
        if each is not passes[-1]:
            pictures = made


def _size(geometry: Geometry) -> tuple[int, int]:
    """(height, width) of the first picture."""
    return tuple(int(np.ravel(side)[0]) for side in (geometry.height, geometry.width))
