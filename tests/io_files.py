"""Files of every kind that torchvision.io reads, and how their decoding is written down.

`judge_io.py` compares pixfeed.io with torchvision on them and writes `golden/io.json`, which has the files, too: other
versions of Pillow encode differently.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import images
import numpy as np
import torch
from PIL import Image

GOLDEN = Path(__file__).parent / "golden" / "io.json"
MODES = ("UNCHANGED", "GRAY", "GRAY_ALPHA", "RGB", "RGB_ALPHA")
#: What stands for a result that is an error.
REFUSED = "refused"
HEIGHT, WIDTH = 9, 13
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png(bits: int, color: int, rng: np.random.Generator, chunks: bytes = b"") -> bytes:
    """Noise, of any depth and color type."""
    pixels = rng.integers(0, 2**bits, (HEIGHT, WIDTH, _CHANNELS[color]))
    if color in (2, 6):
        pixels[:, :5] = pixels[:, :5, :1]  # a gray part
    if bits >= 8:
        rows = pixels.astype(">u2" if bits == 16 else np.uint8).reshape(HEIGHT, -1).view(np.uint8)
    else:
        places = (pixels >> np.arange(bits)[::-1] & 1).astype(np.uint8).reshape(HEIGHT, -1)
        rows = np.packbits(places, 1)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    made = images.png_chunk(b"IHDR", head), chunks, images.png_chunk(b"IDAT", data), images.png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def files() -> dict[str, bytes]:
    """The files by name."""
    rng = np.random.default_rng(0)
    chunk = images.png_chunk
    made = {}
    for bits, color in [(bits, 0) for bits in (1, 2, 4, 8, 16)] + [
        (bits, color) for bits in (8, 16) for color in (2, 4, 6)
    ]:
        made[f"png {bits} {color}"] = png(bits, color, rng)
    transparent = {0: struct.pack(">H", 1), 2: struct.pack(">HHH", 1, 2, 3)}
    for bits, color in ((2, 0), (8, 0), (16, 0), (8, 2), (16, 2)):
        made[f"png {bits} {color} tRNS"] = png(bits, color, rng, chunk(b"tRNS", transparent[color]))
    for bits in (1, 2, 4, 8):
        palette = chunk(b"PLTE", rng.bytes(3 << bits))
        made[f"png {bits} 3"] = png(bits, 3, rng, palette)
        made[f"png {bits} 3 tRNS"] = png(bits, 3, rng, palette + chunk(b"tRNS", rng.bytes(1 << bits)))
    for gamma in (45455, 30000, 98000):
        for bits, color in ((8, 2), (16, 2), (8, 6)):
            made[f"png {bits} {color} gamma {gamma}"] = png(bits, color, rng, chunk(b"gAMA", struct.pack(">I", gamma)))
    made["png sRGB"] = png(8, 2, rng, chunk(b"gAMA", struct.pack(">I", 30000)) + chunk(b"sRGB", b"\0"))
    picture = images.picture(HEIGHT, WIDTH)
    rgb, alpha = Image.fromarray(picture), rng.integers(0, 256, (HEIGHT, WIDTH, 1), np.uint8)
    rgba = Image.fromarray(np.concatenate([picture, alpha], 2))
    made["jpeg"], made["jpeg gray"] = encoded(rgb, "JPEG"), encoded(rgb.convert("L"), "JPEG")
    made["jpeg progressive"] = encoded(rgb, "JPEG", progressive=True, subsampling=0)
    made["jpeg CMYK"] = encoded(rgb.convert("CMYK"), "JPEG")
    made["webp"], made["webp lossless"] = encoded(rgb, "WEBP"), encoded(rgb, "WEBP", lossless=True)
    made["webp alpha"], made["webp alpha lossless"] = encoded(rgba, "WEBP"), encoded(rgba, "WEBP", lossless=True)
    made["gif"] = encoded(rgb, "GIF")
    more = [rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT), rgb.rotate(180)]
    made["gif of several"] = encoded(rgb, "GIF", save_all=True, append_images=more)
    for name in ("jpeg", "jpeg gray", "jpeg CMYK", "png 8 0", "png 8 6", "webp"):
        for orientation in (1, 2, 3, 4, 5, 6, 7, 8) if name == "jpeg" else (6, 7):
            made[f"{name}, orientation {orientation}"] = images.with_orientation(made[name], orientation)
    made["jpeg cut"], made["png cut"] = made["jpeg"][:-200], made["png 8 6"][:-100]
    return made


def written(image: torch.Tensor) -> str:
    """Shape, dtype and a digest of an image."""
    digest = hashlib.sha256(np.ascontiguousarray(image.numpy()).tobytes()).hexdigest()[:16]
    return f"{list(image.shape)} {str(image.dtype).removeprefix('torch.')} {digest}"


def is_left_to_chance(name: str, mode: str) -> bool:
    """Whether torchvision returns memory that nobody has written."""
    if not name.startswith("png") or name.split()[2:3] != ["3"]:
        return False
    bits = int(name.split()[1])
    return (mode == "UNCHANGED" and bits < 8) or (mode.endswith("ALPHA") and "tRNS" not in name)
