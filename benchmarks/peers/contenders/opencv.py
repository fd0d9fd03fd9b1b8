"""OpenCV, one thread inside and a Python thread a core around it.

Tried for the step to float32 (one picture, one thread, microseconds): each channel taken out and multiplied into its
place 118, NumPy's multiply on the transposed picture 131, cv2.LUT 142, cv2.multiply 197, blobFromImage 604.
"""

from __future__ import annotations

import random

import cv2
import numpy as np

from benchmarks.peers.job import CROP, MEAN, SIDE, STD, Samples, crop
from benchmarks.peers.threaded import Threaded

VERSION = f"OpenCV {cv2.__version__}"
cv2.setNumThreads(1)
SCALE = np.float32(1 / 255)
GAIN = [np.float32(1 / (255 * std)) for std in STD]
SHIFT = [np.float32(mean / std) for mean, std in zip(MEAN, STD, strict=True)]


def decode(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def photo(path: str) -> np.ndarray:
    return cv2.resize(cv2.imread(path, cv2.IMREAD_COLOR_RGB), (SIDE, SIDE))


def load(path: str, slot: np.ndarray) -> None:
    image = cv2.resize(cv2.imread(path), (SIDE, SIDE))
    for channel, plane in enumerate(slot):
        np.multiply(cv2.extractChannel(image, 2 - channel), SCALE, out=plane)


def load_augmented(path: str, slot: np.ndarray) -> None:
    image = cv2.imread(path)
    x, y, w, h = crop(image.shape[1], image.shape[0])
    image = cv2.resize(image[y : y + h, x : x + w], (CROP, CROP))
    if random.random() < 0.5:
        image = cv2.flip(image, 1)
    for channel, plane in enumerate(slot):
        np.multiply(cv2.extractChannel(image, 2 - channel), GAIN[channel], out=plane)
        np.subtract(plane, SHIFT[channel], out=plane)


def batches(samples: Samples, batch: int) -> Threaded:
    return Threaded(load, samples.paths, batch, SIDE)


def augmented(samples: Samples, batch: int) -> Threaded:
    return Threaded(load_augmented, samples.paths, batch, CROP)
