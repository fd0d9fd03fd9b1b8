"""Which mask belongs to which picture: a list of them, a rule for their names, or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from pixfeed.errors import FilesNotFoundError
from pixfeed.lists.annotated import Masked
from pixfeed.lists.folder import SUFFIXES

#: ``masks=`` of :meth:`pixfeed.FastTxtDataset.from_samples`.
Masks = Iterable[str | os.PathLike[str]] | Callable[[str], str | os.PathLike[str]]

#: The rule if only the folder of the masks is given.
BY_STEM = "{stem}.*"
_STEM, _ANY = "{stem}", ".*"
#: What ``.*`` stands for, in upper or lower case.
_SUFFIXES = (*SUFFIXES, ".gif")
_EXAMPLES = "'{stem}.png', '{stem}.*' or '{stem}_mask.*'"


def masked(
    pictures: Iterable[str | os.PathLike[str] | bytes], masks: Masks | None, folder: str | os.PathLike[str]
) -> Masked:
    """Pictures and their masks; see :func:`of_pictures`. ``None`` is BY_STEM."""
    names = list(pictures)
    return Masked(names, of_pictures(names, BY_STEM if masks is None else masks, os.fsdecode(folder)))


def of_pictures(pictures: Sequence[str | os.PathLike[str] | bytes], masks: Masks, folder: str) -> list[str]:
    """The masks of pictures.

    Args:
        pictures: n paths; encoded images, if masks are paths.
        masks: n paths; or a rule, in which ``{stem}`` is the picture's name without folder and suffix, and ``.*`` at
            the end any suffix of an image that ``folder`` has; or a function: path of the picture -> path of the mask.
        folder: what masks are relative to.

    Raises:
        FileNotFoundError: there is no such folder, or a picture has no mask in it that the rule finds.
        TypeError, ValueError: the rule makes no sense, or finds several masks of a picture.
    """
    if not isinstance(masks, str) and not callable(masks):
        return list(map(os.fsdecode, masks))
    if any(isinstance(picture, bytes) for picture in pictures):
        raise TypeError("encoded images have no names that masks could follow from: masks must be a list of paths")
    names = list(map(os.fsdecode, pictures))
    if not isinstance(masks, str):
        return [os.fsdecode(masks(name)) for name in names]
    is_open = masks.endswith(_ANY)
    if masks.count(_STEM) != 1 or "*" in masks.removesuffix(_ANY) or (is_open and _STEM in os.path.dirname(masks)):
        raise ValueError(f"masks is {masks!r}; a rule is {_EXAMPLES}")
    stems = [os.path.splitext(os.path.basename(name))[0] for name in names]
    if not is_open:
        return [masks.replace(_STEM, stem) for stem in stems]
    rule = masks.removesuffix(_ANY)
    there = _by_beginning(os.path.join(folder, os.path.dirname(rule)))
    found, missing = [], []
    for name, stem in zip(names, stems, strict=True):
        beginning = rule.replace(_STEM, stem)
        suffixes = there.get(os.path.basename(beginning), ())
        if len(suffixes) > 1:
            both = " and ".join(beginning + suffix for suffix in suffixes[:2])
            raise ValueError(f"{name} has two masks, {both}, in {folder!r}; say which suffix: masks='{rule}.png'")
        if suffixes:
            found.append(beginning + suffixes[0])
        else:
            missing.append(name)
    if missing:
        more = f" ({len(missing)} of {len(names)} pictures have none)" if len(missing) > 1 else ""
        wanted = masks.replace(_STEM, stems[names.index(missing[0])])
        raise FilesNotFoundError(
            f"{missing[0]}: there is no mask {wanted!r} in {folder!r}{more}; "
            f"masks may be a rule for their names ({_EXAMPLES}), or a list of their paths",
            path=folder,
        )
    return found


def _by_beginning(folder: str) -> dict[str, list[str]]:
    """The suffixes of the images in a folder, by the rest of their names, sorted."""
    found: dict[str, list[str]] = {}
    with os.scandir(folder or ".") as entries:
        for name in sorted(entry.name for entry in entries):
            beginning, suffix = os.path.splitext(name)
            if suffix.lower() in _SUFFIXES:
                found.setdefault(beginning, []).append(suffix)
    return found
