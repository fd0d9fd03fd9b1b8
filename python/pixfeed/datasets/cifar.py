"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from pixfeed.datasets import pickles
from pixfeed.datasets.in_memory import InMemory
from pixfeed.datasets.options import InMemoryOptions
from pixfeed.datasets.published import Download, missing, verify
from pixfeed.errors import DatasetError
from pixfeed.reading.options import check_keywords, with_keywords

_SHAPE = (3, 32, 32)
_SIZE = 3 * 32 * 32


class _Version(NamedTuple):
    """One of the forms in which a set is published."""

    folder: str
    archive: Download
    train: list[str]
    test: list[str]
    names: str  # the file with the classes' names


_HOME = "https://www.cs.toronto.edu/~kriz/"
_BATCHES = [f"data_batch_{i}" for i in range(1, 6)]


class CIFAR10(InMemory):
    """Small photos of ten kinds of things. It replaces ``torchvision.datasets.CIFAR10``.

    An item is ``(image, target)``: float32 ``[3, 32, 32]`` (RGB) in [0, 1], and an int from 0 to 9. A batch has float32
    ``[B, 3, 32, 32]`` and int64 ``[B]``. ``data`` is a uint8 ndarray ``[N, 32, 32, 3]``, ``targets`` a list of int.

    Args:
        root: the folder with ``cifar-10-batches-py`` (the python version, whose pickles are read without executing
            anything in them), or with ``cifar-10-batches-bin`` (the binary version).
        train: ``True`` for the 50,000 training images, ``False`` for the 10,000 test images.
        transform: ``None``, pixfeed's transforms, or torchvision's. With ``None`` an item is a tensor; torchvision
            returns a PIL image. See :class:`pixfeed.datasets.in_memory.InMemory`.
        target_transform: called with each label.
        download: nothing is downloaded. ``True`` is accepted for scripts whose files are there already.
        verify: compare the MD5 of the files with the published one, as torchvision always does. The binary version has
            none: only that of its archive is published.
        mean, std: one number for all channels, or one per channel. Values are ``(value / 255 - mean) / std``, as
            ``ToTensor`` and ``Normalize`` compute them; only with ``transform=None``.
        dtype, memory_format, backend, seed: see :class:`MNIST`.

    Raises:
        FileNotFoundError: files are missing. The message says where to get them, and their checksum.
        DatasetError: a file is truncated, damaged, or another file.
        ValueError, TypeError: an argument makes no sense.
    """

    num_channels = 3
    python = _Version(
        "cifar-10-batches-py",
        Download(_HOME + "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),
        _BATCHES,
        ["test_batch"],
        "batches.meta",
    )
    binary = _Version(
        "cifar-10-batches-bin",
        Download(_HOME + "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
        [f"{name}.bin" for name in _BATCHES],
        ["test_batch.bin"],
        "batches.meta.txt",
    )
    #: MD5 of the python version's files.
    files = {  # noqa: RUF012
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
        "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    }
    _labels_key, _names_key = "labels", "label_names"
    _label_bytes = 1  # of a record of the binary version; the last is the label

    @with_keywords(InMemory.__init__)
    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
        *,
        verify: bool = False,
        **options: Unpack[InMemoryOptions],
    ):
        check_keywords(type(self).__name__, CIFAR10.__init__, options)
        self.root = os.path.expanduser(os.fspath(root))
        self.train = train
        version = self._version()
        paths = self._paths(version, verify)
        names = os.path.join(self.root, version.folder, version.names)
        of_python = version is self.python
        self.classes = self._pickled_names(names) if of_python else _text_names(names)
        read = self._pickled if of_python else self._records
        batches = [read(path) for path in paths]
        self._check_labels(paths, [labels for _, labels in batches])
        pictures = np.concatenate([pictures for pictures, _ in batches]).reshape(-1, *_SHAPE)
        super().__init__(
            pictures.transpose(0, 2, 3, 1),
            [label for _, labels in batches for label in labels],
            transform=transform,
            target_transform=target_transform,
            **options,
        )

    def _version(self) -> _Version:
        """The one that is there; python's, if neither is."""
        there = [v for v in (self.python, self.binary) if os.path.isdir(os.path.join(self.root, v.folder))]
        return (there or [self.python])[0]

    def _paths(self, version: _Version, verified: bool) -> list[str]:
        folder = os.path.join(self.root, version.folder)
        names = version.train if self.train else version.test
        needed = [*names, version.names]
        absent = [name for name in needed if not os.path.isfile(os.path.join(folder, name))]
        if absent:
            raise missing(folder, absent, [version.archive], f"unpack it in {self.root}")
        if verified and version is self.binary:
            raise ValueError(f"{folder}: no checksums are known of these files, only of {version.archive}")
        if verified:
            for name in needed:
                verify(os.path.join(folder, name), self.files[name])
        return [os.path.join(folder, name) for name in names]

    def _pickled(self, path: str) -> tuple[NDArray[np.uint8], list[int]]:
        """Pictures uint8 ``[n, 3072]`` and labels of a batch of the python version."""
        batch = pickles.load(path)
        pictures, labels = batch.get("data"), batch.get(self._labels_key)
        if not isinstance(pictures, np.ndarray) or pictures.ndim != 2 or pictures.shape[1] != _SIZE:
            what = list(pictures.shape) if isinstance(pictures, np.ndarray) else type(pictures).__name__
            raise DatasetError.of(path, f"its 'data' is {what}, not uint8 [n, {_SIZE}]; fetch the file again")
        if type(labels) is not list or not all(type(label) is int for label in labels):
            raise DatasetError.of(path, f"its {self._labels_key!r} is no list of int; fetch the file again")
        if len(pictures) != len(labels):
            raise DatasetError.of(path, f"{len(pictures)} images and {len(labels)} labels; fetch the file again")
        return pictures, labels

    def _records(self, path: str) -> tuple[NDArray[np.uint8], list[int]]:
        """Pictures uint8 ``[n, 3072]`` and labels of a file of the binary version."""
        data = np.fromfile(path, np.uint8)
        record = self._label_bytes + _SIZE
        if len(data) == 0 or len(data) % record:
            what = f"its size is no multiple of {record}, a record's size: it is truncated, or something else"
            raise DatasetError.of(path, f"{what}; fetch it again", len(data))
        records = data.reshape(-1, record)
        return records[:, self._label_bytes :], records[:, self._label_bytes - 1].tolist()

    def _pickled_names(self, path: str) -> list[str]:
        try:
            return pickles.names(pickles.load(path).get(self._names_key))
        except DatasetError:
            raise
        except ValueError as reason:
            what = f"its {self._names_key!r} is unusable ({reason}); fetch the file again"
            raise DatasetError.of(path, what) from reason

    def _check_labels(self, paths: list[str], labels: list[list[int]]) -> None:
        if not any(labels):
            raise DatasetError.of(paths[0], "there is no image in it; fetch the file again")
        for path, of_path in zip(paths, labels, strict=True):
            for i, label in enumerate(of_path):
                if not 0 <= label < len(self.classes):
                    what = f"label {label} of item {i}, there are {len(self.classes)} classes"
                    raise DatasetError.of(path, f"{what}; fetch the file again")

    def _pictures(self) -> NDArray[np.uint8]:
        return np.asarray(self.data).transpose(0, 3, 1, 2)


def _text_names(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        return [name for line in file if (name := line.strip())]


class CIFAR100(CIFAR10):
    """Small photos of a hundred kinds of things. It replaces ``torchvision.datasets.CIFAR100``.

    Arguments, shapes, dtypes and errors are those of :class:`CIFAR10`; the files are in ``cifar-100-python`` or
    ``cifar-100-binary``. Targets are the fine labels, from 0 to 99.
    """

    python = _Version(
        "cifar-100-python",
        Download(_HOME + "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85"),
        ["train"],
        ["test"],
        "meta",
    )
    binary = _Version(
        "cifar-100-binary",
        Download(_HOME + "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"),
        ["train.bin"],
        ["test.bin"],
        "fine_label_names.txt",
    )
    files = {  # noqa: RUF012
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "7973b15100ade9c7d40fb424638fde48",
    }
    _labels_key, _names_key = "fine_labels", "fine_label_names"
    _label_bytes = 2
