"""A folder with one sub-folder per class, as torchvision's ImageFolder reads it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping

from pixfeed.errors import FilesNotFoundError, ListError
from pixfeed.lists import classes as _classes
from pixfeed.lists.samples import Samples

#: Of files that are images: torchvision's IMG_EXTENSIONS and no others, so that indices are the same.
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def find(
    path: str | os.PathLike[str],
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
    suffixes: Iterable[str] = SUFFIXES,
    labels: bool = True,
    classes: _classes.Given | None = None,
) -> tuple[list[str], Samples]:
    """Find the classes and images of a folder.

    Args:
        path: the folder.
        is_valid_file, allow_empty, suffixes: see :func:`images_of`.
        labels: ``False``: there are no classes, and all images in the folder and below it are taken.
        classes: the names of the classes by number, or their numbers by name. They may be more than there are
            sub-folders.

    Returns:
        The names of the classes, sorted if they were not given; and the samples, whose names are relative to ``path``
        and whose labels are the numbers of the classes.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image (but for
            ``allow_empty``), or none has. The message says what to do with a folder that has no classes.
        ListError: a sub-folder is none of the ``classes``.
        ValueError, TypeError: ``suffixes`` makes no sense.
    """
    root = os.fspath(path)
    if isinstance(suffixes, str):
        raise TypeError(f"suffixes is {suffixes!r}; it must be several strings, such as ({suffixes!r},)")
    suffixes = tuple(suffixes)
    if not suffixes or not all(suffix.startswith(".") for suffix in suffixes):
        raise ValueError(f"suffixes is {suffixes!r}; each must begin with a dot, as in {SUFFIXES}")
    if not labels:
        return [], unlabelled(root, suffixes, is_valid_file)
    folders = classes_of(root)
    class_to_idx = _classes.of_folders(root, folders, classes)
    there = {name: class_to_idx[name] for name in folders}
    samples = samples_of(images_of(root, there, suffixes, is_valid_file, allow_empty), root)
    samples.class_to_idx = class_to_idx
    return _classes.names_of(class_to_idx), samples


def classes_of(root: str) -> list[str]:
    """The sorted names of the sub-folders.

    Raises:
        FileNotFoundError: there is no such folder, or no sub-folder in it.
    """
    with os.scandir(root) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir() and not _leads_up(entry.path, root))
    if not classes:
        raise FilesNotFoundError(
            f"{root}: there is no sub-folder, that is no class, in it; for images without labels say labels=False, for "
            "labels in a list file there is FastTxtDataset, for others FastTxtDataset.from_samples(paths, labels)",
            path=root,
        )
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
    known, nothing = _known(suffixes, is_valid_file), True
    for name in sorted(class_to_idx):
        is_empty = True
        for path in _images_in(os.path.join(root, name), root, suffixes, is_valid_file):
            is_empty = nothing = False
            yield path, class_to_idx[name]
        if is_empty and not allow_empty:
            raise FilesNotFoundError(f"{root}: the class {name!r} has no image; {known}", path=root)
    if nothing:
        raise FilesNotFoundError(f"{root}: no class has an image; {known}", path=root)


def unlabelled(
    root: str, suffixes: Iterable[str] = SUFFIXES, is_valid_file: Callable[[str], bool] | None = None
) -> Samples:
    """All images in a folder and below it, without labels; names are relative to the folder.

    Raises:
        FileNotFoundError: there is none.
    """
    inside = len(os.path.join(root, ""))
    try:
        return Samples((path[inside:] for path in _images_in(root, root, suffixes, is_valid_file)), False, root)
    except ListError:
        known = _known(suffixes, is_valid_file)
        raise FilesNotFoundError(f"{root}: there is no image in it; {known}", path=root) from None


def samples_of(images: Iterable[tuple[str, int]], root: str) -> Samples:
    """Paths below ``root`` and their labels, as samples whose names are relative to it."""
    labels, inside = array("q"), len(os.path.join(root, ""))

    def names() -> Iterator[str]:
        for path, number in images:
            labels.append(number)
            yield path[inside:]

    return Samples(names(), labels, root)


def _images_in(
    folder: str, root: str, suffixes: Iterable[str], is_valid_file: Callable[[str], bool] | None
) -> Iterator[str]:
    ends = tuple(suffix.lower() for suffix in suffixes)
    is_valid = is_valid_file or (lambda path: path.lower().endswith(ends))
    for place, _, files in sorted(walk(folder, root)):
        yield from filter(is_valid, (os.path.join(place, file) for file in sorted(files)))


def _known(suffixes: Iterable[str], is_valid_file: Callable[[str], bool] | None) -> str:
    return "is_valid_file refused all files" if is_valid_file else f"known suffixes: {' '.join(suffixes).lower()}"


def walk(folder: str, root: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk``, which follows links to folders, but for those that lead back up, inside ``root``."""
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
