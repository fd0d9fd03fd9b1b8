"""pixfeed: from a list file and a folder of images to PyTorch batches, natively.

The drop-in for the usual list-file Dataset of image classification::

    from pixfeed import FastTxtDataset
    from torch.utils.data import DataLoader

    train = FastTxtDataset("train.txt", "images", resize_height=256, resize_width=256)
    for images, labels in DataLoader(train, batch_size=64, shuffle=True):
        ...  # images float32 [B, 3, 256, 256] in [0, 1], labels int64 [B, L]

Pixels are bit for bit those of OpenCV. See README.md and ARCHITECTURE.md.
"""

from pixfeed import datasets, io, memory, transforms
from pixfeed._version import __version__
from pixfeed.collate import Batch, Target, default_collate, pad_collate
from pixfeed.collate.detection import detection_collate
from pixfeed.datasets.failure_log import Failure
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.device import to_device
from pixfeed.errors import (
    BackendError,
    DatasetError,
    FilesNotFoundError,
    ImageError,
    ListError,
    PixfeedError,
    RaggedError,
    RegionError,
    Status,
)
from pixfeed.lists.annotations import Annotations
from pixfeed.lists.file_list import FileList
from pixfeed.loading.loader import DataLoader
from pixfeed.loading.stats import Stats
from pixfeed.reading.functional import imread, load_batch, resize
from pixfeed.reading.options import Reading
from pixfeed.tools.info import show_config

__all__ = [
    "Annotations",
    "BackendError",
    "Batch",
    "DataLoader",
    "DatasetError",
    "Failure",
    "FastTxtDataset",
    "FileList",
    "FilesNotFoundError",
    "ImageError",
    "ListError",
    "PixfeedError",
    "RaggedError",
    "Reading",
    "RegionError",
    "Stats",
    "Status",
    "Target",
    "__version__",
    "datasets",
    "default_collate",
    "detection_collate",
    "imread",
    "io",
    "load_batch",
    "memory",
    "pad_collate",
    "resize",
    "show_config",
    "to_device",
    "transforms",
]
