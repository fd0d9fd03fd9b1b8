"""The sdist: complete, native with the system's codecs, and pure Python without a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIXFEED_")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, "PATH": PATH, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    """The sdist, unpacked."""
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("sdist")
    code = f"from scikit_build_core.build import build_sdist; build_sdist({str(folder)!r})"
    run(sys.executable, "-c", code, cwd=ROOT)
    (archive,) = folder.glob("pixfeed-*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def test_it_has_what_a_checkout_has(sources):
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True).stdout.splitlines()
    wanted = {name for name in listed if not name.startswith((".ci/", ".github/")) and (ROOT / name).exists()}
    there = {path.relative_to(sources).as_posix() for path in sources.rglob("*") if path.is_file()}
    assert not wanted - there - {".gitignore"}
    assert not [name for name in there - wanted if name != "PKG-INFO"]


def _without(what: str) -> NoReturn:
    if os.environ.get("PIXFEED_REQUIRE_NATIVE"):
        pytest.fail(what)
    pytest.skip(what)


def test_its_makefile_names_nothing_that_is_left_out(sources):
    for target in ("bench", "lint-shell", "wheel", "test"):
        run("make", "--no-print-directory", "--dry-run", target, cwd=sources)
    scripts = (
        run("make", "--no-print-directory", "--dry-run", "lint-shell", cwd=sources).split("shellcheck")[-1].split()
    )
    assert scripts and all((sources / script).is_file() for script in scripts)


def test_it_is_native_with_the_codecs_of_the_system(sources, tmp_path):
    """CMake looks at every source file; the build itself is that of a checkout."""
    pybind11 = pytest.importorskip("pybind11")
    if shutil.which("c++") is None:
        _without("there is no compiler")
    options = ("-DPIXFEED_EXTENSION=ON", f"-Dpybind11_DIR={pybind11.get_cmake_dir()}", "-DPIXFEED_NATIVE=auto")
    run("cmake", "-S", sources, "-B", tmp_path, *options, f"-DPython_EXECUTABLE={sys.executable}", cwd=tmp_path)
    if "WHY_NO_NATIVE" in (why := (tmp_path / "_build.py").read_text()) and 'NATIVE = ""' not in why:
        _without(why)
    assert (tmp_path / "csrc").is_dir()


def test_it_is_pure_python_without_a_compiler(sources, tmp_path):
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-build-isolation")
    run(*pip, "--no-deps", "--target", tmp_path, sources, cwd=tmp_path, CXX="/nowhere/c++", CC="/nowhere/cc")
    assert not list((tmp_path / "pixfeed").glob("_native*.so"))
    assert "no C++ compiler" in (tmp_path / "pixfeed" / "_build.py").read_text()
    code = "import pixfeed, numpy as np; print(pixfeed.resize(np.zeros((4, 4, 3), np.uint8), (2, 2)).shape)"
    if subprocess.run([sys.executable, "-c", "import cv2"], capture_output=True).returncode == 0:
        assert "(2, 2, 3)" in run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path))
