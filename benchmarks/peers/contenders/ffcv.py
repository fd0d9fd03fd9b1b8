"""FFCV: its own file of the same pictures, as JPEG of quality 95 (it has no way to take JPEG files over as they are);
a worker thread a core, two batches ahead. Writing that file is not counted."""

from __future__ import annotations

import functools
import os
import tempfile
from importlib.metadata import version

import cv2
import ffcv.transforms as T
import numpy as np
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.basics import IntDecoder
from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder, ResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.writer import DatasetWriter

from benchmarks.peers.job import CORES, CROP, MEAN, SIDE, STD, Samples

VERSION = f"FFCV {version('ffcv')}"


class Whole(ResizedCropRGBImageDecoder):
    """Its own decoders resize a part of the picture; this one resizes all of it."""

    def __init__(self, size: tuple[int, int]):
        super().__init__(size)
        self.scale = self.ratio = np.zeros(2)

    @property
    def get_crop_generator(self):
        return lambda height, width, scale, ratio: (0, 0, height, width)


class Pictures:
    def __init__(self, samples: Samples):
        self.paths = samples.paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return cv2.imread(self.paths[i], cv2.IMREAD_COLOR_RGB), i


@functools.cache
def written(samples: Samples) -> str:
    """The file, in the folder of the list."""
    handle, path = tempfile.mkstemp(".beton", dir=os.path.dirname(samples.list_file))
    os.close(handle)
    fields = {"image": RGBImageField(write_mode="jpg", jpeg_quality=95), "label": IntField()}
    DatasetWriter(path, fields, num_workers=CORES).from_indexed_dataset(Pictures(samples))
    return path


def loader(samples: Samples, batch: int, *steps) -> Loader:
    last = [T.ToTensor(), T.ToTorchImage(channels_last=False)]
    return Loader(
        written(samples),
        batch,
        num_workers=CORES,
        order=OrderOption.SEQUENTIAL,
        os_cache=True,
        drop_last=False,
        batches_ahead=2,
        pipelines={"image": [*steps, *last], "label": [IntDecoder(), T.ToTensor()]},
    )


def batches(samples: Samples, batch: int) -> Loader:
    to_float = T.NormalizeImage(np.zeros(3), np.full(3, 255.0), np.float32)
    return loader(samples, batch, Whole((SIDE, SIDE)), to_float)


def augmented(samples: Samples, batch: int) -> Loader:
    normalise = T.NormalizeImage(255 * np.array(MEAN), 255 * np.array(STD), np.float32)
    crop = RandomResizedCropRGBImageDecoder((CROP, CROP))
    return loader(samples, batch, crop, T.RandomHorizontalFlip(), normalise)
