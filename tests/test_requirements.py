"""A torch or a NumPy that is too old, and pairs of them that do not work together: said when pixfeed is imported."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each imports torch anew

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def import_after(code: str) -> str:
    """The last line that a process says that runs ``code`` and then imports pixfeed's functions."""
    run = subprocess.run([sys.executable, "-c", f"{code}\nfrom pixfeed import imread"], text=True, capture_output=True)
    return (run.stderr.strip().splitlines() or ["nothing"])[-1]


@pytest.mark.parametrize(
    ("name", "version", "oldest"),
    [("torch", "2.2.2+cpu", "2.3"), ("torch", "1.13.0a0", "2.3"), ("numpy", "1.25.2", "1.26")],
)
def test_an_old_one_is_refused(name, version, oldest):
    said = import_after(f"import {name}; {name}.__version__ = {version!r}")
    assert said == (
        f"ImportError: pixfeed needs {name} {oldest} or newer, and {version} is installed: pip install --upgrade {name}"
    )


@pytest.mark.parametrize(
    ("name", "version"), [("torch", "2.3.0"), ("torch", "2.10.0a0+git"), ("torch", "3.0"), ("numpy", "2.0.0rc1")]
)
def test_a_new_one_is_not(name, version):
    assert import_after(f"import {name}; {name}.__version__ = {version!r}") == "nothing"


def test_a_torch_that_finds_no_numpy_says_so():
    code = """
import torch
def numpy(self): raise RuntimeError("Numpy is not available")
torch.Tensor.numpy = numpy
torch.__version__ = "2.3.1"
import numpy
numpy.__version__ = "2.0.0"
"""
    assert import_after(code) == (
        "ImportError: torch 2.3.1 does not work with NumPy 2.0.0 (Numpy is not available): "
        "pip install --upgrade torch, or pip install 'numpy<2'"
    )


def test_the_oldest_are_those_of_the_package():
    from pixfeed._stand_in import _OLDEST

    needed = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    for name, oldest in _OLDEST.items():
        assert f"{name}>={'.'.join(map(str, oldest))}" in needed
