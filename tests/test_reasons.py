"""Reasons: short, the same whenever a file is read, and they name what the file is. One bad file counts once."""

from __future__ import annotations

import builtins
import importlib.metadata
import importlib.util
import json
import os
import re

import images
import pytest
from versions import OPENCV

import pixfeed
from pixfeed import FastTxtDataset, ImageError, backends
from pixfeed.backends import remedy
from pixfeed.datasets.failure_log import FailureLog
from pixfeed.errors import RegionError, Status

PICTURE = images.picture(40, 50)
PNM, BMP, GIF = (images.pillow(PICTURE, format) for format in ("PPM", "BMP", "GIF"))
TIFF = images.pillow(PICTURE, "TIFF")
BAD_GIF = (Status.TRUNCATED, "GIF, cut off")
if OPENCV < (4, 12):
    BAD_GIF = (Status.UNSUPPORTED, "GIF: not supported by this OpenCV")

REASONS = {
    "gif": (GIF[:-40], *BAD_GIF),
    "bmp": (BMP[:200], Status.TRUNCATED, "BMP, cut off"),
    "pnm": (PNM[:-1], Status.TRUNCATED, "PNM, cut off"),
    "tiff": (TIFF[:20], Status.TRUNCATED, "TIFF, cut off"),
    "bmp without a picture": (BMP[:18] + bytes(8) + BMP[26:], Status.CORRUPT, "BMP that OpenCV cannot read"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(60), Status.UNSUPPORTED, "HEIC: not supported"),
    "psd": (b"8BPS" + bytes(60), Status.UNSUPPORTED, r"Photoshop \(PSD\): not supported"),
    "jpeg xl": (b"\xff\x0a" + bytes(60), Status.UNSUPPORTED, "JPEG XL: not supported"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid 1\n",
        Status.NOT_AN_IMAGE,
        "git-lfs pointer: git lfs pull",
    ),
    "html": (b"\n<!DOCTYPE html><html>", Status.NOT_AN_IMAGE, "HTML"),
    "pdf": (b"%PDF-1.7", Status.NOT_AN_IMAGE, "PDF"),
    "video": (b"\0\0\0\x18ftypmp42" + bytes(60), Status.NOT_AN_IMAGE, "a video"),
    "zeros": (bytes(1000), Status.NOT_AN_IMAGE, "nothing but zero bytes"),
    "noise": (bytes(range(40, 250)), Status.NOT_AN_IMAGE, "known format; pixfeed reads JPEG"),
}


@pytest.mark.parametrize("name", REASONS)
def test_reasons(backend, capfd, name):
    data, status, words = REASONS[name]
    found = []
    for _ in range(2):
        with pytest.raises(ImageError, match=words) as caught:
            pixfeed.imread(data, backend=backend)
        assert caught.value.status == status
        found.append(str(caught.value))
    assert found[0] == found[1] and len(found[0]) < 200
    assert not re.search(r"@\d|\.cpp|\[ *(WARN|ERROR)", found[0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("native")
def test_reasons_without_opencv(monkeypatch):
    """The formats are named, and the command that brings OpenCV."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "cv2" else find(name, *more))
    backends.choice.load.cache_clear()
    pixfeed.reading.functional._cached_pipeline.cache_clear()
    try:
        for data, name in ((GIF, "GIF"), (BMP, "BMP"), (TIFF, "TIFF"), (PNM, "PNM")):
            with pytest.raises(
                ImageError, match=f"{name}: OpenCV reads it, pip install opencv-python-headless"
            ) as caught:
                pixfeed.imread(data, backend="native")
            assert caught.value.status == Status.UNSUPPORTED
        for name in ("heic", "lfs", "html", "noise"):
            data, status, words = REASONS[name]
            with pytest.raises(ImageError, match=words) as caught:
                pixfeed.imread(data, backend="native")
            assert caught.value.status == status
    finally:
        backends.choice.load.cache_clear()
        pixfeed.reading.functional._cached_pipeline.cache_clear()


def test_one_bad_file_counts_once(tmp_path, backend):
    """However often it is read."""
    (tmp_path / "0.gif").write_bytes(GIF[:-40])
    (tmp_path / "1.jpg").write_bytes(images.jpeg(PICTURE))
    (tmp_path / "train.txt").write_text("0.gif 0\n1.jpg 1\n")
    dataset = FastTxtDataset(tmp_path / "train.txt", tmp_path, 8, 8, on_error="skip", max_errors=1, backend=backend)
    for _ in range(3):
        assert dataset[0][1].item() == 1
    (failure,) = dataset.report()
    assert failure.count == 3 and failure.line == 1 and BAD_GIF[1] in failure.reason


def test_other_words_are_the_same_failure():
    """The journal's key is path, line and status."""
    log = FailureLog()
    for words, path, line, status in (
        ("a [0.001]", "a.jpg", 1, Status.CORRUPT),
        ("a [0.002]", "a.jpg", 1, Status.CORRUPT),
        ("a", "a.jpg", 1, Status.TRUNCATED),
        ("a", "a.jpg", 2, Status.CORRUPT),
        ("b", "b.jpg", 2, Status.CORRUPT),
        ("b, cut off", "b.jpg", 2, Status.RECOVERED),
    ):
        failed = log.add(ImageError(words, path=path, line=line, status=status))
    assert failed == 4  # recovered ones do not count
    assert log.add(RegionError("outside", path="b.jpg", line=2)) == 5
    assert log.add(RegionError("outside, too", path="b.jpg", line=2)) == 5
    counts = {(failure.path, failure.line, failure.reason): failure.count for failure in log.failures()}
    assert counts[("a.jpg", 1, "a [0.001]")] == 2 and counts[("b.jpg", 2, "outside")] == 2 and len(counts) == 6


def test_two_processes_that_write_at_the_same_time_write_one_failure():
    """Each may have written before it has seen what the other wrote."""
    log = FailureLog()
    log.add(ImageError("first", path="a", line=1, status=Status.CORRUPT))
    os.write(log._journal.file, json.dumps([log._name, "a", 1, 6, "second"]).encode() + b"\n")
    (failure,) = log.failures()
    assert (failure.reason, failure.count) == ("first", 2)
    assert log.add(ImageError("third", path="a", line=1, status=Status.CORRUPT)) == 1


LIBGL = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")


@pytest.mark.parametrize(
    ("there", "error", "command"),
    [
        ([], ImportError("No module named 'cv2'"), "pip install opencv-python-headless"),
        (["opencv-python"], ImportError("x"), "pip install --force-reinstall --no-deps opencv-python"),
        (["opencv-python"], LIBGL, "pip uninstall --yes opencv-python && pip install opencv-python-headless"),
        (
            ["opencv-python-headless", "opencv-python"],
            ImportError("x"),
            "pip uninstall --yes opencv-python-headless opencv-python && pip install opencv-python-headless",
        ),
        (
            ["opencv-contrib-python"],
            LIBGL,
            "pip uninstall --yes opencv-contrib-python && pip install opencv-contrib-python-headless",
        ),
    ],
)
def test_the_command_fits_what_is_installed(monkeypatch, there, error, command):
    def version(name: str) -> str:
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return "4.11"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert remedy.for_opencv(error) == command
    importing = builtins.__import__

    def refuse(name, *more):
        if name == "cv2":
            raise error
        return importing(name, *more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    backends.choice.load.cache_clear()
    try:
        with pytest.raises(pixfeed.errors.BackendError, match=re.escape(command)):
            backends.load("opencv")
    finally:
        backends.choice.load.cache_clear()
