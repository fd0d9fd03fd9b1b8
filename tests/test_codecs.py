"""PIXFEED_CODECS: where the codecs come from, and the texts of their licenses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CMAKE = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

needs_cmake = pytest.mark.skipif(CMAKE is None, reason="needs cmake")


def configure(folder: Path, *options: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIXFEED_")}
    command = [CMAKE, "-S", ROOT, "-B", folder, "-DPIXFEED_NATIVE=auto", *options]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)


def archives() -> dict[str, list[str]]:
    """Version, URL, SHA-256 and perhaps a folder, by name."""
    text = (ROOT / "cmake" / "archives.cmake").read_text()
    return {name: rest.split() for name, rest in re.findall(r"set\(pixfeed_archive_(\S+)\s+([^)]+)\)", text)}


def test_every_archive_is_pinned():
    listed = re.search(r"set\(pixfeed_archives ([^)]+)\)", (ROOT / "cmake" / "archives.cmake").read_text())
    assert listed[1].split() == list(archives())
    for name, (version, url, digest, *folder) in archives().items():
        assert re.fullmatch(r"\d+(\.\d+){1,2}", version) and url.startswith("https://"), name
        assert folder or version in url, name
        assert re.fullmatch(r"[0-9a-f]{64}", digest), name


def test_every_codec_has_its_license_and_is_named():
    named = (ROOT / "THIRD_PARTY.md").read_text()
    assert "This software is based in part on the work of the Independent JPEG Group." in named
    folders = {path.name for path in (ROOT / "licenses").iterdir()}
    assert folders == {*archives(), "pybind11"}
    expression = re.search(r'^license = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    for name in folders:
        column = re.search(rf"\| (\S[^|]*) \| `licenses/{name}/`", named)[1].split(" (or ")[0]
        licenses = re.findall(r"IJG|MIT|Zlib|libpng-2\.0|BSD-\d-Clause", column.replace("zlib", "Zlib"))
        assert licenses and {*licenses} <= {*expression.split(" AND ")}
        assert all(path.stat().st_size > 500 for path in (ROOT / "licenses" / name).iterdir())


def test_the_extension_names_every_library_that_is_in_it():
    native = pytest.importorskip("pixfeed._native")
    named = {each.split()[0].lower() for text in native.codecs().values() for each in text.split(", ")}
    assert named | {"zlib-ng"} >= {*archives()}  # the system has zlib


@needs_cmake
def test_other_values_are_refused(tmp_path):
    result = configure(tmp_path, "-DPIXFEED_CODECS=mine")
    assert result.returncode != 0 and "system or vendored" in result.stdout


@needs_cmake
@pytest.mark.slow
def test_codecs_of_the_system_are_named_or_too_old(tmp_path):
    result = configure(tmp_path, "-DPIXFEED_CODECS=system", "-DPIXFEED_JPEG_IS_NEW=OFF")
    assert result.returncode == 0, result.stdout
    assert "libjpeg-turbo 2.1 or newer" in result.stdout and "PIXFEED_CODECS=vendored" in result.stdout


@needs_cmake
@pytest.mark.slow
def test_an_archive_that_is_not_there_is_named_and_nothing_is_downloaded(tmp_path):
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "libjpeg-turbo-3.1.3.tar.gz").write_bytes(b"another file of that name")
    nasm = tmp_path / "nasm"  # only looked for
    result = configure(
        tmp_path / "build",
        "-DPIXFEED_CODECS=vendored",
        f"-DPIXFEED_ARCHIVES={tmp_path / 'archives'}",
        f"-DPIXFEED_NASM={nasm}",
    )
    version, url, digest = archives()["libjpeg-turbo"]
    said = " ".join(result.stdout.split())
    assert result.returncode != 0
    assert f"libjpeg-turbo {version}" in said and url in said and digest in said


@needs_cmake
@pytest.mark.slow
def test_a_vendored_build_is_configured_without_a_download(tmp_path):
    result = configure(tmp_path, "-DPIXFEED_CODECS=vendored", f"-DPIXFEED_NASM={tmp_path / 'nasm'}")
    assert result.returncode == 0, result.stdout
    for name, (version, url, *_) in archives().items():
        assert f"Codecs: {name} {version} from {url}" in result.stdout


@needs_cmake
@pytest.mark.slow
def test_without_nasm_the_package_is_pure_python(tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("needed for x86-64 only")
    result = configure(tmp_path, "-DPIXFEED_CODECS=vendored", "-DPIXFEED_NASM=OFF")
    assert result.returncode == 0, result.stdout
    assert "nasm" in (tmp_path / "_build.py").read_text()


@needs_cmake
@pytest.mark.slow
def test_every_configuration_asks_the_environment_anew(tmp_path):
    """In one build folder, as an editable installation has it."""

    def why(**environment: str) -> str:
        others = {name: value for name, value in os.environ.items() if not name.startswith("PIXFEED_")}
        command = [CMAKE, "-S", ROOT, "-B", tmp_path, "-DPIXFEED_NASM=OFF"]
        done = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=others | environment
        )
        return (tmp_path / "_build.py").read_text() if done.returncode == 0 else " ".join(done.stdout.split())

    assert "auto, on or off" in why(PIXFEED_NATIVE="yes")
    assert "PIXFEED_NATIVE=off" in why(PIXFEED_NATIVE="off")
    assert "no C++ compiler" in why(CXX=str(tmp_path / "none"))
    if os.uname().machine == "x86_64":
        assert "nasm" in why(PIXFEED_CODECS="vendored")
    assert "nasm" not in why() and "compiler" not in why()
    assert "which is no folder" in why(PIXFEED_CODECS="vendored", PIXFEED_ARCHIVES=str(tmp_path / "none"))
