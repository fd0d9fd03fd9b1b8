"""Images as tensors, by the names and with the pixels of ``torchvision.io``, which is deprecated::

    from pixfeed.io import ImageReadMode, decode_image, read_image

Modes, shapes, dtypes and defaults are torchvision's: uint8 ``[C, H, W]``, ``UNCHANGED`` unless something else is asked
for, and the EXIF orientation is not applied. Errors are pixfeed's: an image that cannot be read is an
:class:`pixfeed.ImageError`, which is an ``OSError`` (torchvision raises ``RuntimeError``). Alpha and 16 bits need
OpenCV; indices of a palette, CMYK, GIF and the encoders need Pillow.

Where torchvision returns memory that nobody has written (a palette without transparency in a mode with alpha, and the
indices of a palette of less than 8 bits), the result is right instead: alpha is 255, and indices are one per pixel.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed import backends
from pixfeed._real_torch import torch
from pixfeed.backends import Source
from pixfeed.errors import Origin, Status
from pixfeed.reading.functional import imread
from pixfeed.reading.kind import Kind, kind_of
from pixfeed.reading.options import Reading
from pixfeed.targets.mask_files import pillow

# libpng's weights of R, G and B for torchvision's 0.2989 and 0.587, of 2**15; and Pillow's, of 2**16.
_PNG_GRAY, _PILLOW_GRAY = (9794, 19234, 3740), (19595, 38470, 7471)


class ImageReadMode(Enum):
    """What an image is converted to; wherever one is taken, its name as a string will do.

    ``UNCHANGED``: as it is stored. ``GRAY`` and ``GRAY_ALPHA`` are for JPEG (without alpha) and PNG; a WebP stays in
    color. ``RGB`` drops alpha. ``RGB_ALPHA`` (``RGBA``) is for PNG and WebP.
    """

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


#: A mode, its name or its number; torchvision's ImageReadMode, too.
Mode = ImageReadMode | str | int | Enum


def decode_image(
    input: torch.Tensor | str | os.PathLike[str] | bytes,
    mode: Mode = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> torch.Tensor:
    """An image, as ``torchvision.io.decode_image``.

    Args:
        input: a path, or the encoded image: a uint8 tensor ``[n]``, or bytes.
        mode: see :class:`ImageReadMode`.
        apply_exif_orientation: turn a JPEG or PNG as its EXIF orientation says.

    Returns:
        uint8 ``[C, H, W]``; uint16 for PNGs of 16 bits; uint8 ``[N, 3, H, W]`` for a GIF of several pictures. In
        ``UNCHANGED`` a JPEG has 1, 3 or 4 (CMYK) channels, a PNG 1 to 4 (with a palette 1: indices), a WebP 3 or 4.

    Raises:
        ImageError: the image is missing, empty, truncated, corrupt or no image at all.
        ValueError, TypeError: there is no such mode, or not for this format; ``input`` is something else.
        BackendError: OpenCV or Pillow is needed, and not there.
    """
    return _decode(input, mode, apply_exif_orientation)


def read_image(
    path: str | os.PathLike[str], mode: Mode = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> torch.Tensor:
    """The image at ``path``; see :func:`decode_image`."""
    return _decode(os.fspath(path), mode, apply_exif_orientation)


def decode_jpeg(
    input: torch.Tensor | Sequence[torch.Tensor],
    mode: Mode = ImageReadMode.UNCHANGED,
    device: str | torch.device = "cpu",
    apply_exif_orientation: bool = False,
) -> Any:
    """A JPEG, or a list of them; see :func:`decode_image`. They are decoded on the CPU, and copied to ``device``."""
    if isinstance(input, (list, tuple)):
        return [decode_jpeg(each, mode, device, apply_exif_orientation) for each in input]
    return _decode(input, mode, apply_exif_orientation, "jpeg").to(device)


def decode_png(
    input: torch.Tensor, mode: Mode = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> torch.Tensor:
    """A PNG; see :func:`decode_image`."""
    return _decode(input, mode, apply_exif_orientation, "png")


def decode_webp(input: torch.Tensor, mode: Mode = ImageReadMode.UNCHANGED) -> torch.Tensor:
    """A WebP; see :func:`decode_image`."""
    return _decode(input, mode, False, "webp")


def decode_gif(input: torch.Tensor) -> torch.Tensor:
    """A GIF; see :func:`decode_image`."""
    return _decode(input, ImageReadMode.RGB, False, "gif")


def read_file(path: str | os.PathLike[str]) -> torch.Tensor:
    """The bytes of a file: uint8 ``[n]``."""
    return torch.from_numpy(np.fromfile(path, np.uint8))


def write_file(filename: str | os.PathLike[str], data: torch.Tensor) -> None:
    """Write uint8 ``[n]`` to a file."""
    data.numpy().tofile(filename)


def encode_jpeg(input: torch.Tensor, quality: int = 75) -> torch.Tensor:
    """uint8 ``[1 or 3, H, W]`` as a JPEG, uint8 ``[n]``: the bytes that torchvision's has."""
    return _encode(input, "JPEG", quality=quality)


def encode_png(input: torch.Tensor, compression_level: int = 6) -> torch.Tensor:
    """uint8 ``[1 or 3, H, W]`` as a PNG, uint8 ``[n]``: the same pixels, in other bytes than torchvision's."""
    return _encode(input, "PNG", compress_level=compression_level)


def write_jpeg(input: torch.Tensor, filename: str | os.PathLike[str], quality: int = 75) -> None:
    """Write uint8 ``[1 or 3, H, W]`` as a JPEG; see :func:`encode_jpeg`."""
    write_file(filename, encode_jpeg(input, quality))


def write_png(input: torch.Tensor, filename: str | os.PathLike[str], compression_level: int = 6) -> None:
    """Write uint8 ``[1 or 3, H, W]`` as a PNG; see :func:`encode_png`."""
    write_file(filename, encode_png(input, compression_level))


# -- how -------------------------------------------------------------------------------------------------------------


def _decode(given: Any, mode: Mode, apply_exif_orientation: bool, only: str | None = None) -> torch.Tensor:
    how = _mode(mode)
    source: Source
    if isinstance(given, torch.Tensor):
        if given.ndim != 1 or given.dtype != torch.uint8 or given.device.type != "cpu":
            raise TypeError(f"the tensor is {given.dtype} {list(given.shape)} on {given.device}; it must be uint8 [n]")
        source = np.ascontiguousarray(given.numpy())
    elif isinstance(given, (str, os.PathLike, bytes, bytearray)):
        source = os.fspath(given) if isinstance(given, os.PathLike) else given
    else:
        raise TypeError(f"an image is a path or encoded bytes, uint8 [n], not {type(given).__name__}")
    kind = kind_of(source)
    if only not in (None, kind.format):
        raise ValueError(f"this is no {only}; decode_image takes images of any format")
    if kind.format == "gif":
        return _gif(source)
    reader = {"jpeg": _jpeg, "png": _png, "webp": _webp}.get(kind.format, _other)
    image = reader(source, kind, how)
    if apply_exif_orientation and kind.format in ("jpeg", "png"):
        image = _turned(image, _orientation(source))
    image = image[..., None] if image.ndim == 2 else image
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)


def _mode(mode: Mode) -> ImageReadMode:
    value = getattr(mode, "value", mode)
    try:
        return ImageReadMode[value.upper()] if isinstance(value, str) else ImageReadMode(value)
    except (KeyError, ValueError):
        known = ", ".join(ImageReadMode.__members__)
        raise ValueError(f"mode is {mode!r}; it may be one of {known}") from None


def _read(source: Source, channels: Any) -> NDArray[Any]:
    return imread(source, channels=channels, ignore_orientation=True)


def _jpeg(source: Source, kind: Kind, mode: ImageReadMode) -> NDArray[Any]:
    if mode in (ImageReadMode.GRAY_ALPHA, ImageReadMode.RGB_ALPHA):
        raise ValueError(f"mode is {mode.name}, and a JPEG has no alpha; UNCHANGED, GRAY and RGB go with it")
    if kind.channels == 4:
        return _cmyk(source, mode)
    is_gray = mode is ImageReadMode.GRAY or (mode is ImageReadMode.UNCHANGED and kind.channels == 1)
    return _read(source, "gray" if is_gray else "rgb")


def _cmyk(source: Source, mode: ImageReadMode) -> NDArray[np.uint8]:
    """Inks, or colors by Pillow's arithmetic, on inks that are not inverted."""
    stored = 255 - np.asarray(_pillow_image(source)).astype(np.int32)
    if mode is ImageReadMode.UNCHANGED:
        return stored.astype(np.uint8)
    black = stored[..., 3:]
    ink = black * (255 - stored[..., :3]) + 128
    rgb = np.clip(black - (((ink >> 8) + ink) >> 8), 0, 255)
    if mode is ImageReadMode.GRAY:
        rgb = (rgb @ np.array(_PILLOW_GRAY) + 0x8000) >> 16
    return rgb.astype(np.uint8)


def _png(source: Source, kind: Kind, mode: ImageReadMode) -> NDArray[Any]:
    unchanged = mode is ImageReadMode.UNCHANGED
    if kind.is_palette and unchanged:
        return np.asarray(_pillow_image(source)).astype(np.uint8)
    in_color = kind.in_color if unchanged else mode in (ImageReadMode.RGB, ImageReadMode.RGB_ALPHA)
    with_alpha = kind.has_alpha if unchanged else mode in (ImageReadMode.GRAY_ALPHA, ImageReadMode.RGB_ALPHA)
    if kind.bits == 16 or (with_alpha and (kind.has_alpha or kind.is_palette)):
        stored = _read(source, "unchanged")  # [H, W], or 3 or 4 channels
        stored = stored if stored.ndim == 3 else stored[..., None]
        picture, has_alpha = stored[..., :3], stored.shape[2] == 4 and (kind.has_alpha or kind.is_palette)
        alpha = stored[..., 3:] if has_alpha else None
    else:
        picture, alpha = _read(source, "rgb" if in_color or kind.in_color else "gray"), None
        picture = picture if picture.ndim == 3 else picture[..., None]
    if in_color and picture.shape[2] == 1:
        picture = np.repeat(picture, 3, 2)
    elif not in_color:
        picture = _gray(picture, kind) if kind.in_color else picture[..., :1]
    if not with_alpha:
        return picture
    if alpha is None:  # full: of gray of less than 8 bits what torchvision takes for it
        full = 255 if kind.is_palette else (1 << kind.bits) - 1
        alpha = np.full_like(picture[..., :1], full)
    return np.concatenate([picture, alpha], 2)


def _gray(rgb: NDArray[Any], kind: Kind) -> NDArray[Any]:
    """As libpng: weighted in linear light, if the file says its gamma; gray pixels stay as they are."""
    is_gray = (rgb[..., :1] == rgb).all(2, keepdims=True)
    most = np.iinfo(rgb.dtype).max
    weights = np.array(_PNG_GRAY, np.int64)
    if kind.gamma is None:
        made = (rgb @ weights + (16384 if most > 255 else 0)) >> 15
    else:
        to_linear = _gamma_table(most, _reciprocal(kind.gamma))
        back = _gamma_table(most, _reciprocal(_reciprocal(kind.gamma)))
        made = back[(to_linear[rgb] @ weights + 16384) >> 15]
    return np.where(is_gray, rgb[..., :1], made[..., None].astype(rgb.dtype))


def _reciprocal(gamma: int) -> int:
    """libpng's, of numbers that are multiplied by 100,000."""
    return int(np.floor(1e10 / gamma + 0.5))


def _gamma_table(most: int, gamma: int) -> NDArray[np.int64]:
    values = np.arange(most + 1) / most
    return np.floor(most * values ** (gamma * 1e-5) + 0.5).astype(np.int64)


def _webp(source: Source, kind: Kind, mode: ImageReadMode) -> NDArray[Any]:
    if mode is ImageReadMode.RGB or (mode is not ImageReadMode.RGB_ALPHA and not kind.has_alpha):
        return _read(source, "rgb")
    if kind.has_alpha:
        return _read(source, "unchanged")
    rgb = _read(source, "rgb")
    return np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], 2)


def _other(source: Source, kind: Kind, mode: ImageReadMode) -> NDArray[Any]:
    """Formats that torchvision does not read, and files that are no image."""
    channels = {ImageReadMode.GRAY: "gray", ImageReadMode.RGB: "rgb", ImageReadMode.UNCHANGED: "unchanged"}
    if mode not in channels:
        raise ValueError(f"mode is {mode.name}, which is for PNG and WebP; UNCHANGED, GRAY and RGB go with any format")
    return _read(source, channels[mode])


def _gif(source: Source) -> torch.Tensor:
    image, frames = _pillow_image(source), []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB")))
    made = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)
    return made[0] if len(frames) == 1 else made


def _pillow_image(source: Source) -> Any:
    """A PIL image of what :func:`_read` can read: that says what is wrong with it otherwise."""
    _read(source, "gray")
    data: Any = np.fromfile(source, np.uint8) if isinstance(source, (str, os.PathLike)) else source
    try:
        image = pillow().open(io.BytesIO(memoryview(data)))
        image.load()
    except Exception as error:  # Pillow raises whatever a chunk that it does not understand leads to
        path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
        raise Origin(path).image_error(Status.CORRUPT, len(data), f"Pillow: {error}") from error
    return image


def _orientation(source: Source) -> int:
    opened = backends.choose(None).open([source], Reading().open_options, 1)
    return int(opened.headers["orientation"][0])


def _turned(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The image as it is displayed, of one that is stored with an EXIF orientation."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return image[:, ::-1] if orientation in (2, 3, 6, 7) else image


def _encode(image: torch.Tensor, format: str, **options: int) -> torch.Tensor:
    if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"the image is {image.dtype} {list(image.shape)}; it must be uint8 [1 or 3, H, W]")
    pixels, made = image.permute(1, 2, 0).cpu().numpy(), io.BytesIO()
    pillow().fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0]).save(made, format, **options)
    return torch.from_numpy(np.frombuffer(made.getvalue(), np.uint8).copy())
