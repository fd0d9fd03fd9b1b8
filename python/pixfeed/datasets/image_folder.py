"""ImageFolder: a folder with one sub-folder per class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Unpack

from pixfeed.collate.batch import Batch, Sample
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.datasets.options import ImageFolderOptions
from pixfeed.lists import folder
from pixfeed.reading.options import check_keywords, with_keywords
from pixfeed.targets.labels import ClassNumbers
from pixfeed.transforms.python_steps import name_of


class ImageFolder(FastTxtDataset):
    """Images in a folder that has one sub-folder per class. It replaces ``torchvision.datasets.ImageFolder``.

    It is a :class:`pixfeed.FastTxtDataset` with torchvision's signature, attributes (``classes``, ``class_to_idx``,
    ``samples``, ``imgs``, ``targets``) and labels. An item is ``(image, target)``: with ``transform=None`` float32
    ``[3, H, W]`` in [0, 1], RGB (torchvision returns a PIL image), and an int. A batch has targets int64 ``[B]``.
    Reading an item raises the errors of FastTxtDataset.

    Args:
        root: the folder.
        transform: see *Transforms* of :class:`pixfeed.FastTxtDataset`.
        target_transform: called with each label.
        is_valid_file: called with each path, returns whether it is an image. Without it the suffix decides
            (:data:`pixfeed.lists.folder.SUFFIXES`, which are torchvision's).
        allow_empty: whether a class may have no image.
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default images keep their sizes.
        **options: those of :class:`pixfeed.FastTxtDataset`.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
        ValueError, TypeError: an argument makes no sense.
    """

    @with_keywords(FastTxtDataset.__init__)
    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        *,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options: Unpack[ImageFolderOptions],
    ):
        check_keywords(type(self).__name__, ImageFolder.__init__, options)
        self.root = os.path.expanduser(os.fspath(root))
        self.classes, samples = folder.find(self.root, is_valid_file, allow_empty)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.target_transform = target_transform
        super().__init__(samples, self.root, resize_height, resize_width, transform=transform, **options)
        self._targets = ClassNumbers(self._targets.files, squeeze=True)

    @property
    def python_step(self) -> str:
        return super().python_step or ("" if self.target_transform is None else "target_transform")

    @cached_property
    def samples(self) -> list[tuple[str, int]]:
        """Path and label of every image."""
        paths = self.files.paths(range(len(self.files)), self.root)
        return list(zip(paths, self.targets, strict=True))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("samples", "imgs"):
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be set: torch.utils.data.Subset(dataset, indices) selects some; "
                "dataset.with_labels(labels) and FastTxtDataset.from_samples(paths, labels) make datasets of others"
            )
        super().__setattr__(name, value)

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """:attr:`samples`."""
        return self.samples

    @cached_property
    def targets(self) -> list[int]:
        """The label of every image."""
        labels: list[int] = self.files.labels[:, 0].tolist()
        return labels

    def __repr__(self) -> str:
        step = self.target_transform
        return super().__repr__() + ("" if step is None else f"\n  in Python, per target: {name_of(step)}")

    def __getitem__(self, index: Any) -> Any:
        """``(image, target)``; for a slice a :class:`torch.utils.data.Subset`."""
        item = super().__getitem__(index)
        return item if isinstance(index, slice) or self.reads_natively else self._finished(item)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        batch = super().__getitems__(indices)
        if self.reads_natively or self._has_own_items or self._pipeline.recipe.size is None:
            return batch
        return Batch.of([self._finished(sample) for sample in batch])

    def _finished(self, sample: Sample) -> Sample:
        """Apply ``target_transform``."""
        image, target = sample
        if self.target_transform is not None:
            try:
                target = self.target_transform(target)
            except Exception as error:
                error.add_note(f"in target_transform, for {sample.origin}")
                raise
        return Sample(image, target, lambda: sample.origin)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        for name in ("samples", "targets"):  # made again on demand
            state.pop(name, None)
        return state
