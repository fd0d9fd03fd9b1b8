"""Pickles of dicts, lists, numbers, text and uint8 arrays, read without executing anything in them.

A pickle is a program: it names functions of any module and calls them. Here it may name a few of NumPy's, and gets
stand-ins for them, which record their arguments. The recorded arguments are checked before an array is made of them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixfeed.errors import DatasetError


class _Named:
    """A function that a pickle may call by name. The pickle cannot change it."""

    __slots__ = ("_make",)
    _make: Callable[..., object]

    def __init__(self, make: Callable[..., object]):
        object.__setattr__(self, "_make", make)

    def __call__(self, *args: object) -> object:
        return self._make(*args)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("it changes what is not its own")

    def __setattr__(self, name: str, value: object) -> None:
        raise pickle.UnpicklingError("it changes what is not its own")


class _Noted:
    """The description of an array or a dtype in the pickle."""

    __slots__ = ("given", "state")

    def __init__(self, *given: Any):
        self.given = given
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


def _encode(text: object, encoding: object = "utf-8") -> bytes:
    """``_codecs.encode``, by which Python 3 writes bytes for Python 2."""
    if type(text) is str and encoding in ("latin1", "latin-1"):
        return text.encode("latin-1")
    raise pickle.UnpicklingError(f"it encodes {type(text).__name__} as {encoding!r:.20}")


def _dtype_name(dtype: object) -> object:
    return dtype.given[0] if isinstance(dtype, _Noted) and dtype.given else None


def _array(given: tuple[Any, ...], state: object) -> NDArray[np.uint8]:
    """The array that was noted. ``state``: version, shape, dtype, whether the order is Fortran's, and the bytes."""
    if isinstance(state, tuple) and len(state) == 5:
        _, shape, dtype, fortran, data = state
        order: Any = "F" if fortran is True or fortran == 1 else "C"
    elif state is None and len(given) == 4:  # protocol 5: bytes, dtype, shape, order
        data, dtype, shape, order = given
    else:
        raise ValueError("an array without values")
    if _dtype_name(dtype) not in ("u1", b"u1"):
        raise ValueError(f"an array whose dtype is {_dtype_name(dtype)!r:.20}, not uint8")
    if not isinstance(data, (bytes, bytearray)) or order not in ("C", "F"):
        raise ValueError("an array whose values are no bytes")
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("an array without a shape")
    flat: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
    return flat.reshape(shape, order="F" if order == "F" else "C")


_KNOWN = {
    ("_codecs", "encode"): _Named(_encode),
    ("numpy", "ndarray"): _Named(_Noted),
    ("numpy", "dtype"): _Named(_Noted),
}
for _core in ("numpy.core", "numpy._core"):  # NumPy 1 and 2
    _KNOWN[_core + ".multiarray", "_reconstruct"] = _Named(lambda *_: _Noted())
    _KNOWN[_core + ".numeric", "_frombuffer"] = _Named(_Noted)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> _Named:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, and data needs no such thing: nothing was executed"
            ) from None


def load(path: str) -> dict[str, Any]:
    """Load the dict that is pickled in a file, also by Python 2. Its keys are str. All other text of Python 2 is bytes.

    Raises:
        DatasetError: it is no pickle, a damaged one, no dict, or one that wants to execute something.
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            loaded = _Unpickler(file, encoding="bytes").load()
            if type(loaded) is not dict:
                raise ValueError(f"it holds no dict but {type(loaded).__name__}")
            return {_text(key): _plain(value) for key, value in loaded.items()}
        except Exception as reason:  # a damaged pickle raises anything
            why = " ".join(str(reason).split()) or type(reason).__name__
            what = f"the pickle cannot be read ({why}); fetch the file again, from where it is published"
            raise DatasetError.of(path, what) from reason


def _plain(value: Any) -> Any:
    return _array(value.given, value.state) if isinstance(value, _Noted) else value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise ValueError(f"a key is {type(value).__name__}, not text")


def names(value: object) -> list[str]:
    """A list of text, or of Python 2's.

    Raises:
        ValueError: it is something else.
    """
    if type(value) is not list:
        raise ValueError(f"names are {type(value).__name__}, not list")
    return [_text(name) for name in value]
