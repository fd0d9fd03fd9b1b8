"""The interface of every backend: the two steps ``open`` and ``decode_into``, shortcuts that start later, tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pixfeed.cache.contents import Store
from pixfeed.errors import Status
from pixfeed.list_parser import Problem, Table

if TYPE_CHECKING:
    import torch

#: What can be opened: a path, or the bytes of an encoded image.
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | NDArray[np.uint8]

BackendName = Literal["native", "opencv"]


class OpenOptions(NamedTuple):
    """The options for opening sources: the fields of :class:`pixfeed.Reading` of the same names."""

    strict: bool = False
    ignore_orientation: bool = False
    max_pixels: int = 1 << 30
    min_recovered: float = 1.0
    depth: int = 8


DEFAULT_OPTIONS = OpenOptions()

#: In the table of :meth:`Backend.read_masks`: a number that is no class.
UNKNOWN = np.iinfo(np.int64).min


class Caching(NamedTuple):
    """A cache of decoded pictures in use.

    Attributes:
        store: what :meth:`Backend.open_store` gives.
        how: what is done with each picture before it is kept, and by which decoders: a part of its key.
        more: per source, what is done with it alone; or nothing.
        finds: whether pictures may be there; otherwise they are only kept.
        raw: the bytes of files are kept, and no pixels. Sources that are bytes are left alone.
    """

    store: Any
    how: bytes
    more: Sequence[bytes] = ()
    finds: bool = True
    raw: bool = False

    def to_be_kept(self, sources: Sequence[int]) -> Caching:
        """For some of the sources, which are not there."""
        return self._replace(more=[self.more[i] for i in sources] if self.more else (), finds=False)


class Decoded(NamedTuple):
    """The result of :meth:`Opened.decode_into`.

    Attributes:
        statuses: int32 ``[b]``, a :class:`pixfeed.errors.Status` per row. A slot is undefined where it is neither OK
            nor RECOVERED.
        notes: messages of the codec or the operating system, by row, for rows that are not OK.
        costs: the costs of these sources that were not reported yet: the fields of :class:`pixfeed.context.Costs` up
            to ``writing``.
    """

    statuses: NDArray[np.int32]
    notes: dict[int, str]
    costs: tuple[int, ...]


class Opened(Protocol):
    """Sources that have been opened: their headers are known, and no pixel is decoded yet."""

    #: HEADER rows ``[n]``, one per source.
    headers: NDArray[np.void]

    def note(self, i: int) -> str:
        """The message of the codec or the operating system about source ``i``; often empty."""

    def decode_into(
        self, plans: NDArray[np.void], out: NDArray[Any], threads: int = 1, steps: NDArray[np.void] | None = None
    ) -> Decoded:
        """Carry out PLAN rows, and the STEP rows after them.

        Args:
            plans: PLAN rows ``[m]``, of b pictures: a row with ``ROW_BEFORE`` as source goes on with what the row
                before has made.
            out: ``[b, 3, h, w]``, or ``[b, 1, h, w]`` for gray, any strides; uint8, float32, float16, or uint16 for the
                bits of bfloat16. With ``depth=16`` float32, or uint16 for the numbers themselves. Picture
                ``i`` is written to ``out[i]``, zeros to what is right of it and below.
            threads: threads that work on it, the caller among them.
            steps: STEP rows, sorted by ``plan``; ``None`` for none.

        Raises:
            ValueError: a plan or a step does not fit its picture or ``out``: a programming error; nothing was decoded.
            CancelledError: the result is no longer wanted.
        """


class Tables(Protocol):
    """Lists and gathering, which need no codec."""

    def parse_list(
        self,
        source: int | bytes,
        begin: int,
        end: int,
        first_line: int,
        delimiter: str | None,
        roi_columns: int,
        label_dtype: np.dtype[Any] | None,
        threads: int,
        words: Mapping[bytes, int] | None,
    ) -> tuple[Problem, Table]:
        """Parse a list; arguments and results as for :func:`pixfeed.list_parser.parse`."""

    def collect_words(
        self, source: int | bytes, begin: int, end: int, delimiter: str | None, roi_columns: int, threads: int
    ) -> tuple[int, list[bytes]]:
        """The words of a list; arguments and results as for :func:`pixfeed.list_parser.collect_words`."""

    def read_names(
        self, source: int | bytes, begins: list[int], ends: list[int], delimiter: str | None, folder: str
    ) -> list[str] | None:
        """Paths of some lines of a list: the first field of each, joined with ``folder`` as ``os.path.join`` does it.

        Args:
            source: an open file's descriptor, or the list itself.
            begins, ends: n integers each: where each line begins and ends, in bytes.
            delimiter: see :class:`pixfeed.FileList`; ``""`` if the bytes are nothing but the name.
            folder: the folder that names are relative to.

        Returns:
            n paths; ``None`` if the source ends before ``ends``.
        """

    def gather_tensors(self, batch: tuple[torch.Tensor, ...], out: torch.Tensor, threads: int) -> bool:
        """Copy plain CPU tensors of one type, dtype and shape into ``out`` ``[B, ...]``. False, with nothing done, if
        they are not all alike, or not plain: packed in memory, without gradient."""

    def gather_arrays(self, batch: tuple[NDArray[Any], ...], out: torch.Tensor, threads: int) -> bool:
        """The same for C-contiguous arrays."""

    def gather_numbers(self, batch: tuple[bool | int | float, ...], out: torch.Tensor) -> bool:
        """The same for Python's numbers, all of exactly the first one's type. ``out`` ``[B]`` is bool, int64 or
        float64. False as well for an int that does not fit into int64."""


class Backend(Tables, Protocol):
    """Everything that reads and writes pixels.

    Attributes:
        name: ``"native"`` or ``"opencv"``, for messages.
        codecs: the libraries that decode, with their versions.
        simd_target: the SIMD instructions in use, as Highway calls them; ``""`` if it is not known.
    """

    name: str
    codecs: dict[str, str]
    simd_target: str

    def open(
        self,
        sources: Sequence[Source],
        options: OpenOptions = DEFAULT_OPTIONS,
        threads: int = 1,
        caching: Caching | None = None,
    ) -> Opened:
        """Read and probe ``sources``. A source that fails has its status in its header. One that the cache has is not
        read: its header says ``kept``, or what was in it is damaged: see :data:`pixfeed.plan.HEADER`.

        Raises:
            CancelledError: the result is no longer wanted.
        """

    def resample(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        plans: NDArray[np.void],
        out: NDArray[Any],
        threads: int = 1,
        steps: NDArray[np.void] | None = None,
    ) -> None:
        """Carry out PLAN rows, and the STEP rows after them, on pictures that are decoded already, as
        :meth:`Opened.decode_into` does it.

        Args:
            pictures: the sources, uint8 ``[H, W, 3]`` each, each row in one piece.
            plans, out, threads, steps: as there; ``reduced`` and ``low_pass`` are ignored.

        Raises:
            ValueError: a plan or a step does not fit its picture or ``out``.
            MemoryError: there is none for what lies between two rows.
            CancelledError: the result is no longer wanted.
        """

    def write_pictures(
        self,
        pictures: NDArray[np.uint8],
        rows: NDArray[np.int64],
        out: NDArray[Any],
        mean: Sequence[float],
        std: Sequence[float],
        threads: int = 1,
    ) -> None:
        """Write pictures of a set that is in memory as a PLAN row would: ``(value / 255 - mean) / std``.

        Args:
            pictures: uint8 ``[n, C, h, w]``, any strides; C is 1 or 3.
            rows: int64 ``[b]``: picture ``rows[i]`` is written to ``out[i]``.
            out: ``[b, C, h, w]``, as for :meth:`Opened.decode_into`.
            mean, std: three numbers each; the first C are used.
            threads: threads that work on it, the caller among them.

        Raises:
            ValueError: the arguments do not fit each other.
        """

    def mix(self, table: NDArray[np.void], images: NDArray[np.float32], threads: int = 1) -> None:
        """Mix the images of a batch, in place.

        Args:
            table: MIX rows ``[B]``.
            images: float32 ``[B, C, H, W]``, contiguous or channels_last.
            threads: threads that work on it, the caller among them.

        Raises:
            ValueError: the arguments do not fit each other.
            CancelledError: the result is no longer wanted.
        """

    def read_masks(
        self,
        paths: Sequence[str],
        sizes: NDArray[np.int32],
        pixels: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
        out: NDArray[np.int64] | NDArray[np.uint8],
        fill: int,
        classes: NDArray[np.int64] | None = None,
        threads: int = 1,
        caching: Caching | None = None,
    ) -> NDArray[np.bool_]:
        """Read files of class numbers, as far as this backend can do it in one call: PNGs that are gray or have a
        palette. The others are left to Pillow.

        Args:
            paths: n files.
            sizes: ``[n, 2]``: the width and height that each has to have.
            pixels: for each file the row that each row of the result shows, int64 ``[H]``, and the column of each
                column, int64 ``[W]``; -1 for none.
            out: ``[n, H, W]``, in one piece, int64 or uint8; in the latter case all classes fit.
            fill: the number where nothing is shown.
            classes: int64 ``[k]``: the class of each number, UNKNOWN for none: a file with such a number, or a larger
                one, is left, too. Without it numbers stay what they are.
            threads: threads that work on it, the caller among them.
            caching: where the numbers, or the bytes of the files, are kept.

        Returns:
            ``[n]``: whether ``out[i]`` has been written.
        """

    def read_unchanged(
        self, source: Source, *, strict: bool, max_pixels: int
    ) -> tuple[Status, str, int, NDArray[Any] | None]:
        """One image as ``cv2.imread`` reads it with IMREAD_UNCHANGED, in the order R, G, B, alpha.

        Returns:
            Status, the codec's words, bytes on disk, and the picture if the status is OK.
        """

    def open_store(self, folder: str, max_bytes: int, free_bytes: int) -> Store:
        """The cache in a folder that is there; see ``csrc/core/cache/store.h``.

        Args:
            max_bytes: of the pictures together.
            free_bytes: what is left free on the disk.

        Raises:
            OSError: the folder cannot be used, or holds another version.
        """

    def cancel(self, priority: int) -> None:
        """Calls of that priority that are under way leave out the images that they have not begun."""
