"""Arrays that are lent: what happens when the last view of one is gone.

No Python code runs then. A signal handler could be called in the middle of it, and its exception, such as
KeyboardInterrupt, would be printed and lost. So nothing runs but a function in C, such as ``deque.append``; who needs
memory next looks what came back.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Lent(weakref.ref[Any]):
    """A reference to an array that is lent.

    Attributes:
        what: what the lender has to know when the array is gone.
    """

    __slots__ = ("what",)

    what: Any


class _Owner:
    """The base of an array that is lent: it keeps alive the memory, and the reference to the array."""

    __slots__ = ("__array_interface__", "lent", "memory")

    __array_interface__: dict[str, Any]
    lent: Lent
    memory: NDArray[np.uint8]


def lent_array(memory: NDArray[np.uint8], what: Any, gone: Callable[[Lent], object]) -> NDArray[np.uint8]:
    """An array with that memory.

    Args:
        memory: uint8 ``[size]``.
        what: for the lender; it must not refer to the array.
        gone: a function in C, called with the reference when no view of the array is left.
    """
    owner = _Owner()
    owner.__array_interface__ = memory.__array_interface__
    owner.memory = memory
    array = np.asarray(owner)
    owner.lent = Lent(array, gone)
    owner.lent.what = what
    return array
