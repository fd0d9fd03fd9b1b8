"""One picture in files of every kind, and cv2's way to read them."""

from __future__ import annotations

import cv2
import images
import numpy as np

HEIGHT, WIDTH = 91, 134
PICTURE = images.picture(HEIGHT, WIDTH)
ALPHA = np.concatenate([PICTURE, images.picture(HEIGHT, WIDTH, seed=1)[..., :1]], -1)
SOURCES = {
    **{f"jpeg {name}": images.jpeg(PICTURE, sampling=name) for name in images.SAMPLING},
    "jpeg progressive": images.jpeg(PICTURE, progressive=True),
    "jpeg restart": images.jpeg(PICTURE, restart=3),
    "jpeg gray": images.jpeg(PICTURE[..., 0].copy()),
    "jpeg rgb": images.pillow(PICTURE, "JPEG", keep_rgb=True, quality=90),
    "jpeg cmyk": images.pillow(PICTURE, "JPEG", "CMYK", quality=90),
    **{f"jpeg turned {i}": images.with_orientation(images.jpeg(PICTURE), i) for i in range(2, 9)},
    "png": images.png(PICTURE),
    "png turned": images.with_orientation(images.png(PICTURE), 6),
    "png gray": images.png(PICTURE[..., 0].copy()),
    "png palette": images.pillow(PICTURE, "PNG", "P"),
    "png alpha": images.png(ALPHA),
    "png 16": images.png((PICTURE.astype(np.uint16) << 8) + images.picture(HEIGHT, WIDTH, seed=1)),
    "webp lossy": images.pillow(PICTURE, "WEBP", quality=80),
    "webp lossless": images.pillow(PICTURE, "WEBP", lossless=True),
    "webp alpha": images.pillow(ALPHA, "WEBP", quality=80),
    "webp turned": images.pillow(PICTURE, "WEBP", quality=80, exif=images.exif(8)),
    "bmp": images.pillow(PICTURE, "BMP"),
}
COLOR, GRAY = {1: 1, 2: 17, 4: 33, 8: 65}, {1: 0, 2: 16, 4: 32, 8: 64}  # IMREAD_*


def by_cv2(data: bytes, flags: int) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return image[..., ::-1] if image.ndim == 3 else image
