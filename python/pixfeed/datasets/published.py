"""Published files: where to get them, and whether the ones on disk are the same. Nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from pixfeed.errors import DatasetError, FilesNotFoundError


class Download(NamedTuple):
    """A file to be downloaded, and its checksum."""

    url: str
    md5: str

    def __str__(self) -> str:
        return f"{self.url} (MD5 {self.md5})"


def missing(folder: str, names: Sequence[str], downloads: Sequence[Download], then: str) -> FilesNotFoundError:
    """The error for files that are not in ``folder``. ``then``: what to do with the downloads."""
    fetch = ", ".join(map(str, downloads))
    return FilesNotFoundError(
        f"{folder}: there is no {', no '.join(names)}; pixfeed downloads nothing: fetch {fetch} and {then}", path=folder
    )


def verify(path: str, md5: str) -> None:
    """Compares the file's checksum.

    Raises:
        DatasetError: it is another one.
    """
    found = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    if found.hexdigest() != md5:
        what = f"the MD5 is {found.hexdigest()}, published is {md5}; fetch the file again"
        raise DatasetError.of(path, what, os.path.getsize(path))
