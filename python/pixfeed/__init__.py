"""pixfeed: from a list file and a folder of images to PyTorch batches, natively.

The drop-in for the usual list-file Dataset of image classification::

    from pixfeed import FastTxtDataset
    from torch.utils.data import DataLoader

    train = FastTxtDataset("train.txt", "images", resize_height=256, resize_width=256)
    for images, labels in DataLoader(train, batch_size=64, shuffle=True):
        ...  # images float32 [B, 3, 256, 256] in [0, 1], labels int64 [B, L]

Pixels are bit for bit those of OpenCV. See README.md and ARCHITECTURE.md.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pixfeed._packages import is_installed, missing
from pixfeed._version import __version__

if TYPE_CHECKING:
    from pixfeed import datasets, io, memory, transforms
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
    from pixfeed.loading.ra_sampler import RASampler
    from pixfeed.loading.stats import Stats
    from pixfeed.reading.functional import imread, load_batch, resize
    from pixfeed.reading.options import Reading
    from pixfeed.tools.info import show_config

__all__ = [
    "Annotations",
    "BackendError",
    "Batch",
    "Cache",
    "DataLoader",
    "DatasetError",
    "Failure",
    "FastTxtDataset",
    "FileList",
    "FilesNotFoundError",
    "ImageError",
    "ListError",
    "PixfeedError",
    "RASampler",
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

# Imported when they are first asked for, so that `import pixfeed` takes no time and no torch.
_PLACES = {
    "cache": ("Cache",),
    "collate": ("Batch", "Target", "default_collate", "pad_collate"),
    "collate.detection": ("detection_collate",),
    "datasets.failure_log": ("Failure",),
    "datasets.list_file": ("FastTxtDataset",),
    "device": ("to_device",),
    "errors": (
        "BackendError",
        "DatasetError",
        "FilesNotFoundError",
        "ImageError",
        "ListError",
        "PixfeedError",
        "RaggedError",
        "RegionError",
        "Status",
    ),
    "lists.annotations": ("Annotations",),
    "lists.file_list": ("FileList",),
    "loading.loader": ("DataLoader",),
    "loading.ra_sampler": ("RASampler",),
    "loading.stats": ("Stats",),
    "reading.functional": ("imread", "load_batch", "resize"),
    "reading.options": ("Reading",),
    "tools.info": ("show_config",),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
# Rooms, and one function, that do not work on NumPy alone.
_NEED_TORCH = ("accelerate", "collate", "datasets", "device", "io", "loading", "targets")


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name, name)
    if (name == "load_batch" or module.startswith(_NEED_TORCH)) and not is_installed("torch"):
        raise missing(f"pixfeed.{name}", "torch")
    if name.startswith("__") or find_spec(f"pixfeed.{module}") is None:
        raise AttributeError(f"module 'pixfeed' has no attribute {name!r}")
    found = import_module(f"pixfeed.{module}")
    value = getattr(found, name) if name in _MODULE_OF else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
