"""MNIST and sets that are laid out like it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from pixfeed._real_torch import torch
from pixfeed.datasets import idx
from pixfeed.datasets.in_memory import InMemory
from pixfeed.datasets.options import InMemoryOptions
from pixfeed.datasets.published import Download, missing, verify
from pixfeed.errors import DatasetError
from pixfeed.reading.options import check_keywords, with_keywords


class MNIST(InMemory):
    """Handwritten digits. It replaces ``torchvision.datasets.MNIST``; batches are loaded about twenty times faster.

    An item is ``(image, target)``: float32 ``[1, 28, 28]`` in [0, 1], and an int from 0 to 9. A batch has float32
    ``[B, 1, 28, 28]`` and int64 ``[B]``. ``data`` is a uint8 tensor ``[N, 28, 28]``, ``targets`` int64 ``[N]``.

    Args:
        root: the folder with ``MNIST/raw/train-images-idx3-ubyte`` and so on, gzipped (``.gz``) or not.
        train: ``True`` for the 60,000 training images, ``False`` for the 10,000 test images.
        transform: ``None``, pixfeed's transforms, or torchvision's. With ``None`` an item is a tensor; torchvision
            returns a PIL image. See :class:`pixfeed.datasets.in_memory.InMemory`.
        target_transform: called with each label.
        download: nothing is downloaded. ``True`` is accepted for scripts whose files are there already.
        verify: compare the MD5 of the gzipped files with the published one.
        mean, std: one number. Values are ``(value / 255 - mean) / std``, as ``ToTensor`` and ``Normalize`` compute
            them; only with ``transform=None``.
        dtype: ``torch.float32``, ``torch.float16``, ``torch.bfloat16``, or ``torch.uint8`` for values from 0 to 255.
        memory_format: ``torch.contiguous_format`` or ``torch.channels_last``.
        backend: ``"native"``, ``"opencv"``, or ``None`` for the default (see :func:`pixfeed.show_config`).
        seed: the seed of random transforms; see :class:`pixfeed.datasets.in_memory.InMemory`.

    Raises:
        FileNotFoundError: files are missing. The message says where to get them, and their checksums.
        DatasetError: a file is truncated, damaged, or another file.
        ValueError, TypeError: an argument makes no sense.
    """

    folder = "MNIST"
    mirror = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    #: MD5 by name.
    files = {  # noqa: RUF012
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    classes = [  # noqa: RUF012
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    ]
    num_channels = 1

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
        check_keywords(type(self).__name__, MNIST.__init__, options)
        self.root = os.path.expanduser(os.fspath(root))
        self.train = train
        images, labels = self._paths(verify)
        data, targets = idx.read(images, 3), idx.read(labels, 1)
        if len(data) != len(targets):
            raise DatasetError(
                f"{images} has {len(data)} images, {labels} has {len(targets)} labels: they do not belong together; "
                "fetch both again",
                path=images,
            )
        if data.size == 0:
            raise DatasetError.of(images, f"its images are {list(data.shape)}, that is none; fetch it again")
        if targets.max() >= len(self.classes):
            what = f"label {targets.max()} of item {targets.argmax()}, there are {len(self.classes)} classes"
            raise DatasetError.of(labels, f"{what}; fetch it again")
        super().__init__(
            torch.from_numpy(data),
            torch.from_numpy(targets.astype(np.int64)),
            transform=transform,
            target_transform=target_transform,
            **options,
        )

    @property
    def raw_folder(self) -> str:
        """The folder that its files are in, as torchvision places them: ``raw`` in a folder of the dataset's name."""
        return os.path.join(self.root, self.folder, "raw")

    def _paths(self, verified: bool) -> list[str]:
        """Images and labels: the plain file, or the gzipped one."""
        zipped = [name for name in self.files if name.startswith("train" if self.train else "t10k")]
        paths, absent = [], []
        for name in zipped:
            found = [path for path in (name.removesuffix(".gz"), name) if os.path.isfile(self._at(path))]
            if verified:
                found = found[-1:]  # the gzipped one, if it is there
            if not found:
                absent.append(name)
                continue
            if verified and not found[0].endswith(".gz"):
                raise ValueError(
                    f"{self._at(found[0])}: no checksum is known of it, only of {name}: verify=False reads it"
                )
            if verified:
                verify(self._at(name), self.files[name])
            paths.append(self._at(found[0]))
        if absent:
            downloads = [Download(self.mirror + name, self.files[name]) for name in absent]
            raise missing(self.raw_folder, absent, downloads, "put it there, as it is or unpacked")
        return paths

    def _at(self, name: str) -> str:
        return os.path.join(self.raw_folder, name)

    def _pictures(self) -> NDArray[np.uint8]:
        return np.asarray(self.data)[:, None]


class FashionMNIST(MNIST):
    """Articles of clothing. It replaces ``torchvision.datasets.FashionMNIST``.

    Arguments, shapes, dtypes and errors are those of :class:`MNIST`; the files are in ``FashionMNIST/raw``, with the
    same names. ``data`` is a uint8 tensor ``[N, 28, 28]``, ``targets`` int64 ``[N]`` from 0 to 9.
    """

    folder = "FashionMNIST"
    mirror = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    files = {  # noqa: RUF012
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    classes = [  # noqa: RUF012
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]
