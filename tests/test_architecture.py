"""The rules of ARCHITECTURE.md that a machine can check."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "csrc" / "core"
PACKAGE = ROOT / "python" / "pixfeed"

# Who may import whom: a room imports from rooms before it only. What stands alone in a line, users import.
ORDER = [
    "_version",
    "_build",
    "_packages",
    "_stand_in",
    "_real_torch",
    "_torch",
    "errors",
    "plan",
    "mix",
    "plan_steps",
    "list_parser",
    "control_groups",
    "cache",
    "context",
    "draws",
    "backends",
    "memory",
    "collate",
    "lists",
    "transforms",
    "reading",
    "image_processing",
    "targets",
    "io",
    "datasets",
    "device",
    "loading",
    "accelerate",
    "tools",
    "commands",
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
    owners |= {"zlib.h": "decode_png.cpp", "webp/decode.h": "decode_webp.cpp", "libdeflate.h": "deflate.cpp"}
    owners |= {"xxhash.h": "checksum.cpp"}
    for path in CORE.rglob("*.[hc]*"):
        for name in includes(path):
            assert owners.get(name, path.name) == path.name, f"{path.name} includes {name}"


def test_one_system_is_known_in_one_place():
    """csrc/ compiles for Linux, macOS and Windows; `make portability` does it."""
    of_one_system = r"(sys/\w+|unistd|fcntl|poll|pthread|sched|dlfcn|windows|io|share|malloc)\.h"
    for path in {*CORE.rglob("*.[hc]*"), *(ROOT / "csrc" / "bind").glob("*")}:
        found = [name for name in includes(path) if re.fullmatch(of_one_system, name)]
        assert bool(found) == path.stem.startswith("platform_"), f"{path.name} includes {found}"


def imports(path: Path) -> set[str]:
    """The modules of pixfeed that a file imports, inside functions as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("pixfeed.")}
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pixfeed":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if module_path(inner) else node.module)
    return found - {"pixfeed"}  # the extension, or what the build has written


def module_path(name: str) -> Path | None:
    """The file of a module of pixfeed's."""
    at = PACKAGE.joinpath(*name.split(".")[1:])
    candidates = (at.with_suffix(".py"), at / "__init__.py")
    return next((path for path in candidates if at != PACKAGE and path.is_file()), None)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_rooms_import_one_way():
    for path in PACKAGE.rglob("*.py"):
        for name in imports(path):
            other = name.split(".")[1]
            if other != room(path) and other in ORDER:
                assert ORDER.index(other) < ORDER.index(room(path)), f"{path.relative_to(PACKAGE)} imports {name}"


def test_no_file_imports_itself_by_way_of_others():
    files = {path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}  # nothing inside imports that
    graph = {path: {module_path(name) for name in imports(path)} & files - {path} for path in files}
    assert sum(map(len, graph.values())) > 100
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the files


def test_the_extension_is_imported_in_one_place():
    for path in PACKAGE.rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "_native" not in names or path == PACKAGE / "backends" / "native.py", path


def test_nobody_asks_which_backend_it_is():
    """They differ in what they can do, which they say themselves."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "backends" or path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                values = [part.value for part in (node.left, *node.comparators) if isinstance(part, ast.Constant)]
                assert not {"native", "opencv"} & set(values), f"{path.name}, line {node.lineno}"


def private_names() -> set[str]:
    """Names with an underscore that torch's loader uses, and those of Python's queues that we need."""
    from torch.utils.data import DataLoader, dataloader

    classes = [
        DataLoader,
        *(kind for name, kind in vars(dataloader).items() if name.endswith("LoaderIter")),
    ]
    found = {"_on_queue_feeder_error", "_new_shared", "_share_memory_lock_protected"}
    for kind in classes:
        for name, value in vars(kind).items():
            found.add(name)
            value = getattr(value, "fget", value)
            found |= set(value.__code__.co_names) if hasattr(value, "__code__") else set()
    return {name for name in found if name.startswith("_") and not name.endswith("__")}


def test_one_door_to_private_names_of_torch_and_python():
    names = private_names()
    assert {"_next_data", "_reset", "_index_sampler", "_on_queue_feeder_error", "_sampler_iter"} <= names
    ours = names - {"_iterator", "_process", "_dataset", "_process_id"}  # what others may be called, too
    for path in set(PACKAGE.rglob("*.py")) - {PACKAGE / "_torch.py"}:
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path.relative_to(PACKAGE)}, line {getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("torch", "multiprocessing"):
                parts = [*node.module.split("."), *(alias.name for alias in node.names)]
                assert not any(part.startswith("_") for part in parts), where
            if isinstance(node, (ast.Attribute, ast.FunctionDef)):
                name = node.attr if isinstance(node, ast.Attribute) else node.name
                assert name not in ours, f"{where}: {name}"


def test_random_numbers_are_drawn_in_two_places():
    """The order of samples, as torch's samplers draw it, and what transforms need."""
    allowed = {PACKAGE / "loading" / "order.py", PACKAGE / "draws.py"}
    for path in {*PACKAGE.rglob("*.py"), *CORE.rglob("*.[hc]*")} - allowed:
        assert not re.search(r"\brandom\.|\brand\(|mt19937|torch\.rand", path.read_text()), path


def test_bindings_are_short_and_release_the_gil():
    """One file per topic: it converts, releases the GIL and calls. module registers them, info only tells numbers."""
    bind = ROOT / "csrc" / "bind"
    for path in bind.glob("*.cpp"):
        text = path.read_text()
        assert len(text.splitlines()) < 150, path
        assert len(re.findall(r"\b(?:if|for|while|switch) \(", text)) < 20, path  # a handful of refusals
        assert ("const Unlocked unlocked;" in text) == (path.stem not in ("module", "info")), path
    module = (bind / "module.cpp").read_text()
    assert ".def(" not in module and module.count("register_") == len(list(bind.glob("*.cpp"))) - 1


def test_every_source_file_says_what_it_is():
    for path in (ROOT / "csrc").rglob("*.[hc]*"):
        assert path.read_text().startswith("// "), path


def test_nothing_but_the_init_function_is_exported(native):
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", native.__file__], text=True, capture_output=True, check=True
    ).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__native"]


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
