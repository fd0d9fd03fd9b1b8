"""What the opencv backend does where OpenCV is older than 5.0, which pixels are those of."""

from __future__ import annotations

import os
from types import SimpleNamespace

import images
import numpy as np
import pytest

import pixfeed
from pixfeed.backends import carry_out, encoded, quietly
from pixfeed.tools import parity


@pytest.fixture
def opencv_4(monkeypatch):
    """A newer OpenCV is taken for an old one."""
    monkeypatch.setattr(carry_out, "is_opencv_4", lambda _: True)
    monkeypatch.setattr(parity, "is_opencv_4", lambda _: True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(60, 96, 3), (61, 97), (1, 1, 3), (5, 300, 3)], ids=str)
def test_nearest_exact_is_pillows_nearest(shape, dtype):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    for height, width in ((1, 1), (1, 90), (20, 30), (55, 70), (150, 200), (23, 150), (150, 31), (60, 96)):
        expected = images.nearest_of_pillow(image, (height, width))
        np.testing.assert_array_equal(carry_out.nearest_exact(image, (width, height)), expected)


def test_both_backends_and_parity_agree(tmp_path, backend, opencv_4):
    path = tmp_path / "a.png"
    path.write_bytes(images.png(images.picture(60, 96)))
    for size in ((55, 70), (150, 31)):
        got = pixfeed.imread(path, size=size, interpolation="nearest_exact", backend=backend)
        np.testing.assert_array_equal(got, images.nearest_of_pillow(pixfeed.imread(path), size))
    report = parity.compare([path], backend)
    assert report.exact["png", "gray, resize nearest_exact", "Pillow"].identical == 1 and report.status == 0


def test_the_end_of_a_png_is_mended():
    """OpenCV before 4.12 refuses a damaged one. With ``strict`` it is refused by any."""
    good = images.png(images.picture(9, 8))
    for end in (b"\0\0\0\0IEND\xaeB`\x83", b"\0\0\0\4IENDabcdefgh"):
        damaged = good[:-12] + end
        assert encoded.essential(damaged, keeps_end=False) == good
        assert encoded.essential(damaged, keeps_end=True) == damaged


@pytest.mark.parametrize("new", [False, True])
def test_the_log_is_silenced_wherever_its_level_stands(new):
    """Before OpenCV 4.13 in the module itself."""
    levels = [3]
    log = SimpleNamespace(getLogLevel=lambda: levels[-1], setLogLevel=levels.append)
    with quietly._silenced_log(SimpleNamespace(utils=SimpleNamespace(logging=log)) if new else log):
        assert levels == [3, 0]
    assert levels == [3, 0, 3]


def test_what_opencv_prints_past_its_log_is_known(capfd):
    """As 4.8 does, to a descriptor that is everybody's where there are no quiet threads."""
    said = []
    with quietly._redirected(said):
        os.write(
            2, b"imdecode_(''): can't read header: OpenCV(4.8.1) grfmt_bmp.cpp:99: error: in 'readHeader'\n\nother\n"
        )
    assert len(said) == 1 and said[0].startswith("imdecode_")
    assert capfd.readouterr().err == "other\n"
