"""Samples: names and labels without a list file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed import backends
from pixfeed.backends import Source
from pixfeed.errors import ListError, Origin
from pixfeed.lists import classes as _classes


class SampleList(Protocol):
    """The samples of a dataset: names and labels. See :class:`pixfeed.FileList`.

    Attributes:
        filename: the name of the list in messages.
        columns: the fields of its header, if there is one.
        labels: ndarray ``[n, L]`` (L is 0 if there are none), read-only: copies and worker processes would not have
            what is written to it.
        rois: int64 ``[n, roi_columns]``, read-only.
        roi_columns: 4 if samples have regions, else 0.
        class_to_idx: the numbers of classes by name, if labels are those of classes.
    """

    @property
    def class_to_idx(self) -> dict[str, int] | None: ...

    @property
    def filename(self) -> str: ...

    @property
    def columns(self) -> list[str] | None: ...

    @property
    def labels(self) -> NDArray[Any]: ...

    @property
    def rois(self) -> NDArray[np.int64]: ...

    @property
    def roi_columns(self) -> int: ...

    def __len__(self) -> int: ...

    def name(self, i: int) -> str: ...

    def names(self) -> Iterator[str]: ...

    def line(self, i: int) -> int | None: ...

    def paths(self, rows: Sequence[int] | NDArray[np.int64], folder: str) -> Sequence[Source]: ...

    def origin(self, i: int, folder: str) -> Origin: ...


def checked_labels(labels: ArrayLike, count: int) -> NDArray[Any]:
    """A read-only copy of ``labels``, int64, float32 or float64 ``[count, L]``.

    Raises:
        ValueError, TypeError: they are not ``[count]`` or ``[count, L]`` numbers.
    """
    given = np.asarray(labels)
    if given.dtype.kind in "UTS" or (given.dtype == object and given.size and isinstance(given.flat[0], str)):
        raise TypeError("labels are words: say classes='auto', or classes= with their names in order or class_to_idx")
    if given.ndim not in (1, 2) or len(given) != count or given.size == 0:
        raise ValueError(f"labels have shape {given.shape}; {count} paths need ({count},) or ({count}, L)")
    if given.dtype.kind not in "biuf":
        raise TypeError(f"labels must be integers or floating-point numbers, not {given.dtype}")
    dtype = np.int64 if given.dtype.kind in "biu" else np.float64 if given.dtype.itemsize > 4 else np.float32
    # A list of integers that are too large becomes floats.
    if given.dtype.kind in "uf" and (np.abs(given.astype(np.float64)) >= 2**63).any():
        for label in np.asarray(labels, object).flat:
            if isinstance(label, int) and not -(2**63) <= label < 2**63:
                raise ValueError(f"labels must fit into int64; one is {label}")
    checked: NDArray[Any] = given.reshape(count, -1).astype(dtype)
    checked.flags.writeable = False
    return checked


class Samples:
    """Samples without a list file. Names are kept in one piece of memory, without a Python object per sample.

    Args:
        names: n paths, or encoded images.
        labels: integers or floating-point numbers ``[n]`` or ``[n, L]``; names of classes; or ``False`` for none.
        filename: the name of the samples in messages.
        classes: see :class:`pixfeed.FileList`.

    Attributes:
        filename: the name of the samples in messages.
        labels: a copy, int64, float32 or float64 ndarray ``[n, L]``, read-only.
        is_flat: the labels were given as ``[n]``.
        class_to_idx: see :class:`pixfeed.FileList`.

    Raises:
        ListError: there are no samples.
        ValueError, TypeError: names and labels do not match, or are none.
    """

    columns = None
    roi_columns = 0
    class_to_idx: dict[str, int] | None = None

    def __init__(
        self,
        names: Iterable[str | os.PathLike[str] | bytes],
        labels: ArrayLike | Literal[False],
        filename: str = "samples",
        classes: _classes.Given | None = None,
    ):
        self.filename = filename
        data, ends = bytearray(), [0]
        self._encoded: dict[int, bytes] = {}
        for name in names:
            if isinstance(name, bytes):
                self._encoded[len(ends) - 1] = name
            else:
                data += os.fsencode(name)
            ends.append(len(data))
        self._names = bytes(data)
        self._offsets = np.array(ends, np.uint32 if len(data) < 1 << 32 else np.int64)
        if len(self) == 0:
            raise ListError(f"{filename}: there are no samples", path=filename)
        if labels is False:
            if classes is not None:
                raise ValueError("classes goes with labels; there are none with labels=False")
            labels = np.empty((len(self), 0), np.int64)
            labels.flags.writeable = False
            self._labels = labels
        else:
            if classes is not None:
                labels, self.class_to_idx = _classes.numbers_of(labels, _classes.checked(classes), filename)
            self._labels = checked_labels(labels, len(self))
        self.is_flat = np.ndim(labels) == 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if "_labels" in state:
            self._labels.flags.writeable = False  # a pickle does not keep that

    @property
    def labels(self) -> NDArray[Any]:
        """ndarray ``[n, L]``, int64, float32 or float64, read-only."""
        return self._labels

    @property
    def rois(self) -> NDArray[np.int64]:
        """int64 ndarray ``[n, 0]``: samples without a list have no regions."""
        return np.broadcast_to(np.int64(0), (len(self), 0))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def name(self, i: int) -> str:
        """The path of sample ``i``, as it was given; of an encoded image its place: ``samples[3]``."""
        i = range(len(self))[i]
        if i in self._encoded:
            return f"{self.filename}[{i}]"
        begin, end = self._offsets[i : i + 2].tolist()
        return os.fsdecode(self._names[begin:end])

    def names(self) -> Iterator[str]:
        """All paths, one after the other."""
        return (self.name(i) for i in range(len(self)))

    def line(self, i: int) -> int | None:
        """``None``: they stand on no line."""
        return None

    def paths(self, rows: Sequence[int] | NDArray[np.int64], folder: str) -> Sequence[Source]:
        """The paths of these samples, joined with ``folder`` unless they are absolute; or encoded images."""
        places = np.asarray(rows)
        begins, ends = self._offsets[places].tolist(), self._offsets[places + 1].tolist()
        paths = backends.choose_tables().read_names(self._names, begins, ends, "", folder)
        assert paths is not None  # memory does not end early
        if not self._encoded:
            return paths
        return [self._encoded.get(row, path) for row, path in zip(places.tolist(), paths, strict=True)]

    def origin(self, i: int, folder: str) -> Origin:
        """The origin of sample ``i``, for errors."""
        name = self.name(i)
        return Origin(name if i in self._encoded else os.path.join(folder, name), self.filename, self.line(i))
