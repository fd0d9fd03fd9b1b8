"""Without torch: imread, resize, parity and the command line work; the rest says in one sentence what to install.

Runs where torch is installed as well, hidden from a child process, and needs nothing but pixfeed, NumPy and pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HIDE = "import sys; sys.modules['torch'] = None\n"

PNG = (
    "import struct, zlib, numpy as np\n"
    "def chunk(name, body): return struct.pack('>I', len(body)) + name + body + struct.pack('>I', "
    "zlib.crc32(name + body))\n"
    "image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)\n"
    "rows = b''.join(b'\\0' + row.tobytes() for row in image)\n"
    "png = (b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 8, 6, 8, 2, 0, 0, 0)) + "
    "chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))\n"
)


def python(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], text=True, capture_output=True, env=os.environ)


def test_images_are_read_and_resized():
    code = (
        HIDE + PNG + "import pixfeed\n"
        "assert (pixfeed.imread(png) == image).all()\n"
        "assert pixfeed.imread(png, size=(3, 4)).shape == (3, 4, 3)\n"
        "assert pixfeed.resize(image, (3, 4)).shape == (3, 4, 3)\n"
        "try: pixfeed.imread(b'no image')\n"
        "except pixfeed.ImageError: print('named')\n"
    )
    run = python("-c", code)
    assert run.returncode == 0 and run.stdout.strip() == "named", run.stderr


@pytest.mark.parametrize("name", ["FastTxtDataset", "DataLoader", "load_batch", "datasets", "to_device"])
def test_the_rest_says_what_to_install(name):
    run = python("-c", HIDE + f"from pixfeed import {name}")
    assert run.returncode != 0
    assert run.stderr.strip().splitlines()[-1] == (
        f"ImportError: pixfeed.{name} needs torch, which is not installed: pip install torch"
    )


def test_names_that_do_not_exist_are_no_question_of_torch():
    run = python("-c", HIDE + "import pixfeed; print(hasattr(pixfeed, 'nothing'), 'imread' in dir(pixfeed))")
    assert run.stdout.strip() == "False True", run.stderr


def test_the_command_line_says_what_it_needs():
    run = python("-c", HIDE + "sys.modules['click'] = None; import runpy; runpy.run_module('pixfeed')")
    assert run.returncode == 1
    assert run.stderr.strip() == (
        "the program pixfeed needs click, which is not installed: pip install click rich jinja2 pillow xxhash"
    )


def test_the_command_line():
    for needed in ("click", "rich", "jinja2"):
        pytest.importorskip(needed)
    hidden = (
        HIDE + "import runpy; sys.argv = ['pixfeed', *sys.argv[1:]]; runpy.run_module('pixfeed', run_name='__main__')"
    )
    run = python("-c", hidden, "config")
    assert run.returncode == 0, run.stderr
    assert "torch" in run.stdout and "not installed" in run.stdout
    run = python("-c", hidden, "parity", "--help")
    assert run.returncode == 0, run.stderr


def test_parity_compares(tmp_path):
    for needed in ("cv2", "PIL", "rich"):
        pytest.importorskip(needed)
    code = (
        HIDE + PNG + f"from pathlib import Path; Path({str(tmp_path)!r}, 'a.png').write_bytes(png)\n"
        "from pixfeed.__main__ import main\n"
        f"sys.exit(main(['parity', {str(tmp_path)!r}]))\n"
    )
    run = python("-c", code)
    assert run.returncode == 0, run.stdout + run.stderr


def test_importing_pixfeed_imports_neither_torch_nor_numpy():
    run = python(
        "-c", "import sys, pixfeed; print([name for name in ('torch', 'numpy', 'cv2') if name in sys.modules])"
    )
    assert run.stdout.strip() == "[]", run.stderr


def test_every_public_name_is_found():
    pytest.importorskip("torch")
    import pixfeed

    assert [name for name in pixfeed.__all__ if not hasattr(pixfeed, name)] == []
