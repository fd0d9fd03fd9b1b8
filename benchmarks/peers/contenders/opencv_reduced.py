"""OpenCV on camera photos, decoded at the smallest of IMREAD_REDUCED_* that is still large enough."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from benchmarks.peers.job import SIDE

VERSION = f"OpenCV {cv2.__version__}, IMREAD_REDUCED"
cv2.setNumThreads(1)


def photo(path: str) -> np.ndarray:
    with Image.open(path) as header:  # OpenCV cannot tell the size without decoding
        shorter = min(header.size)
    by = max((n for n in (1, 2, 4, 8) if shorter >= n * SIDE), default=1)
    flags = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}
    image = cv2.imread(path, flags.get(by, cv2.IMREAD_REDUCED_COLOR_8))
    return cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
