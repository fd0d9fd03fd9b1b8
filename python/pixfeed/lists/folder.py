"""A folder with one sub-folder per class, as torchvision's ImageFolder reads it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator

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

    Files of a class come in the order of ``sorted(os.walk(...))``. Links to folders are followed, but for those that
    lead back up, to a folder that they lie in themselves: torchvision follows them forty times.

    Args:
        path: the folder.
        is_valid_file: called with a path, returns whether it is an image. Without it the suffix decides.
        allow_empty: whether a class may have no image.
        suffixes: the suffixes of image files, in upper or lower case.
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
    suffixes = tuple(suffix.lower() for suffix in suffixes)
    if not suffixes or not all(suffix.startswith(".") for suffix in suffixes):
        raise ValueError(f"suffixes is {suffixes!r}; each must begin with a dot, as in {SUFFIXES}")
    with os.scandir(root) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir() and not _leads_up(entry.path, root))
    if not folders and labels:
        remedy = (
            "for images without labels say labels=False of from_folder; for labels in a file there is FastTxtDataset, "
        )
        remedy += "for labels in memory FastTxtDataset.from_samples(paths, labels)"
        raise FilesNotFoundError(f"{root}: there is no sub-folder, that is no class, in it; {remedy}", path=root)
    known = "is_valid_file refused all files" if is_valid_file else f"known suffixes: {' '.join(suffixes)}"
    inside = len(os.path.join(root, ""))

    def names(folder: str) -> Iterator[str]:
        for place, _, files in sorted(_walk(folder, root)):
            for file in sorted(files):
                found = os.path.join(place, file)
                if file.lower().endswith(suffixes) if is_valid_file is None else is_valid_file(found):
                    yield found[inside:]

    if not labels:
        try:
            return [], Samples(names(root), False, root)
        except ListError:
            raise FilesNotFoundError(f"{root}: there is no image in it; {known}", path=root) from None
    class_to_idx = _classes.of_folders(root, folders, classes)
    numbers = array("q")

    def labelled() -> Iterator[str]:
        for name in folders:
            before = len(numbers)
            for found in names(os.path.join(root, name)):
                numbers.append(class_to_idx[name])
                yield found
            if len(numbers) == before and not allow_empty:
                raise FilesNotFoundError(f"{root}: the class {name!r} has no image; {known}", path=root)
        if not numbers:
            raise FilesNotFoundError(f"{root}: no class has an image; {known}", path=root)

    samples = Samples(labelled(), numbers, root)
    samples.class_to_idx = class_to_idx
    return _classes.names_of(class_to_idx), samples


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
