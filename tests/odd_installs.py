"""A process in which packages are missing, too old, broken or not what they seem."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# As a package that was built for NumPy 1.
AT_ODDS = """
class Tensor:
    def numpy(self): raise RuntimeError("Numpy is not available")
def empty(n): return Tensor()
"""
# Files of packages, by the name of what is wrong.
TORCH = {
    "old": {"torch/__init__.py": "__version__ = '2.2.2'\nclass Tensor: pass"},
    "at odds": {"torch/__init__.py": f"__version__ = '2.3.1'\n{AT_ODDS}"},
    "no library": {"torch/__init__.py": "raise OSError('libcudart.so.12: cannot open shared object file')"},
    "undefined symbol": {"torch/__init__.py": "raise ImportError('undefined symbol: _ZN2')"},
    "a script": {"torch.py": "print('mine')"},
    "a script that fails": {"torch.py": "import torch\ntorch.nn"},
}
OLD_NUMPY = {"sitecustomize.py": "import numpy\nnumpy.__version__ = '1.25.2'"}


def without(*packages: str) -> dict[str, str]:
    return {"sitecustomize.py": f"import sys\nsys.modules.update(dict.fromkeys({packages}))"}


def python(
    folder: Path, arguments: Sequence[str], files: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder of its own that is the first on its path, with these files in it."""
    for name, text in (files or {}).items():
        folder.joinpath(name).parent.mkdir(exist_ok=True, parents=True)
        folder.joinpath(name).write_text(text)
    path = os.pathsep.join(filter(None, (os.fspath(folder), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, text=True, capture_output=True)


def command(folder: Path, line: str, files: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return python(folder, ["-m", "pixfeed", *line.split()], files)
