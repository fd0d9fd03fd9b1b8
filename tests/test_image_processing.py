"""The tutorials' helpers: same results on good input, mended on the rest."""

from __future__ import annotations

import cv2
import images
import numpy as np
import pytest

import pixfeed
from pixfeed import image_processing


@pytest.fixture(autouse=True)
def choose(monkeypatch, backend):
    monkeypatch.setenv("PIXFEED_BACKEND", backend)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(images.with_orientation(images.jpeg(images.picture(90, 120)), 6))
    return path


@pytest.mark.parametrize("size", [(None, None), (50, 40), (None, 40), (50, None)])
def test_read_image(path, size):
    expected = images.reference_read(path)
    height, width = expected.shape[:2]
    wanted = {
        (None, None): (height, width),
        (50, 40): (50, 40),
        (None, 40): (int(height * 40 / width), 40),
        (50, None): (50, int(width * 50 / height)),
    }[size]
    expected = images.reference_resize(expected, wanted)
    np.testing.assert_array_equal(image_processing.read_image(path, *size), expected)
    normalised = image_processing.read_image(str(path), *size, normalization=True)
    assert normalised.dtype == np.float64
    np.testing.assert_array_equal(normalised, expected / 255.0)
    np.testing.assert_array_equal(image_processing.resize_image(images.reference_read(path), *size), expected)


MODES = {
    "IMREAD_COLOR": 1,
    "IMREAD_GRAYSCALE": 1,
    "IMREAD_REDUCED_COLOR_2": 2,
    "IMREAD_REDUCED_GRAYSCALE_2": 2,
    "IMREAD_REDUCED_COLOR_4": 4,
    "IMREAD_REDUCED_GRAYSCALE_4": 4,
    "IMREAD_REDUCED_COLOR_8": 8,
    "IMREAD_REDUCED_GRAYSCALE_8": 8,
}


@pytest.mark.parametrize("mode", MODES)
def test_fast_read_image_roi(path, mode):
    """The rectangle is scaled along in every reduced mode, REDUCED_GRAYSCALE_2 included."""
    whole = cv2.imread(str(path), getattr(cv2, mode))
    if whole.ndim == 3:
        whole = cv2.cvtColor(whole, cv2.COLOR_BGR2RGB)
    x, y, w, h = (int(v / MODES[mode]) for v in (17, 22, 41, 60))
    got = image_processing.fast_read_image_roi(path, [17, 22, 41, 60], getattr(cv2, mode))
    np.testing.assert_array_equal(got, whole[y : y + h, x : x + w])
    normalised = image_processing.fast_read_image_roi(path, [17, 22, 41, 60], getattr(cv2, mode), normalization=True)
    np.testing.assert_array_equal(normalised, got / 255.0)


@pytest.mark.parametrize(
    "read", [image_processing.read_image, lambda p: image_processing.fast_read_image_roi(p, [0] * 4)]
)
def test_bad_files_raise(tmp_path, read, capfd):
    with pytest.raises(pixfeed.ImageError, match="no such file"):
        read(tmp_path / "nothing.jpg")
    assert capfd.readouterr() == ("", "")


def test_rectangles():
    image = images.picture(30, 40)
    part = image_processing.get_rect_image(image, [5, 6, 7, 8])
    np.testing.assert_array_equal(part, image[6:14, 5:12])
    assert image_processing.get_rect_image(image, [35, 25, 100, 100]).shape == (5, 5, 3)
    with pytest.raises(ValueError, match="negative"):
        image_processing.get_rect_image(image, [-5, 6, 7, 8])
    assert image_processing.scale_rect([10, 20, 30, 40], [100, 200], [50, 300]) == [15, 10, 45, 20]


def test_scale_and_gray():
    image = images.picture(30, 40)
    np.testing.assert_array_equal(image_processing.scale_image(image, (0.5, 2)), cv2.resize(image, None, fx=0.5, fy=2))
    np.testing.assert_array_equal(image_processing.rgb_to_gray(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("gray", [False, True])
def test_save_image(tmp_path, gray):
    image = images.picture(30, 40, gray=gray)
    expected = np.repeat(image[..., None], 3, -1) if gray else image
    floats = (image.astype(int) + 0.5) / 255.0
    for given in (image, floats):
        image_processing.save_image(tmp_path / "a.png", given)
        np.testing.assert_array_equal(images.reference_read(tmp_path / "a.png"), expected)
    for wrong in (tmp_path / "nowhere" / "a.png", tmp_path / "a.unknown"):
        with pytest.raises(OSError, match="cannot be written"):
            image_processing.save_image(wrong, image)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16, np.int8, bool])
def test_integers_are_saved_as_they_are(tmp_path, dtype):
    image = images.picture(30, 40) // 2
    expected = image
    if dtype is bool:
        image = image > 60
        expected = image.astype(np.uint8) * 255
    image_processing.save_image(tmp_path / "a.bmp", image.astype(dtype))
    np.testing.assert_array_equal(images.reference_read(tmp_path / "a.bmp"), expected)
    image_processing.show_image_rect("", image.astype(dtype), [50, 50, 5, 5], save_to=tmp_path / "b.bmp")
    np.testing.assert_array_equal(images.reference_read(tmp_path / "b.bmp"), expected)


@pytest.mark.parametrize("ending", ["png", "PNG", "tif", "tiff"])
def test_sixteen_bits_are_saved_as_they_are(tmp_path, ending):
    image = images.picture(30, 40).astype(np.uint16) * 257 - 3
    path = tmp_path / f"a.{ending}"
    image_processing.save_image(path, image)
    got = image_processing.fast_read_image_roi(path, [0, 0, 40, 30], cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(got, image)


@pytest.mark.parametrize("value", [-1, 256])
def test_integers_that_are_no_colors(tmp_path, value):
    with pytest.raises(ValueError, match=rf"int32, from {min(0, value)} to {max(0, value)}; .* from 0 to 255"):
        image_processing.save_image(tmp_path / "a.png", np.array([[0, value]], np.int32))
    with pytest.raises(ValueError, match=r"uint16 is written as it is to \.png"):
        image_processing.save_image(tmp_path / "a.jpg", np.array([[0, 256]], np.uint16))
    with pytest.raises(TypeError, match="complex"):
        image_processing.save_image(tmp_path / "a.png", np.zeros((2, 2), complex))


def test_regions_outside(path):
    with pytest.raises(pixfeed.RegionError, match="outside"):
        image_processing.fast_read_image_roi(path, [500, 0, 5, 5])
    for rect in ([-5, 0, 9, 9], [0, 0, -1, 5]):
        with pytest.raises(ValueError, match="negative"):
            image_processing.fast_read_image_roi(path, rect)
    assert image_processing.fast_read_image_roi(path, [85, 115, 50, 50]).shape == (5, 5, 3)


@pytest.mark.parametrize("save", [image_processing.combine_save_image, image_processing.combime_save_image])
def test_combine_save_image(tmp_path, save):
    image = images.picture(32, 40)
    save(image, image, tmp_path, "one", "two")
    assert images.reference_read(tmp_path / "one_two.jpg").shape == (32, 40, 3)
    assert images.reference_read(tmp_path / "one_src_two.jpg").shape == (32, 80, 3)


def test_showing_without_a_display(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    image = images.picture(30, 40)
    before = image.copy()
    shows = {
        "show": lambda **to: image_processing.show_image("title", image, **to),
        "cv": lambda **to: image_processing.cv_show_image("title", image, **to),
        "rect": lambda **to: image_processing.show_image_rect("title", image, [5, 6, 20, 10], **to),
    }
    for name, show in shows.items():
        with pytest.raises(RuntimeError, match="save_to="):
            show()
        show(save_to=tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 0
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(images.reference_read(tmp_path / "cv.png"), image)
    assert (images.reference_read(tmp_path / "rect.png")[6, 5:25] == (0, 0, 255)).all()
