"""Makers of test pictures, and the pure-Python path that pixfeed is compared with."""

from __future__ import annotations

import functools
import io
import struct
import zlib

import cv2
import numpy as np
import torch
from PIL import Image
from versions import OPENCV

SAMPLING = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}


def picture(height: int, width: int, seed: int = 0, gray: bool = False) -> np.ndarray:
    """Something like a photo: gradients, edges and noise. uint8 [H, W, 3], or [H, W] for gray."""
    image = _picture(height, width, seed)
    return image[..., 0].copy() if gray else image.copy()


@functools.lru_cache(256)
def _picture(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, height, width])
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(2, 30) + p) + np.cos(y / rng.uniform(2, 30) + p) for p in rng.uniform(0, 6, 3)]
    image = 128 + 45 * np.stack(waves, -1) + rng.normal(0, 12, (height, width, 3))
    image[(x // 9 + y // 7) % 5 == 0] += 60
    return np.clip(image, 0, 255).astype(np.uint8)


def jpeg(image: np.ndarray, quality: int = 90, sampling: str = "4:2:0", progressive=False, restart=0, optimize=False):
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING[sampling]]
    parameters += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive), cv2.IMWRITE_JPEG_RST_INTERVAL, restart]
    parameters += [cv2.IMWRITE_JPEG_OPTIMIZE, int(optimize)]
    done, data = cv2.imencode(".jpg", image, parameters)
    assert done
    return data.tobytes()


def png(image: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", image)
    assert done
    return data.tobytes()


def pillow(image: np.ndarray, format: str, mode: str | None = None, **options) -> bytes:
    out = io.BytesIO()
    made = Image.fromarray(image)
    (made.convert(mode) if mode else made).save(out, format, **options)
    return out.getvalue()


def exif(orientation: int, little: bool = True) -> bytes:
    """A TIFF structure with nothing but an orientation."""
    order = "<" if little else ">"
    head = (b"II" if little else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def stored(displayed: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels that a file has, to be displayed so."""
    if orientation in (5, 6, 7, 8):
        displayed = np.swapaxes(displayed, 0, 1)
    axes = {2: (1,), 3: (0, 1), 4: (0,), 6: (0,), 7: (0, 1), 8: (1,)}.get(orientation, ())
    return np.ascontiguousarray(np.flip(displayed, axes))


def positions(height: int, width: int, orientation: int, encode) -> bytes:
    """A picture of up to 256 x 256 pixels, encoded by :func:`jpeg` or :func:`png` with this orientation. As displayed,
    red says which column a pixel stands in, and green which row."""
    y, x = np.mgrid[:height, :width]
    picture = np.stack([np.full_like(x, 128), y, x], -1).astype(np.uint8)  # B, G, R
    options = {} if encode is png else {"quality": 98, "sampling": "4:4:4"}
    return with_orientation(encode(stored(picture, orientation), **options), orientation)


def with_orientation(data: bytes, orientation: int, little: bool = True) -> bytes:
    """The same JPEG or PNG file with an EXIF orientation."""
    tiff = exif(orientation, little)
    if data[:2] == b"\xff\xd8":
        body = b"Exif\0\0" + tiff
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    return data[:33] + png_chunk(b"eXIf", tiff) + data[33:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def reference_read(path) -> np.ndarray:
    """uint8 [H, W, 3], RGB, as the pure-Python path reads it."""
    image = cv2.imread(str(path))
    assert image is not None, path
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def reference_resize(image: np.ndarray, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Cubic without Intel's IPP, which gives other roundings on other CPUs. It is used for nothing else.
    INTER_NEAREST_EXACT as OpenCV 5 has it."""
    if interpolation == cv2.INTER_NEAREST_EXACT and OPENCV < (5, 0):
        return nearest_of_pillow(image, size)
    ipp = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(ipp and interpolation != cv2.INTER_CUBIC)
    try:
        return cv2.resize(image, (size[1], size[0]), interpolation=interpolation)
    finally:
        cv2.ipp.setUseIPP(ipp)


def nearest_of_pillow(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture of any dtype resized by Pillow's NEAREST to (height, width)."""
    axes = [Image.fromarray(np.arange(side, dtype=np.int32)[None]) for side in image.shape[:2]]
    rows, columns = (
        np.asarray(axis.resize((n, 1), Image.Resampling.NEAREST))[0] for axis, n in zip(axes, size, strict=True)
    )
    return image[rows][:, columns]


def to_tensor(image: np.ndarray) -> torch.Tensor:
    """torchvision's ToTensor: permute and div(255)."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous().to(torch.float32).div(255)


def reference(path, size: tuple[int, int]) -> torch.Tensor:
    """float32 [3, h, w]: the whole pure-Python path."""
    return to_tensor(reference_resize(reference_read(path), size))
