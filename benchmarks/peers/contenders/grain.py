"""Grain, which brings no decoder: OpenCV's, in a thread a core with 64 images ahead; two batches ahead."""

from __future__ import annotations

import cv2
import grain
import numpy as np

from benchmarks.peers.contenders import opencv
from benchmarks.peers.job import CORES, CROP, SIDE, Samples

VERSION = f"Grain {grain.__version__}"
cv2.setNumThreads(1)


def pipeline(samples: Samples, batch: int, load, side: int):
    paths = samples.paths

    def item(i: int) -> tuple[np.ndarray, int]:
        image = np.empty((3, side, side), np.float32)
        load(paths[i], image)
        return image, i

    options = grain.ReadOptions(num_threads=CORES, prefetch_buffer_size=batch)
    return grain.MapDataset.range(len(paths)).map(item).to_iter_dataset(options).batch(batch)


def batches(samples: Samples, batch: int):
    return pipeline(samples, batch, opencv.load, SIDE)


def augmented(samples: Samples, batch: int):
    return pipeline(samples, batch, opencv.load_augmented, CROP)
