"""Samples: names and labels without a list file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed import backends
from pixfeed.errors import ListError, Origin


class Samples:
    """Samples without a list file. Names are kept in one piece of memory, without a Python object per sample.

    Args:
        names: n paths.
        labels: integers or floating-point numbers ``[n]`` or ``[n, L]``.
        filename: the name of the samples in messages.

    Attributes:
        filename: the name of the samples in messages.
        labels: a copy, int64, float32 or float64 ndarray ``[n, L]``.

    Raises:
        ListError: there are no samples.
        ValueError, TypeError: names and labels do not match, or are none.
    """

    columns = None
    roi_columns = 0

    def __init__(self, names: Iterable[str | os.PathLike[str]], labels: ArrayLike, filename: str = "samples"):
        self.filename = filename
        data, ends = bytearray(), [0]
        for name in names:
            data += os.fsencode(name)
            ends.append(len(data))
        self._names = bytes(data)
        self._offsets = np.array(ends, np.uint32 if len(data) < 1 << 32 else np.int64)
        given = np.asarray(labels)
        if len(self) == 0:
            raise ListError(f"{filename}: there are no samples", path=filename)
        if given.ndim not in (1, 2) or len(given) != len(self) or given.size == 0:
            raise ValueError(
                f"labels have shape {given.shape}; {len(self)} paths need ({len(self)},) or ({len(self)}, L)"
            )
        if given.dtype.kind not in "biuf":
            raise TypeError(f"labels must be integers or floating-point numbers, not {given.dtype}")
        dtype = np.int64 if given.dtype.kind in "biu" else np.float64 if given.dtype.itemsize > 4 else np.float32
        if given.dtype.kind in "uf" and (np.abs(given) >= 2**63).any():  # a list of such integers becomes floats
            for label in np.asarray(labels, object).flat:
                if isinstance(label, int) and not -(2**63) <= label < 2**63:
                    raise ValueError(f"labels must fit into int64; one is {label}")
        self.labels = given.reshape(len(self), -1).astype(dtype)
        self.rois = np.zeros((len(self), 0), np.int64)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def name(self, i: int) -> str:
        """The path of sample ``i``, as it was given."""
        i = range(len(self))[i]
        begin, end = self._offsets[i : i + 2].tolist()
        return os.fsdecode(self._names[begin:end])

    def names(self) -> Iterator[str]:
        """All paths, one after the other."""
        return (self.name(i) for i in range(len(self)))

    def line(self, i: int) -> int | None:
        """``None``: they stand on no line."""
        return None

    def paths(self, rows: Sequence[int] | NDArray[np.int64], folder: str) -> list[str]:
        """The paths of these samples, joined with ``folder`` unless they are absolute."""
        places = np.asarray(rows)
        begins, ends = self._offsets[places].tolist(), self._offsets[places + 1].tolist()
        paths = backends.choose_tables().read_names(self._names, begins, ends, "", folder)
        assert paths is not None  # memory does not end early
        return paths

    def origin(self, i: int, folder: str) -> Origin:
        """The origin of sample ``i``, for errors."""
        return Origin(os.path.join(folder, self.name(i)), self.filename, self.line(i))
