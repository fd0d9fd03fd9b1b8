"""Folders of pictures of all kinds, and the batches of datasets that read them, as hashes."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from images import jpeg, picture, pillow, png

import pixfeed


def write(path: Path, data: bytes, age: float = 0.0) -> None:
    """A file that was there before."""
    path.write_bytes(data)
    while time.time_ns() - path.stat().st_ctime_ns < 60_000_000:
        time.sleep(0.02)


def folder(path: Path, count: int = 24) -> str:
    """A list of JPEGs, PNGs, WebPs, TIFFs, gray and turned ones; the name of the list."""
    path.mkdir(exist_ok=True)
    lines = []
    for i in range(count):
        image = picture(40 + 7 * (i % 5), 50 + 11 * (i % 7), seed=i)
        if i % 8 == 1:
            name, data = f"{i}.png", png(image)
        elif i % 8 == 2:
            name, data = f"{i}.jpg", jpeg(image[..., 0])
        elif i % 8 == 3:
            name, data = f"{i}.webp", pillow(image, "WEBP", quality=80)
        elif i % 8 == 4:
            name, data = f"{i}.tif", pillow(image, "TIFF")
        elif i % 8 == 5:
            exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
            name, data = f"{i}.jpg", pillow(image, "JPEG", exif=exif)
        elif i % 8 == 6:
            name, data = f"{i}.png", png(image[..., 0])
        else:
            name, data = f"{i}.jpg", jpeg(image)
        (path / name).write_bytes(data)
        lines.append(f"{name} {i}")
    (path / "list.txt").write_text("\n".join(lines) + "\n")
    time.sleep(0.07)  # files as young as the clock's tick are not kept
    return str(path / "list.txt")


def hashes(loader: Any) -> list[str]:
    """SHA-256 of each batch."""
    found = []
    for batch in loader:
        sha = hashlib.sha256()
        for part in batch if isinstance(batch, (tuple, list)) else batch.values():
            for each in [part] if isinstance(part, torch.Tensor) else part:
                sha.update(str(each.shape if isinstance(each, torch.Tensor) else "").encode())
                sha.update(np.asarray(each).tobytes())
        found.append(sha.hexdigest())
    return found


def dataset(list_file: str, cache: Any = None, **options: Any) -> pixfeed.FastTxtDataset:
    options.setdefault("seed", 7)
    return pixfeed.FastTxtDataset(list_file, os.path.dirname(list_file), cache=cache, **options)


def counts(made: pixfeed.FastTxtDataset) -> Any:
    """What has happened in this process with the dataset's cache."""
    from pixfeed.cache.store import Counts

    return Counts(*made._pipeline.cache.open(made._pipeline.backend).counts())
