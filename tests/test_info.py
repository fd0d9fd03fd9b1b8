"""show_config, python -m pixfeed, and import without surprises."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import pixfeed
from pixfeed import backends
from pixfeed.tools import info


def python(code: str, **environment) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, env={**os.environ, **environment}, check=True
    )
    return result.stdout


def test_show_config(capsys, backend):
    pixfeed.show_config()
    printed = capsys.readouterr().out
    for words in (pixfeed.__version__, "backend", "threads", "torch"):
        assert words in printed
    for codec in backends.load(backend).codecs.values():
        assert codec in printed


@pytest.mark.slow
def test_main():
    out = subprocess.run([sys.executable, "-m", "pixfeed", "config"], text=True, capture_output=True, check=True).stdout
    assert out.startswith("pixfeed") and pixfeed.__version__ in out


def test_configuration_names_codecs(backend):
    config = info.config()
    wanted = {"native": ["libjpeg", "libpng", "SIMD"], "opencv": ["OpenCV"]}[backend]
    assert all(word in config[backend] for word in wanted)


@pytest.mark.slow
def test_native_does_not_import_opencv(native, tmp_path):
    import images

    path = tmp_path / "a.jpg"
    path.write_bytes(images.jpeg(images.picture(9, 9)))
    code = f"import sys, pixfeed; pixfeed.imread({str(path)!r}, backend='native'); print('cv2' in sys.modules)"
    assert python(code).strip() == "False"


@pytest.mark.slow
def test_import_starts_nothing():
    code = (
        "import threading, torch; n = threading.active_count(); import os; before = len(os.listdir('/proc/self/task'));"
    )
    code += "import pixfeed; print(len(os.listdir('/proc/self/task')) - before)"
    assert python(code).strip() == "0"


@pytest.mark.slow
def test_without_any_backend():
    """No extension and no OpenCV: import works, and the first use says what to do."""
    code = (
        "import sys; sys.modules['cv2'] = None; sys.modules['pixfeed._native'] = None\n"
        "import pixfeed\n"
        "pixfeed.show_config()\n"
        "try: pixfeed.imread(b'x', backend='opencv')\n"
        "except RuntimeError as e: print(e)\n"
    )
    out = python(code, PIXFEED_BACKEND="opencv")
    assert "opencv-python" in out and "pip install" in out and "not available" in out
