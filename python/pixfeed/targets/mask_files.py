"""The files of masks: pictures whose pixels are class numbers, read unchanged."""

from __future__ import annotations

import io
import os
import re
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.errors import BackendError, ImageError, Origin, RegionError, Status

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


def read(
    path: str, origin: Origin, size: tuple[int, int] | None, colors: bool = False, data: bytes | None = None
) -> NDArray[Any]:
    """The numbers in a mask's file: a palette's indices stay indices, gray of 1, 2, 4, 8 or 16 bits stays what it is,
    an EXIF orientation is not looked at.

    Args:
        path: the file, of any format that Pillow reads. JPEG does not keep numbers.
        origin: what to call it in errors.
        size: (height, width) that it must have: its picture's, as displayed. ``None``: any.
        data: its bytes, if they are known.
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
        on_disk = os.path.getsize(path) if data is None else len(data)
        with Image.open(path if data is None else io.BytesIO(data)) as image:
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
