"""Reading: the keyword arguments that imread, load_batch and the datasets share."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pixfeed import plan
from pixfeed.backends import BackendName, OpenOptions

#: What a channel count is called; "unchanged" has as many as the file.
CHANNELS = {"rgb": 3, "gray": 1}

#: OpenCV's interpolations, and with ``antialias=True`` Pillow's.
Interpolation = Literal[
    "nearest",
    "linear",
    "cubic",
    "area",
    "lanczos4",
    "linear_exact",
    "nearest_exact",
    "box",
    "bilinear",
    "hamming",
    "bicubic",
    "lanczos",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Number = TypeVar("_Number", np.int64, np.float64)

_LONGEST = 1 << 30  # pixels of a side: what the backends can carry out


@dataclass(frozen=True)
class Reading:
    """How images are read: the keyword arguments of :func:`pixfeed.imread`, :func:`pixfeed.load_batch` and
    :class:`pixfeed.FastTxtDataset`.

    Args:
        channels: how images are read. ``"rgb"``: 3 channels, as ``cv2.imread`` with IMREAD_COLOR, in the order R, G, B.
            ``"gray"``: 1 channel, as with IMREAD_GRAYSCALE (for JPEGs the luma that is stored). ``"unchanged"``: as
            with IMREAD_UNCHANGED; :func:`pixfeed.imread` only.
        interpolation: one of OpenCV's: ``"nearest"`` (INTER_NEAREST), ``"linear"`` (the default), ``"cubic"``,
            ``"area"``, ``"lanczos4"``, ``"linear_exact"``, ``"nearest_exact"``. With ``antialias=True`` one of
            Pillow's: ``"box"``, ``"bilinear"`` (the default), ``"hamming"``, ``"bicubic"``, ``"lanczos"``. ``"cubic"``
            gives the pixels of OpenCV's own code; Intel's IPP, which OpenCV uses where it is available, differs by one
            step in places.
        antialias: use Pillow's filters, bit for bit ``PIL.Image.resize``. Their support grows when the image shrinks;
            torchvision's pretrained models were trained with them. ``None`` means ``True`` with ``decode="scaled"``,
            else ``False``.
        decode: ``"exact"``; or ``"scaled"`` for large JPEGs that become small. ``"scaled"`` decodes at 1/2, 1/4 or 1/8
            of the size, the smallest that is still ``headroom`` times as large as the output, and then resizes with
            antialiasing. It is several times faster and not exact; docs/performance.md gives the differences.
        headroom: for ``decode="scaled"``: the least ratio of the decoded sides to the sides of the output, at least 1.
        reduced: 1, 2, 4 or 8: read at this fraction of the size, as OpenCV's ``IMREAD_REDUCED_COLOR_*`` and
            ``IMREAD_REDUCED_GRAYSCALE_*``. Regions are still given in pixels of the full size: each number is divided
            and cut to an integer.
        roi_policy: what is done with a region that is partly outside the image: ``"clip"`` clips it at the border,
            ``"error"`` raises RegionError. A region that is completely outside always raises it.
        ignore_orientation: read the image as it is stored, without applying its EXIF orientation
            (IMREAD_IGNORE_ORIENTATION).
        max_pixels: images with more pixels are refused before memory is allocated. The default is OpenCV's own limit,
            2**30.
        strict: refuse images that their codec reads with a warning, such as for a corrupt data segment. The whole file
            is checked even if only a region is read.
        min_recovered: 0 to 1. A truncated JPEG is read, as ``cv2.imread`` reads it (the missing part is gray), if at
            least this share of its rows is there, counted in rows of blocks of 8 or 16 pixels. 1 refuses every
            truncated JPEG, 0 refuses none whose header is complete. This applies to baseline JPEGs in one scan, as
            most are. Truncated progressive JPEGs have no complete row, and other formats are never recovered.
            ``strict`` refuses them all. ``report()`` of a dataset lists recovered images.
        depth: 8; or 16 for PNG and TIFF files of 16 bits a channel, as ``cv2.imread`` with IMREAD_ANYDEPTH. They become
            uint16, or float32 in [0, 1] (``value / 65535``). ``interpolation`` may be ``"nearest"``, ``"linear"`` or
            ``"nearest_exact"``, as OpenCV's own code computes them (IPP differs by 1 in places); regions, crops,
            padding with a color (``fill`` times 257) and flips go as well. Files with another depth are refused.
        backend: ``"native"``, ``"opencv"``, or ``None`` for the default (see :func:`pixfeed.show_config`).

    Raises:
        ValueError: a value makes no sense, or two of them together.
    """

    channels: Literal["rgb", "gray", "unchanged"] = "rgb"
    interpolation: Interpolation | None = None
    antialias: bool | None = None
    decode: Literal["exact", "scaled"] = "exact"
    headroom: float = 2.0
    reduced: Literal[1, 2, 4, 8] = 1
    roi_policy: Literal["clip", "error"] = "clip"
    ignore_orientation: bool = False
    max_pixels: int = 1 << 30
    strict: bool = False
    min_recovered: float = 1.0
    depth: Literal[8, 16] = 8
    backend: BackendName | None = None

    def __post_init__(self) -> None:
        for name, known in (
            ("channels", (*CHANNELS, "unchanged")),
            ("decode", ("exact", "scaled")),
            ("reduced", (1, 2, 4, 8)),
            ("roi_policy", ("clip", "error")),
            ("depth", (8, 16)),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it may be one of {', '.join(map(repr, known))}")
        if self.decode == "scaled":
            if self.antialias is False:
                raise ValueError(
                    "decode='scaled' ends with an antialiased resize; antialias=False goes with 'exact' only"
                )
            if self.reduced != 1:
                raise ValueError("decode='scaled' chooses how far to reduce by itself; leave reduced at 1")
            if not self.headroom >= 1:
                raise ValueError(f"headroom is {self.headroom}; it must be at least 1")
        if self.max_pixels < 1:
            raise ValueError(f"max_pixels is {self.max_pixels}; it must be at least 1")
        if not 0 <= self.min_recovered <= 1:
            raise ValueError(f"min_recovered is {self.min_recovered}; it must be a share of the rows, 0 to 1")
        number = self.interpolation_number
        if self.depth == 16:
            if self.channels == "unchanged":
                raise ValueError("channels='unchanged' has the depth of the file; leave depth away")
            if self.decode == "scaled" or self.reduced != 1:
                raise ValueError("depth=16 goes with no reduced and no decode='scaled': those are for 8 bits")
            if number not in plan.WIDE.values():
                raise ValueError(
                    f"depth=16 goes with interpolation={', '.join(map(repr, plan.WIDE))}, not {self.interpolation!r}"
                    + (" (with antialias)" if self.antialias else "")
                )

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Reading], tuple[dict[str, Any]]]:
        """Pickles hold what differs from the defaults: they go to every worker process."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return _restored, (
            {field.name: given[field.name] for field in fields(self) if given[field.name] != field.default},
        )

    @property
    def num_channels(self) -> int:
        """Channels of what is written to: 3, or 1 for gray.

        Raises:
            ValueError: with ``channels="unchanged"`` that depends on the image.
        """
        if self.channels not in CHANNELS:
            raise ValueError(f"channels={self.channels!r} is for single images: pixfeed.imread")
        return CHANNELS[self.channels]

    @functools.cached_property
    def open_options(self) -> OpenOptions:
        """The options that a backend needs to open sources."""
        return OpenOptions(self.strict, self.ignore_orientation, self.max_pixels, self.min_recovered, self.depth)

    @property
    def interpolation_number(self) -> int:
        """The number that a PLAN has for the interpolation."""
        antialias = self.decode == "scaled" if self.antialias is None else self.antialias
        return plan.interpolation_number(self.interpolation or ("bilinear" if antialias else "linear"), antialias)


def _restored(given: dict[str, Any]) -> Reading:
    return Reading(**given)


class ReadingOptions(TypedDict, total=False):
    """The keyword arguments of :class:`Reading`, for functions that take them."""

    channels: Literal["rgb", "gray", "unchanged"]
    interpolation: Interpolation | None
    antialias: bool | None
    decode: Literal["exact", "scaled"]
    headroom: float
    reduced: Literal[1, 2, 4, 8]
    roi_policy: Literal["clip", "error"]
    ignore_orientation: bool
    max_pixels: int
    strict: bool
    min_recovered: float
    depth: Literal[8, 16]
    backend: BackendName | None


_cached = functools.lru_cache(maxsize=256)(Reading)


def reading_of(caller: str, options: Mapping[str, Any], also: Iterable[str] = ()) -> Reading:
    """The Reading with these keyword arguments; each is checked once per process, as that takes 10 us.

    Args:
        caller: the function that the user has called, for errors.
        options: the keyword arguments.
        also: names of the other keyword arguments of ``caller``.

    Raises:
        TypeError: there is no such argument. The message names the nearest one.
        ValueError: a value makes no sense.
    """
    for name in options:
        if name not in _FIELDS:
            raise unknown_keyword(caller, name, (*_FIELDS, *also))
    try:
        return _cached(**options)
    except TypeError:  # something that cannot be hashed, or is wrong
        return Reading(**options)


def unknown_keyword(caller: str, name: str, known: Iterable[str]) -> TypeError:
    """The error for a keyword argument that ``caller`` does not have."""
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{caller}() got an unexpected keyword argument {name!r}{hint}")


def with_keywords(source: Callable[..., Any], only: Iterable[str] | None = None) -> Callable[[_Function], _Function]:
    """A decorator for functions that pass ``**options`` on. ``help()`` and ``inspect.signature`` then list the options
    by name, with their types and defaults.

    Args:
        source: what takes the options. They are the fields of a dataclass, or the keyword-only parameters of a
            function.
        only: names of those that the function takes; ``None``: all of them.
    """
    taken = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(source).parameters.values()
        if (is_dataclass(source) or parameter.kind is inspect.Parameter.KEYWORD_ONLY)
        and (only is None or parameter.name in only)
    ]

    def described(function: _Function) -> _Function:
        own = inspect.signature(function)
        named = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        more = [parameter for parameter in taken if parameter.name not in own.parameters]
        vars(function)["__signature__"] = own.replace(parameters=[*named, *more])
        return function

    return described


def check_keywords(caller: str, function: Callable[..., Any], options: Mapping[str, object]) -> None:
    """Refuse options that a function with :func:`with_keywords` does not have.

    Args:
        caller: what the user has called, for errors.
        function: the function.
        options: its ``**options``.

    Raises:
        TypeError: there is no such argument. The message names the nearest one.
    """
    if options:
        known = inspect.signature(function).parameters
        for name in options:
            if name not in known:
                raise unknown_keyword(caller, name, known)


_FIELDS = tuple(field.name for field in fields(Reading))


def check_rows(name: str, rows: ArrayLike | None, n: int, dtype: type[_Number]) -> NDArray[_Number] | None:
    """``rows`` as an array ``[n, 4]`` of ``dtype`` (int64 or float64).

    Raises:
        ValueError, TypeError: it is none.
    """
    if rows is None:
        return None
    given = np.asarray(rows)
    if given.shape != (n, 4):
        raise ValueError(f"{name} has shape {given.shape}; {n} pictures need ({n}, 4)")
    numbers = given.dtype.kind in "iuf"
    with np.errstate(invalid="ignore"):  # of the cast
        array = given.astype(dtype) if numbers else given
    if not numbers or not (array == given).all():
        raise TypeError(
            f"{name} must be {'integers' if dtype is np.int64 else 'numbers'}: {given.dtype} {given[:1].tolist()}"
        )
    return array


def check_size(size: Sequence[int]) -> tuple[int, int]:
    """(height, width) as integers.

    Raises:
        TypeError, ValueError: it is not two positive integers.
    """
    try:
        height, width = (int(side) for side in size)
        whole = [height, width] == list(size)
    except (TypeError, ValueError):
        whole = False
    if not whole:
        raise TypeError(f"size is {size!r}; it must be (height, width), two integers")
    if height <= 0 or width <= 0:
        raise ValueError(f"size is {size!r}; height and width must be positive")
    if max(height, width) > _LONGEST:
        raise ValueError(f"size is {size!r}; a side has {_LONGEST:,} pixels at most")
    return height, width
