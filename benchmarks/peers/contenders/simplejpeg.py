"""simplejpeg decodes, OpenCV resizes; a Python thread a core. Photos: libjpeg-turbo's m/8 sizes (min_height)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from benchmarks.peers.job import SIDE, Samples
from benchmarks.peers.threaded import Threaded

VERSION = f"simplejpeg {simplejpeg.__version__}"
cv2.setNumThreads(1)
SCALE = np.float32(1 / 255)


def decode(data: bytes) -> np.ndarray:
    return simplejpeg.decode_jpeg(data)


def photo(path: str) -> np.ndarray:
    data = Path(path).read_bytes()
    image = simplejpeg.decode_jpeg(data, min_height=SIDE, min_width=SIDE, min_factor=1, strict=False)
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def load(path: str, slot: np.ndarray) -> None:
    image = cv2.resize(simplejpeg.decode_jpeg(Path(path).read_bytes()), (SIDE, SIDE))
    for channel, plane in enumerate(slot):
        np.multiply(cv2.extractChannel(image, channel), SCALE, out=plane)


def batches(samples: Samples, batch: int) -> Threaded:
    return Threaded(load, samples.paths, batch, SIDE)
