"""kornia-rs decodes single pictures. Of its two decoders libjpeg-turbo is the faster one."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from kornia_rs.io import decode_image_jpegturbo

VERSION = f"kornia-rs {version('kornia-rs')}"


def decode(data: bytes) -> np.ndarray:
    return decode_image_jpegturbo(data, "rgb")
