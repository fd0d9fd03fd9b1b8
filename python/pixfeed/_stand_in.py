"""torch; or where it is not installed, what stands in for it.

``imread``, ``resize``, ``parity`` and the command line work on NumPy alone. The modules that they are made of get torch
from here. The stand-in has every name of torch, so that annotations, defaults and classes can be written as ever; it is
the type of nothing. A call raises an ImportError that says what to install.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

__all__ = ["HAS_TORCH", "needs_torch", "torch"]

HAS_TORCH = importlib.util.find_spec("torch") is not None


def needs_torch(name: str) -> NoReturn:
    """
    Raises:
        ImportError: always: what has that name needs torch, which is not installed.
    """
    raise ImportError(f"{name} needs torch, which is not installed: pip install torch", name="torch")


class _StandIn:
    """Something of torch, by its full name."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> _StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _StandIn(f"{self._name}.{name}")
        setattr(self, name, found)
        return found

    @staticmethod
    def decorator(function: _Function) -> _Function:
        """In place of torch's decorators."""
        return function

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        needs_torch(self._name)

    def __instancecheck__(self, _: object) -> bool:
        return False

    def __mro_entries__(self, _: object) -> tuple[()]:
        return ()

    def __getitem__(self, _: object) -> _StandIn:
        return self

    def __or__(self, _: object) -> _StandIn:
        return self

    __ror__ = __or__

    def __repr__(self) -> str:
        return self._name


if TYPE_CHECKING or HAS_TORCH:
    import torch
else:
    torch = _StandIn("torch")
