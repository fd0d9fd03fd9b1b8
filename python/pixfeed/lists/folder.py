"""A folder with one sub-folder per class, as torchvision's ImageFolder reads it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator

from pixfeed.errors import FilesNotFoundError
from pixfeed.lists.samples import Samples

#: Of files that are images: torchvision's IMG_EXTENSIONS and no others, so that indices are the same.
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def find(
    path: str | os.PathLike[str],
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
    suffixes: Iterable[str] = SUFFIXES,
) -> tuple[list[str], Samples]:
    """Find the classes and images of a folder.

    Files of a class come in the order of ``sorted(os.walk(...))``. Links to folders are followed, but for those that
    lead back up, to a folder that they lie in themselves: torchvision follows them forty times.

    Args:
        path: the folder.
        is_valid_file: called with a path, returns whether it is an image. Without it the suffix decides.
        allow_empty: whether a class may have no image.
        suffixes: the suffixes of image files, in upper or lower case.

    Returns:
        The sorted names of the classes; and the samples, whose names are relative to ``path`` and whose labels are the
        numbers of the classes.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image (but for
            ``allow_empty``), or none has.
        ValueError, TypeError: ``suffixes`` makes no sense.
    """
    root = os.fspath(path)
    if isinstance(suffixes, str):
        raise TypeError(f"suffixes is {suffixes!r}; it must be several strings, such as ({suffixes!r},)")
    suffixes = tuple(suffix.lower() for suffix in suffixes)
    if not suffixes or not all(suffix.startswith(".") for suffix in suffixes):
        raise ValueError(f"suffixes is {suffixes!r}; each must begin with a dot, as in {SUFFIXES}")
    with os.scandir(root) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir() and not _leads_up(entry.path, root))
    if not classes:
        raise FilesNotFoundError(f"{root}: there is no sub-folder, that is no class, in it", path=root)
    labels = array("q")
    known = "is_valid_file refused all files" if is_valid_file else f"known suffixes: {' '.join(suffixes)}"
    inside = len(os.path.join(root, ""))

    def names() -> Iterator[str]:
        for number, name in enumerate(classes):
            before = len(labels)
            for folder, _, files in sorted(_walk(os.path.join(root, name), root)):
                for file in sorted(files):
                    found = os.path.join(folder, file)
                    if file.lower().endswith(suffixes) if is_valid_file is None else is_valid_file(found):
                        labels.append(number)
                        yield found[inside:]
            if len(labels) == before and not allow_empty:
                raise FilesNotFoundError(f"{root}: the class {name!r} has no image; {known}", path=root)
        if not labels:
            raise FilesNotFoundError(f"{root}: no class has an image; {known}", path=root)

    return classes, Samples(names(), labels, root)


def _walk(folder: str, root: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for inside, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _leads_up(os.path.join(inside, name), root)]
        yield inside, folders, files


def _leads_up(path: str, root: str) -> bool:
    """Whether this is a link to one of the folders between ``root`` and itself, or to one that has them in it."""
    if not os.path.islink(path):
        return False
    target = os.path.realpath(path)
    while path != root:
        path = os.path.dirname(path)
        if os.path.commonpath((os.path.realpath(path), target)) == target:
            return True
        if len(path) < len(root):
            break
    return False
