"""Carries out a recipe: files -> pixels, picture by picture where one pass is not enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pixfeed.errors import ImageError, Origin, RegionError, Status
from pixfeed.functional import Planned, Reader, accept_it, forget_it, raise_it
from pixfeed.plan import HEADER, resize_plan
from pixfeed.transforms.geometry import Geometry
from pixfeed.transforms.recipe import Pass, Recipe

#: Gives memory ``[C, height, width]`` for a picture, when its size is known.
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
        """As :meth:`pixfeed.functional.Reader.into`, with uniform numbers ``[B, recipe.draws]``."""
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
        """As :meth:`pixfeed.functional.Reader.one`; ``u`` is ``[1, recipe.draws]``."""
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

        def note(rows: np.ndarray, size: tuple[int, int]):
            planned(slice(None), _header(picture), rows, size)

        for each in passes:
            if each.padding is not None:
                left, top, right, bottom = (int(side) for side in each.padding.borders(*picture.shape[1::-1]))
                padded = np.pad(picture, ((top, bottom), (left, right), (0, 0)), each.padding.padding_mode)
                rows = resize_plan(_header(picture), picture.shape[:2])  # as a window that reaches out
                rows["window_x"], rows["window_y"] = -left, -top
                note(rows, padded.shape[:2])
                picture = padded
            if picture.shape[2] == 1:
                picture = np.repeat(picture, 3, 2)
            geometry = each.geometry(*np.array(picture.shape[1::-1])[:, None], u, refuse)
            rows = geometry.rows(1)
            height, width = _size(geometry)
            note(rows, (height, width))
            if each is passes[-1]:
                rows["mean"], rows["std"] = self.recipe.mean, self.recipe.std
                slot = allocate(height, width)
            else:
                made = np.empty((height, width, 3), np.uint8)
                slot = made.transpose(2, 0, 1)
            self.reader.backend.resample(picture, rows, slot[None])
            if each is not passes[-1]:
                picture = made

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


def _header(picture: np.ndarray) -> np.ndarray:
    """HEADER ``[1]`` of a picture that is decoded already."""
    header = np.zeros(1, HEADER)
    header["height"], header["width"] = picture.shape[:2]
    return header


def _size(geometry: Geometry) -> tuple[int, int]:
    """(height, width) of the first picture."""
    return tuple(int(np.ravel(side)[0]) for side in (geometry.height, geometry.width))
