"""List files: a name and its labels a line."""

from __future__ import annotations

import codecs
import os

import numpy as np

from pixfeed.errors import ListError


class FileList:
    """The samples of a list file.

    A line is a name and one or more integer labels, ``0.jpg 0 10``, separated by blanks or tabs. UTF-8, with or
    without a byte order mark; any line ending; blank lines are skipped.

    Args:
        filename: the list file.
        roi_columns: 4 if a region (x, y, w, h), integers in pixels, stands between name and labels, else 0.

    Attributes:
        filename: as given.
        names: the names, as they stand in the list.
        labels: int64 ndarray ``[n, L]``.
        rois: int64 ndarray ``[n, roi_columns]``.
        lines: int32 ndarray ``[n]``: the line of each sample, counted from 1.

    Raises:
        FileNotFoundError: there is no such list.
        ListError: a label is no integer, a line has no label, lines differ in their number of labels (they could not
            be batched), or the list is empty. The message names file, line number and line.
    """

    def __init__(self, filename: str | os.PathLike, roi_columns: int = 0):
        if roi_columns not in (0, 4):
            raise ValueError(f"roi_columns is {roi_columns!r}; it may be 4 (x, y, w, h) or 0")
        self.filename = os.fspath(filename)
        self.names: list[str] = []
        labels: list[list[int]] = []
        lines: list[int] = []
        with open(self.filename, "rb") as file:
            data = file.read()
        # As bytes: a name may be any bytes but white space, and lines end as editors count them (LF, CRLF or CR).
        for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).splitlines(), 1):
            fields = line.split()
            if not fields:
                continue
            try:
                row = [int(field) for field in fields[1:]]
            except ValueError:
                what = "a number of the region or a label" if roi_columns else "a label"
                raise self._error(number, line, f"{what} is no integer") from None
            if len(row) <= roi_columns:
                after = "four numbers of the region" if roi_columns else "name"
                raise self._error(number, line, f"there is no label after the {after}")
            if labels and len(row) != len(labels[0]):
                raise self._error(
                    number,
                    line,
                    f"{len(row) - roi_columns} labels, but line {lines[0]} has {len(labels[0]) - roi_columns}; they "
                    "cannot be batched",
                )
            self.names.append(os.fsdecode(fields[0]))
            labels.append(row)
            lines.append(number)
        if not labels:
            raise ListError(f"{self.filename} is empty: it has no line with a name and a label")
        try:
            numbers = np.array(labels, np.int64)
        except OverflowError:
            wrong = next(i for i, row in enumerate(labels) if not all(-(2**63) <= value < 2**63 for value in row))
            raise ListError(
                f"{self.filename}, line {lines[wrong]}: a label does not fit 64 bits: {labels[wrong]}"
            ) from None
        self.rois, self.labels = numbers[:, :roi_columns], numbers[:, roi_columns:]
        self.lines = np.array(lines, np.int32)

    def __len__(self) -> int:
        return len(self.names)

    def _error(self, number: int, line: bytes, what: str) -> ListError:
        return ListError(f"{self.filename}, line {number}: {what}: {line.decode('utf-8', 'replace').strip()!r}")
