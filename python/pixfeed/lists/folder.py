"""A folder with one sub-folder per class, as torchvision's ImageFolder reads it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping

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

    Args:
        path: the folder.
        is_valid_file, allow_empty, suffixes: see :func:`images_of`.

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
    suffixes = tuple(suffixes)
    if not suffixes or not all(suffix.startswith(".") for suffix in suffixes):
        raise ValueError(f"suffixes is {suffixes!r}; each must begin with a dot, as in {SUFFIXES}")
    classes = classes_of(root)
    return classes, samples_of(images_of(root, numbered(classes), suffixes, is_valid_file, allow_empty), root)


def classes_of(root: str) -> list[str]:
    """The sorted names of the sub-folders.

    Raises:
        FileNotFoundError: there is no such folder, or no sub-folder in it.
    """
    with os.scandir(root) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir() and not _leads_up(entry.path, root))
    if not classes:
        raise FilesNotFoundError(f"{root}: there is no sub-folder, that is no class, in it", path=root)
    return classes


def numbered(classes: Iterable[str]) -> dict[str, int]:
    """The numbers of classes, by name."""
    return {name: number for number, name in enumerate(classes)}


def images_of(
    root: str,
    class_to_idx: Mapping[str, int],
    suffixes: Iterable[str] = SUFFIXES,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> Iterator[tuple[str, int]]:
    """The path of each image in the sub-folders of classes, and the number of its class.

    Classes come in the order of their names, files of a class in the order of ``sorted(os.walk(...))``. Links to
    folders are followed, but for those that lead back up, to a folder that they lie in themselves: torchvision follows
    them forty times.

    Args:
        root: the folder.
        class_to_idx: the sub-folders, with their numbers.
        suffixes: how the names of image files end, in upper or lower case.
        is_valid_file: called with a path, returns whether it is an image, instead of ``suffixes``.
        allow_empty: whether a class may have no image.

    Raises:
        FileNotFoundError: a class has no image (but for ``allow_empty``), or none has.
    """
    ends = tuple(suffix.lower() for suffix in suffixes)
    known = "is_valid_file refused all files" if is_valid_file else f"known suffixes: {' '.join(ends)}"
    is_valid = is_valid_file or (lambda path: path.lower().endswith(ends))
    nothing = True
    for name in sorted(class_to_idx):
        is_empty = True
        for folder, _, files in sorted(_walk(os.path.join(root, name), root)):
            for path in (os.path.join(folder, file) for file in sorted(files)):
                if is_valid(path):
                    is_empty = nothing = False
                    yield path, class_to_idx[name]
        if is_empty and not allow_empty:
            raise FilesNotFoundError(f"{root}: the class {name!r} has no image; {known}", path=root)
    if nothing:
        raise FilesNotFoundError(f"{root}: no class has an image; {known}", path=root)


def samples_of(images: Iterable[tuple[str, int]], root: str) -> Samples:
    """Paths below ``root`` and their labels, as samples whose names are relative to it."""
    labels, inside = array("q"), len(os.path.join(root, ""))

    def names() -> Iterator[str]:
        for path, number in images:
            labels.append(number)
            yield path[inside:]

    return Samples(names(), labels, root)


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
