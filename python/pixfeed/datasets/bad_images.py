"""BadImages: what becomes of images that cannot be read: raise, skip or zeros."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Literal, NoReturn

from pixfeed.datasets.failure_log import Failure, FailureLog
from pixfeed.errors import ImageError, RegionError

#: With "skip": after so many unreadable images in a row, as many others are tried, spread over the list. If none of
#: them can be read either, it gives up.
IN_A_ROW = 1000

OnError = Literal["raise", "skip", "zeros"]


class BadImages:
    """The policy of a dataset, and what it has met so far.

    Args:
        on_error, max_errors: see :class:`pixfeed.FastTxtDataset`.
    """

    def __init__(self, on_error: OnError = "raise", max_errors: int | None = None):
        self.set(on_error, max_errors)
        self._log = FailureLog()
        self._worth_going_on: bool | None = None  # what the images spread over the list said

    def set(self, on_error: OnError, max_errors: int | None) -> None:
        """Another policy; what was written down stays.

        Raises:
            ValueError, TypeError: a value makes no sense; nothing was changed.
        """
        if on_error not in ("raise", "skip", "zeros"):
            raise ValueError(f"on_error is {on_error!r}; it may be 'raise', 'skip' or 'zeros'")
        self.max_errors = _check_max_errors(max_errors, on_error)
        self.on_error = on_error

    def note(self, error: ImageError | RegionError) -> None:
        """Write a failure down.

        Raises:
            ImageError, RegionError: with "raise", or if there were more than ``max_errors``.
        """
        if self.on_error == "raise":
            raise error
        failed = self._log.add(error)
        if self.max_errors is not None and failed > self.max_errors:
            raise type(error)(
                f"more than max_errors={self.max_errors} images cannot be read, the last one: {error}",
                path=error.path,
                line=error.line,
            ) from error

    def note_recovered(self, error: ImageError | RegionError) -> None:
        """Write down an image that was read nevertheless: one that was cut off, as far as it goes; one that the cache
        had lost, from its file."""
        self._log.add(error)

    def failures(self) -> list[Failure]:
        """Everything that was written down, in all processes."""
        return self._log.failures()

    def substitutes(self, row: int, count: int, is_readable: Callable[[int], bool]) -> Iterator[int]:
        """The rows that "skip" tries one after the other in place of ``row``: the next ones of the list. They depend on
        nothing but the list.

        Args:
            row: the row that could not be read.
            count: rows of the list.
            is_readable: tries a row.
        """
        for step in range(1, count):
            if step == IN_A_ROW:
                if self._worth_going_on is None:
                    self._worth_going_on = any(is_readable(i * count // IN_A_ROW) for i in range(IN_A_ROW))
                if not self._worth_going_on:
                    return
            yield (row + step) % count

    def give_up(self, count: int, first: ImageError | RegionError, image_dir: str) -> NoReturn:
        """None of the substitutes could be read.

        Raises:
            ImageError, RegionError: always.
        """
        tried = f"none of {count}"
        if count > IN_A_ROW and not self._worth_going_on:
            tried = f"none of {IN_A_ROW} in a row, nor of {IN_A_ROW} spread over the list,"
        raise type(first)(
            f"on_error='skip' finds no image that can be read: {tried} could; is image_dir={image_dir!r} right? "
            f"The first one: {first}",
            path=first.path,
            line=first.line,
        ) from first


def _check_max_errors(max_errors: int | None, on_error: str) -> int | None:
    if max_errors is None:
        return None
    allowed = f"max_errors is {max_errors!r}; it may be a whole number, 0 or more, or None for no limit"
    try:
        count = operator.index(max_errors)
    except TypeError:
        raise TypeError(allowed) from None
    if count < 0:
        raise ValueError(allowed)
    if on_error == "raise":
        raise ValueError(f"max_errors={count} goes with on_error='skip' or 'zeros'; 'raise' allows no error")
    return count
