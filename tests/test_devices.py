"""Devices in the place of images: their bytes may have no end, so they are refused before they are read."""

from __future__ import annotations

import os

import images
import pytest

import pixfeed
from pixfeed import FastTxtDataset

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no /dev/zero")


@pytest.fixture(autouse=True)
def each_backend(backend, monkeypatch):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_imread(path):
    with pytest.raises(pixfeed.ImageError, match="it is a device, and no file") as caught:
        pixfeed.imread(path)
    assert caught.value.status == pixfeed.Status.UNREADABLE and path in str(caught.value)


def test_a_link_to_one_in_a_list(tmp_path):
    (tmp_path / "a.jpg").symlink_to("/dev/zero")
    (tmp_path / "b.jpg").write_bytes(images.jpeg(images.picture(20, 30)))
    (tmp_path / "train.txt").write_text("a.jpg 0\nb.jpg 1\n")
    with pytest.raises(pixfeed.ImageError, match=r"train.txt, line 1"):
        FastTxtDataset(tmp_path / "train.txt", tmp_path, 8, 8)[0]
    skipping = FastTxtDataset(tmp_path / "train.txt", tmp_path, 8, 8, on_error="skip")
    assert skipping[0][1].tolist() == [1]
    assert "device" in skipping.report()[0].reason


def test_a_folder():
    with pytest.raises(pixfeed.ImageError, match=r"irectory"):
        pixfeed.imread("/dev")
