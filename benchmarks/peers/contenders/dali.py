"""DALI on the CPU: its file reader, a thread a core, two batches ahead. Batches are looked at where DALI has them."""

from __future__ import annotations

import numpy as np
import nvidia.dali as dali
from nvidia.dali import fn, pipeline_def, types

from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples

VERSION = f"DALI {dali.__version__}, CPU"


@pipeline_def
def plain(paths: list[str]):
    images, labels = read(paths)
    images = fn.resize(
        fn.decoders.image(images, device="cpu", output_type=types.RGB),
        size=(SIDE, SIDE),
        interp_type=types.INTERP_LINEAR,
        antialias=False,
    )
    return fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="CHW", mean=0.0, std=255.0), labels


@pipeline_def
def recipe(paths: list[str]):
    images, labels = read(paths)
    images = fn.resize(
        fn.decoders.image_random_crop(
            images, device="cpu", output_type=types.RGB, random_area=(0.08, 1), random_aspect_ratio=(3 / 4, 4 / 3)
        ),
        size=(CROP, CROP),
        interp_type=types.INTERP_LINEAR,
        antialias=False,
    )
    mean, std = ([255 * value for value in values] for values in (MEAN, STD))
    flip = fn.random.coin_flip()
    images = fn.crop_mirror_normalize(images, dtype=types.FLOAT, output_layout="CHW", mean=mean, std=std, mirror=flip)
    return images, labels


def read(paths: list[str]):
    return fn.readers.file(files=paths, labels=list(range(len(paths))), name="reader")


class Batches:
    """An epoch is a pipeline of its own: the reader reads on into the next epoch while others have their turn."""

    def __init__(self, samples: Samples, batch: int, make):
        self.paths, self.batch, self.make = samples.paths, batch, make

    def __iter__(self):
        settings = dict(batch_size=self.batch, num_threads=CORES, device_id=None, prefetch_queue_depth=2)
        pipeline = self.make(self.paths, **settings)
        pipeline.build()
        for start in range(0, len(self.paths), self.batch):
            # What is more than the list in the last batch is the beginning of the next epoch.
            here = min(self.batch, len(self.paths) - start)
            images, labels = (np.asarray(column.as_tensor())[:here] for column in pipeline.run())
            yield images, labels.reshape(-1)


def batches(samples: Samples, batch: int) -> Batches:
    return Batches(samples, batch, plain)


def augmented(samples: Samples, batch: int) -> Batches:
    return Batches(samples, batch, recipe)
