"""Masks: pictures whose pixels are class numbers. They are read unchanged, and move with their picture."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pixfeed import context
from pixfeed.backends.contract import Backend
from pixfeed.collate import default_collate
from pixfeed.errors import BackendError, ImageError, Origin, RegionError, Status
from pixfeed.lists.annotated import Masked
from pixfeed.lists.annotations import Annotations
from pixfeed.targets.base import Column, Targets
from pixfeed.targets.mask_values import GivenValues, MaskValues
from pixfeed.targets.point_map import PointMap

#: Pillow's modes with one integer per pixel. "P" has places in a palette.
MODES = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N")


def pillow() -> ModuleType:
    """PIL.Image.

    Raises:
        BackendError: Pillow is not there.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError(f"masks need Pillow ({error}): pip install 'pixfeed[masks]'") from error
    return Image


def _spread(image: Any) -> tuple[int, int]:
    """The largest number that a mask's file has room for, and what Pillow makes of it: gray of 2 or 4 bits, and a PGM
    with a maximum of its own, are spread over all values of Pillow's mode. (255, 255) where nothing is."""
    decoder, _, _, arguments = image.tile[0] if image.tile else ("", None, 0, "")
    how, *more = arguments if isinstance(arguments, tuple) and arguments else (arguments,)
    if decoder in ("ppm", "ppm_plain") and more:
        return more[0], 255 if image.mode == "L" else 65535
    bits = re.match(r"L;([24])", str(how))
    return (2 ** int(bits[1]) - 1 if bits else 255), 255


def read(path: str, origin: Origin, size: tuple[int, int] | None, colors: bool = False) -> NDArray[Any]:
    """The numbers in a mask's file: a palette's indices stay indices, gray of 1, 2, 4, 8 or 16 bits stays what it is,
    an EXIF orientation is not looked at.

    Args:
        path: the file, of any format that Pillow reads. JPEG does not keep numbers.
        origin: what to call it in errors.
        size: (height, width) that it must have: its picture's, as displayed. ``None``: any.
        colors: read the color of each pixel, also of a palette, as the number ``r << 16 | g << 8 | b``.

    Returns:
        ndarray ``[H, W]``, bool or of an integer type.

    Raises:
        ImageError: the file is missing, empty, truncated, corrupt, or no image with one integer per pixel.
        RegionError: it has another size.
        BackendError: Pillow is not there.
    """
    Image = pillow()
    on_disk = 0
    try:
        on_disk = os.path.getsize(path)
        with Image.open(path) as image:
            if image.mode not in MODES and not (colors and image.mode == "RGB"):
                note = f"Pillow's mode {image.mode}, and a mask has one integer per pixel"
                if image.mode == "RGB":
                    note += ", or colors with mask_values=[(r, g, b), ...]"
                raise origin.image_error(Status.UNSUPPORTED, on_disk, note)
            if size is not None and image.size != size[::-1]:  # before anything is decoded
                have, want = (" x ".join(map(str, sides)) for sides in (image.size, size[::-1]))
                raise origin.region_error(
                    f"the mask has {have} (w x h) pixels, its picture as displayed {want}; make it from that picture"
                )
            if colors:
                rgb: NDArray[np.int32] = np.asarray(image.convert("RGB")).astype(np.int32)
                return rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
            most, spread = _spread(image)  # before it is decoded
            numbers = np.asarray(image)
            return numbers if most == spread else ((numbers.astype(np.int64) * most + spread // 2) // spread)
    except (ImageError, RegionError):
        raise
    except FileNotFoundError:
        raise origin.image_error(Status.MISSING) from None
    except Image.UnidentifiedImageError:
        raise origin.image_error(Status.NOT_AN_IMAGE if on_disk else Status.EMPTY, on_disk) from None
    except Image.DecompressionBombError as error:
        raise origin.image_error(Status.TOO_LARGE, on_disk, str(error)) from None
    except MemoryError:
        raise origin.image_error(Status.OUT_OF_MEMORY, on_disk) from None
    except (
        Exception
    ) as error:  # bad data is an OSError, a SyntaxError, or what struct and zlib say; an errno the system's
        system = getattr(error, "errno", None) is not None
        truncated = "truncated" in str(error)
        status = Status.UNREADABLE if system else Status.TRUNCATED if truncated else Status.CORRUPT
        raise origin.image_error(status, on_disk, str(error)) from None


class Masks(Targets):
    """int64 ``[H, W]``.

    Args:
        files: see :class:`Targets`.
        folder: what the masks' names are relative to.
        ignore_index: the number where a picture is padded.
        values: what the numbers in files mean; ``None``: themselves.
    """

    kind = "mask"
    files: Annotations | Masked
    fill: int
    values: MaskValues | None = None  # pickles of masks without it are as they were

    def __init__(
        self,
        files: Annotations | Masked,
        folder: str | os.PathLike[str],
        ignore_index: int,
        values: GivenValues | None = None,
    ):
        self.files = files
        self.folder = os.fspath(folder)
        self.fill = operator.index(ignore_index)
        if values is not None:
            self.values = MaskValues(values)

    def read(
        self, rows: Sequence[int], points: PointMap, wanted: Sequence[int], backend: Backend
    ) -> tuple[Column, dict[int, ImageError | RegionError]]:
        """What the backend can read is read by it, all masks of one size at once; Pillow reads the others, or finds out
        what is wrong with them."""
        if self.values is not None and self.values.are_colors:
            return super().read(rows, points, wanted, backend)
        groups: dict[tuple[int, int], list[int]] = {}
        pixels = {place: points.pixels(place) for place in wanted}
        for place, (y, x) in pixels.items():
            groups.setdefault((len(y), len(x)), []).append(place)
        made: list[Any] = [None] * len(rows)
        for size, places in groups.items():
            out = torch.empty(len(places), *size, dtype=torch.int64)
            done = backend.read_masks(
                [self._path(rows[place]) for place in places],
                np.array([points.picture(place)[::-1] for place in places], np.int32),
                [pixels[place] for place in places],
                out.numpy(),
                self.fill,
                None if self.values is None else self.values.table,
                1 if len(places) == 1 else context.num_threads(),
            )
            for i in np.flatnonzero(done):
                made[places[i]] = self._turned(out[i].numpy(), points, places[i])
        column, failed = super().read(rows, points, [place for place in wanted if made[place] is None], backend)
        return [one if one is not None else column[place] for place, one in enumerate(made)], failed

    def _path(self, row: int) -> str:
        masks = self.files.masks
        assert masks is not None  # it is a list of masks
        return os.path.join(self.folder, masks.name(row))

    def make(self, row: int, points: PointMap, place: int) -> Any:
        path = self._path(row)
        origin = Origin(path, self.files.filename, self.files.line(row))
        mask = read(path, origin, points.picture(place), self.values is not None and self.values.are_colors)
        if self.values is not None:
            mask = self.values.checked(mask, origin)
        y, x = points.pixels(place)
        made = mask[np.ix_(y, x)]
        made = made.astype(np.int64) if self.values is None else self.values.classes_of(made)
        made[y < 0] = self.fill
        made[:, x < 0] = self.fill
        return self._turned(made, points, place)

    def _turned(self, made: NDArray[np.int64], points: PointMap, place: int) -> torch.Tensor:
        """The mask, of what rows and columns make of it."""
        pixels = points.turned(place)
        if pixels is not None:
            made = np.where(pixels >= 0, made.reshape(-1)[pixels], self.fill)
        return torch.from_numpy(made)

    def blank(self, row: int, size: tuple[int, int]) -> Any:
        return torch.full(size, self.fill)

    def column(self, made: Column) -> Any:
        masks = list(made)
        return default_collate(masks) if len({mask.shape for mask in masks}) == 1 else masks
