"""torch, if it is new enough and works with this NumPy; or where it is not installed, what stands in for it.

``imread``, ``resize``, ``parity`` and the command line work on NumPy alone. The modules that they are made of get torch
from here. The stand-in has every name of torch, so that annotations, defaults and classes can be written as ever; it is
the type of nothing. A call raises an ImportError that says what to install.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy

from pixfeed._packages import broken, foreign, is_installed, missing

_Function = TypeVar("_Function", bound=Callable[..., Any])

__all__ = ["HAS_TORCH", "needs_torch", "torch"]

HAS_TORCH = is_installed("torch")

# As in pyproject.toml, for who installs without dependencies.
_OLDEST = {"torch": (2, 3), "numpy": (1, 26)}


def _refuse_older(name: str, version: str) -> None:
    oldest = _OLDEST[name]
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < oldest:
        wanted = ".".join(map(str, oldest))
        raise ImportError(
            f"pixfeed needs {name} {wanted} or newer, and {version} is installed: pip install --upgrade {name}",
            name=name,
        )


def needs_torch(name: str) -> NoReturn:
    """
    Raises:
        ImportError: always: what has that name needs torch, which is not installed.
    """
    raise missing(name, "torch")


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


_refuse_older("numpy", numpy.__version__)
if TYPE_CHECKING or HAS_TORCH:
    try:
        import torch
    except Exception as error:  # also OSError: a library that it needs is missing
        raise broken("pixfeed", "torch", error) from error
    if not hasattr(torch, "Tensor"):
        raise ImportError(foreign(torch, "PyTorch"), name="torch")
    _refuse_older("torch", torch.__version__)
    try:
        torch.empty(0).numpy()
    except RuntimeError as error:  # a torch that was built for NumPy 1 finds no NumPy 2
        raise ImportError(
            f"torch {torch.__version__} does not work with NumPy {numpy.__version__} ({error}): "
            "pip install --upgrade torch, or pip install 'numpy<2'",
            name="torch",
        ) from error
else:
    torch = _StandIn("torch")
