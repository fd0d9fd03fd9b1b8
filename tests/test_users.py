"""What users meet at the border: exports, one base error, the fallback that says so, an extension of other sources."""

from __future__ import annotations

import inspect
import subprocess
import sys
import sysconfig
import warnings

import images
import pytest

import pixfeed
from pixfeed import DataLoader, FastTxtDataset, backends


def test_every_error_and_type_that_users_meet_is_exported():
    from pixfeed import errors

    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, BaseException) and kind.__module__ == errors.__name__:
            assert getattr(pixfeed, name) is kind and issubclass(kind, pixfeed.PixfeedError)
    for name in ("FileList", "Annotations", "Stats", "Failure", "Status", "Target", "Batch"):
        assert name in pixfeed.__all__
    for name in pixfeed.__all__:
        assert hasattr(pixfeed, name)


def test_errors_say_where(tmp_path, backend):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "train.txt").write_text("\na.jpg 0\n")
    dataset = FastTxtDataset(tmp_path / "train.txt", tmp_path, 8, 8, backend=backend)
    with pytest.raises(pixfeed.PixfeedError) as caught:
        dataset[0]
    error = caught.value
    assert isinstance(error, OSError) and error.line == 2
    assert error.path == error.filename == str(tmp_path / "a.jpg") and str(error).startswith(error.path)
    (tmp_path / "train.txt").write_text("a.jpg 0\nb.jpg x\n")
    with pytest.raises(pixfeed.ListError) as caught:
        FastTxtDataset(tmp_path / "train.txt", tmp_path, backend=backend)
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "train.txt"), 2)
    with pytest.raises(FileNotFoundError) as caught:
        pixfeed.datasets.MNIST(tmp_path)
    assert isinstance(caught.value, pixfeed.PixfeedError)
    assert caught.value.filename == caught.value.path == str(tmp_path / "MNIST" / "raw")
    with pytest.raises(pixfeed.FilesNotFoundError, match="no sub-folder") as caught:
        FastTxtDataset.from_folder(tmp_path, backend=backend)
    assert caught.value.filename == str(tmp_path)


@pytest.fixture
def without_native(monkeypatch):
    """As after an installation without a compiler."""
    monkeypatch.delenv("PIXFEED_BACKEND", raising=False)
    from pixfeed.backends import choice
    from pixfeed.reading import functional

    monkeypatch.setattr(choice, "has_native", lambda: False)
    monkeypatch.setattr(choice, "why_no_native", lambda: "there was no compiler; apt-get install g++")
    monkeypatch.setattr(backends, "why_no_native", choice.why_no_native)
    choice._warn_of_fallback.cache_clear()
    functional._cached_pipeline.cache_clear()  # another test may have read by OpenCV
    yield
    choice._warn_of_fallback.cache_clear()


def test_falling_back_is_said_once(without_native, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(images.png(images.picture(9, 9)))
    with pytest.warns(RuntimeWarning, match=r"no compiler; apt-get install g\+\+.*PIXFEED_BACKEND=opencv"):
        pixfeed.imread(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = FastTxtDataset.from_samples([tmp_path / "a.png"] * 4, range(4))  # said already
        assert "backend opencv" in repr(dataset)
        loader = DataLoader(dataset, 2)
        list(loader)
    assert "no compiler" in str(loader.stats()) and loader.stats().fallback
    monkeypatch.setenv("PIXFEED_BACKEND", "opencv")  # chosen, not for want of anything better
    assert not loader.stats().fallback


def test_a_chosen_backend_needs_no_warning(without_native, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backends.choose("opencv").name == "opencv"
        monkeypatch.setenv("PIXFEED_BACKEND", "opencv")
        assert backends.choose().name == "opencv"


def test_an_extension_of_other_sources_says_rebuild(native, monkeypatch):
    from pixfeed.backends import native as module

    assert native.interface == module.INTERFACE
    for other in (module.INTERFACE - 1, None):
        monkeypatch.setattr(native, "interface", other)
        with pytest.raises(pixfeed.BackendError, match=r"other sources.*rebuild"):
            module.backend(lambda: backends.load("opencv"))


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this interpreter always has the GIL")
def test_free_threaded_python_stays_free(native):
    code = "import sys, pixfeed; pixfeed.backends.load('native'); assert not sys._is_gil_enabled()"
    subprocess.run([sys.executable, "-X", "gil=0", "-c", code], check=True)
