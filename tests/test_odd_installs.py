"""The command line where packages are missing, too old or broken: one sentence that says what to do."""

from __future__ import annotations

import json
import sys

import pytest
from odd_installs import OLD_NUMPY, TORCH, command, without

from pixfeed.backends.choice import choose, load
from pixfeed.errors import BackendError
from pixfeed.tools import doctor

for _needed in ("click", "rich", "jinja2", "PIL", "xxhash", "numpy"):
    pytest.importorskip(_needed)

pytestmark = pytest.mark.slow  # each starts a process

SAID = {
    "old": "pixfeed needs torch 2.3 or newer, and 2.2.2 is installed: pip install --upgrade torch",
    "at odds": "torch 2.3.1 does not work with NumPy ",
    "no library": "which cannot be imported (OSError: libcudart.so.12: cannot open shared object file)",
    "undefined symbol": "which cannot be imported (ImportError: undefined symbol: _ZN2)",
    "a script": "torch.py) is not PyTorch: rename it",
    "a script that fails": "torch.py), which cannot be imported (AttributeError: ",
}


@pytest.mark.parametrize("wrong", SAID)
def test_doctor_says_what_is_wrong_with_torch(wrong, tmp_path):
    done = command(tmp_path, "doctor --json", TORCH[wrong])
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert SAID[wrong] in report["advice"][-1] and SAID[wrong] in report["sections"]["torch"]["torch"]


def test_doctor_says_that_numpy_is_old(tmp_path):
    done = command(tmp_path, "doctor --json", OLD_NUMPY)
    assert done.returncode == 1, done.stderr
    assert "pixfeed needs numpy 1.26 or newer, and 1.25.2 is installed" in json.loads(done.stdout)["advice"][-1]


@pytest.mark.parametrize(("package", "name"), [("xxhash", "xxhash"), ("PIL", "pillow"), ("torch", "torch")])
def test_doctor_says_what_is_missing(package, name, tmp_path):
    done = command(tmp_path, "doctor --json", without(package))
    assert done.returncode == 1, done.stderr
    assert any(f"pip install {name}." in sentence for sentence in json.loads(done.stdout)["advice"])


@pytest.mark.parametrize(
    ("line", "wrong"),
    [("config", "a script"), ("config", "old"), ("bench list.txt", "old"), ("show list.txt", "no library")],
)
def test_other_commands_say_what_is_wrong_with_torch(line, wrong, tmp_path):
    done = command(tmp_path, line, {**TORCH[wrong], "list.txt": "a.png 1\n"})
    assert done.returncode == 2 and SAID[wrong] in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "not installed" not in done.stderr


def test_other_commands_say_that_numpy_is_old(tmp_path):
    done = command(tmp_path, "config", OLD_NUMPY)
    assert done.returncode == 2
    assert done.stderr == (
        "pixfeed: pixfeed needs numpy 1.26 or newer, and 1.25.2 is installed: pip install --upgrade numpy\n"
    )


@pytest.mark.parametrize(
    ("line", "package", "name"),
    [
        ("check list.txt --no-memory", "xxhash", "xxhash"),
        ("sample-data", "PIL", "pillow"),
        ("doctor", "rich", "rich"),
        ("check list.txt", "numpy", "numpy"),
        ("doctor", "numpy", "numpy"),
    ],
)
def test_a_missing_package_is_a_sentence(line, package, name, tmp_path):
    done = command(tmp_path, line, {**without(package), "list.txt": "a.png 1\n", "a.png": "no image"})
    assert done.returncode in (1, 2)
    assert done.stderr.strip().splitlines()[-1].endswith(f" needs {name}, which is not installed: pip install {name}")
    assert "Traceback" not in done.stderr


def test_another_cv2_is_a_sentence(tmp_path):
    done = command(tmp_path, "config", {"cv2.py": ""})
    assert f"the cv2 that is imported ({tmp_path}/cv2.py) is not OpenCV: rename it" in done.stdout, done.stderr


def test_doctor_without_limits(tmp_path):
    done = command(tmp_path, "doctor --json", without("resource", "torch"))
    assert "open files" not in json.loads(done.stdout)["sections"]["limits"], done.stderr


def test_an_extension_that_cannot_be_used(native, monkeypatch):
    """Also where OpenCV is there."""
    monkeypatch.delenv("PIXFEED_BACKEND", raising=False)
    monkeypatch.setattr("pixfeed.backends.native.INTERFACE", -1)
    monkeypatch.setattr("pixfeed.backends.load", load.__wrapped__)
    monkeypatch.setattr("pixfeed.backends.choice.load", load.__wrapped__)
    assert "was built from other sources" in "".join(doctor.examine().advice)


def test_neither_extension_nor_opencv(monkeypatch):
    monkeypatch.delenv("PIXFEED_BACKEND", raising=False)
    monkeypatch.setattr("pixfeed.backends.choice.has_native", lambda: False)
    monkeypatch.setattr("pixfeed.backends.choice.load", load.__wrapped__)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(BackendError, match=r"the C\+\+ extension is missing \(.*\), and OpenCV cannot be imported"):
        choose()
