"""pixfeed on camera photos without ``decode="scaled"``: OpenCV's pixels, to the bit."""

from __future__ import annotations

import numpy as np

import pixfeed
from benchmarks.peers.job import SIDE

VERSION = "pixfeed, exact"


def photo(path: str) -> np.ndarray:
    return pixfeed.imread(path, size=(SIDE, SIDE))
