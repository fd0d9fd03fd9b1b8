"""PIXFEED_NATIVE: what the build does where something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CMAKE = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

pytestmark = pytest.mark.skipif(CMAKE is None, reason="needs cmake")


def configure(folder: Path, native: str, *options: str) -> subprocess.CompletedProcess:
    command = [CMAKE, "-S", ROOT, "-B", folder, f"-DPIXFEED_NATIVE={native}", *options]
    environment = {name: value for name, value in os.environ.items() if name != "PIXFEED_NATIVE"}
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)


WITHOUT_JPEG = "-DCMAKE_DISABLE_FIND_PACKAGE_JPEG=ON"


@pytest.mark.slow
def test_auto_goes_on_and_says_why(tmp_path):
    result = configure(tmp_path, "auto", WITHOUT_JPEG)
    assert result.returncode == 0, result.stdout
    assert "without its native backend" in result.stdout and "JPEG" in result.stdout
    assert "apt-get install" in result.stdout
    assert "JPEG" in (tmp_path / "_build.py").read_text()


@pytest.mark.slow
def test_on_fails(tmp_path):
    result = configure(tmp_path, "on", WITHOUT_JPEG)
    assert result.returncode != 0
    assert "PIXFEED_NATIVE=on" in result.stdout and "JPEG" in result.stdout


def test_off_does_not_look(tmp_path):
    result = configure(tmp_path, "off")
    assert result.returncode == 0, result.stdout
    assert "PIXFEED_NATIVE=off" in (tmp_path / "_build.py").read_text()
    assert "JPEG" not in result.stdout


def test_other_values_are_refused(tmp_path):
    result = configure(tmp_path, "yes")
    assert result.returncode != 0 and "auto, on or off" in result.stdout
