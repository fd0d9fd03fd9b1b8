"""List files for tests: from bytes to a FileList."""

from __future__ import annotations

from pixfeed.lists.file_list import FileList


def all_lines(files: FileList) -> list[int]:
    return [files.line(i) for i in range(len(files))]


def read_list(path, backend, data: bytes, *args, **options) -> FileList:
    """Writes the list and opens it."""
    path.write_bytes(data)
    return FileList(path, *args, backend=backend, **options)
