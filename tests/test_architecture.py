"""The rules of ARCHITECTURE.md that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "csrc" / "core"
PACKAGE = ROOT / "python" / "pixfeed"

# Who may import whom: a module imports from rooms to the left of it only.
ORDER = [
    "_version",
    "_build",
    "errors",
    "draws",
    "plan",
    "lines",
    "threads",
    "costs",
    "backends",
    "pool",
    "segment",
    "feeder",
    "slots",
    "memory",
    "gather",
    "files",
    "annotations",
    "folder",
    "values",
    "reading",
    "functional",
    "image_processing",
    "journal",
    "collate",
    "transforms",
    "masks",
    "targets",
    "dataset",
    "joined",
    "datasets",
    "device",
    "order",
    "stats",
    "watch",
    "fetchers",
    "loader",
    "parity",
    "info",
    "__init__",
    "__main__",
]


def includes(path: Path) -> list[str]:
    return re.findall(r'#include [<"]([^>"]+)[>"]', path.read_text())


def test_the_core_knows_neither_python_nor_torch():
    for path in CORE.rglob("*.[hc]*"):
        for name in includes(path):
            assert not re.match(r"Python\.h|pybind11|torch|ATen|c10|numpy", name), f"{path.name} includes {name}"


def test_each_codec_is_included_by_one_file():
    owners = {"jpeglib.h": "decode_jpeg.cpp", "jerror.h": "decode_jpeg.cpp", "png.h": "decode_png.cpp"}
    owners["webp/decode.h"] = "decode_webp.cpp"
    for path in CORE.rglob("*.[hc]*"):
        for name in includes(path):
            assert owners.get(name, path.name) == path.name, f"{path.name} includes {name}"


def test_imports_point_one_way():
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        rank = ORDER.index(room)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pixfeed"):
                rest = node.module.split(".")[1:]
                names = rest[:1] or [alias.name for alias in node.names]
                for name in names:
                    if name in ORDER and name != room:
                        assert ORDER.index(name) < rank, f"{room} imports {name}"


def test_random_numbers_are_drawn_in_two_places():
    """The order of samples, as torch's samplers draw it, and what transforms need."""
    allowed = {PACKAGE / "order.py", PACKAGE / "draws.py"}
    for path in {*PACKAGE.rglob("*.py"), *CORE.rglob("*.[hc]*")} - allowed:
        assert not re.search(r"\brandom\.|\brand\(|mt19937|torch\.rand", path.read_text()), path


def test_the_binding_holds_no_logic():
    """No more than conversions: a handful of branches that refuse wrong arguments."""
    for path in (ROOT / "csrc" / "bind").glob("*.cpp"):
        text = path.read_text()
        assert len(text.splitlines()) < 200
        assert "const Unlocked unlocked;" in text


def test_nothing_but_the_init_function_is_exported(native):
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", native.__file__], text=True, capture_output=True, check=True
    ).stdout
    names = [line.split()[-1] for line in symbols.splitlines()]
    assert "PyInit__native" in names
    assert not [name for name in names if re.match(r"_?(jpeg|png|jinit|pixfeed)", name) or "pixfeed" in name]


def test_the_extension_does_not_link_torch(native):
    linked = subprocess.run(["ldd", native.__file__], text=True, capture_output=True, check=True).stdout
    assert not re.search(r"libtorch|libc10|libpython", linked)


@pytest.mark.slow
def test_other_codecs_in_the_process_do_no_harm(native):
    """Pillow and OpenCV bring their own libjpeg and libpng."""
    code = (
        "import io, cv2, numpy as np, PIL.Image, pixfeed\n"
        "a = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)\n"
        "for ext in ('.jpg', '.png'):\n"
        "    b = cv2.imencode(ext, a)[1].tobytes()\n"
        "    p = np.asarray(PIL.Image.open(io.BytesIO(b)))\n"
        "    assert (pixfeed.imread(b, backend='native') == p).all()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
