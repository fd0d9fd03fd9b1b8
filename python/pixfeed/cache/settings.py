"""Cache: where decoded pictures are kept, and how much of them."""

from __future__ import annotations

import os
import re
from typing import Any, Literal

#: The folder inside a cache's folder: another version of the files has another one beside it.
VERSION = "v1"

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "glusterfs", "fuse.glusterfs"}
_NETWORK |= {"fuse.sshfs", "beegfs", "gpfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone"}


_open: dict[tuple[Any, ...], Any] = {}  # stores, which are never closed: threads may be reading


class Cache:
    """A folder in which decoded pictures are kept: ``FastTxtDataset(..., cache=Cache("/fast/disk/cache"))``.

    The uint8 picture is kept as it is after decoding and all steps that are the same every time (regions, a fixed
    Resize, Grayscale); random transforms run on it. Batches are the same to the bit with and without it. A file that
    changes, other steps or another decoder have another key: nothing in it is ever out of date. Threads, worker
    processes, ranks and jobs share the folder and its memory (the system's page cache). Nobody holds a lock, and
    killing a process at any time does no harm.

    Args:
        folder: a folder on a local disk, which is made if it is not there.
        max_bytes: what all pictures together may take: bytes, or text such as ``"200GB"`` or ``"64GiB"``. Nothing is
            kept after that. ``None``: as much as ``keep_free`` leaves.
        keep_free: what is left free on the disk: bytes, text, or a share of the disk as a float below 1.
        kind: ``"pixels"``; or ``"raw"``: the bytes of the files are kept, and decoded every time. That is for files
            on slow disks and network file systems: their copies take no more than they do, and any transform uses them.
        force: use a folder on a network file system. Other machines may then see a part of what is written.

    Raises:
        ValueError: a size or the kind makes no sense, or the folder lies on a network file system.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int | str | None = None,
        keep_free: int | float | str = 0.05,
        kind: Literal["pixels", "raw"] = "pixels",
        force: bool = False,
    ):
        if not os.fspath(folder):
            raise ValueError("the cache's folder is '': say '.' for the working folder")
        self.folder = os.path.abspath(os.fsdecode(folder))
        self.max_bytes = None if max_bytes is None else parse_size(max_bytes, "max_bytes")
        self.keep_free = keep_free if isinstance(keep_free, float) else parse_size(keep_free, "keep_free")
        if isinstance(self.keep_free, float) and not 0 <= self.keep_free < 1:
            raise ValueError(f"keep_free is {keep_free}; as a float it is a share of the disk, 0 to 1")
        if kind not in ("pixels", "raw"):
            raise ValueError(f"kind is {kind!r}; it may be 'pixels' or 'raw'")
        self.kind = kind
        self.force = bool(force)
        system = file_system(self.folder)
        if system in _NETWORK and not force:
            raise ValueError(
                f"the cache's folder {self.folder!r} lies on a network file system ({system}), where processes on "
                "other machines may see a part of what is written; take a local disk, or say force=True"
            )

    @property
    def files(self) -> str:
        """The folder of the files themselves."""
        return os.path.join(self.folder, VERSION)

    def limits(self) -> tuple[int, int]:
        """What may be written in all, and what must stay free: bytes."""
        disk = os.statvfs(self.files)
        keep = self.keep_free
        free = int(keep * disk.f_blocks * disk.f_frsize) if isinstance(keep, float) else keep
        return (2**62 if self.max_bytes is None else self.max_bytes), free

    def open(self, backend: Any) -> Any:
        """The store in the folder, which is made if it is not there. One per backend and limits; a forked
        process may use its parent's.

        Raises:
            OSError: the folder cannot be used.
        """
        try:
            os.makedirs(self.files, exist_ok=True)
        except OSError:
            if not os.path.isdir(self.files):
                raise
        most, free = self.limits()
        key = backend.name, self.files, most, free
        if key not in _open or not os.path.exists(os.path.join(self.files, "index-0")):  # somebody has cleared it
            _open[key] = backend.open_store(self.files, most, free)
        return _open[key]

    def __repr__(self) -> str:
        most = "" if self.max_bytes is None else f", max_bytes={self.max_bytes:,}"
        kind = "" if self.kind == "pixels" else f", kind={self.kind!r}"
        return f"Cache({self.folder!r}{most}{kind})"

    def __eq__(self, other: Any) -> bool:
        return type(other) is Cache and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.folder)


def parse_size(size: int | str, name: str) -> int:
    """Bytes: ``"200GB"`` is 200e9, ``"64GiB"`` is 64 * 2**30.

    Raises:
        ValueError: it is no size.
    """
    found = re.fullmatch(r"\s*([0-9.]+)\s*([kKmMgGtT]i?|)[bB]?\s*", str(size)) if isinstance(size, str) else None
    try:
        number = int(float(found[1]) * _UNITS[found[2].lower()]) if found else int(size)
    except ValueError:
        number = 0
    if number <= 0 and size != 0:
        raise ValueError(f"{name} is {size!r}; it must be a number of bytes, or text such as '200GB' or '64GiB'")
    return number


def file_system(folder: str, mounts: str = "/proc/self/mounts") -> str:
    """The kind of file system that a folder lies on, or will lie on; ``""`` if the system does not say."""
    folder = os.path.realpath(folder)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                point, its = line.split(" ")[1:3]
                point = point.replace("\\040", " ")
                if len(point) >= len(best) and (folder + "/").startswith(point.rstrip("/") + "/"):
                    best, kind = point, its
    except OSError:
        return ""
    return kind
