"""A folder with a sub-folder a class, as torchvision's ImageFolder reads it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

from pixfeed.files import Samples

#: Of files that are images: those of torchvision, and what else pixfeed reads.
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
SUFFIXES += (".jpe", ".jfif", ".dib", ".gif", ".pbm", ".pnm", ".avif", ".jp2")


def find(path: str | os.PathLike) -> tuple[list[str], Samples]:
    """The names of the classes, sorted, and the samples: names relative to ``path``, the class's number as label.

    Files of a class come in the order of ``sorted(os.walk(...))``, links to folders are followed.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
    """
    root = os.fspath(path)
    with os.scandir(root) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"{root}: there is no sub-folder, that is no class, in it")
    labels = array("q")
    inside = len(os.path.join(root, ""))

    def names() -> Iterator[str]:
        for number, name in enumerate(classes):
            before = len(labels)
            for folder, _, files in sorted(os.walk(os.path.join(root, name), followlinks=True)):
                for file in sorted(files):
                    if file.lower().endswith(SUFFIXES):
                        labels.append(number)
                        yield os.path.join(folder, file)[inside:]
            if len(labels) == before:
                raise FileNotFoundError(
                    f"{root}: the class {name!r} has no image; known suffixes: {' '.join(SUFFIXES)}"
                )

    return classes, Samples(names(), labels, root)
