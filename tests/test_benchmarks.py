"""Benchmarks are run by hand; that they can be imported is tested."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = [path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_it_can_be_imported(name, monkeypatch):
    pytest.importorskip("rich", reason="benchmarks need the packages of make demo")
    monkeypatch.syspath_prepend(ROOT)
    importlib.import_module(f"benchmarks.{name}")
