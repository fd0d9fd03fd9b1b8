"""imagecodecs decodes single pictures, by libjpeg-turbo."""

from __future__ import annotations

import imagecodecs
import numpy as np

VERSION = f"imagecodecs {imagecodecs.__version__}"


def decode(data: bytes) -> np.ndarray:
    return imagecodecs.jpeg8_decode(data)
