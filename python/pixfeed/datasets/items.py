"""Items: what an item of a dataset is made of, besides its image: target, index and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pixfeed.collate.batch import Form
from pixfeed.lists.samples import SampleList
from pixfeed.targets.base import Column

_OWN_KEYS = ("index", "path")


class Items(NamedTuple):
    """The form of items, and what is done to their targets.

    Attributes:
        form: the parts of an item, and their keys if it is a dict.
        target_transform: called with each target.
    """

    form: Form = Form()
    target_transform: Callable[[Any], Any] | None = None

    @classmethod
    def of(
        cls,
        labels: bool,
        return_index: bool,
        return_path: bool,
        keys: Sequence[str] | None,
        target_transform: Callable[[Any], Any] | None,
    ) -> Items:
        """The arguments are those of :class:`pixfeed.FastTxtDataset`.

        Raises:
            ValueError, TypeError: they make no sense.
        """
        if target_transform is not None and not callable(target_transform):
            raise TypeError(f"target_transform is {target_transform!r}; it must be a function")
        if target_transform is not None and not labels:
            raise ValueError("target_transform goes with labels; there are none with labels=False")
        parts = ("image", "target") if labels else ("image",)
        own = tuple(name for name, wanted in zip(_OWN_KEYS, (return_index, return_path), strict=True) if wanted)
        form = Form(parts + own, None if keys is None else (*_checked(keys, parts), *own))
        if form.keys is not None and len(set(form.keys)) < len(form.keys):
            raise ValueError(f"keys are {list(form.keys)}; each must be another one")
        return cls(form, target_transform) if (form, target_transform) != PLAIN else PLAIN

    def columns(self, files: SampleList, folder: str, rows: Sequence[int], targets: Column) -> dict[str, Column]:
        """The parts of a batch, by name, that come from these rows of the list.

        Args:
            targets: those of the rows.
        """
        made: dict[str, Column] = {"target": targets}
        if self.target_transform is not None:
            plain = targets.tolist() if isinstance(targets, np.ndarray) and targets.ndim == 1 else targets
            made["target"] = transformed = []
            for row, target in zip(rows, plain, strict=True):
                try:
                    transformed.append(self.target_transform(target))
                except Exception as error:
                    error.add_note(f"in target_transform, for {files.origin(row, folder)}")
                    raise
        if "index" in self.form.parts:
            made["index"] = np.array(rows, np.int64)
        if "path" in self.form.parts:
            sources = zip(rows, files.paths(rows, folder), strict=True)
            made["path"] = [source if isinstance(source, str) else files.name(row) for row, source in sources]
        return made


#: ``(image, target)``
PLAIN = Items()


def _checked(keys: Sequence[str], parts: Sequence[str]) -> tuple[str, ...]:
    if isinstance(keys, str) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"keys is {keys!r}; it must be names, such as ('image', 'label')")
    if len(keys) != len(parts):
        names = "image and label" if len(parts) == 2 else "image alone (labels=False)"
        raise ValueError(
            f"keys is {tuple(keys)!r}; it names {names}: {len(parts)} in all (index and path have their own)"
        )
    return tuple(keys)
