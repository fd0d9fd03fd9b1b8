"""Every method and property of pixfeed's public classes has a docstring, its own or that of its base class."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

import pixfeed
import pixfeed.datasets
import pixfeed.transforms


def without_docstring(kind: type) -> set[str]:
    own = [base for base in kind.__mro__ if base.__module__.startswith("pixfeed")]
    names = {name for base in own for name in vars(base) if not name.startswith("_")}
    asked = {name: getattr(kind, name) for name in names}
    kinds = {name: what for name, what in asked.items() if inspect.isroutine(what) or isinstance(what, property)}
    return {f"{kind.__name__}.{name}" for name, what in kinds.items() if not inspect.getdoc(what)}


@pytest.mark.parametrize("room", [pixfeed, pixfeed.datasets, pixfeed.transforms], ids=lambda room: room.__name__)
def test_methods_and_properties_have_docstrings(room: ModuleType):
    classes = [found for name in room.__all__ if inspect.isclass(found := getattr(room, name))]
    assert classes and all(inspect.getdoc(kind) for kind in classes)
    assert set().union(*map(without_docstring, classes)) == set()
