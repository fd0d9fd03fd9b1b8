"""ImageFolder: a folder with one sub-folder per class."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Unpack, cast

from pixfeed import draws
from pixfeed.collate.batch import Batch
from pixfeed.datasets.list_file import FastTxtDataset
from pixfeed.datasets.options import ImageFolderOptions
from pixfeed.lists import folder
from pixfeed.lists.classes import names_of, of_folders
from pixfeed.lists.samples import Samples
from pixfeed.reading.functional import imread
from pixfeed.reading.options import check_keywords, with_keywords
from pixfeed.reading.pipeline import Pipeline
from pixfeed.targets.labels import ClassNumbers
from pixfeed.transforms.point_map import PointMap
from pixfeed.transforms.python_steps import ToPILImage, name_of

#: Options that go with a loader of the user's; all others say how pixfeed reads.
_WITH_A_LOADER = ("seed", "backend", "labels", "classes", "return_index", "return_path", "keys")


def default_loader(path: str) -> Any:
    """The image at ``path`` as :class:`ImageFolder` reads it by default, as a PIL image of mode RGB. It is for
    subclasses that call ``self.loader(path)``; ImageFolder itself does not call it."""
    return ToPILImage()(imread(path))


class ImageFolder(FastTxtDataset):
    """Images in a folder that has one sub-folder per class. It replaces ``torchvision.datasets.ImageFolder``.

    It is a :class:`pixfeed.FastTxtDataset` with torchvision's signature, attributes (``classes``, ``class_to_idx``,
    ``samples``, ``imgs``, ``targets``, ``loader``, ``extensions``) and labels. An item is ``(image, target)``: with
    ``transform=None`` float32 ``[3, H, W]`` in [0, 1], RGB (torchvision returns a PIL image), and an int. A batch has
    targets int64 ``[B]``. Reading an item raises the errors of FastTxtDataset.

    As torchvision's it calls the methods :meth:`find_classes` and :meth:`make_dataset`, which subclasses may override.
    A subclass that overrides ``__getitem__`` is read item by item, also in batches.

    Args:
        root: the folder.
        transform: see *Transforms* of :class:`pixfeed.FastTxtDataset`.
        target_transform: called with each label.
        loader: called with each path in place of pixfeed's reading, in Python. ``transform`` then is called with what
            it returns, and all of it runs in Python; without a transform that is the image.
        is_valid_file: called with each path, returns whether it is an image. Without it ``extensions`` decide.
        allow_empty: whether a class may have no image.
        extensions: how the names of image files end, in upper or lower case; by default as torchvision's
            (:data:`pixfeed.lists.folder.SUFFIXES`).
        resize_height, resize_width: pixels; see :class:`pixfeed.FastTxtDataset`. By default images keep their sizes.
        **options: those of :class:`pixfeed.FastTxtDataset`. With a ``loader`` only ``seed`` makes sense.

    Raises:
        FileNotFoundError: there is no such folder, it has no sub-folder, or a class has no image.
        ValueError, TypeError: an argument makes no sense.
    """

    _loader: Callable[[str], Any] = staticmethod(default_loader)

    @with_keywords(FastTxtDataset.__init__)
    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
        *,
        extensions: str | Sequence[str] | None = None,
        resize_height: int | None = None,
        resize_width: int | None = None,
        **options: Unpack[ImageFolderOptions],
    ):
        check_keywords(type(self).__name__, ImageFolder.__init__, options)
        if loader is not default_loader:
            _check_options({**options, "resize_height": resize_height, "resize_width": resize_width})
        self.root = os.path.expanduser(os.fspath(root))
        self.loader = loader
        self.transform, self.target_transform = transform, target_transform
        self.extensions = folder.SUFFIXES if is_valid_file is None and extensions is None else extensions
        labels, classes = options.get("labels", True), options.pop("classes", None)
        self.classes, self.class_to_idx = self.find_classes(self.root) if labels else ([], {})
        there = self.class_to_idx
        if classes is not None:
            self.class_to_idx = of_folders(self.root, self.classes, classes)
            there = {name: self.class_to_idx[name] for name in self.classes}
            self.classes = names_of(self.class_to_idx)
        chosen: dict[str, Any] = dict(
            class_to_idx=there,
            extensions=self.extensions,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        image_dir = self.root
        if not labels:
            samples = folder.unlabelled(self.root, _suffixes(self.extensions), is_valid_file)
        elif type(self).make_dataset is ImageFolder.make_dataset:  # without a Python object per sample
            samples = folder.samples_of(_images(self.root, **chosen), self.root)
        else:
            samples = _given(self.make_dataset(self.root, **chosen), self.root)
            image_dir = ""
        super().__init__(
            samples,
            image_dir,
            resize_height,
            resize_width,
            transform=transform,
            target_transform=target_transform,
            **options,
        )
        if labels:
            self._targets = ClassNumbers(self._targets.files, squeeze=True)

    # -- what torchvision's has, too ----------------------------------------------------------------------------------

    def find_classes(self, directory: str | os.PathLike[str]) -> tuple[list[str], dict[str, int]]:
        """The classes of a folder: the sorted names of its sub-folders, and their numbers by name. A subclass may
        choose others.

        Raises:
            FileNotFoundError: there is no such folder, or no sub-folder in it.
        """
        classes = folder.classes_of(os.fspath(directory))
        return classes, folder.numbered(classes)

    @staticmethod
    def make_dataset(
        directory: str | os.PathLike[str],
        class_to_idx: dict[str, int],
        extensions: str | Sequence[str] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """The samples of a folder: the path and the class of each image. A subclass may return others; paths are then
        taken as they are, or given to the ``loader``.

        Args:
            directory: the folder.
            class_to_idx: its classes; see :meth:`find_classes`.
            extensions, is_valid_file: which files are images; one of the two.
            allow_empty: whether a class may have no image.

        Raises:
            FileNotFoundError: a class has no image.
            ValueError: there are no classes, or not one of ``extensions`` and ``is_valid_file``.
        """
        return list(_images(directory, class_to_idx, extensions, is_valid_file, allow_empty))

    @property
    def loader(self) -> Callable[[str], Any]:
        """What reads an image; :func:`default_loader` stands for pixfeed. Another one may be assigned."""
        return self._loader

    @loader.setter
    def loader(self, loader: Callable[[str], Any]) -> None:
        if not callable(loader):
            raise TypeError(f"loader is {loader!r}; it must be a function: path -> image")
        self._loader = loader
        self.transform = self._transform  # another pipeline

    @property
    def samples(self) -> list[tuple[str, int]]:
        """Path and label of every image. Another list may be assigned; a change of this one changes nothing."""
        return self._pairs

    @samples.setter
    def samples(self, samples: Iterable[tuple[str, int]]) -> None:
        if self.rois is not None or self.resize_boxes is not None:
            raise ValueError("samples cannot be replaced where rois or resize_boxes belong to them")
        self._targets = ClassNumbers(_given(samples, self.root), squeeze=True)
        self.files, self.image_dir = self._targets.files, ""
        for name in ("_pairs", "targets"):
            vars(self).pop(name, None)

    @property
    def imgs(self) -> list[tuple[str, int]]:
        """:attr:`samples`."""
        return self.samples

    @imgs.setter
    def imgs(self, samples: Iterable[tuple[str, int]]) -> None:
        self.samples = samples

    @cached_property
    def _pairs(self) -> list[tuple[str, int]]:
        paths = cast("list[str]", self.files.paths(range(len(self.files)), self.image_dir))
        return list(zip(paths, self._labels(), strict=True))

    def _labels(self) -> list[int]:
        if not self.files.labels.shape[1]:
            raise AttributeError("with labels=False there are no targets, nor samples")
        labels: list[int] = self.files.labels[:, 0].tolist()
        return labels

    @cached_property
    def targets(self) -> list[int]:
        """The label of every image. What is assigned here is not read: assign :attr:`samples`, or see
        :meth:`with_labels`."""
        return self._labels()

    # -- how it reads -------------------------------------------------------------------------------------------------

    def _new_pipeline(self, transform: Callable[..., Any] | None) -> Pipeline:
        if self.loader is default_loader:
            return super()._new_pipeline(transform)
        return Pipeline(self._reading, [self.loader, *([] if transform is None else [transform])])

    @property
    def _one_by_one(self) -> bool:
        return self.loader is not default_loader

    def _one(self, index: int) -> Batch:
        if self.loader is default_loader:
            return super()._one(index)
        key = self._key(index)
        row = key % len(self.files)
        paths: list[Any] = [*self.files.paths([row], self.image_dir)]  # the recipe's first step takes a path
        images = self._in_python(self._pipeline.recipe, paths, draws.like([key], [index]), lambda _: self.origin(row))
        return self._batch_of(images, [row], self._targets.read([row], PointMap([]), [0], self._pipeline.backend)[0])

    def __repr__(self) -> str:
        if self.loader is default_loader:
            return super().__repr__()
        step, steps = self.target_transform, ", ".join(map(name_of, self._pipeline.recipe.python))
        text = f"{type(self).__name__}({self.root!r}: {len(self.files)} images)\n  in Python, per sample: {steps}"
        return text + ("" if step is None else f"\n  in Python, per target: {name_of(step)}")

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        for name in ("_pairs", "targets"):  # made again on demand
            state.pop(name, None)
        return state


def _images(
    directory: str | os.PathLike[str],
    class_to_idx: dict[str, int],
    extensions: str | Sequence[str] | None,
    is_valid_file: Callable[[str], bool] | None,
    allow_empty: bool,
) -> Iterable[tuple[str, int]]:
    """See :meth:`ImageFolder.make_dataset`."""
    if not class_to_idx:
        raise ValueError(f"class_to_idx is {class_to_idx!r}; it must have at least one class: see find_classes")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("one of extensions and is_valid_file must be given, not both")
    root = os.path.expanduser(os.fspath(directory))
    return folder.images_of(root, class_to_idx, _suffixes(extensions), is_valid_file, allow_empty)


def _suffixes(extensions: str | Sequence[str] | None) -> Sequence[str]:
    return (extensions,) if isinstance(extensions, str) else extensions or ()


def _given(samples: Iterable[tuple[str, int]], root: str) -> Samples:
    """Samples that somebody else has made, with paths as they are."""
    given = list(samples)
    return Samples([path for path, *_ in given], [label for _, label, *_ in given], root)


def _check_options(options: dict[str, Any]) -> None:
    """Refuse options that say how to read, where the user's loader reads."""
    for name, value in options.items():
        default = inspect.signature(ImageFolder).parameters[name].default
        is_default = value is default or (type(value) is type(default) and value == default)
        if name not in _WITH_A_LOADER and not is_default:
            raise ValueError(f"{name} says how pixfeed reads, and here the loader does; do it there, or in transform")
