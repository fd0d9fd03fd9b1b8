"""Every module of pixfeed, imported where torch is missing or is something else: it works, or says one sentence."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from odd_installs import TORCH, python, without

import pixfeed

PACKAGE = Path(pixfeed.__file__).parent

# Imports each module by itself and prints what is said, by module.
ALL = """
import importlib, json, pkgutil, sys, pixfeed
said = {}
for found in pkgutil.walk_packages(pixfeed.__path__, "pixfeed.", onerror=lambda name: None):
    if found.name.endswith(("__main__", "_native")): continue
    try: importlib.import_module(found.name)
    except Exception as error: said[found.name] = f"{type(error).__name__}: {error}"
    else: said[found.name] = ""
print(json.dumps(said))
"""
SENTENCE = "ImportError: this part of pixfeed needs torch, which is not installed: pip install torch"


def test_all_modules_without_torch(tmp_path):
    run = python(tmp_path, ["-c", ALL], without("torch", "accelerate"))
    said = json.loads(run.stdout)
    assert set(said.values()) == {"", SENTENCE}, said
    for name in ("io", "accelerate", "datasets", "collate", "device", "loading.loader"):
        assert said[f"pixfeed.{name}"] == SENTENCE
    for name in ("reading.functional", "lists.file_list", "tools.doctor", "backends.native", "backends.opencv"):
        assert said[f"pixfeed.{name}"] == ""


def test_no_module_imports_torch_by_itself():
    """But those that say what is wrong with it."""
    for path in PACKAGE.rglob("*.py"):
        if path.stem in ("_stand_in", "_real_torch", "_torch"):
            continue
        for node in ast.parse(path.read_text()).body:
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert "torch" not in {name.split(".")[0] for name in names}, path


def test_accelerate(tmp_path):
    pytest.importorskip("torch")
    run = python(tmp_path, ["-c", "import pixfeed.accelerate"], without("accelerate"))
    assert run.stderr.strip().splitlines()[-1] == (
        "ImportError: pixfeed.accelerate needs accelerate, which is not installed: pip install accelerate"
    )


@pytest.mark.parametrize("line", ["from pixfeed import imread", "from pixfeed import FastTxtDataset"])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        (TORCH["a script"], "ImportError: the torch that is imported ({folder}/torch.py) is not PyTorch: rename it"),
        (
            {"torch/__init__.py": ""},
            "ImportError: the torch that is imported ({folder}/torch/__init__.py) is not PyTorch: rename it",
        ),
        (
            TORCH["undefined symbol"],
            "ImportError: pixfeed needs torch ({folder}/torch/__init__.py), which cannot be imported "
            "(ImportError: undefined symbol: _ZN2): pip install --force-reinstall torch",
        ),
    ],
)
def test_something_else_called_torch(files, said, line, tmp_path):
    run = python(tmp_path, ["-c", line], files)
    assert run.stderr.strip().splitlines()[-1] == said.format(folder=tmp_path)
